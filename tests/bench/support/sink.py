"""`Sink`: a receiver of alerts and notifications that answers 200 to everything and only counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.bench.support.processes import CLOCK, LOOPBACK

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(slots=True)
class Sink:
    """How many requests came in.

    address   `127.0.0.1:PORT`
    """

    address: str = ""
    requests: int = 0
    _waiting: list[tuple[int, asyncio.Future[float]]] = field(default_factory=list)

    async def reached(self, requests: int) -> float:
        """When the last of so many requests came in, in seconds of the monotonic clock."""
        if self.requests >= requests:
            return CLOCK.monotonic()
        done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.append((requests, done))
        return await done

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one kept connection until its other side closes it."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(_length(head))
                self._count()
                writer.write(_ANSWER)
                await writer.drain()
        writer.close()

    def _count(self) -> None:
        self.requests += 1
        for requests, done in self._waiting:
            if requests <= self.requests and not done.done():
                done.set_result(CLOCK.monotonic())
        self._waiting = [one for one in self._waiting if not one[1].done()]


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    """A sink on a free port."""
    counter = Sink()
    server = await asyncio.start_server(counter.answer, LOOPBACK, 0)
    host, port = server.sockets[0].getsockname()
    counter.address = f"{host}:{port}"
    try:
        yield counter
    finally:
        server.close()
