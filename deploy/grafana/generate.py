"""Writes the dashboards in `dashboards/`: panels as the gateways' documents name them, and one panel for each alert of the pack.

    python deploy/grafana/generate.py          # with alertd installed

The panels of alerts come from the rule packs, with their limits, so that one sees what is about to fire.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from alertd.config.rule_files import read_rule_file
from alertd.query.split import split
from alertd.rules.promql import PromQL
from alertd.rules.rule import AlertingRule
from alertd.rules.threshold import Threshold

HERE = Path(__file__).parent
RULES = HERE.parents[1] / "config" / "rules"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH, HEIGHT = 24, 8

UNITS = {
    "tokens/s": "suffix: tokens/s", "requests/s": "reqps", "USD": "currencyUSD", "seconds": "s", "s": "s", "ms": "ms",
    "ratio": "percentunit", "percent": "percent", "%": "percent", "bytes/s": "Bps", "bytes": "bytes",
}  # fmt: skip
"""Of rules, in Grafana's words; any other unit is a suffix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """`queries` by legend; `limits` are lines with their colours; `states` name numbers (0: "closed")."""

    title: str
    queries: Mapping[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    limits: Sequence[tuple[float, str]] = ()
    states: Mapping[int, str] = field(default_factory=dict)
    description: str = ""
    width: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """`file` without its ending; `pack` whose alerts get a panel each, those in `only` where that is given."""

    file: str
    uid: str
    title: str
    rows: Sequence[Row]
    pack: str = ""
    only: Sequence[str] = ()


def document(dashboard: Dashboard) -> dict[str, Any]:
    """The dashboard as Grafana imports it."""
    rows = [*dashboard.rows, *_alert_rows(dashboard)]
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["alertd", "ai-gateway"],
        "schemaVersion": 41,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {
            "list": [{"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}]
        },
        "links": [{"title": "AI gateways", "type": "dashboards", "tags": ["ai-gateway"], "asDropdown": True}],
        "panels": list(_placed(rows)),
    }


def _placed(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    numbers, y = count(1), 0
    for row in rows:
        yield {
            "id": next(numbers), "type": "row", "title": row.title, "collapsed": False, "panels": [],
            "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1},
        }  # fmt: skip
        x, y = 0, y + 1
        for panel in row.panels:
            if x + panel.width > WIDTH:
                x, y = 0, y + HEIGHT
            yield _panel(panel, next(numbers), {"x": x, "y": y, "w": panel.width, "h": HEIGHT})
            x += panel.width
        y += HEIGHT


def _panel(panel: Panel, number: int, place: Mapping[str, int]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    steps += [{"color": colour, "value": limit} for limit, colour in sorted(panel.limits)]
    custom = {"lineWidth": 2, "fillOpacity": 8, "showPoints": "auto", "spanNulls": False}
    if panel.limits:
        custom["thresholdsStyle"] = {"mode": "line"}
    mappings = {str(number): {"text": text, "index": number} for number, text in panel.states.items()}
    options: dict[str, Any] = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
    if panel.kind == "stat":
        options = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "graphMode": "area"}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "custom": custom if panel.kind == "timeseries" else {},
                "thresholds": {"mode": "absolute", "steps": steps},
                "mappings": [{"type": "value", "options": mappings}] if mappings else [],
            },
            "overrides": [],
        },
        "options": options,
        "targets": [
            {"refId": chr(ord("A") + index), "datasource": SOURCE, "expr": expr, "legendFormat": legend}
            for index, (legend, expr) in enumerate(panel.queries.items())
        ],
    }


def _alert_rows(dashboard: Dashboard) -> Iterator[Row]:
    """One panel per alert: what it looks at, and its limits."""
    if not dashboard.pack:
        return
    groups = read_rule_file(f"{dashboard.pack}.yml", base=RULES).groups
    for group in groups:
        rules = [
            rule
            for rule in group.rules
            if isinstance(rule, AlertingRule) and rule.name in (dashboard.only or rule.name)
        ]
        panels = [_of_alert(rule) for rule in rules if not dashboard.only or rule.name in dashboard.only]
        if panels:
            yield Row(title=f"Alerts: {group.name}", panels=panels)


