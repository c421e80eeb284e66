"""The client of one source: what it sends, and which failures it tells apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web
from pydantic import ValidationError

from alertd.errors import QueryError
from alertd.http import new_session
from alertd.query.prometheus import PrometheusSource
from alertd.query.source import SourceOverloadedError, SourceSettings, SourceUnavailableError
from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.servers import answer, hang, hang_up, nobody_listens, scripted

AT = datetime(2026, 1, 2, 3, 4, 5, 678_999, tzinfo=UTC)
EMPTY = answer('{"status":"success","data":{"resultType":"vector","result":[]}}')


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with new_session() as session:
        yield session


def source(session: aiohttp.ClientSession, url: str, **settings: Any) -> PrometheusSource:
    return PrometheusSource(SourceSettings.model_validate({"url": url, **settings}), session)


async def test_what_is_sent(session: aiohttp.ClientSession) -> None:
    async with scripted(EMPTY) as server:
        settings = {
            "http_headers": {"X-Scope-OrgID": {"values": ["team"]}},
            "params": {"dedup": "true"},
            "timeout": "10s",
            "basic_auth": {"username": "u", "password": "p"},
        }
        await source(session, server.url + "/prefix/", **settings).instant('m{a="ä"} > 1', AT)

    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/prefix/api/v1/query")
    assert parse_qs(asked.body.decode()) == {
        "query": ['m{a="ä"} > 1'],
        "time": ["1767323045.678"],
        "timeout": ["10"],
        "dedup": ["true"],
    }
    assert asked.headers["X-Scope-OrgID"] == "team"
    assert asked.headers["Accept-Encoding"] == "identity"
    assert asked.headers["Authorization"].startswith("Basic ")


async def test_compression_is_asked_for_on_request(session: aiohttp.ClientSession) -> None:
    async with LocalPrometheus() as prometheus:
        got = await source(session, prometheus.url, compression=True).instant("vector(7)", AT)
    async with scripted(EMPTY) as server:
        await source(session, server.url, compression=True).instant("m", AT)

    assert got.values.tolist() == [7.0]
    assert server.asked[0].headers["Accept-Encoding"] == "gzip"


async def test_a_large_answer_is_read_like_a_small_one(session: aiohttp.ClientSession) -> None:
    elements = [f'{{"metric":{{"i":"{number}","pad":"{"x" * 100}"}},"value":[1,"{number}"]}}' for number in range(9000)]
    body = f'{{"status":"success","data":{{"resultType":"vector","result":[{",".join(elements)}]}}}}'
    async with scripted(answer(body)) as server:
        got = await source(session, server.url).instant("m", AT)

    assert got.values.tolist() == list(range(9000))
    assert [labels["i"] for labels in got.labels] == [str(number) for number in range(9000)]


async def test_prometheus_words_its_own_errors(session: aiohttp.ClientSession) -> None:
    async with LocalPrometheus() as prometheus:
        client = source(session, prometheus.url)
        with pytest.raises(QueryError, match=r"^rule result is not a vector or scalar$"):
            await client.instant('"text"', AT)
        with pytest.raises(QueryError, match=r"^1:3: parse error: unclosed left parenthesis$"):
            await client.instant("m(", AT)


async def test_a_lost_connection_is_tried_once_more(session: aiohttp.ClientSession) -> None:
    async with scripted(hang_up, EMPTY, hang_up, hang_up, EMPTY) as server:
        client = source(session, server.url)

        assert len(await client.instant("m", AT)) == 0
        with pytest.raises(SourceOverloadedError, match="connection lost"):
            await client.instant("m", AT)

    assert len(server.asked) == 4


async def test_a_timeout_is_not_tried_again(session: aiohttp.ClientSession) -> None:
    async with scripted(hang) as server:
        with pytest.raises(SourceOverloadedError, match="no answer in time"):
            await source(session, server.url, timeout="100ms").instant("m", AT)

    assert len(server.asked) == 1


async def test_a_server_that_is_down_is_unavailable(session: aiohttp.ClientSession) -> None:
    with nobody_listens() as port, pytest.raises(SourceUnavailableError, match="connection refused") as caught:
        await source(session, f"http://127.0.0.1:{port}").instant("m", AT)

    assert not isinstance(caught.value, SourceOverloadedError)


async def test_no_more_requests_at_once_than_allowed(session: aiohttp.ClientSession) -> None:
    under_way, most, full = 0, 0, asyncio.Event()

    async def count(request: web.Request) -> web.StreamResponse:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == 3:
            full.set()
        await full.wait()
        under_way -= 1
        return await EMPTY(request)

    async with scripted(count) as server:
        client = source(session, server.url, concurrency=3)
        await asyncio.gather(*(client.instant("m", AT) for _ in range(12)))

    assert (len(server.asked), most) == (12, 3)


async def test_waiting_for_a_place_has_a_limit_and_is_not_the_querys_fault(session: aiohttp.ClientSession) -> None:
    async with scripted(hang) as server:
        client = source(session, server.url, concurrency=1, timeout="200ms")
        slow = asyncio.create_task(client.instant("slow", AT))
        await server.arrived.wait()
        waiting = [asyncio.create_task(client.instant("waiting", AT)) for _ in range(3)]
        results = await asyncio.gather(slow, *waiting, return_exceptions=True)

    assert isinstance(results[0], SourceOverloadedError)
    assert [type(result) for result in results[1:]].count(SourceUnavailableError) >= 1


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        pytest.param({}, "Field required", id="no url"),
        pytest.param({"url": "localhost:9090"}, "must be an http:// or https:// URL", id="no scheme"),
        pytest.param(
            {"url": "http://h", "external_url": "graphs.example.com"},
            "must be an http:// or https:// URL",
            id="no address for people",
        ),
        pytest.param(
            {"url": "http://u:p@h"}, "must not hold a user or a password; give them as basic_auth", id="a user"
        ),
        pytest.param({"url": "http://h/?a=b"}, "must not hold parameters; give them under params", id="parameters"),
        pytest.param({"url": "http://h", "concurrency": 0}, "greater than or equal to 1", id="no request at all"),
        pytest.param({"url": "http://h", "timeout": "soon"}, "not a valid duration", id="no duration"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        SourceSettings.model_validate(settings)


def test_settings_by_default() -> None:
    settings = SourceSettings(url="http://h:9090/")

    assert (settings.name, settings.url, settings.timeout) == ("default", "http://h:9090", timedelta(seconds=30))
