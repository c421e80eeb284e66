"""`Meter`: what one evaluator and its Prometheus did in a stretch of time."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

from tests.bench.support.datasource import Datasource, total
from tests.bench.support.evaluators import Counters, Running
from tests.bench.support.processes import CLOCK, BenchError, Process, busy_seconds
from tests.bench.support.sink import Sink


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One repetition, per cycle (all N rules once) where the name does not say otherwise.

    source       CPU seconds of Prometheus, its idle use subtracted
    evaluator    CPU seconds of the evaluator's own process
    seconds      wall time of the groups' evaluations, summed, as the evaluator itself counts it
    posts        requests to the notifier
    cycles       evaluations counted / N: under what was asked for when it could not keep up
    missed       slots since the evaluator's start, so that a bad beginning shows
    failures     of rules, in the whole window
    others       cores that all other processes of the machine used meanwhile
    """

    source: float
    evaluator: float
    requests: float
    seconds: float
    posts: float
    cycles: float
    missed: float
    failures: float
    resident_mib: float
    others: float

    @property
    def both(self) -> float:
        return self.source + self.evaluator


@dataclass(frozen=True, slots=True)
class _Used:
    """Time passed, and CPU used by Prometheus, the evaluator, us, and the whole machine."""

    at: float
    source: float
    evaluator: float
    own: float
    busy: float


@dataclass(frozen=True, slots=True)
class _Counted:
    rules: Counters
    requests: float
    posts: int


class Meter:
    """Reads both processes of a measurement.

    size    number of rules
    idle    cores that Prometheus uses when nobody asks it
    missed  slots missed before the evaluator's start, where counters live on (in Prometheus itself)
    """

    def __init__(
        self, running: Running, source: Datasource, sink: Sink, *, size: int, idle: float, missed: float
    ) -> None:
        self._running = running
        self._source = source
        self._sink = sink
        self._size = size
        self._idle = idle
        self._missed = missed

    async def window(self, seconds: float) -> Window:
        """Measure for so long. What reads counters costs CPU itself and so stays outside the time that is measured."""
        counted_before, before = await self._counted(), self._used()
        await asyncio.sleep(seconds)
        after, counted_after = self._used(), await self._counted()
        wall = after.at - before.at
        rules = counted_after.rules.since(counted_before.rules)
        cycles = rules.evaluations / self._size
        if cycles == 0:
            raise BenchError(f"no rule was evaluated in {seconds:g} s: {self._process.last_words()}")
        source, evaluator = after.source - before.source, after.evaluator - before.evaluator
        others = after.busy - before.busy - (after.own - before.own) - source - evaluator
        return Window(
            source=(source - self._idle * wall) / cycles,
            evaluator=evaluator / cycles,
            requests=(counted_after.requests - counted_before.requests) / cycles,
            seconds=rules.seconds / cycles,
            posts=(counted_after.posts - counted_before.posts) / cycles,
            cycles=cycles,
            missed=counted_after.rules.missed - self._missed,
            failures=rules.failures,
            resident_mib=self._process.resident_mib(),
            others=max(0.0, others) / wall,
        )

    @property
    def _process(self) -> Process:
        return self._running.process or self._source.process

    def _used(self) -> _Used:
        evaluator = self._running.process
        own = os.times()
        return _Used(
            at=CLOCK.monotonic(),
            source=self._source.process.cpu_seconds(),
            evaluator=evaluator.cpu_seconds() if evaluator else 0.0,
            own=own.user + own.system,
            busy=busy_seconds(),
        )

    async def _counted(self) -> _Counted:
        metrics = await self._source.metrics()
        requests = total(metrics, "prometheus_http_requests_total", 'handler="/api/v1/query"')
        return _Counted(await self._running.counters(), requests, self._sink.requests)
