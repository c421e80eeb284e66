"""`Retrier`: empties a queue towards one server, one request at a time, through outages; and how an answer is read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Protocol

import structlog

from alertd.clock import Clock
from alertd.http import HttpClient, HttpError
from alertd.notify.retry import backoff, parse_retry_after

log = structlog.get_logger(__name__)

ANSWER_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server took it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server will never take it."""

    why: str


@dataclass(frozen=True, slots=True)
class Again:
    """It may take it later, not before `after` where it said so."""

    why: str
    after: timedelta | None = None


async def post(
    http: HttpClient, url: str, data: bytes, headers: Mapping[str, str], *, at: datetime
) -> Accepted | Refused | Again:
    """Send one body: a 2xx accepts, 429, 5xx and network failures are worth another try, the rest refuses."""
    try:
        answer = await http.request("POST", url, data=data, headers=headers)
    except HttpError as error:
        return Again(str(error))
    if answer.ok:
        return Accepted()
    why = f"HTTP {answer.status}: {answer.excerpt()}"
    if answer.status == 429 or answer.status >= 500:
        return Again(why, parse_retry_after(answer.headers.get("Retry-After", ""), at=at))
    return Refused(why)


class Queue(Protocol):
    """What a retrier empties."""

    def __len__(self) -> int:
        """What waits."""
        ...

    async def send_some(self) -> Again | None:
        """Send the oldest part; whatever was accepted or refused leaves the queue. `Again` when some must be retried."""
        ...


class Retrier:
    """Calls `send_some` while there is something, waiting longer after each failure in a row."""

    def __init__(self, queue: Queue, *, target: str, longest: timedelta, clock: Clock, random: Random) -> None:
        self._queue = queue
        self._target = target
        self._longest = longest
        self._clock = clock
        self._random = random
        self._arrived = asyncio.Event()
        self._attempted = asyncio.Condition()
        self._life: asyncio.Timeout | None = None
        self._stopped = False
        self.failures = 0

    def wake(self) -> None:
        """Something was queued."""
        self._arrived.set()

    async def run(self) -> None:
        """Send until `stop`, or until cancelled."""
        if self._stopped:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as self._life:
                await self._send_for_ever()

    async def _send_for_ever(self) -> None:
        while True:
            await self._arrived.wait()
            if not len(self._queue):
                self._arrived.clear()
                continue
            failed = await self._queue.send_some()
            self.failures = 0 if failed is None else self.failures + 1
            async with self._attempted:
                self._attempted.notify_all()
            if failed is not None:
                await self._clock.sleep_until(self._clock.now() + self._wait(failed))

    async def until(self, condition: Callable[[], bool], limit: timedelta) -> bool:
        """Wait for `condition`, which is looked at after each attempt; False when it takes longer than `limit`."""
        try:
            async with asyncio.timeout(limit.total_seconds()), self._attempted:
                await self._attempted.wait_for(condition)
        except TimeoutError:
            return False
        return True

    async def stop(self, within: timedelta) -> None:
        """Go on for up to `within` while something is queued; `run` then ends, in the middle of a request if need be."""
        await self.until(lambda: not len(self._queue), within)
        self._stopped = True
        if self._life is not None and not self._life.expired():
            self._life.reschedule(asyncio.get_running_loop().time())

    def _wait(self, failed: Again) -> timedelta:
        wait = backoff(self.failures, longest=self._longest, random=self._random)
        wait = max(wait, failed.after or wait)
        log.warning(
            "sending_retried",
            target=self._target,
            queued=len(self._queue),
            failures=self.failures,
            seconds=round(wait.total_seconds(), 3),
            error=failed.why,
        )
        return wait
