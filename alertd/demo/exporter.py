"""`Exporter`: the simulated gateway's `/metrics`, in the names and labels of agentgateway."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from alertd.clock import Clock
from alertd.demo.scenario import Scenario, TenantCounters

SPEED = 60.0
"""Seconds of the trace that pass in a second: an hour in a minute."""

_ROUTE = {"gateway": "demo/agentgateway", "listener": "http", "route": "demo/llm"}
_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Exporter:
    """Replays the scenario at `SPEED` from the moment of `begin`; until then every counter stands still."""

    def __init__(self, scenario: Scenario, *, clock: Clock) -> None:
        self._scenario = scenario
        self._clock = clock
        self._began: float | None = None
        self.scraped = asyncio.Event()
        self.app = web.Application()
        self.app.router.add_get("/metrics", self._metrics)

    def begin(self) -> None:
        """Let the traffic flow."""
        self._began = self._clock.monotonic()

    async def _metrics(self, _: web.Request) -> web.Response:
        self.scraped.set()
        elapsed = 0.0 if self._began is None else self._clock.monotonic() - self._began
        text = exposition(self._scenario.counters(elapsed * SPEED))
        return web.Response(body=text, headers={"Content-Type": _CONTENT_TYPE})


def exposition(counters: Sequence[TenantCounters]) -> bytes:
    """The counters in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Gateway(counters))
    return generate_latest(registry)


class _Gateway(Collector):
    def __init__(self, counters: Sequence[TenantCounters]) -> None:
        self._counters = counters

    def collect(self) -> Iterator[Metric]:
        yield _requests(self._counters)
        yield _tokens(self._counters)


def _requests(counters: Sequence[TenantCounters]) -> Metric:
    names = [*_ROUTE, "tenant", "backend", "protocol", "method", "status", "reason"]
    family = CounterMetricFamily("agentgateway_requests", "Requests by outcome.", labels=names)
    for one in counters:
        place = [*_ROUTE.values(), one.tenant, one.backend, "http", "POST"]
        family.add_metric([*place, "200", "Upstream"], one.answered)
        # Shown from the start, at 0: a series that begins with its first error would hide that error from rate().
        family.add_metric([*place, "503", "UpstreamFailure"], one.failed)
    return family


def _tokens(counters: Sequence[TenantCounters]) -> Metric:
    names = [*_ROUTE, "tenant", "gen_ai_token_type", "gen_ai_operation_name", "gen_ai_system"]
    names += ["gen_ai_request_model", "gen_ai_response_model"]
    family = HistogramMetricFamily("agentgateway_gen_ai_client_token_usage", "Tokens per request.", labels=names)
    for one in counters:
        for kind, tokens in (("input", one.input_tokens), ("output", one.output_tokens)):
            values = [*_ROUTE.values(), one.tenant, kind, "chat", one.backend, one.model, one.model]
            # The trace knows the sum of a step only, so there is one bucket.
            family.add_metric(values, buckets=[("+Inf", one.answered)], sum_value=tokens)
    return family
