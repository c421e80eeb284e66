"""Clocks: the simulated one wakes sleepers at their own times, in order."""

import asyncio
from datetime import UTC, datetime, timedelta

from alertd.clock import SetBack, SimulatedClock, SystemClock

T0 = datetime(2026, 1, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def test_sleepers_wake_in_order_each_at_its_own_time() -> None:
    clock = SimulatedClock(T0)
    woken: list[tuple[str, datetime]] = []

    async def sleeper(name: str, *minutes: int) -> None:
        for minute in minutes:
            await clock.sleep_until(T0 + minute * MINUTE)
            woken.append((name, clock.now()))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sleeper("a", 1, 3))
        tasks.create_task(sleeper("b", 2, 9))
        await clock.settle()
        await clock.advance(5 * MINUTE)
        assert woken == [("a", T0 + MINUTE), ("b", T0 + 2 * MINUTE), ("a", T0 + 3 * MINUTE)]
        assert clock.now() == T0 + 5 * MINUTE
        await clock.advance(5 * MINUTE)
    assert woken[-1] == ("b", T0 + 9 * MINUTE)


async def test_a_cancelled_sleeper_hurts_nobody() -> None:
    clock = SimulatedClock(T0)
    task = asyncio.create_task(clock.sleep_until(T0 + MINUTE))
    await clock.settle()
    task.cancel()
    await clock.advance(2 * MINUTE)
    assert task.cancelled()


async def test_the_system_clock_is_aware_and_does_not_wait_for_the_past() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    async with asyncio.timeout(5):
        await clock.sleep_until(clock.now() - MINUTE)
        await clock.sleep_until(clock.now() + timedelta(milliseconds=5))
    assert clock.monotonic() <= clock.monotonic()


async def test_nobody_sleeps_longer_when_the_clock_is_set_back() -> None:
    clock = SimulatedClock(T0)
    sleeping = asyncio.create_task(clock.sleep_until(T0 + 5 * MINUTE))
    await clock.settle()
    await clock.step(-60 * MINUTE)
    await clock.advance(4 * MINUTE)
    assert not sleeping.done()
    await clock.advance(MINUTE)
    assert sleeping.done()


async def test_who_is_overdue_wakes_when_the_clock_is_set_forward() -> None:
    clock = SimulatedClock(T0)
    sleeping = asyncio.create_task(clock.sleep_until(T0 + 5 * MINUTE))
    await clock.settle()
    await clock.step(60 * MINUTE)
    assert sleeping.done()
    assert (clock.now(), clock.monotonic()) == (T0 + 60 * MINUTE, T0.timestamp())


class SteppingClock(SystemClock):
    """The machine's clock, set back by an hour after the first look."""

    looks = 0

    def now(self) -> datetime:
        self.looks += 1
        return super().now() - (timedelta() if self.looks == 1 else 60 * MINUTE)


async def test_the_system_clock_wakes_in_time_although_it_is_set_back() -> None:
    clock = SteppingClock()
    async with asyncio.timeout(5):
        await clock.sleep_until(datetime.now(UTC) + timedelta(milliseconds=20))
    assert clock.looks > 1


async def test_a_step_back_is_noticed_once_and_a_step_forward_is_none() -> None:
    clock = SimulatedClock(T0)
    set_back = SetBack(clock)
    await clock.advance(MINUTE)
    assert set_back.by() == timedelta()
    await clock.step(-60 * MINUTE)
    await clock.advance(MINUTE)
    assert [set_back.by(), set_back.by()] == [60 * MINUTE, timedelta()]
    await clock.step(60 * MINUTE)
    assert set_back.by() == timedelta()
