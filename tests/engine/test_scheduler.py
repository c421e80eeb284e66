"""The scheduler: every slot of every group, groups of one phase together, slots under way first."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from alertd.clock import SimulatedClock, SystemClock
from alertd.engine.scheduler import LOOK_AT_CLOCK, Scheduler
from alertd.rules.rule import RuleGroup
from alertd.rules.slots import phase
from tests.support.rules import a_group, an_alerting_rule

LIMIT = timedelta(seconds=5)


class Ran:
    """Remembers what was run; `enough` is set after `count` slots."""

    def __init__(self, count: int) -> None:
        self.slots: list[tuple[tuple[str, ...], datetime]] = []
        self.enough = asyncio.Event()
        self._count = count

    async def run_slot(self, keys: list[str], at: datetime) -> None:
        self.slots.append((tuple(keys), at))
        if len(self.slots) >= self._count:
            self.enough.set()


def group(name: str, interval: str = "60ms") -> RuleGroup:
    return a_group(an_alerting_rule(), name=name, interval=interval)


async def run(ran: Ran, *groups: RuleGroup) -> None:
    scheduler = Scheduler(ran.run_slot, clock=SystemClock())
    scheduler.start(groups)
    try:
        async with asyncio.timeout(10):
            await ran.enough.wait()
    finally:
        await scheduler.stop(LIMIT)


async def test_every_slot_comes_once_and_in_order() -> None:
    ran = Ran(6)
    await run(ran, group("g"))
    times = [at for _, at in ran.slots]
    assert times == sorted(set(times))
    steps = {(later - earlier) % timedelta(milliseconds=60) for earlier, later in pairwise(times)}
    assert steps == {timedelta(0)}, "slots lie on one grid"


async def test_groups_of_one_phase_share_their_slots() -> None:
    by_phase: dict[timedelta, list[RuleGroup]] = {}
    for number in range(100):
        one = group(f"g{number}", "1h")
        by_phase.setdefault(phase(one.key, one.interval), []).append(one)
    pair = next(groups[:2] for groups in by_phase.values() if len(groups) > 1)
    ran = Ran(1)
    await run(ran, *pair)
    assert ran.slots[0][0] == tuple(one.key for one in pair)


async def test_slots_under_way_are_run_at_once_one_after_the_other_the_most_urgent_first() -> None:
    groups = [group(f"g{number}", "1h") for number in range(30)]
    ran = Ran(len({phase(one.key, one.interval) for one in groups}))
    await run(ran, *groups)
    times = [at for _, at in ran.slots]
    assert times == sorted(times), "the slot that began first ends first"
    assert sorted(key for keys, _ in ran.slots for key in keys) == sorted(one.key for one in groups)


async def test_new_groups_replace_the_old_ones() -> None:
    ran = Ran(1)
    scheduler = Scheduler(ran.run_slot, clock=SystemClock())
    scheduler.start([group("old")])
    scheduler.replace([group("new")])
    async with asyncio.timeout(10):
        await ran.enough.wait()
        ran.enough.clear()
        await ran.enough.wait()
    await scheduler.stop(LIMIT)
    assert {keys for keys, _ in ran.slots} == {("rules.yml;new",)}


async def test_groups_begin_anew_when_the_clock_is_set_back() -> None:
    clock = SimulatedClock(datetime(2026, 1, 5, 12, tzinfo=UTC))
    ran = Ran(2)
    scheduler = Scheduler(ran.run_slot, clock=clock)
    scheduler.start([group("g", "10m")])
    await clock.settle()
    await clock.step(timedelta(hours=-1))
    await clock.advance(LOOK_AT_CLOCK)
    await scheduler.stop(LIMIT)
    (_, before), (_, anew) = ran.slots
    assert before - anew == timedelta(hours=1)


async def test_a_stop_waits_for_what_is_under_way_and_cancels_what_lasts_too_long() -> None:
    begun = asyncio.Event()
    ended: list[str] = []

    async def run_slot(keys: list[str], at: datetime) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    scheduler = Scheduler(run_slot, clock=SystemClock())
    scheduler.start([group("g", "1h")])
    await begun.wait()
    await scheduler.stop(timedelta(milliseconds=20))
    assert ended == ["cancelled"]