def _of_alert(rule: AlertingRule) -> Panel:
    expr, limits = rule.kind.query, []
    if isinstance(rule.kind, Threshold):
        colours = ("orange", "red") if len(rule.kind.levels) > 1 else ("red",)
        for level, colour in zip(rule.kind.levels, colours, strict=False):
            bounds = level.limit if isinstance(level.limit, tuple) else (level.limit,)
            limits += [(bound, colour) for bound in bounds]
    elif isinstance(rule.kind, PromQL):
        comparison = split(rule.expr)
        if comparison is not None:
            expr, limits = comparison.lhs, [(comparison.bound, "red")]
    elif rule.kind.name in ("budget", "projection"):
        expr = expr.removeprefix("last_over_time(").removesuffix("[5m])")
        expr = f"sum(increase({expr}[1d]))"
    return Panel(
        title=rule.name,
        queries={"": LOOKED_AT.get(rule.name, expr)},
        unit=UNITS.get(rule.unit, f"suffix: {rule.unit}" if rule.unit else "short"),
        limits=limits,
        description=ACTION.sub("…", rule.annotation_texts.get("summary", "")),
        width=6,
    )


ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
"""What a template fills in."""

LOOKED_AT = {
    "MultipleAgentGatewaysDown": 'count(up{job=~".*agentgateway.*"} == 0) or vector(0)',
    "MetricsScrapeFailure": 'agentgateway_build_info or up{job=~".*agentgateway.*"}',
    "AllProvidersDown": 'sum(rate(orchestrator_provider_requests_total{status!="error"}[5m]))',
    "ProviderNotReceivingRequests": "sum by (provider) (rate(orchestrator_provider_requests_total[15m]))",
    "OrchestratorDown": 'up{job=~".*orchestrator.*"}',
    "RouterDown": 'up{job=~"llm-router"}',
}
"""What to draw for an alert whose expression answers only while it fires."""


def by(label: str, expr: str) -> dict[str, str]:
    return {f"{{{{{label}}}}}": expr}


def quantiles(metric: str, *, label: str = "", at: Sequence[int] = (50, 95, 99)) -> dict[str, str]:
    """P50, P95, P99 of a histogram, by `label` where that is given."""
    labels, legend = (f"le, {label}", f" {{{{{label}}}}}") if label else ("le", "")
    return {
        f"P{q}{legend}": f"histogram_quantile({q / 100:g}, sum by ({labels}) (rate({metric}_bucket[5m])))" for q in at
    }


AI_GATEWAY = Dashboard(
    file="ai-gateway", uid="ai-gateway", title="AI gateway", pack="ai-gateway",
    rows=[
        Row(title="Overview", panels=[
            Panel(title="Request Rate", kind="stat", unit="reqps", width=6, queries={"": "sum(rate(aigateway_requests_total[5m]))"}),
            Panel(title="P95 Latency", kind="stat", unit="s", width=6, queries=quantiles("aigateway_request_duration_seconds", at=[95])),
            Panel(title="Total Cost", kind="stat", unit="currencyUSD", width=6, queries={"": "sum(aigateway_cost_usd_total)"}),
            Panel(title="Active Streams", kind="stat", width=6, queries={"": "sum(aigateway_active_streams)"}),
        ]),
        Row(title="Performance", panels=[
            Panel(title="Request Rate by Provider", unit="reqps", width=12, queries=by("provider", "sum by (provider) (rate(aigateway_requests_total[5m]))")),
            Panel(title="Latency by Provider", unit="s", width=12, queries=quantiles("aigateway_request_duration_seconds", label="provider")),
        ]),
        Row(title="Usage", panels=[
            Panel(title="Token Rate", unit="suffix: tokens/s", width=12, queries=by("type", "sum by (type) (rate(aigateway_tokens_total[5m]))")),
            Panel(title="Cost per Hour by Tenant", unit="currencyUSD", width=12, queries=by("tenant_id", "sum by (tenant_id) (increase(aigateway_cost_usd_total[1h]))")),
        ]),
        Row(title="Health", panels=[
            Panel(title="Cache Hit Ratio", unit="percentunit", queries={"": "sum(rate(aigateway_cache_hits_total[5m])) / (sum(rate(aigateway_cache_hits_total[5m])) + sum(rate(aigateway_cache_misses_total[5m])))"}),
            Panel(title="Rate Limit Hits", unit="reqps", queries={"": "sum(rate(aigateway_rate_limit_hits_total[5m]))"}),
            Panel(title="Circuit Breaker State", queries=by("provider", "max by (provider) (aigateway_circuit_breaker_state)"), states={0: "Closed", 1: "Half-Open", 2: "Open"}),
        ]),
        Row(title="Errors", panels=[
            Panel(title="Provider Errors", unit="reqps", width=12, queries={"{{provider}} {{type}}": "sum by (provider, type) (rate(aigateway_provider_errors_total[5m]))"}),
            Panel(title="Budget Usage", unit="currencyUSD", width=12, queries=by("tenant_id", "sum by (tenant_id) (increase(aigateway_cost_usd_total[30d]))"), description="What each tenant spent in the last 30 days. Limits and forecasts: alertd budgets."),
        ]),
    ],
)  # fmt: skip

