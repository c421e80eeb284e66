"""`Scheduler`: an alarm clock over APScheduler. Groups with the same interval and phase share one alarm.

Which slot an alarm belongs to, and how many were missed, is arithmetic in `rules/slots.py`; a late alarm is never dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from alertd.clock import Clock, SetBack
from alertd.deferred import deferred
from alertd.rules.rule import RuleGroup
from alertd.rules.slots import phase, slot_at

if TYPE_CHECKING:
    from apscheduler.schedulers import asyncio as alarms
    from apscheduler.triggers import interval as triggers
else:
    alarms, triggers = deferred("apscheduler.schedulers.asyncio"), deferred("apscheduler.triggers.interval")

log = structlog.get_logger(__name__)

RunSlot = Callable[[list[str], datetime], Coroutine[None, None, None]]

LOOK_AT_CLOCK = timedelta(seconds=15)
"""How often it is looked whether the clock was set back."""

EARLY = timedelta(milliseconds=50)
"""A timer may go off this much before its slot; the slot meant is still that one."""


class Scheduler:
    """Calls `run_slot(keys, at)` at every slot of every group; each call is a task of the scheduler's own."""

    def __init__(self, run_slot: RunSlot, *, clock: Clock) -> None:
        self._run_slot = run_slot
        self._clock = clock
        self._scheduler: alarms.AsyncIOScheduler | None = None  # until there are groups
        self._groups: tuple[RuleGroup, ...] = ()
        self._watch: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._generation = 0

    def start(self, groups: Iterable[RuleGroup]) -> None:
        """Begin; the slots under way are run at once, so that a start needs no wait for the next ones."""
        self._watch = asyncio.create_task(self._watch_clock(SetBack(self._clock)))
        self.replace(groups)

    def replace(self, groups: Iterable[RuleGroup]) -> None:
        """Take new groups instead of the old ones."""
        self._groups = tuple(groups)
        if self._scheduler is not None:
            self._scheduler.remove_all_jobs()
        shared: dict[tuple[timedelta, timedelta], list[str]] = {}
        for group in self._groups:
            shared.setdefault((group.interval, phase(group.key, group.interval)), []).append(group.key)
        under_way = []
        for (interval, offset), keys in shared.items():
            at = slot_at(self._clock.now(), interval=interval, phase=offset)
            trigger = triggers.IntervalTrigger(seconds=interval.total_seconds(), start_date=at + interval, timezone=UTC)
            self._begun().add_job(
                self._alarm,
                trigger,
                args=(keys, interval, offset),
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )
            under_way.append((at + interval, keys, at))
        self._generation += 1
        self._own(self._catch_up(sorted(under_way), self._generation))

    def _begun(self) -> alarms.AsyncIOScheduler:
        if self._scheduler is None:
            self._scheduler = alarms.AsyncIOScheduler(timezone=UTC)
            self._scheduler.start()
        return self._scheduler

    async def _watch_clock(self, set_back: SetBack) -> None:
        """APScheduler would wait until the clock is again where it was: begin anew by the new time instead."""
        while True:
            await self._clock.sleep_until(self._clock.now() + LOOK_AT_CLOCK)
            if by := set_back.by():
                log.warning("clock_set_back", seconds=by.total_seconds(), next="every group begins anew")
                self.replace(self._groups)

    async def _catch_up(self, under_way: list[tuple[datetime, list[str], datetime]], generation: int) -> None:
        """Run the slots under way one after the other, the one that ends first first: all at once would be a stampede.

        Whose next slot has come meanwhile is left out: it is evaluated there.
        """
        for ends_at, keys, at in under_way:
            if generation == self._generation and self._clock.now() < ends_at:
                await self._run_slot(keys, at)

    async def _alarm(self, keys: list[str], interval: timedelta, offset: timedelta) -> None:
        # A coroutine, so that APScheduler calls it on the loop; it never lasts, so an instance is never "still running".
        at = slot_at(self._clock.now() + min(EARLY, interval / 4), interval=interval, phase=offset)
        self._own(self._run_slot(keys, at))

    def _own(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self, limit: timedelta) -> None:
        """No further slots; those under way may finish within `limit`, then they are cancelled."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        self._generation += 1
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=limit.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
