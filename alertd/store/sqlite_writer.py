"""`SqliteWriter`: the one thread that touches the connection.

Work that piles up while a commit is under way is committed together: one fsync for all of it (group commit). Each piece
still stands or falls by itself: when one fails, all of them are done again, each in a transaction of its own.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from alertd.batches import Batches
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
        self._batches = Batches(self._commit_in_thread)
        self._closed = False
        self.write_error = ""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns, once what it wrote is committed; raises StoreError, and then nothing of it was written.

        It may be done twice: what was done the first time is undone then. A caller that is cancelled does not stop it.
        """
        if self._closed:
            raise StoreError(f"database {self._path} is closed")
        result: T = await self._batches.add(work)
        return result

    async def close(self) -> None:
        """Finish what was begun, then close the connection."""
        self._closed = True
        await self._batches.finish()
        self._thread.shutdown()
        self._connection.close()

    async def _commit_in_thread(self, batch: Sequence[Work]) -> Sequence[Any]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, batch)

    def _commit(self, batch: Sequence[Work]) -> list[Any]:
        before = self._connection.total_changes
        try:
            results = self._together(batch)
        except sqlite3.Error as error:  # the transaction itself failed: so would any other
            self._undo()
            return [self._failed(error)] * len(batch)
        except _WorkError:
            self._undo()
            results = [self._alone(work) for work in batch]
        if self._connection.total_changes > before and not any(isinstance(one, StoreError) for one in results):
            self.write_error = ""
        return results

    def _together(self, batch: Sequence[Work]) -> list[Any]:
        """What each piece returns, all of them in one transaction; raises _WorkError when any failed.

        No savepoint for each: SQLite would copy every page that is changed, and hardly ever need the copy.
        """
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            results = [work(self._connection) for work in batch]
        except Exception as error:
            raise _WorkError from error
        self._connection.execute("COMMIT")
        return results

    def _alone(self, work: Work) -> Any:
        """What a piece returns in a transaction of its own, or the exception that undid it."""
        try:
            [result] = self._together([work])
        except _WorkError as failure:
            self._undo()
            cause = failure.__cause__
            return self._failed(cause) if isinstance(cause, sqlite3.Error) else cause
        except sqlite3.Error as error:
            self._undo()
            return self._failed(error)
        return result

    def _undo(self) -> None:
        self._connection.rollback()
        self._rolled_back()

    def _failed(self, error: sqlite3.Error) -> StoreError:
        explained = explain(error, self._path)
        self.write_error = str(explained)
        return explained


class _WorkError(Exception):
    """A piece of work failed, for the reason that is its cause."""