AGENTGATEWAY = Dashboard(
    file="agentgateway", uid="agentgateway", title="agentgateway", pack="agentgateway",
    rows=[
        Row(title="Overview", panels=[
            Panel(title="LLM requests", kind="stat", unit="reqps", width=6, queries={"": "sum(rate(agentgateway_gen_ai_server_request_duration_count[5m]))"}),
            Panel(title="Tokens", kind="stat", unit="suffix: tokens/s", width=6, queries={"": 'sum(rate(agentgateway_gen_ai_client_token_usage_sum{gen_ai_token_type=~"input|output"}[5m]))'}),
            Panel(title="Spend of the last hour", kind="stat", unit="currencyUSD", width=6, queries={"": "sum(increase(agentgateway_gen_ai_client_cost_usd_total[1h]))"}),
            Panel(title="Instances up", kind="stat", width=6, queries={"": 'sum(up{job=~".*agentgateway.*"})'}),
        ]),
        Row(title="LLM traffic", panels=[
            Panel(title="Tokens by model and type", unit="suffix: tokens/s", queries={"{{gen_ai_request_model}} {{gen_ai_token_type}}": "sum by (gen_ai_request_model, gen_ai_token_type) (rate(agentgateway_gen_ai_client_token_usage_sum[5m]))"}),
            Panel(title="Spend by model", unit="currencyUSD", queries=by("gen_ai_request_model", "sum by (gen_ai_request_model) (increase(agentgateway_gen_ai_client_cost_usd_total[1h]))"), description="USD an hour"),
            Panel(title="Price lookups", unit="reqps", queries=by("status", "sum by (status) (rate(agentgateway_cost_catalog_lookups_total[5m]))")),
            Panel(title="Duration", unit="s", queries=quantiles("agentgateway_gen_ai_server_request_duration")),
            Panel(title="Time to first token", unit="s", queries=quantiles("agentgateway_gen_ai_server_time_to_first_token", at=[50, 95])),
            Panel(title="Responses by status", unit="reqps", queries=by("status", "sum by (status) (rate(agentgateway_requests_total[5m]))")),
        ]),
        Row(title="MCP, connections, xDS", panels=[
            Panel(title="MCP calls by server", unit="reqps", queries=by("server", "sum by (server) (rate(agentgateway_mcp_requests_total[5m]))")),
            Panel(title="New connections", unit="cps", queries=by("protocol", "sum by (protocol) (rate(agentgateway_downstream_connections_total[5m]))")),
            Panel(title="xDS messages", unit="ops", queries={"": "sum(rate(agentgateway_xds_message_total[5m]))"}),
        ]),
    ],
)  # fmt: skip

