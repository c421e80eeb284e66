"""The only module that reads the wall clock. Pure code is handed `at`; loops are handed a `Clock`."""

from __future__ import annotations

import asyncio
import heapq
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Time as loops see it."""

    def now(self) -> datetime:
        """The present, UTC-aware."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, for measuring how long something took."""
        ...

    async def sleep_until(self, when: datetime) -> None:
        """Return once `now()` is at or past `when`."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep_until(self, when: datetime) -> None:
        # The loop's timer is monotonic: after a step of the wall clock the rest is slept again.
        while (rest := (when - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - waits for a time, not an event
            await asyncio.sleep(min(rest, 60.0))


class SimulatedClock:
    """A clock that stands still until `advance`; for tests and replay."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    async def sleep_until(self, when: datetime) -> None:
        if when <= self._now:
            await asyncio.sleep(0)
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (when, self._count, wake))
        await wake

    async def advance(self, by: timedelta) -> None:
        """Move on by `by`, waking every sleeper at its own time and letting it run before the next one."""
        end = self._now + by
        while self._sleepers and self._sleepers[0][0] <= end:
            self._now = max(self._now, self._sleepers[0][0])
            while self._sleepers and self._sleepers[0][0] <= self._now:
                wake = heapq.heappop(self._sleepers)[2]
                if not wake.done():
                    wake.set_result(None)
            await self.settle()
        self._now = end
        await self.settle()

    @staticmethod
    async def settle(rounds: int = 50) -> None:
        """Let every ready task run until it waits."""
        for _ in range(rounds):
            await asyncio.sleep(0)
