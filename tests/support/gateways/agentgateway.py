"""agentgateway: three instances behind one gateway, 31 million tokens a day.

Names and labels: crates/agentgateway/src/telemetry/metrics.rs of agentgateway. The route labels are on everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from tests.support.gateways.metrics import SECONDS, TOKENS, Load, Target
from tests.support.gateways.simulator import STEADY, Rhythm, Simulator

FAULTS: Mapping[str, str] = {
    "token runaway": "150 requests and 150,000 tokens a second",
    "token flood": "600 requests and 600,000 tokens a second",
    "token day": "1,500 tokens a second: a day's budget within the day",
    "slow": "requests take 15 s, first tokens come after 5 s",
    "very slow": "requests take 45 s",
    "no traffic": "no LLM request and no tool call",
    "tool loop": "1,500 tool calls a second",
    "reconnects": "1,100 new connections a second",
    "attack": "2,400 new connections a second",
    "xds storm": "240 xDS messages and 24 MB of them a second",
    "error storm": "a tenth of the requests fail at the backends",
    "unpriced": "a twentieth of the LLM requests has no price",
    "expensive": "5 USD a second",
    "scrape failure": "the first instance answers without metrics",
    "instances down": "the other two instances do not answer",
}
INSTANCES = 3
_ROUTE = {
    "bind": "8080/default/agentgateway", "gateway": "default/agentgateway", "listener": "http", "route": "default/llm",
    "route_rule": "default",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Model:
    """share   of all LLM requests"""

    system: str
    name: str
    share: float
    usd_per_token: float

    @property
    def labels(self) -> dict[str, str]:
        return {
            "gen_ai_operation_name": "chat", "gen_ai_system": self.system, "gen_ai_request_model": self.name,
            "gen_ai_response_model": self.name,
        }  # fmt: skip


_MODELS = (_Model("openai", "gpt-5", 0.6, 3e-6), _Model("anthropic", "claude-sonnet-4-5", 0.4, 5e-6))
_REQUESTS = {"token day": 1.5, "token runaway": 150.0, "token flood": 600.0, "no traffic": 0.0}
_USUAL_REQUESTS = 0.36
"""LLM requests a second, of all instances; each has 1,000 tokens."""

_TOKENS = {"input": 800.0, "output": 200.0, "input_cache_read": 400.0, "input_cache_write": 50.0}
"""Tokens per request; both providers' caches are part of the input."""


def simulator(*, born: datetime, speed: float = 1.0, rhythm: Rhythm = STEADY) -> Simulator:
    del speed  # nothing here depends on how fast a day goes by
    return Simulator("agentgateway", list(_targets()), faults=FAULTS, born=born, rhythm=rhythm)


def _targets() -> Iterator[Target]:
    for number in range(INSTANCES):
        target = Target("agentgateway", f"agentgateway-{number}:15020")
        if number == 0:
            target.bare = frozenset({"scrape failure"})
        else:
            target.down = frozenset({"instances down"})
        for model in _MODELS:
            _add_llm(target, model)
        _add_traffic(target)
        _add_connections(target)
        target.counter("agentgateway_mcp_requests_total", *_shared(60, {"tool loop": 1500, "no traffic": 0}), **_ROUTE,
                       method="tools/call", resource_type="tool", server="search", resource="query")  # fmt: skip
        _add_xds(target)
        target.gauge("agentgateway_build_info", 1, tag="v0.11.0")
        yield target


