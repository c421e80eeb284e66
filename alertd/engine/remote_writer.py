"""`RemoteWriter`: writes series to every `remote_write` target, in order, through outages.

Each target has a queue of its own. What a target refuses for good is dropped and counted; everything else is tried
again until it is written, the queue overflows, or the writer stops.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from random import Random

import aiohttp
import structlog

from alertd.clock import Clock
from alertd.engine.retrier import ANSWER_BYTES, Accepted, Again, Refused, Retrier, post
from alertd.http import HttpClient
from alertd.http.errors import origin
from alertd.query.remote_write import HEADERS, RemoteWriteSettings, SeriesSample, TimeOrder, encode

log = structlog.get_logger(__name__)

_MOST_HALVINGS = 16  # further requests that look for the bad samples of one refused batch


@dataclass(slots=True)
class RemoteWriteCounters:
    """What became of the samples of one target since the start; only ever grows.

    dropped   by reason: `refused` (a 4xx answer), `out_of_order` (not newer than the last), `queue_full`, `stopped`
    """

    written: int = 0
    requests: int = 0
    retries: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


class RemoteWriter:
    """The sink of recorded series, ALERTS and ALERTS_FOR_STATE."""

    def __init__(
        self, targets: Sequence[RemoteWriteSettings], session: aiohttp.ClientSession, *, clock: Clock, random: Random
    ) -> None:
        self.targets = [RemoteWriteTarget(settings, session, clock=clock, random=random) for settings in targets]

    async def write(self, samples: Sequence[SeriesSample]) -> None:
        """Queue samples for every target."""
        for target in self.targets:
            target.put(samples)

    async def flush(self, timeout: timedelta) -> bool:  # noqa: ASYNC109 - part of the sink's contract
        """Wait until all queued so far is written; False when that takes longer than `timeout` or a target is down."""
        return all(await asyncio.gather(*(target.flush(timeout) for target in self.targets)))

    async def run(self) -> None:
        """Write until `stop`, or until cancelled."""
        async with asyncio.TaskGroup() as group:
            for target in self.targets:
                group.create_task(target.run(), name=f"remote write {target.name}")

    async def stop(self, within: timedelta) -> None:
        """Write what is queued for up to `within`, drop the rest; `run` then ends."""
        await asyncio.gather(*(target.stop(within) for target in self.targets))


class RemoteWriteTarget:
    """The queue of one target; one request at a time."""

    def __init__(
        self, settings: RemoteWriteSettings, session: aiohttp.ClientSession, *, clock: Clock, random: Random
    ) -> None:
        self.name = settings.name or origin(settings.url)
        self.counters = RemoteWriteCounters()
        self._settings = settings
        self._limits = settings.queue_config
        self._http = HttpClient(session, settings, timeout=settings.remote_timeout, max_bytes=ANSWER_BYTES)
        self._clock = clock
        self._order = TimeOrder()
        self._queue: deque[SeriesSample] = deque()
        self._gone = 0  # samples that have left the queue: the number of the one at its front
        longest = self._limits.max_backoff
        self._retrier = Retrier(self, target=self.name, longest=longest, clock=clock, random=random)

    def __len__(self) -> int:
        """Samples waiting."""
        return len(self._queue)

    def put(self, samples: Sequence[SeriesSample]) -> None:
        """Queue samples; beyond the capacity the oldest are dropped."""
        taken = self._order.newer(samples)
        self._queue.extend(taken)
        self._count_dropped(len(samples) - len(taken), "out_of_order")
        excess = self._take_off(len(self._queue) - self._limits.capacity)
        self._count_dropped(excess, "queue_full")
        self._retrier.wake()

    async def flush(self, limit: timedelta) -> bool:
        """See `RemoteWriter.flush`. A target that is down is not waited for: it would hold up every slot."""
        goal = self._gone + len(self._queue)
        await self._retrier.until(lambda: self._gone >= goal or self._retrier.failures > 0, limit)
        return self._gone >= goal

    async def run(self) -> None:
        """Write until stopped."""
        try:
            await self._retrier.run()
        finally:
            self._count_dropped(self._take_off(len(self._queue)), "stopped")

    async def stop(self, within: timedelta) -> None:
        """See `RemoteWriter.stop`."""
        await self._retrier.stop(within)

    async def send_some(self) -> Again | None:
        """One batch. One bad sample has a whole request refused: it is looked for, so that the others are written."""
        parts = [list(islice(self._queue, self._limits.max_samples_per_send))]
        halvings = 0
        while parts:
            part, first = parts.pop(), self._gone
            match await self._post(part):
                case Accepted():
                    self.counters.written += len(part)
                case Again() as again:
                    self.counters.retries += 1
                    return again
                case Refused() if len(part) > 1 and halvings < _MOST_HALVINGS:
                    halvings += 1
                    parts += [part[len(part) // 2 :], part[: len(part) // 2]]
                    continue
                case Refused(why):
                    log.error("remote_write_refused", target=self.name, samples=len(part), error=why)
                    self._count_dropped(len(part), "refused")
            # Meanwhile some of it may have left a queue that was full.
            self._take_off(first + len(part) - self._gone)
        return None

    async def _post(self, samples: Sequence[SeriesSample]) -> Accepted | Refused | Again:
        self.counters.requests += 1
        headers = {name: secret.reveal() for name, secret in self._settings.headers.items()} | dict(HEADERS)
        return await post(self._http, self._settings.url, encode(samples), headers, at=self._clock.now())

    def _take_off(self, count: int) -> int:
        count = max(count, 0)
        for _ in range(count):
            self._queue.popleft()
        self._gone += count
        return count

    def _count_dropped(self, count: int, reason: str) -> None:
        if not count:
            return
        self.counters.dropped[reason] += count
        if reason in ("queue_full", "stopped"):
            log.error("remote_write_dropped", target=self.name, samples=count, reason=reason)
