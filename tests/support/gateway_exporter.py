"""Simulated AI gateways that expose every metric the documents' rules name, with the labels their products give them.

A value is a function of time, so that history can be written up to any moment and scraping goes on where it ended:
counters grow without a step between the two.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product

from aiohttp import web

from alertd.clock import Clock
from alertd.labels import LabelSet

WAVE = 600.0
"""Seconds in which traffic that comes in waves rises and falls."""

Value = Callable[[float], float]
"""Unix time in seconds -> the value of a series then."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a target, without the labels the target itself gets."""

    name: str
    labels: Mapping[str, str]
    value: Value


@dataclass(slots=True)
class Target:
    """One scraped endpoint; `labels` are what the scrape configuration gives it, `job` and `instance` included.

    fails_since   from then on it answers 503
    """

    labels: Mapping[str, str]
    series: list[Series] = field(default_factory=list)
    fails_since: datetime | None = None

    @property
    def path(self) -> str:
        return f"/{self.labels['instance']}/metrics"

    def is_up(self, at: datetime) -> bool:
        return self.fails_since is None or at < self.fails_since


@dataclass(frozen=True, slots=True)
class Sample:
    """A value of a series as Prometheus stores it after a scrape."""

    labels: LabelSet
    value: float
    at: datetime


class Fleet:
    """All targets. Calm until `incident`, and from then on:

    a tenth of the requests fail at the gateways, the provider openai fails, times out and is retried, its circuit breaker is
    open, one pod cannot flush its budget outbox, and one instance of agentgateway does not answer.

    born       when every counter was 0
    """

    def __init__(self, *, born: datetime, incident: datetime) -> None:
        self.incident = incident
        self._born = born.timestamp()
        self._since = incident.timestamp()
        self._set: dict[tuple[str, LabelSet], float] = {}
        self.targets = [
            *self._agentgateways(),
            self._orchestrator(),
            self._aigateway(),
            *self._langwatch_gateways(),
            self._kube_state_metrics(),
            self._llm_router(),
        ]

    def set(self, name: str, value: float, **labels: str) -> None:
        """From now on the series `name` with exactly these labels has this value."""
        if not any(s.name == name and s.labels == labels for target in self.targets for s in target.series):
            raise KeyError(f"{name}{labels}: no target exposes it")
        self._set[name, LabelSet(labels)] = value

    def history(self, at: datetime) -> Iterator[Sample]:
        """What scrapes at `at` would have stored."""
        for target in self.targets:
            up = target.is_up(at)
            yield Sample(LabelSet({**target.labels, "__name__": "up"}), float(up), at)
            for series in target.series if up else ():
                labels = LabelSet({**target.labels, **series.labels, "__name__": series.name})
                yield Sample(labels, self._value(series, at), at)

    def expose(self, target: Target, at: datetime) -> str:
        """The page of a target, in Prometheus' text format."""
        lines = [f"{s.name}{_braces(s.labels)} {self._value(s, at)!r}" for s in target.series]
        return "\n".join(lines) + "\n"

    def _value(self, series: Series, at: datetime) -> float:
        chosen = self._set.get((series.name, LabelSet(series.labels)))
        return series.value(at.timestamp()) if chosen is None else chosen

    # How values go on.

    def _steady(self, per_second: float) -> Value:
        return lambda at: per_second * (at - self._born)

    def _burst(self, before: float, after: float) -> Value:
        """A counter that grows by `before` per second, and by `after` from the incident on."""
        return lambda at: before * (min(at, self._since) - self._born) + after * max(0.0, at - self._since)

    def _waves(self, per_second: float) -> Value:
        """A counter whose rate swings by a fifth."""
        swing = 0.2 * WAVE / math.tau
        return lambda at: per_second * (at - self._born + swing * (1 - math.cos(math.tau * (at - self._born) / WAVE)))

    def _gauge(self, before: float, after: float | None = None) -> Value:
        return lambda at: before if after is None or at < self._since else after

    # The products.

    def _agentgateways(self) -> Iterator[Target]:
        """Document 000."""
        for number in range(3):
            target = Target({"job": "agentgateway", "instance": f"agentgateway-{number}"})
            add = _adder(target)
            for model, kind in product(("gpt-5", "claude"), ("input", "output")):
                labels = {"gen_ai_request_model": model, "gen_ai_token_type": kind}
                add("agentgateway_gen_ai_client_token_usage_sum", self._waves(40), **labels)
                add("agentgateway_gen_ai_client_token_usage_count", self._steady(0.5), **labels)
            for model in ("gpt-5", "claude"):
                add("agentgateway_gen_ai_server_request_duration_sum", self._steady(1), gen_ai_request_model=model)
                add("agentgateway_gen_ai_server_request_duration_count", self._steady(0.5), gen_ai_request_model=model)
            add("agentgateway_mcp_requests_total", self._steady(5), method="tools/call", server="search")
            add("agentgateway_downstream_connections_total", self._steady(10), gateway="default", protocol="http")
            add("agentgateway_xds_message_total", self._steady(1), url="type.googleapis.com/agentgateway")
            add("agentgateway_xds_message_bytes_total", self._steady(1000), url="type.googleapis.com/agentgateway")
            if number == 2:
                target.fails_since = self.incident
            yield target

    def _orchestrator(self) -> Target:
        """Document 001."""
        target = Target({"job": "orchestrator", "instance": "orchestrator-0"})
        add = _adder(target)
        for provider in ("anthropic", "google", "openai"):
            bad = provider == "openai"
            failing: Callable[[float, float], Value] = self._burst if bad else lambda calm, _: self._steady(calm)
            add("orchestrator_provider_requests_total", self._steady(5), provider=provider, status="success")
            add("orchestrator_provider_requests_total", failing(0.01, 2), provider=provider, status="error")
            add("orchestrator_provider_timeouts_total", failing(0.001, 0.5), provider=provider)
            add("orchestrator_provider_retries_total", failing(0.01, 2), provider=provider)
            add("orchestrator_provider_circuit_breaker_state", self._gauge(0, 1 if bad else 0), provider=provider)
            add("orchestrator_provider_cost_dollars_total", self._steady(0.0001), provider=provider)
            add("orchestrator_provider_cache_hits_total", self._steady(2), provider=provider)
            add("orchestrator_provider_cache_misses_total", self._steady(1), provider=provider)
            for kind, tenant in product(("prompt", "completion"), ("acme", "globex")):
                owner = {"tenant_id": tenant, "user_id": f"{tenant}-1", "model": f"{provider}-large"}
                add("orchestrator_provider_tokens_total", self._steady(100), provider=provider, type=kind, **owner)
            for bound, per_second in (("0.5", 1.0), ("1", 3.0), ("2.5", 4.9), ("5", 5.0), ("10", 5.0), ("+Inf", 5.0)):
                add(
                    "orchestrator_provider_latency_seconds_bucket",
                    self._steady(per_second),
                    provider=provider,
                    le=bound,
                )
        return target

    def _aigateway(self) -> Target:
        """Document 002."""
        target = Target({"job": "aigateway", "instance": "aigateway-0"})
        add = _adder(target)
        add("aigateway_requests_total", self._steady(9), provider="openai", status="success")
        add("aigateway_requests_total", self._burst(0.01, 1), provider="openai", status="error")
        add("aigateway_provider_errors_total", self._burst(0.01, 1), provider="openai", type="timeout")
        add("aigateway_cost_usd_total", self._steady(0.001), provider="openai", tenant="acme")
        add("aigateway_cache_hits_total", self._steady(3))
        add("aigateway_cache_misses_total", self._steady(2))
        for bound, per_second in (("0.5", 4.0), ("1", 8.0), ("5", 9.95), ("+Inf", 10.0)):
            add("aigateway_request_duration_seconds_bucket", self._steady(per_second), le=bound)
        return target

    def _langwatch_gateways(self) -> Iterator[Target]:
        """Document 003; an open circuit is 1, as in the product's present documentation."""
        for number in range(2):
            pod = f"langwatch-gateway-{number}"
            target = Target({"job": "langwatch-gateway", "instance": pod, "pod": pod})
            add = _adder(target)
            stuck = number == 0
            self._add_langwatch_traffic(add)
            add("gateway_circuit_state", self._gauge(0, 1 if stuck else 0), credential_id="openai-main")
            add("gateway_budget_debit_outbox_depth", self._gauge(20, 1800 if stuck else 20))
            add("gateway_budget_debit_outbox_capacity", self._gauge(3000))
            add("gateway_budget_debit_outbox_flush_failures_total", self._burst(0, 0.5 if stuck else 0))
            add("gateway_budget_debit_outbox_4xx_drops_total", self._burst(0, 0.1 if stuck else 0))
            add("gateway_budget_debit_outbox_dropped_total", self._steady(0))
            add("gateway_budget_check_live_total", self._steady(1), outcome="ok")
            add("gateway_budget_check_live_total", self._steady(0.01), outcome="transport_error")
            yield target

    def _add_langwatch_traffic(self, add: Callable[..., None]) -> None:
        served = {"route": "/v1/chat/completions", "provider": "openai", "model": "gpt-5"}
        add("gateway_http_requests_total", self._steady(9), status="200", **served)
        add("gateway_http_requests_total", self._burst(0.01, 1), status="503", **served)
        for outcome, per_second in (("success", 9.0), ("fallback_success", 0.5), ("retryable_5xx", 0.1)):
            add(
                "gateway_provider_attempts_total",
                self._steady(per_second),
                credential_id="openai-main",
                outcome=outcome,
            )
        add("gateway_streaming_usage_missing_total", self._steady(0), provider="openai", model="gpt-5")
        for tier in ("l1", "l2"):
            add("gateway_auth_cache_hits_total", self._steady(19), tier=tier)
            add("gateway_auth_cache_misses_total", self._steady(1), tier=tier)
        for direction, verdict in product(("request", "response"), ("allow", "block")):
            per_second = 9 if verdict == "allow" else 0.1
            add("gateway_guardrail_verdicts_total", self._steady(per_second), direction=direction, verdict=verdict)

    def _kube_state_metrics(self) -> Target:
        """Where document 003 reads the readiness of its pods."""
        target = Target({"job": "kube-state-metrics", "instance": "kube-state-metrics-0"})
        for number, condition in product(range(2), ("true", "false", "unknown")):
            labels = {"namespace": "langwatch", "pod": f"langwatch-gateway-{number}", "condition": condition}
            _adder(target)("kube_pod_status_ready", self._gauge(float(condition == "true")), **labels)
        return target

    def _llm_router(self) -> Target:
        """Document 004; latency is a summary, as its /metrics shows."""
        target = Target({"job": "llm-router", "instance": "llm-router-0"})
        add = _adder(target)
        add("http_requests_total", self._steady(9), method="POST", route="/v1/completions", status="200")
        add("http_requests_total", self._burst(0.01, 1), method="POST", route="/v1/completions", status="500")
        for quantile, seconds in (("0.5", 0.8), ("0.95", 2.5), ("0.99", 4.0)):
            add("model_inference_duration_seconds", self._gauge(seconds), model="llama", quantile=quantile)
        add("model_inference_duration_seconds_sum", self._steady(9), model="llama")
        add("model_inference_duration_seconds_count", self._steady(9), model="llama")
        add("system_cpu_usage_percent", self._gauge(35))
        return target


