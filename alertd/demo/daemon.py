"""`alertd run` as a child process: what people run, not a part of it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from alertd.errors import AlertdError
from alertd.replay.child_process import ChildProcess, child_process

START_LIMIT = timedelta(seconds=30)
STOP_LIMIT = timedelta(seconds=5)
_TOLD_LEVELS = {"warning", "error", "critical"}
_FRAME = {"time", "level", "event"}


class Daemon:
    """A running `alertd run`.

    url   where it listens
    pid   its process
    """

    def __init__(self, child: ChildProcess, url: str) -> None:
        self._child = child
        self.pid = child.pid
        self.url = url

    async def ended(self) -> None:
        """Wait until it ends by itself, which is an error."""
        status = await self._child.wait()
        raise AlertdError(f"alertd ended by itself with exit status {status}; what it said is above")


@asynccontextmanager
async def running_daemon(config_file: Path, storage: Path, *, tell: Callable[[str], None]) -> AsyncIterator[Daemon]:
    """alertd with that configuration, on a free port; its warnings and errors go to `tell`.

    raises   AlertdError when it does not listen in time
    """
    log = _Log(tell)
    command = [
        *(sys.executable, "-m", "alertd", "run"),
        f"--config.file={config_file}",
        f"--storage.path={storage}",
        "--web.listen-address=127.0.0.1:0",
        "--log.format=json",
    ]
    async with child_process(command, hear=log.hear, stop_limit=STOP_LIMIT) as child:
        url = await child.announced(log.address, within=START_LIMIT)
        if url is None:
            raise AlertdError("alertd did not start; what it said is above")
        yield Daemon(child, url)


class _Log:
    """What alertd writes to standard error: one JSON object per line, or the plain text of why it cannot start."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self.address: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def hear(self, line: str) -> None:
        try:
            entry = json.loads(line)
            event, level = entry["event"], entry["level"]
        except (ValueError, TypeError, KeyError):
            self._tell(f"alertd: {line}")
            return
        if event == "listening" and not self.address.done():
            self.address.set_result(entry["address"])
        if level in _TOLD_LEVELS:
            fields = " ".join(f"{name}={value}" for name, value in entry.items() if name not in _FRAME)
            self._tell(f"alertd: {level}: {event} {fields}")