ORCHESTRATOR_REQUESTS = "orchestrator_provider_requests_total"
ORCHESTRATOR_PROVIDERS = Dashboard(
    file="llm-orchestrator-providers", uid="ossaat-provider-metrics", title="LLM orchestrator: providers",
    pack="llm-orchestrator", only=(
        "ProviderHighErrorRate", "ProviderCircuitBreakerOpen", "ProviderCircuitBreakerFlapping", "AllProvidersDown",
        "ProviderHighLatency", "ProviderNotReceivingRequests", "OrchestratorDown",
    ),
    rows=[
        Row(title="Providers", panels=[
            Panel(title="Requests by provider", unit="reqps", queries=by("provider", f"sum by (provider) (rate({ORCHESTRATOR_REQUESTS}[5m]))")),
            Panel(title="Outcomes", unit="reqps", queries={"{{provider}} {{status}}": f"sum by (provider, status) (rate({ORCHESTRATOR_REQUESTS}[5m]))"}),
            Panel(title="Latency by provider", unit="s", queries=quantiles("orchestrator_provider_latency_seconds", label="provider", at=[50, 95])),
            Panel(title="Circuit breakers", queries=by("provider", "max by (provider) (orchestrator_provider_circuit_breaker_state)"), states={0: "closed", 1: "open", 2: "half-open"}),
            Panel(title="Cache hit rate", unit="percentunit", queries={"": "sum(rate(orchestrator_provider_cache_hits_total[5m])) / (sum(rate(orchestrator_provider_cache_hits_total[5m])) + sum(rate(orchestrator_provider_cache_misses_total[5m])))"}),
            Panel(title="Up", queries=by("instance", 'up{job=~".*orchestrator.*"}'), states={0: "down", 1: "up"}),
        ]),
    ],
)  # fmt: skip
ORCHESTRATOR_QUEUES = Dashboard(
    file="llm-orchestrator-queues", uid="ossaat-queue-health", title="LLM orchestrator: queue health",
    pack="llm-orchestrator", only=("ProviderHighTimeoutRate", "ProviderHighRetryRate", "ProviderLowCacheHitRate"),
    rows=[
        Row(title="Pressure", panels=[
            Panel(title="Timeouts", unit="reqps", queries=by("provider", "sum by (provider) (rate(orchestrator_provider_timeouts_total[5m]))")),
            Panel(title="Retries", unit="reqps", queries=by("provider", "sum by (provider) (rate(orchestrator_provider_retries_total[5m]))")),
            Panel(title="Requests under way", queries=by("provider", "sum by (provider) (rate(orchestrator_provider_latency_seconds_sum[5m]))"), description="Mean number of requests that a provider works on: rate times latency. Its growth is what a queue shows first."),
        ]),
    ],
)  # fmt: skip
ORCHESTRATOR_COST = Dashboard(
    file="llm-orchestrator-cost", uid="ossaat-cost-dashboard", title="LLM orchestrator: cost attribution",
    pack="llm-orchestrator", only=("ProviderTokenUsageSpike", "ProviderCostProjectionHigh"),
    rows=[
        Row(title="Spend", panels=[
            Panel(title="Last 30 days", kind="stat", unit="currencyUSD", width=6, queries={"": "sum(increase(orchestrator_provider_cost_dollars_total[30d]))"}),
            Panel(title="By provider and hour", unit="currencyUSD", width=9, queries=by("provider", "sum by (provider) (increase(orchestrator_provider_cost_dollars_total[1h]))")),
            Panel(title="By tenant and hour", unit="currencyUSD", width=9, queries=by("tenant_id", "sum by (tenant_id) (increase(orchestrator_provider_cost_dollars_total[1h]))")),
        ]),
        Row(title="Tokens", panels=[
            Panel(title="By model", unit="suffix: tokens/s", width=12, queries=by("model", 'sum by (model) (rate(orchestrator_provider_tokens_total{type!="total"}[5m]))')),
            Panel(title="By type", unit="suffix: tokens/s", width=12, queries=by("type", 'sum by (type) (rate(orchestrator_provider_tokens_total{type!="total"}[5m]))')),
        ]),
    ],
)  # fmt: skip

LANGWATCH = Dashboard(
    file="langwatch-gateway", uid="langwatch-gateway", title="LangWatch gateway", pack="langwatch-gateway",
    rows=[
        Row(title="Traffic", panels=[
            Panel(title="Requests by status", unit="reqps", queries=by("status", "sum by (status) (rate(gateway_http_requests_total[5m]))")),
            Panel(title="Duration by provider", unit="s", queries=quantiles("gateway_http_request_duration_seconds", label="provider", at=[95])),
            Panel(title="In flight and streaming", queries={"in flight": "sum(gateway_in_flight_requests)", "streams": "sum(gateway_streaming_active)"}),
            Panel(title="Provider attempts", unit="reqps", queries=by("outcome", "sum by (outcome) (rate(gateway_provider_attempts_total[5m]))")),
            Panel(title="Guardrail verdicts", unit="reqps", queries={"{{direction}} {{verdict}}": "sum by (direction, verdict) (rate(gateway_guardrail_verdicts_total[5m]))"}),
            Panel(title="Rate limited", unit="reqps", queries=by("dimension", "sum by (dimension) (rate(gateway_rate_limit_denied_total[5m]))")),
        ]),
    ],
)  # fmt: skip

