"""A child process that never outlives us, however we end."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

_LINE_BYTES = 1024 * 1024
_LAST_WORDS = timedelta(seconds=1)


@asynccontextmanager
async def child_process(
    command: Sequence[str], *, hear: Callable[[str], None], stop_limit: timedelta
) -> AsyncIterator[asyncio.subprocess.Process]:
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
    listening = asyncio.create_task(_listen(process.stderr, hear), name=f"stderr-{process.pid}")
    try:
        yield process
    finally:
        try:
            await _end(process, stop_limit)
        finally:
            await _hear_out(listening)


def _ending_with_us() -> list[str]:
    """Words before the command that let Linux kill it when we die."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


async def _hear_out(listening: asyncio.Task[None]) -> None:
    """The last words of a process that has ended; a grandchild that keeps the pipe open is not waited for."""
    await asyncio.wait({listening}, timeout=_LAST_WORDS.total_seconds())
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening


async def _listen(stream: asyncio.StreamReader, hear: Callable[[str], None]) -> None:
    while line := await stream.readline():
        hear(line.decode(errors="replace").rstrip())


async def _end(process: asyncio.subprocess.Process, limit: timedelta) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(limit.total_seconds()):
                await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
