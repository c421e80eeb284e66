"""A receiver that answers as a test tells it to: status, headers, body, delay, or a connection that is cut."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How one request is answered.

    hold    answer only once `ReceiverServer.release` is called
    reset   cut the connection instead of answering
    drip    send status, headers and body, but never the end of the body
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    hold: bool = False
    reset: bool = False
    drip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    answered: int

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class ReceiverServer:
    """Keeps what it received; answers 200 unless scripted otherwise."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[Received] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self._scripts: dict[str, deque[Answer]] = defaultdict(deque)
        self._always: dict[str, Answer] = {}
        self._released = asyncio.Event()
        self._changed = asyncio.Condition()

    def script(self, path: str, *answers: Answer) -> None:
        """Answer the next requests to `path` with these, one after the other."""
        self._scripts[path].extend(answers)

    def always(self, path: str, answer: Answer) -> None:
        """Answer every further request to `path` with this."""
        self._always[path] = answer

    def release(self) -> None:
        """Answer what is held."""
        self._released.set()

    def to(self, path: str) -> list[Received]:
        return [one for one in self.received if one.path == path]

    async def wait_for(self, count: int, path: str | None = None) -> list[Received]:
        """The first `count` requests (to `path`), held ones included, as soon as they have come."""

        def came() -> list[Received]:
            return self.received if path is None else self.to(path)

        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: len(came()) >= count)
        return came()[:count]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        script = self._scripts[request.path]
        answer = script.popleft() if script else self._always.get(request.path, Answer())
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self._keep(request, answer)
            if answer.hold:
                await self._released.wait()
        finally:
            self.in_flight -= 1
        if answer.reset and request.transport is not None:
            request.transport.close()
        if answer.drip:
            return await self._drip(request, answer)
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def _drip(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        await response.prepare(request)
        await response.write(answer.body)
        await self._released.wait()
        return response

    async def _keep(self, request: web.Request, answer: Answer) -> None:
        body = await request.read()
        async with self._changed:
            self.received.append(
                Received(path=request.path, headers=request.headers.copy(), body=body, answered=answer.status)
            )
            self._changed.notify_all()


@asynccontextmanager
async def receiver_server() -> AsyncIterator[ReceiverServer]:
    """A running `ReceiverServer` on a free port of 127.0.0.1."""
    server = ReceiverServer()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        server.release()
        await runner.cleanup()
