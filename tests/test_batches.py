"""Batches: what comes together, or while something is being done, is done together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from alertd.batches import Batches


class Handler:
    """Doubles numbers, a batch at a time; refuses odd ones, and breaks at 13. While `gate` is closed it hangs."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def handle(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(numbers))
        await self.gate.wait()
        if 13 in numbers:
            raise ZeroDivisionError
        return [ValueError(f"{number} is odd") if number % 2 else 2 * number for number in numbers]


async def test_everybody_gets_a_result_of_their_own() -> None:
    handler = Handler()
    batches = Batches(handler.handle)
    results = await asyncio.gather(*map(batches.add, (2, 3, 4)), return_exceptions=True)
    assert [repr(result) for result in results] == ["4", "ValueError('3 is odd')", "8"]
    assert handler.batches == [[2, 3, 4]]


async def test_what_comes_while_one_is_handled_is_the_next_one() -> None:
    handler = Handler()
    handler.gate.clear()
    batches = Batches(handler.handle)
    first = asyncio.create_task(batches.add(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(batches.add(number)) for number in (4, 6)]
    await asyncio.sleep(0)
    handler.gate.set()
    assert await asyncio.gather(first, *others) == [4, 8, 12]
    assert handler.batches == [[2], [4, 6]]


async def test_a_handler_that_breaks_leaves_nobody_waiting_and_goes_on() -> None:
    handler = Handler()
    batches = Batches(handler.handle)
    results = await asyncio.gather(batches.add(2), batches.add(13), return_exceptions=True)
    assert [type(result) for result in results] == [ZeroDivisionError] * 2
    assert await batches.add(2) == 4


async def test_what_was_added_is_handled_though_its_task_is_cancelled() -> None:
    handler = Handler()
    handler.gate.clear()
    batches = Batches(handler.handle)
    tasks = [asyncio.create_task(batches.add(number)) for number in (2, 4)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    handler.gate.set()
    await batches.finish()
    assert handler.batches == [[2, 4]]
    assert await tasks[1] == 8
