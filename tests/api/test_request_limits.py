"""How long an answer may take, and what becomes of it when it takes longer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from alertd.api.request_limits import FEWEST_GETS, limit_gets, limit_time, note_start

SHORT = timedelta(milliseconds=50)
LIMIT_S = 60


class Slow:
    """Handlers that wait until `go` is set; `ended` says how the last one ended."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def answer(self, _: web.Request) -> web.StreamResponse:
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.ended.set_result("broken off")
            raise
        if not self.ended.done():
            self.ended.set_result("done")
        return web.Response(text="done")

    async def stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"begun")
        await self.go.wait()
        return response

    async def fail(self, _: web.Request) -> web.StreamResponse:
        raise TimeoutError


Serve = Callable[..., Awaitable[TestClient[Any, Any]]]


@pytest.fixture
async def slow() -> Slow:
    return Slow()


@pytest.fixture
async def serve(slow: Slow) -> AsyncIterator[Serve]:
    clients: list[TestClient[Any, Any]] = []

    async def serve(**limits: timedelta) -> TestClient[Any, Any]:
        app = web.Application(middlewares=[limit_time(limits.pop("timeout", timedelta()), **limits)])
        app.on_response_prepare.append(note_start)
        app.add_routes(
            [
                web.get("/", slow.answer),
                web.post("/", slow.answer),
                web.get("/s", slow.stream),
                web.get("/f", slow.fail),
            ]
        )
        clients.append(TestClient(TestServer(app)))
        await clients[-1].start_server()
        return clients[-1]

    yield serve
    slow.go.set()
    for client in clients:
        await client.close()


async def test_an_answer_that_takes_too_long_is_broken_off(serve: Serve, slow: Slow) -> None:
    answer = await (await serve(timeout=SHORT)).get("/")
    assert (answer.status, await answer.text()) == (503, "Exceeded configured timeout of 50ms.\n")
    assert await asyncio.wait_for(slow.ended, LIMIT_S) == "broken off"


async def test_a_change_goes_on_though_nobody_waits_for_it(serve: Serve, slow: Slow) -> None:
    answer = await (await serve(timeout=SHORT)).post("/", json={})
    assert answer.status == 503
    assert not slow.ended.done()
    slow.go.set()
    assert await asyncio.wait_for(slow.ended, LIMIT_S) == "done"


async def test_without_a_limit_an_answer_may_take_its_time(serve: Serve, slow: Slow) -> None:
    asking = asyncio.ensure_future((await serve()).get("/"))
    await asyncio.sleep(0)
    slow.go.set()
    assert (await asyncio.wait_for(asking, LIMIT_S)).status == 200


async def test_an_answer_that_has_begun_ends_with_its_connection(serve: Serve) -> None:
    answer = await (await serve(timeout=SHORT)).get("/s")
    assert answer.status == 200
    with pytest.raises(aiohttp.ClientError):
        await asyncio.wait_for(answer.read(), LIMIT_S)


async def test_a_body_that_does_not_come_is_not_waited_for(serve: Serve) -> None:
    client = await serve(body_limit=SHORT)

    async def never() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.Event().wait()

    async with asyncio.timeout(LIMIT_S), client.post("/", data=never()) as answer:
        assert answer.status == 408


async def test_a_timeout_of_the_handler_itself_is_not_taken_for_this_one(serve: Serve) -> None:
    assert (await (await serve(timeout=timedelta(seconds=LIMIT_S))).get("/f")).status != 503


@pytest.mark.parametrize("most", [0, -1])
async def test_without_a_number_at_least_eight_gets_are_answered_at_one_time(slow: Slow, most: int) -> None:
    refused = asyncio.Event()
    app = web.Application(middlewares=[limit_gets(most, refused=refused.set)])
    app.add_routes([web.get("/", slow.answer), web.get("/chart.svg", slow.answer)])
    limit = max(FEWEST_GETS, os.cpu_count() or 1)
    async with asyncio.timeout(LIMIT_S), TestClient(TestServer(app)) as client:
        asking = [asyncio.create_task(client.get("/")) for _ in range(limit + 1)]
        pictures = [asyncio.create_task(client.get("/chart.svg")) for _ in range(2)]
        await refused.wait()
        slow.go.set()
        assert sorted([(await one).status for one in asking]) == [*[200] * limit, 503]
        assert [(await one).status for one in pictures] == [200, 200]
