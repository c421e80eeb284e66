"""`PendingAnswers`: the answers of one slot, each handed out as soon as it is known."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

from alertd.errors import QueryError
from alertd.query.batch import SeriesBatch
from alertd.query.need import QueryNeed

Answer = SeriesBatch | QueryError


class PendingAnswers:
    """Owns the requests of one slot. Whoever began it closes it."""

    def __init__(self, needs: Iterable[QueryNeed]) -> None:
        loop = asyncio.get_running_loop()
        self._answers: dict[QueryNeed, asyncio.Future[Answer]] = {need: loop.create_future() for need in needs}
        self._tasks: dict[asyncio.Task[None], tuple[QueryNeed, ...]] = {}

    async def of(self, needs: Iterable[QueryNeed]) -> Mapping[QueryNeed, Answer]:
        """The answers to `needs`, as soon as exactly those are known; all of them must have been begun."""
        wanted = {need: self._answers[need] for need in needs}
        if wanted:
            await asyncio.wait(wanted.values())
        return {need: answer.result() for need, answer in wanted.items()}

    async def close(self) -> None:
        """End the requests still under way; needs without an answer get an error."""
        for task, needs in self._tasks.items():
            # A task that has answered everything may still be noting down what it learnt.
            if not all(self._answers[need].done() for need in needs):
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.settle(self._answers, QueryError("not asked: the slot was given up"))

    def run(self, work: Coroutine[Any, Any, None], needs: Iterable[QueryNeed]) -> None:
        """Let `work` settle `needs`; once it has, it must end without waiting for anything."""
        self._tasks[asyncio.create_task(work)] = tuple(needs)

    def settle(self, needs: Iterable[QueryNeed], answer: Answer) -> None:
        """Make `answer` known for those of `needs` that have none yet."""
        for need in needs:
            if not self._answers[need].done():
                self._answers[need].set_result(answer)
