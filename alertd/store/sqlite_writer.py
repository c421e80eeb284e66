"""`SqliteWriter`: the one thread that touches the connection.

Work that piles up while a commit is under way is committed together: one fsync for all of it (group commit). Each piece
still stands or falls by itself.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from alertd.errors import StoreError
from alertd.store.sqlite_file import explain

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]


class SqliteWriter:
    """Runs work on a connection, in the order it came.

    rolled_back   called in the writer's thread when something that was written is undone
    write_error   why something could not be done since the last change that was saved; empty when all could
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, *, rolled_back: Callable[[], None]) -> None:
        self._connection = connection
        self._path = path
        self._rolled_back = rolled_back
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._waiting: list[tuple[Work, asyncio.Future[Any]]] = []
        self._drain: asyncio.Task[None] | None = None
        self._closed = False
        self.write_error = ""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns, once what it wrote is committed; raises StoreError, and then nothing of it was written.

        A caller that is cancelled does not stop its work.
        """
        if self._closed:
            raise StoreError(f"database {self._path} is closed")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, done))
        if self._drain is None:
            self._drain = asyncio.create_task(self._run_waiting())
        return await done

    async def close(self) -> None:
        """Finish what was begun, then close the connection."""
        self._closed = True
        if self._drain is not None:
            await asyncio.shield(self._drain)
        self._thread.shutdown()
        self._connection.close()

    async def _run_waiting(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                results = await loop.run_in_executor(self._thread, self._commit, [work for work, _ in batch])
            except Exception as error:  # whoever waits must not wait for ever
                results = [error] * len(batch)
            for (_, done), result in zip(batch, results, strict=True):
                if done.done():
                    continue  # its caller was cancelled
                if isinstance(result, Exception):
                    done.set_exception(result)
                else:
                    done.set_result(result)
        self._drain = None

    def _commit(self, batch: Sequence[Work]) -> list[Any]:
        before = self._connection.total_changes
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            results = [self._attempt(work) for work in batch]
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._connection.rollback()
            self._rolled_back()
            return [self._failed(error)] * len(batch)
        if self._connection.total_changes > before and not any(isinstance(one, StoreError) for one in results):
            self.write_error = ""
        return results

    def _failed(self, error: sqlite3.Error) -> StoreError:
        explained = explain(error, self._path)
        self.write_error = str(explained)
        return explained

    def _attempt(self, work: Work) -> Any:
        """The result of one piece of work, or the exception that undid it."""
        self._connection.execute("SAVEPOINT work")
        try:
            result = work(self._connection)
        except Exception as error:
            self._connection.execute("ROLLBACK TO work")
            self._rolled_back()
            result = self._failed(error) if isinstance(error, sqlite3.Error) else error
        self._connection.execute("RELEASE work")
        return result
