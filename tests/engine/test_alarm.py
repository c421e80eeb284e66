"""What a loop sleeps on."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from alertd.clock import SimulatedClock
from alertd.engine.alarm import Alarm
from tests.support.builders import T0, after


async def test_it_wakes_at_the_time() -> None:
    clock = SimulatedClock(T0)
    waiting = asyncio.create_task(Alarm(clock).wait_until(after(seconds=10)))
    await clock.advance(timedelta(seconds=9))
    assert not waiting.done()
    await clock.advance(timedelta(seconds=1))
    assert waiting.done()


async def test_it_wakes_when_somebody_rings() -> None:
    clock = SimulatedClock(T0)
    alarm = Alarm(clock)
    waiting = asyncio.create_task(alarm.wait_until(after(seconds=10)))
    await clock.settle()
    alarm.ring()
    await clock.settle()
    assert waiting.done()


async def test_a_ring_while_nobody_waits_counts_once() -> None:
    clock = SimulatedClock(T0)
    alarm = Alarm(clock)
    alarm.ring()
    alarm.ring()
    await asyncio.wait_for(alarm.wait_until(after(seconds=10)), 5)
    waiting = asyncio.create_task(alarm.wait_until(after(seconds=10)))
    await clock.settle()
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
