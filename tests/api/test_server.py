"""Listening: addresses, sockets, the end."""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta

import aiohttp
import pytest

from alertd.api.server import ListenError, Server, make_app, parse_address
from tests.support.services import services


def server(address: str) -> Server:
    return Server(make_app(services()), address, stop_limit=timedelta(seconds=1))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":9093", ("", 9093)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::1]:9093", ("::1", 9093)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_an_address_is_host_and_port(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "9093", "localhost", ":65536", ":http", "::1:9093", ":", "[::1]"])
def test_what_is_no_address_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(ListenError, match="write it as host:port"):
        parse_address(text)


@pytest.mark.parametrize("address", ["127.0.0.1:0", ":0", "localhost:0"])
async def test_a_server_answers_where_it_listens(address: str) -> None:
    running = server(address)
    await running.start()
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{running.url}/healthz") as answer:
            assert (answer.status, await answer.text()) == (200, "ok")
    finally:
        await running.stop()


async def test_every_interface_means_one_port_for_both_families() -> None:
    running = server(":0")
    await running.start()
    port = int(running.url.rpartition(":")[2])
    try:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/healthz") as answer:
            assert answer.status == 200
    finally:
        await running.stop()


async def test_a_port_in_use_is_told_with_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ListenError, match=rf'"{address}".*in use.*--web.listen-address'):
            await server(address).start()


async def test_a_host_that_does_not_resolve_is_told() -> None:
    with pytest.raises(ListenError, match=r"no-such-host\.invalid"):
        await server("no-such-host.invalid:0").start()


async def test_after_the_end_nobody_answers_and_idle_connections_do_not_delay_it() -> None:
    running = server("127.0.0.1:0")
    await running.start()
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{running.url}/healthz") as answer:
            await answer.read()
        url = running.url
        async with asyncio.timeout(10):
            await running.stop()
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"{url}/healthz")


async def test_a_server_that_never_started_can_be_stopped() -> None:
    await server("127.0.0.1:0").stop()


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(b"NONSENSE\r\n\r\n", id="no HTTP"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", id="header too long"),
        pytest.param(b"GET / HTTP/1.1\r\nAuthorization: canary\x00\r\n\r\n", id="header with a control character"),
    ],
)
async def test_a_broken_request_gets_400_and_leaves_no_trace_in_the_log(
    request_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    running = server("127.0.0.1:0")
    await running.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(running.url.rpartition(":")[2]))
        writer.write(request_bytes)
        async with asyncio.timeout(5):
            first = await reader.readline()
        writer.close()
        assert b" 400 " in first
        async with aiohttp.ClientSession() as session, session.get(f"{running.url}/healthz") as answer:
            assert answer.status == 200
    finally:
        await running.stop()
    assert [record for record in caplog.records if record.name == "aiohttp.server"] == []
