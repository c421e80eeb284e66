"""`alertd run` as users run it: a process of its own that can be told, asked and killed."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

START_LIMIT_S = 60.0
STOP_LIMIT_S = 15.0


class Daemon:
    """A started daemon; `url` is where its API listens, `events` is its log so far, of every level."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.url = ""
        self.events: list[dict[str, Any]] = []
        self._changed = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            text = line.decode(errors="replace").rstrip()
            event = json.loads(text) if text.startswith("{") else {"event": "text", "text": text}
            async with self._changed:
                self.events.append(event)
                if event["event"] == "listening":
                    self.url = event["address"]
                self._changed.notify_all()
        async with self._changed:
            self._changed.notify_all()

    async def event(self, name: str, *, limit_s: float = START_LIMIT_S, skip: int = 0) -> dict[str, Any]:
        """The first event of that name after the first `skip` events; fails with the log when it does not come."""

        def found() -> dict[str, Any] | None:
            return next((event for event in self.events[skip:] if event["event"] == name), None)

        try:
            async with asyncio.timeout(limit_s), self._changed:
                await self._changed.wait_for(lambda: found() is not None or self._reader.done())
        except TimeoutError:
            pass
        event = found()
        assert event is not None, f"no {name}; the log: {json.dumps(self.events[-20:], indent=1)}"
        return event

    async def more(self, name: str, count: int, *, limit_s: float = START_LIMIT_S) -> None:
        """Wait for `count` further events of that name."""
        seen = len(self.events)
        await until(
            lambda: sum(event["event"] == name for event in self.events[seen:]) >= count,
            limit_s=limit_s,
            what=f"{count} more {name}",
        )

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.post(self.url + path) as answer:
            return answer.status, await answer.text()

    async def json(self, path: str) -> Any:
        return json.loads((await self.get(path))[1])

    async def kill(self) -> None:
        """kill -9."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self._end()

    async def terminate(self) -> int:
        """SIGTERM; the exit status."""
        self.process.terminate()
        async with asyncio.timeout(STOP_LIMIT_S):
            return await self._end()

    async def _end(self) -> int:
        status = await self.process.wait()
        await self._reader
        return status


@asynccontextmanager
async def running(
    config: Path, storage: Path, *flags: str, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Daemon]:
    """A daemon on a free port; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "alertd", "run", f"--config.file={config}", f"--storage.path={storage}",
        "--web.listen-address=127.0.0.1:0", "--log.format=json", "--log.level=debug", *flags,
        stderr=asyncio.subprocess.PIPE, env=environ,
    )  # fmt: skip
    daemon = Daemon(process)
    try:
        yield daemon
    finally:
        await daemon.kill()


async def until(true: Callable[[], bool], *, limit_s: float, what: str) -> None:
    """Wait until `true`; fails saying `what` did not come about in time."""
    deadline = asyncio.get_running_loop().time() + limit_s
    while not true():
        assert asyncio.get_running_loop().time() < deadline, f"not within {limit_s} s: {what}"
        await asyncio.sleep(0.02)
