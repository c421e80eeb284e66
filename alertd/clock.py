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
        """Return once `now()` is at or past `when`; no later than that was away at the call, if the clock is set back."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep_until(self, when: datetime) -> None:
        ends_at = self.monotonic() + (when - self.now()).total_seconds()
        # The loop's timer is monotonic: it is looked up now and then whether the wall clock was set forward.
        while (rest := min((when - self.now()).total_seconds(), ends_at - self.monotonic())) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(rest, 60.0))


class SetBack:
    """Notices that the wall clock was set back. What lies ahead by the old time is then further away than it was meant."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen = clock.now(), clock.monotonic()

    def by(self) -> timedelta:
        """How far the clock was set back since it was last asked; zero when it went on from there."""
        (then, since), self._seen = self._seen, (self._clock.now(), self._clock.monotonic())
        now, passed = self._seen[0], self._seen[1] - since
        return then + timedelta(seconds=passed) - now if now < then else timedelta()


class SimulatedClock:
    """A clock that stands still until `advance`; for tests and replay."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._stepped = timedelta()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._stepped).timestamp()

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

    async def step(self, by: timedelta) -> None:
        """Be set forward or back by `by`. Whoever is overdue then wakes, all at once; nobody sleeps longer than before."""
        self._now += by
        self._stepped += by
        self._sleepers = [(min(when, when + by), number, wake) for when, number, wake in self._sleepers]
        await self.advance(timedelta())

    @staticmethod
    async def settle(rounds: int = 50) -> None:
        """Let every ready task run until it waits."""
        for _ in range(rounds):
            await asyncio.sleep(0)