def _add_llm(target: Target, model: _Model) -> None:
    labels = {**_ROUTE, **model.labels}
    rates = {fault: rate * model.share / INSTANCES for fault, rate in _REQUESTS.items()}
    usual = _USUAL_REQUESTS * model.share / INSTANCES

    for kind, tokens in _TOKENS.items():
        target.histogram(
            "agentgateway_gen_ai_client_token_usage",
            TOKENS,
            Load(usual, tokens),
            {},
            rates,
            **labels,
            gen_ai_token_type=kind,
        )
    seconds: dict[str, tuple[float, dict[str, float]]] = {
        "agentgateway_gen_ai_server_request_duration": (2.0, {"slow": 15.0, "very slow": 45.0}),
        "agentgateway_gen_ai_server_time_to_first_token": (0.6, {"slow": 5.0}),
        "agentgateway_gen_ai_server_time_per_output_token": (0.02, {}),
    }
    for name, (mean, slower) in seconds.items():
        target.histogram(name, SECONDS, Load(usual, mean), slower, rates, **labels)
    dollars = {fault: rate * 1000 * model.usd_per_token for fault, rate in rates.items()}
    dollars["expensive"] = 5 * model.share / INSTANCES
    target.counter("agentgateway_gen_ai_client_cost_usd_total", usual * 1000 * model.usd_per_token, dollars, **labels)
    for status, shares in {"Exact": (1.0, 0.95), "Missing": (0.0, 0.05)}.items():
        target.counter(
            "agentgateway_cost_catalog_lookups_total",
            usual * shares[0], {**rates, "unpriced": usual * shares[1]}, **labels, status=status,
        )  # fmt: skip


def _add_traffic(target: Target) -> None:
    """All requests, of which those to models are a few."""
    answered = {**_ROUTE, "backend": "default/llm", "protocol": "llm", "method": "POST"}
    for status, reason, usual, failing in (("200", "Upstream", 99.9, 90.0), ("503", "UpstreamFailure", 0.1, 10.0)):
        labels = {**answered, "status": status, "reason": reason}
        target.counter("agentgateway_requests_total", *_shared(usual, {"error storm": failing}), **labels)
        target.histogram(
            "agentgateway_request_duration_seconds", (0.1, 1.0, 10.0), Load(usual / INSTANCES, 0.3), **labels
        )
        target.counter("agentgateway_response_bytes_total", *_shared(usual * 2000), **labels)
        target.counter("agentgateway_retries_total", *_shared(0.1, {"error storm": 5}), **labels)
    for name in ("agentgateway_request_processing_seconds", "agentgateway_response_processing_seconds"):
        target.histogram(name, (0.001, 0.01, 0.1), Load(100 / INSTANCES, 0.001), **_ROUTE, backend="default/llm")
    for phase, action, per_second in (
        ("Request", "Allow", 100),
        ("Request", "Reject", 0.01),
        ("Response", "Allow", 100),
    ):
        target.counter(
            "agentgateway_guardrail_checks_total", *_shared(per_second), **_ROUTE, phase=phase, action=action
        )


def _add_connections(target: Target) -> None:
    labels = {"bind": _ROUTE["bind"], "gateway": _ROUTE["gateway"], "listener": _ROUTE["listener"], "protocol": "http"}
    rate, during = _shared(390, {"reconnects": 1100, "attack": 2400})
    target.counter("agentgateway_downstream_connections_total", rate, during, **labels)
    target.counter("agentgateway_downstream_received_bytes_total", rate * 4000, **labels)
    target.counter("agentgateway_downstream_sent_bytes_total", rate * 9000, **labels)
    target.histogram("agentgateway_upstream_connect_duration_seconds", (0.01, 0.1, 1.0), Load(rate, 0.02), **labels)
    target.histogram("agentgateway_tls_handshake_duration_seconds", (0.01, 0.1, 1.0), Load(rate, 0.03), **labels)
    target.histogram(
        "agentgateway_upstream_call_duration_seconds",
        (0.1, 1.0, 10.0),
        Load(rate, 0.3),
        **labels,
        kind="llm",
        subtype="chat",
    )


def _add_xds(target: Target) -> None:
    url = "type.googleapis.com/agentgateway.dev.resource.Resource"
    target.counter("agentgateway_xds_message_total", *_shared(6, {"xds storm": 240}), url=url)
    target.counter("agentgateway_xds_message_bytes_total", *_shared(6000, {"xds storm": 24e6}), url=url)
    target.counter("agentgateway_xds_connection_terminations_total", *_shared(0.001), url=url)
    target.gauge("agentgateway_config_synchronized", 1, url=url)


def _shared(per_second: float, during: Mapping[str, float] | None = None) -> tuple[float, dict[str, float]]:
    """Rates of all instances -> of each."""
    return per_second / INSTANCES, {fault: rate / INSTANCES for fault, rate in (during or {}).items()}
