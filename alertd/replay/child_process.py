"""A child process that never outlives us, however we end."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

_LINE_BYTES = 1024 * 1024
_LAST_WORDS_SECONDS = 1.0  # a grandchild may keep the pipe open


class ChildProcess:
    """A program that runs until its block ends, see `child_process`."""

    def __init__(self, process: asyncio.subprocess.Process, listening: asyncio.Task[None]) -> None:
        self._process = process
        self._listening = listening

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        """Its exit status, once it has ended and its last words are heard."""
        status = await self._process.wait()
        await asyncio.wait({self._listening}, timeout=_LAST_WORDS_SECONDS)
        return status

    async def announced(self, word: asyncio.Future[str], *, within: timedelta) -> str | None:
        """`word`, once it is known; None when the child ends before that, or the time is over."""
        ending = asyncio.create_task(self.wait())
        either: set[asyncio.Future[Any]] = {word, ending}
        try:
            await asyncio.wait(either, timeout=within.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
        return word.result() if word.done() else None

    async def end(self, limit: timedelta) -> None:
        """TERM, and KILL when that is not enough in time or we are cancelled ourselves."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(limit.total_seconds()):
                    await self.wait()
        finally:
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening


@asynccontextmanager
async def child_process(
    command: Sequence[str], *, hear: Callable[[str], None], stop_limit: timedelta
) -> AsyncIterator[ChildProcess]:
    """Run `command` until the block ends; every line it writes to standard error goes to `hear`, without its end.

    It ends by TERM, and by KILL when that is not enough within `stop_limit`. Where we are killed ourselves, Linux
    kills it. It has a session of its own: Ctrl-C in a terminal is for us.
    """
    process = await asyncio.create_subprocess_exec(
        *_ending_with_us(),
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES,
        start_new_session=True,
    )
    assert process.stderr is not None
    child = ChildProcess(process, asyncio.create_task(_listen(process.stderr, hear), name=f"stderr-{process.pid}"))
    try:
        yield child
    finally:
        await child.end(stop_limit)


def _ending_with_us() -> list[str]:
    """Words before the command that let Linux kill it when we die."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


async def _listen(stream: asyncio.StreamReader, hear: Callable[[str], None]) -> None:
    while line := await stream.readline():
        hear(line.decode(errors="replace").rstrip())
