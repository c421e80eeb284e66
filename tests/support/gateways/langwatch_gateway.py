"""LangWatch's gateway: two pods, what kube-state-metrics says of them, and the budget outbox that older versions have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import product

from tests.support.gateways.metrics import Load, Target, flapping
from tests.support.gateways.simulator import STEADY, Rhythm, Simulator

FAULTS: Mapping[str, str] = {
    "error storm": "a fifth of the requests is answered with 503",
    "circuit open": "the circuit of credential openai-main is open",
    "fallback": "a third of the attempts are answered by another provider",
    "usage missing": "streams end without token counts",
    "outbox backlog": "1,800 debits of 3,000 wait on the first pod, and flushes fail",
    "outbox drops": "the control plane refuses debits for good",
    "budget check failing": "half of the live budget checks end in a transport error",
    "spool dropping": "spend records are dropped",
    "control plane failing": "half of the requests to the control plane fail",
    "cache drop": "two lookups in ten miss the first tier of the authentication cache",
    "guardrail storm": "40 requests a second are blocked",
    "readiness flapping": "the first pod is ready and not ready in turns, 90 s each",
}
PODS = 2
_FLAP = 90.0
_SERVED = {"provider": "openai", "model": "gpt-5"}
_CREDENTIALS = ("openai-main", "anthropic-main")
_OUTCOMES = {
    "success": (9.0, 6.0), "fallback_success": (0.1, 3.0), "retryable_5xx": (0.05, 3.0), "not_found": (0.0, 0.0),
    "rate_limit": (0.2, 0.2), "timeout": (0.01, 0.01), "network": (0.0, 0.0), "circuit_open": (0.0, 0.0),
    "non_retryable": (0.02, 0.02), "chain_exhausted": (0.0, 0.0), "context_done": (0.01, 0.01),
}  # fmt: skip
"""Attempts a second: usual, and during fallback."""

CLOSED, OPEN = 0, 1


def simulator(*, born: datetime, speed: float = 1.0, rhythm: Rhythm = STEADY) -> Simulator:
    """speed   how many of its seconds go by in a second, for what goes up and down"""
    targets = [*_pods(), _kube_state_metrics(speed)]
    return Simulator("langwatch-gateway", targets, faults=FAULTS, born=born, rhythm=rhythm)


def _pods() -> Iterator[Target]:
    for number in range(PODS):
        pod = f"langwatch-gateway-{number}"
        target = Target("langwatch-gateway", f"{pod}:8080", {"pod": pod, "namespace": "langwatch"})
        _add_requests(target)
        _add_providers(target)
        _add_caches(target)
        _add_policies(target)
        _add_control_plane(target)
        _add_outbox(target, is_stuck=number == 0)
        yield target


def _add_requests(target: Target) -> None:
    route = "/v1/chat/completions"
    for status, usual, failing in (("200", 9.98, 8.0), ("503", 0.02, 2.0)):
        target.counter(
            "gateway_http_requests_total", usual, {"error storm": failing}, route=route, status=status, **_SERVED
        )
    bounds = (0.1, 1.0, 10.0, 60.0)
    target.histogram("gateway_http_request_duration_seconds", bounds, Load(10, 1.5), route=route, provider="openai")
    target.histogram("gateway_provider_duration_seconds", bounds, Load(10, 1.4), **_SERVED)
    for name, value in (("in_flight_requests", 15), ("draining", 0), ("streaming_active", 6)):
        target.gauge(f"gateway_{name}", value)
    target.counter("gateway_streaming_usage_missing_total", 0, {"usage missing": 0.5}, **_SERVED)


def _add_providers(target: Target) -> None:
    for credential in _CREDENTIALS:
        main = credential == "openai-main"
        for outcome, (usual, falling_back) in _OUTCOMES.items():
            target.counter("gateway_provider_attempts_total", usual, {"fallback": falling_back} if main else {},
                           credential_id=credential, outcome=outcome)  # fmt: skip
        target.gauge("gateway_circuit_state", CLOSED, {"circuit open": OPEN} if main else {}, credential_id=credential)
    first, second = _CREDENTIALS
    target.counter("gateway_fallback_events_total", 0.1, {"fallback": 3.0}, from_credential=first, to_credential=second)


def _add_caches(target: Target) -> None:
    for tier, (hits, misses) in {"l1": (19.6, 0.4), "l2": (0.3, 0.1)}.items():
        dropping = tier == "l1"
        target.counter("gateway_auth_cache_hits_total", hits, {"cache drop": 16.0} if dropping else {}, tier=tier)
        target.counter("gateway_auth_cache_misses_total", misses, {"cache drop": 4.0} if dropping else {}, tier=tier)
    target.counter("gateway_auth_cache_lookups_total", 20)
    target.gauge("gateway_auth_cache_size", 800)
    for outcome in ("hit", "miss"):
        target.counter("gateway_cache_hits_total", 1, outcome=outcome)
    target.counter("gateway_cache_rule_hits_total", 0.5)


def _add_policies(target: Target) -> None:
    for direction, verdict in product(("request", "response"), ("allow", "block", "modify", "fail_open")):
        storm = {"guardrail storm": 20.0} if (direction, verdict) == ("request", "block") else {}
        target.counter("gateway_guardrail_verdicts_total", 9.0 if verdict == "allow" else 0.02, storm,
                       direction=direction, verdict=verdict)  # fmt: skip
    target.counter("gateway_budget_blocks_total", 0.01, scope="team")
    target.counter("gateway_rate_limit_denied_total", 0.01, dimension="rpm", vk_id="vk-1")
    target.counter("gateway_client_rejects_total", 0.01, code="400", vk_id="vk-1")


def _add_control_plane(target: Target) -> None:
    for endpoint in ("/resolve-key", "/budget/check"):
        target.histogram("gateway_internal_rtt_seconds", (0.01, 0.1, 1.0), Load(1, 0.02), endpoint=endpoint)
        for status, usual, failing in (("200", 1.0, 0.5), ("503", 0.0, 0.5)):
            target.counter("gateway_control_plane_requests_total", usual, {"control plane failing": failing},
                           endpoint=endpoint, status=status)  # fmt: skip
    target.counter("gateway_spend_spool_appended_total", 10)
    for reason in ("intake", "overflow"):
        target.counter("gateway_spend_spool_dropped_total", 0, {"spool dropping": 1.0}, reason=reason)


def _add_outbox(target: Target, *, is_stuck: bool) -> None:
    """As the cookbook has it; the present gateway has the spool instead."""

    def stuck(fault: str, value: float) -> dict[str, float]:
        return {fault: value} if is_stuck else {}

    target.gauge("gateway_budget_debit_outbox_depth", 20, stuck("outbox backlog", 1800))
    target.gauge("gateway_budget_debit_outbox_capacity", 3000)
    target.counter("gateway_budget_debit_outbox_flush_failures_total", 0, stuck("outbox backlog", 0.5))
    target.counter("gateway_budget_debit_outbox_4xx_drops_total", 0, stuck("outbox drops", 1.0))
    target.counter("gateway_budget_debit_outbox_dropped_total", 0, stuck("outbox drops", 1.0))
    for outcome, usual, failing in (("ok", 1.0, 0.5), ("transport_error", 0.01, 0.5)):
        target.counter("gateway_budget_check_live_total", usual, {"budget check failing": failing}, outcome=outcome)


def _kube_state_metrics(speed: float) -> Target:
    target = Target("kube-state-metrics", "kube-state-metrics-0:8080")
    ready = flapping(_FLAP / speed)
    states = {
        "true": (1, {"readiness flapping": ready}),
        "false": (0, {"readiness flapping": lambda at: 1 - ready(at)}),
        "unknown": (0, {}),
    }
    for number, (condition, (usual, during)) in product(range(PODS), states.items()):
        target.gauge("kube_pod_status_ready", usual, during if number == 0 else {}, namespace="langwatch",
                     pod=f"langwatch-gateway-{number}", condition=condition)  # fmt: skip
    return target
