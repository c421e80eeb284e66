"""The gateway of the observability guide, `aigateway_*`: two tenants, two providers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import product

from tests.support.gateways.metrics import Load, Target
from tests.support.gateways.simulator import STEADY, Rhythm, Simulator

FAULTS: Mapping[str, str] = {
    "error storm": "a fifth of the requests fails",
    "latency": "requests take 20 s on average",
    "circuit open": "the circuit breaker of openai is open",
    "rate limiting": "a tenth of the requests is throttled",
    "budget burn": "acme spends 6 USD a second",
    "cache drop": "one lookup in twenty is answered from the cache",
}
TENANTS = ("acme", "globex")
PROVIDERS = ("anthropic", "openai")
LATENCIES = (0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0)
CLOSED, OPEN = 0, 2
"""Half-open is 1, as the guide's dashboard has them: Closed, Half-Open, Open."""


def simulator(*, born: datetime, speed: float = 1.0, rhythm: Rhythm = STEADY) -> Simulator:
    del speed  # nothing here depends on how fast a day goes by
    target = Target("aigateway", "aigateway-0:8080")
    for tenant, provider in product(TENANTS, PROVIDERS):
        _add_requests(target, {"tenant_id": tenant, "provider": provider, "model": f"{provider}-large"})
    for provider in PROVIDERS:
        for kind in ("timeout", "server_error"):
            target.counter("aigateway_provider_errors_total", 0.01, {"error storm": 1.0}, provider=provider, type=kind)
        state = {"circuit open": OPEN} if provider == "openai" else {}
        target.gauge("aigateway_circuit_breaker_state", CLOSED, state, provider=provider)
    for tenant in TENANTS:
        target.counter("aigateway_rate_limit_hits_total", 0.02, {"rate limiting": 1.0}, tenant_id=tenant)
        target.gauge("aigateway_active_streams", 7, tenant_id=tenant)
    for name, usual, dropped in (("hits", 6.0, 0.5), ("misses", 4.0, 9.5)):
        target.counter(f"aigateway_cache_{name}_total", usual, {"cache drop": dropped})
    return Simulator("ai-gateway", [target], faults=FAULTS, born=born, rhythm=rhythm)


def _add_requests(target: Target, labels: Mapping[str, str]) -> None:
    for status, usual, failing in (("success", 4.98, 4.0), ("error", 0.02, 1.0)):
        target.counter("aigateway_requests_total", usual, {"error storm": failing}, **labels, status=status)
    target.histogram("aigateway_request_duration_seconds", LATENCIES, Load(5.0, 1.2), {"latency": 20.0}, **labels)
    for kind, per_second in (("input", 4000.0), ("output", 1000.0)):
        target.counter("aigateway_tokens_total", per_second, **labels, type=kind)
    burn = {"budget burn": 3.0} if labels["tenant_id"] == "acme" else {}
    target.counter("aigateway_cost_usd_total", 0.002, burn, **labels)
