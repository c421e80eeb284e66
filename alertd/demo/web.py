"""A small HTTP server of the demo, on the loopback interface unless it is told otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from alertd.errors import AlertdError

_HOST = "127.0.0.1"
_CLOSE_SECONDS = 2.0


@asynccontextmanager
async def serving(app: web.Application, *, host: str = _HOST, port: int = 0) -> AsyncIterator[str]:
    """The app under the address that is yielded, such as `http://127.0.0.1:8080`; port 0: any free one.

    raises   AlertdError when the port is taken
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_SECONDS)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise AlertdError(f"cannot listen on {host}:{port}: {error.strerror}; end what listens there") from error
        yield f"http://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
