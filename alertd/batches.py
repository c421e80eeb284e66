"""`Batches`: what many tasks ask for at one time is done in one go: one transaction, one fsync for all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batches(Generic[T, R]):
    """One batch is handled at a time; what comes meanwhile is the next one.

    handle   returns for each item its result, or the exception that its task is to get; what it raises, all of them get
    """

    def __init__(self, handle: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]]) -> None:
        self._handle = handle
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._handler: asyncio.Task[None] | None = None

    async def add(self, item: T) -> R:
        """The result of `item`. It is handled also when its task is cancelled meanwhile."""
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._handler is None:
            self._handler = asyncio.create_task(self._handle_all())
        return await done

    async def finish(self) -> None:
        """Return once everything that was added is handled."""
        if self._handler is not None:
            await asyncio.shield(self._handler)

    async def _handle_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                results = await self._handle([item for item, _ in batch])
            except Exception as error:  # whoever waits must not wait for ever
                results = [error] * len(batch)
            for (_, done), result in zip(batch, results, strict=True):
                if done.done():
                    continue  # its task was cancelled
                if isinstance(result, Exception):
                    done.set_exception(result)
                else:
                    done.set_result(result)
        self._handler = None