def _adder(target: Target) -> Callable[..., None]:
    def add(name: str, value: Value, **labels: str) -> None:
        target.series.append(Series(name, labels, value))

    return add


def _braces(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}" if labels else ""


@asynccontextmanager
async def exporter(fleet: Fleet, clock: Clock) -> AsyncIterator[str]:
    """Serve every target of `fleet` at its path; the address, `127.0.0.1:PORT`."""
    by_path = {target.path: target for target in fleet.targets}

    async def answer(request: web.Request) -> web.Response:
        target, at = by_path[request.path], clock.now()
        if not target.is_up(at):
            return web.Response(status=503)
        return web.Response(text=fleet.expose(target, at))

    app = web.Application()
    app.add_routes([web.get(path, answer) for path in by_path])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0]
        yield f"{host}:{port}"
    finally:
        await runner.cleanup()


def scrape_targets(fleet: Fleet, address: str) -> list[dict[str, object]]:
    """The targets as static_configs of Prometheus name them."""
    return [
        {"targets": [address], "labels": {**target.labels, "__metrics_path__": target.path}} for target in fleet.targets
    ]


def history_times(until: datetime, *, fine: timedelta, coarse: timedelta) -> list[datetime]:
    """When to have scraped: every 15 s in the last `fine`, every 5 minutes in the `coarse` before that; oldest first."""
    dense = [until - step * timedelta(seconds=15) for step in range(fine // timedelta(seconds=15))]
    sparse = [until - fine - step * timedelta(minutes=5) for step in range(coarse // timedelta(minutes=5))]
    return [*reversed(sparse), *reversed(dense)]
