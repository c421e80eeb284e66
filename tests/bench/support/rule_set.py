"""The rules of a measurement, in the style of the documents: warning and critical pairs, per tenant and for the fleet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.support.dataset import POOLS, PROVIDERS, tenant
from tests.bench.support.processes import BenchError

RULES_PER_GROUP = 20
_FLEET_EVERY = 10
"""Every tenth group looks at the fleet, the others at one tenant each."""

_WINDOWS = ("5m", "10m", "2m")


@dataclass(frozen=True, slots=True)
class Pair:
    """A warning and a critical rule on one expression."""

    name: str
    expr: str
    op: str
    warning: str
    critical: str
    hold: str = ""


TENANT_PAIRS = (
    Pair("HighTokenUsage", "sum(rate(llm_tokens_total{$T}[5m]))", ">", "20000", "50000", "5m"),
    Pair("HighErrorRate", 'sum(rate(llm_requests_total{$T,code=~"5.."}[5m])) / sum(rate(llm_requests_total{$T}[5m]))',
         ">", "0.02", "0.1", "5m"),
    Pair("HighLatency", "histogram_quantile(0.95, sum by (le) (rate(llm_request_duration_seconds_bucket{$T}[5m])))",
         ">", "110", "119", "10m"),
    Pair("TokenBudget", "sum(increase(llm_tokens_total{$T}[1h]))", ">", "6e7", "2e8"),
    Pair("CostSpike", "sum(rate(llm_cost_usd_total{$T}[5m])) / sum(rate(llm_cost_usd_total{$T}[1h]))", ">", "2", "3"),
    Pair("BudgetUsed", "max(llm_budget_used_ratio{$T})", ">", "0.9", "2"),
    Pair("LowCacheHitRate", "sum(rate(llm_cache_hits_total{$T}[5m])) / (sum(rate(llm_cache_hits_total{$T}[5m]))"
         " + sum(rate(llm_cache_misses_total{$T}[5m])))", "<", "0.3", "0.15", "15m"),
    Pair("ManyInFlight", "sum(llm_inflight_requests{$T})", ">", "120", "250", "2m"),
    Pair("RequestSpike", "sum(rate(llm_requests_total{$T}[5m])) / sum(rate(llm_requests_total{$T}[30m]))",
         ">", "2", "4"),
    Pair("NoRequests", 'sum(rate(llm_requests_total{$T,code="200"}[30m]))', "<", "0.5", "0.1"),
)  # fmt: skip
FLEET_PAIRS = (
    Pair("CircuitOpen", 'gateway_circuit_state{pool="$POOL"}', "==", "1", "2", "1m"),
    Pair("OutboxBacklog", 'gateway_budget_debit_outbox_depth{pool="$POOL"}', ">", "1000", "5000", "5m"),
    Pair("OutboxFilling", 'max by (pod) (gateway_budget_debit_outbox_depth{pool="$POOL"})'
         ' / max by (pod) (gateway_budget_debit_outbox_capacity{pool="$POOL"})', ">", "0.5", "0.9", "5m"),
    Pair("OutboxDrops", 'increase(gateway_budget_debit_outbox_4xx_drops_total{pool="$POOL"}[15m])', ">", "0", "100"),
    Pair("ProviderErrors", 'sum by (tenant) (rate(llm_requests_total{provider="$PROVIDER",code=~"5.."}[$WINDOW]))'
         ' / sum by (tenant) (rate(llm_requests_total{provider="$PROVIDER"}[$WINDOW]))', ">", "0.1", "0.3", "5m"),
    Pair("ProviderLatency", "histogram_quantile(0.95, sum by (le) "
         '(rate(llm_request_duration_seconds_bucket{provider="$PROVIDER"}[$WINDOW])))', ">", "118", "119.9", "10m"),
    Pair("ModelTokens", 'sum by (model) (rate(llm_tokens_total{tenant=~"tenant-.$DIGIT."}[$WINDOW]))', ">", "2e5", "5e5"),
    Pair("PodDown", 'gateway_up{pool="$POOL"}', "==", "0", "-1", "1m"),
    Pair("LowAuthCacheHitRate", 'sum(rate(gateway_auth_cache_hits_total{pool="$POOL",tier="l1"}[5m])) / ('
         'sum(rate(gateway_auth_cache_hits_total{pool="$POOL",tier="l1"}[5m]))'
         ' + sum(rate(gateway_auth_cache_misses_total{pool="$POOL",tier="l1"}[5m])))', "<", "0.8", "0.5", "15m"),
    Pair("ToolCallSpike", 'sum(rate(gateway_mcp_requests_total{pool="$POOL"}[5m]))'
         ' / sum(rate(gateway_mcp_requests_total{pool="$POOL"}[30m]))', ">", "2", "4"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """A rule group, as a rule file has it but for its interval."""

    name: str
    rules: Sequence[Mapping[str, object]]


def groups(count: int, *, tenants: int) -> list[Group]:
    """`count` rules in groups of 20, no two pairs with the same expression.

    raises   BenchError when `count` is not a multiple of 20, or there are not enough tenants and pools for it
    """
    number, rest = divmod(count, RULES_PER_GROUP)
    fleets = number // _FLEET_EVERY
    if rest or number - fleets > tenants or fleets > POOLS:
        most = min(tenants * _FLEET_EVERY // (_FLEET_EVERY - 1), (POOLS + 1) * _FLEET_EVERY - 1) * RULES_PER_GROUP
        raise BenchError(f"{count} rules: must be a multiple of {RULES_PER_GROUP} up to {most}")
    return [_fleet_group(fleet) for fleet in range(fleets)] + [_tenant_group(t) for t in range(number - fleets)]


def _tenant_group(number: int) -> Group:
    name = tenant(number)
    return Group(name, list(_rules(TENANT_PAIRS, {"$T": f'tenant="{name}"'}, {"tenant": name})))


def _fleet_group(number: int) -> Group:
    names = {
        "$POOL": f"pool-{number}",
        "$PROVIDER": PROVIDERS[number % len(PROVIDERS)],
        "$WINDOW": _WINDOWS[number // len(PROVIDERS)],
        "$DIGIT": str(number % 10),
    }
    return Group(f"fleet-{number:02d}", list(_rules(FLEET_PAIRS, names, {})))


def _rules(pairs: Sequence[Pair], names: Mapping[str, str], labels: Mapping[str, str]) -> Iterator[dict[str, object]]:
    for pair in pairs:
        expr = pair.expr
        for placeholder, name in names.items():
            expr = expr.replace(placeholder, name)
        for severity, bound in (("warning", pair.warning), ("critical", pair.critical)):
            rule: dict[str, object] = {
                "alert": pair.name,
                "expr": f"{expr} {pair.op} {bound}",
                "labels": {"severity": severity, **labels},
                "annotations": {"summary": f"{pair.name}: {{{{ $value | humanize }}}}, limit {bound}"},
            }
            if pair.hold:
                rule["for"] = pair.hold
            yield rule


def write_rule_file(groups: Sequence[Group], path: Path, *, interval: str) -> None:
    """A rule file that Prometheus, vmalert and alertd read alike."""
    content = [{"name": group.name, "interval": interval, "rules": group.rules} for group in groups]
    path.write_text(json.dumps({"groups": content}))  # JSON is YAML