ROUTER = Dashboard(
    file="llm-router", uid="llm-router", title="LLM router", pack="llm-router",
    rows=[
        Row(title="Requests", panels=[
            Panel(title="Request rate", unit="reqps", queries={"": "sum(rate(http_requests_total[5m]))"}),
            Panel(title="Response time", unit="s", queries={"P{{quantile}}": "max by (quantile) (http_request_duration_seconds)"}),
            Panel(title="Error rate", unit="percentunit", queries={"": '(sum(rate(http_requests_total{status=~"5.."}[5m])) or vector(0)) / sum(rate(http_requests_total[5m]))'}),
        ]),
        Row(title="Models", panels=[
            Panel(title="Inference latency by model", unit="s", queries={"{{model}} P{{quantile}}": "max by (model, quantile) (model_inference_duration_seconds)"}),
            Panel(title="Token generation rate", unit="suffix: tokens/s", queries=by("model", "sum by (model) (rate(model_tokens_generated_total[5m]))")),
            Panel(title="Inferences by model", unit="reqps", queries=by("model", "sum by (model) (rate(model_inference_total[5m]))")),
        ]),
        Row(title="System", panels=[
            Panel(title="CPU", unit="percent", queries=by("instance", "system_cpu_usage_percent")),
            Panel(title="Memory used", unit="bytes", queries=by("instance", "sum by (instance) (system_memory_usage_bytes)")),
            Panel(title="Disk free", unit="bytes", queries=by("mountpoint", "min by (mountpoint) (node_filesystem_avail_bytes)")),
        ]),
    ],
)  # fmt: skip

ALERTD = Dashboard(
    file="alertd", uid="alertd", title="alertd", pack="alertd",
    rows=[
        Row(title="Overview", panels=[
            Panel(title="Alerts", kind="stat", width=6, queries=by("state", "sum by (state) (alertd_alerts)")),
            Panel(title="Rules", kind="stat", width=6, queries={"": "sum(alertd_rule_group_rules)"}),
            Panel(title="Notifications waiting", kind="stat", width=6, queries={"": 'sum(alertd_outbox_deliveries{state=~"queued|leased"}) or vector(0)'}),
            Panel(title="Configuration loaded", kind="stat", width=6, queries={"": "min(alertd_config_last_reload_successful)"}, states={0: "refused", 1: "yes"}),
        ]),
        Row(title="Rules", panels=[
            Panel(title="Evaluations", unit="ops", queries={"": "sum(rate(alertd_rule_evaluations_total[5m]))"}),
            Panel(title="Longest groups", unit="s", queries=by("rule_group", "topk(5, alertd_rule_group_last_duration_seconds)")),
            Panel(title="Queries asked and saved", unit="ops", queries={"asked": "sum(rate(alertd_queries_total[5m]))", "wanted by rules": "sum(rate(alertd_query_needs_total[5m]))"}),
        ]),
        Row(title="Notifications", panels=[
            Panel(title="Sent", unit="ops", width=12, queries={"{{receiver}} {{integration}}": "sum by (receiver, integration) (rate(alertd_notifications_total[5m]))"}),
            Panel(title="Failed", unit="ops", width=12, queries={"{{receiver}} {{integration}}": "sum by (receiver, integration) (rate(alertd_notification_failures_total[5m]))"}),
        ]),
    ],
)  # fmt: skip

DASHBOARDS = (
    AGENTGATEWAY, ORCHESTRATOR_PROVIDERS, ORCHESTRATOR_QUEUES, ORCHESTRATOR_COST, AI_GATEWAY, LANGWATCH, ROUTER, ALERTD,
)  # fmt: skip


def written() -> dict[str, str]:
    """The text of each dashboard by its file name."""
    return {f"{one.file}.json": json.dumps(document(one), indent=2) + "\n" for one in DASHBOARDS}


if __name__ == "__main__":
    for name, text in written().items():
        (HERE / "dashboards" / name).write_text(text)
