"""The orchestrator of the provider monitoring runbook: three providers, two tenants."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import product

from tests.support.gateways.metrics import Load, Target, flapping
from tests.support.gateways.simulator import STEADY, Rhythm, Simulator

FAULTS: Mapping[str, str] = {
    "error storm": "openai fails a third of its requests, times out and is retried",
    "circuit open": "the circuit breaker of openai is open",
    "circuit flapping": "the circuit breaker of google opens and closes every 90 s",
    "latency": "requests to openai take 4 s on average",
    "token runaway": "openai uses ten times the tokens",
    "cost": "providers cost 3 USD an hour: 2,190 a month",
    "cache drop": "one lookup in ten is answered from the cache",
    "provider dropped": "anthropic gets no request",
    "all providers down": "every request fails",
    "down": "the orchestrator does not answer Prometheus",
}
PROVIDERS = ("anthropic", "google", "openai")
TENANTS = ("acme", "globex")
LATENCIES = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_FLAP = 90.0


def simulator(*, born: datetime, speed: float = 1.0, rhythm: Rhythm = STEADY) -> Simulator:
    """speed   how many of its seconds go by in a second, for what goes up and down"""
    target = Target("orchestrator", "orchestrator-0:3000", down=frozenset({"down"}))
    for provider in PROVIDERS:
        _add_requests(target, provider)
        _add_usage(target, provider)
        _add_breaker(target, provider, speed)
    for name, usual, dropped in (("hits", 2.0, 0.3), ("misses", 1.0, 2.7)):
        target.counter(f"orchestrator_provider_cache_{name}_total", usual, {"cache drop": dropped})
    return Simulator("llm-orchestrator", [target], faults=FAULTS, born=born, rhythm=rhythm)


def _add_requests(target: Target, provider: str) -> None:
    stormy = provider == "openai"
    dropped = {"provider dropped": 0.0} if provider == "anthropic" else {}
    answered = dropped | ({"error storm": 3.3} if stormy else {}) | {"all providers down": 0.0}
    failed = dropped | ({"error storm": 1.7} if stormy else {}) | {"all providers down": 5.0}
    target.counter("orchestrator_provider_requests_total", 4.99, answered, provider=provider, status="success")
    target.counter("orchestrator_provider_requests_total", 0.01, failed, provider=provider, status="error")
    target.counter(
        "orchestrator_provider_timeouts_total", 0.002, {"error storm": 0.5} if stormy else {}, provider=provider
    )
    target.counter(
        "orchestrator_provider_retries_total", 0.05, {"error storm": 2.0} if stormy else {}, provider=provider
    )
    target.histogram(
        "orchestrator_provider_latency_seconds", LATENCIES, Load(5.0, 0.8),
        {"latency": 4.0} if stormy else {}, provider=provider,
    )  # fmt: skip


def _add_usage(target: Target, provider: str) -> None:
    model = f"{provider}-large"
    for tenant in TENANTS:
        for kind, usual in (("prompt", 80.0), ("completion", 20.0), ("total", 100.0)):
            target.counter(
                "orchestrator_provider_tokens_total", usual, {"token runaway": 10 * usual} if provider == "openai" else {},
                provider=provider, model=model, type=kind, tenant_id=tenant, user_id=f"{tenant}-1",
            )  # fmt: skip
    for tenant, kind in product(TENANTS, ("prompt", "completion")):
        target.counter(
            "orchestrator_provider_cost_dollars_total", 0.00002, {"cost": 3 / 3600 / 12},
            provider=provider, model=model, tenant_id=tenant, cost_type=kind,
        )  # fmt: skip


def _add_breaker(target: Target, provider: str, speed: float) -> None:
    during = {
        "openai": {"circuit open": 1.0},
        "google": {"circuit flapping": flapping(_FLAP / speed)},
        "anthropic": {},
    }[provider]
    target.gauge("orchestrator_provider_circuit_breaker_state", 0, during, provider=provider)
