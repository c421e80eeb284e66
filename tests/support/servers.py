"""Real servers for tests, each on a loopback port in a temporary folder, and one that answers as a test tells it to.

A missing program fails the test and says how to install it: a test that is skipped proves nothing.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from alertd.http import HttpClient, HttpError, new_session

_STARTS = 3
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_PACKAGES = {
    "victoria-metrics": "victoria-metrics",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
    "promtool": "prometheus",
    "vmalert": "victoria-metrics",
}

ALERTMANAGER_CONFIG = """
route: {receiver: nobody, group_wait: 1s}
receivers: [{name: nobody}]
"""


def program(name: str) -> str:
    """Path of an installed program; fails the test when it is missing."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} was not found on PATH: apt-get install {_PACKAGES.get(name, name)}", pytrace=False)
    return found


def free_port() -> int:
    """A port of the loopback interface nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def nobody_listens() -> Iterator[int]:
    """A port that refuses every connection, and that nobody else can take meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@asynccontextmanager
async def victoria_metrics() -> AsyncIterator[str]:
    """The address of a fresh VictoriaMetrics; what was written can be queried after `make_visible`."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [
            program("victoria-metrics"),
            f"-storageDataPath={folder}",
            "-retentionPeriod=100y",
            "-search.latencyOffset=0s",
        ]
        async with _listening(command, "-httpListenAddr", ready="/health") as url:
            yield url


async def make_visible(url: str) -> None:
    """Let VictoriaMetrics' queries see everything written so far."""
    async with new_session() as session:
        await HttpClient(session).request("GET", f"{url}/internal/force_flush")


@asynccontextmanager
async def alertmanager(
    config: str = ALERTMANAGER_CONFIG, *, port: int | None = None, flags: Sequence[str] = (), is_guarded: bool = False
) -> AsyncIterator[str]:
    """The address of a fresh Alertmanager; a guarded one is ready when it answers at all, be it by a refusal."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = _written(Path(folder, "alertmanager.yml"), config)
        command = [
            program("prometheus-alertmanager"),
            f"--config.file={file}",
            f"--storage.path={folder}/data",
            "--cluster.listen-address=",
            *flags,
        ]
        server = _listening(command, "--web.listen-address", ready="/-/ready", port=port, any_answer=is_guarded)
        async with server as url:
            yield url


def _written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


class _EndedError(Exception):
    """A server that ended instead of becoming ready."""


@asynccontextmanager
async def _listening(
    command: Sequence[str], flag: str, *, ready: str, port: int | None = None, any_answer: bool = False
) -> AsyncIterator[str]:
    """The address of a server; `flag` tells it where to listen. A port that was free may be taken a moment later."""
    async with AsyncExitStack() as owned:
        for attempt in range(_STARTS):
            address = f"127.0.0.1:{port or free_port()}"
            server = _running([*command, f"{flag}={address}"], ready=f"http://{address}{ready}", any_answer=any_answer)
            try:
                await owned.enter_async_context(server)
                break
            except _EndedError:
                if attempt == _STARTS - 1:
                    raise
        yield f"http://{address}"


@asynccontextmanager
async def _running(command: Sequence[str], *, ready: str, any_answer: bool = False) -> AsyncIterator[None]:
    """A process that is ended with the block, and with us when we are killed."""
    setpriv = shutil.which("setpriv")
    prefix = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
    process = await asyncio.create_subprocess_exec(
        *prefix, *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, start_new_session=True
    )
    try:
        await _until_ready(process, ready, any_answer=any_answer)
        yield
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _until_ready(process: asyncio.subprocess.Process, url: str, *, any_answer: bool) -> None:
    async with asyncio.timeout(_START_SECONDS), new_session() as session:
        http = HttpClient(session)
        while True:
            if process.returncode is not None:
                raise _EndedError(f"the server behind {url} ended with {process.returncode}")
            with suppress(HttpError):
                if (await http.request("GET", url)).ok or any_answer:
                    return
            await asyncio.sleep(0.02)  # the server says nothing when it becomes ready; it can only be asked


@dataclass(slots=True)
class Asked:
    """One request as the scripted server received it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Scripted:
    """A server that answers each request with the next of `script`, and the last one for ever.

    url    `http://127.0.0.1:PORT`
    asked  every request, in order
    """

    url: str
    script: list[Handler]
    asked: list[Asked] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append(Asked(request.method, request.path, dict(request.query), dict(request.headers), body))
        self.arrived.set()
        handler = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return await handler(request)


def answer(body: str | bytes = b"", *, status: int = 200, **headers: str) -> Handler:
    """Answer with this."""
    data = body.encode() if isinstance(body, str) else body
    names = {name.replace("_", "-"): value for name, value in headers.items()}

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=data, headers=names)

    return handler


async def hang(_: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def scripted(*script: Handler) -> AsyncIterator[Scripted]:
    """A `Scripted` server."""
    server = Scripted("", list(script))
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        server.url = f"http://{host}:{port}"
        yield server
    finally:
        await runner.cleanup()
