"""Range reads: in chunks, onto a grid, with the credentials of the source, and the errors they end in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import numpy as np
import pytest

from alertd.errors import QueryError
from alertd.http import HttpClient, new_session
from alertd.labels import LabelSet
from alertd.query.history import HistoryNeed, SeriesMatrix
from alertd.query.history_source import FIRST_POINTS, MOST_POINTS, PrometheusHistory, matrix_of
from alertd.query.remote_write import SeriesSample
from alertd.query.source import SourceSettings, SourceUnavailableError
from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.servers import answer, nobody_listens, scripted

START = datetime(2026, 1, 5, tzinfo=UTC)
STEP = timedelta(minutes=1)
EMPTY = answer('{"status":"success","data":{"resultType":"matrix","result":[]}}')


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with new_session() as session:
        yield session


def history(session: aiohttp.ClientSession, url: str, **settings: Any) -> PrometheusHistory:
    source = SourceSettings.model_validate({"url": url, **settings})
    return PrometheusHistory(source, HttpClient(session, source))


def need(points: int, expr: str = "m") -> HistoryNeed:
    return HistoryNeed(expr=expr, start=START, end=START + (points - 1) * STEP, step=STEP)


async def read(source: PrometheusHistory, wanted: HistoryNeed) -> list[SeriesMatrix]:
    return [matrix async for matrix in source.read(wanted)]


async def test_what_prometheus_stored_comes_back_on_the_grid_with_gaps(session: aiohttp.ClientSession) -> None:
    async with LocalPrometheus() as prometheus:
        for minute in range(0, 700, 2):
            at = START + minute * STEP
            series = {"a": float(minute), "b": -1.5}
            await prometheus.write(
                [
                    SeriesSample(labels=LabelSet({"__name__": "m", "tenant": tenant}), value=value, at=at)
                    for tenant, value in series.items()
                    if tenant == "a" or minute >= 100
                ]
            )
        chunks = await read(history(session, prometheus.url), need(700, 'max_over_time(m{tenant=~"a|b"}[1m])'))

    assert [len(chunk.times) for chunk in chunks] == [FIRST_POINTS, 200]
    first = chunks[0]
    a, b = (first.labels.index(LabelSet({"tenant": tenant})) for tenant in "ab")
    assert first.times[1] - first.times[0] == 60
    assert first.values[10, a] == 10.0
    assert np.isnan(first.values[99, b])
    assert first.values[100, b] == -1.5
    assert chunks[1].times[0] == first.times[-1] + 60
    assert chunks[1].values[198, a] == 698.0


async def test_chunks_grow_to_what_prometheus_returns_at_most(session: aiohttp.ClientSession) -> None:
    async with scripted(EMPTY) as server:
        await read(history(session, server.url), need(FIRST_POINTS + MOST_POINTS + 7))
    spans = [(float(asked.query["end"]) - float(asked.query["start"])) / 60 + 1 for asked in server.asked]
    assert spans == [FIRST_POINTS, MOST_POINTS, 7]


async def test_it_asks_with_the_credentials_headers_and_parameters_of_the_source(
    session: aiohttp.ClientSession,
) -> None:
    async with scripted(EMPTY) as server:
        settings = {
            "http_headers": {"X-Scope-OrgID": {"values": ["team"]}},
            "params": {"dedup": "true"},
            "basic_auth": {"username": "u", "password": "p"},
        }
        await read(history(session, server.url + "/prefix/", **settings), need(3))
    (asked,) = server.asked
    assert (asked.method, urlsplit(asked.path).path) == ("POST", "/prefix/api/v1/query_range")
    assert asked.headers["X-Scope-OrgID"] == "team"
    assert asked.headers["Authorization"].startswith("Basic ")
    assert {name: asked.query[name] for name in ("query", "step", "dedup")} == {
        "query": "m",
        "step": "60",
        "dedup": "true",
    }


@pytest.mark.parametrize(
    ("handler", "error", "says"),
    [
        (answer('{"status":"error","error":"too many samples"}', status=422), QueryError, "too many samples"),
        (answer("<html>", status=200), SourceUnavailableError, "range query"),
    ],
)
async def test_errors(session: aiohttp.ClientSession, handler: Any, error: type[Exception], says: str) -> None:
    async with scripted(handler) as server:
        with pytest.raises(error, match=says):
            await read(history(session, server.url), need(3))


async def test_nobody_there_and_the_address_stays_out_of_the_error(session: aiohttp.ClientSession) -> None:
    with nobody_listens() as port, pytest.raises(SourceUnavailableError) as raised:
        await read(history(session, f"http://127.0.0.1:{port}/secret-path"), need(3))
    assert "secret-path" not in str(raised.value)


def test_infinities_are_values_and_native_histograms_are_refused() -> None:
    element = {"metric": {"a": "b"}, "values": [[START.timestamp(), "+Inf"], [START.timestamp() + 60, "-0.5"]]}
    matrix = matrix_of([json.loads(json.dumps(element))], start=START, step=STEP, points=3)
    assert matrix.values[:, 0].tolist()[:2] == [np.inf, -0.5]
    assert np.isnan(matrix.values[2, 0])
    with pytest.raises(QueryError, match="native histograms"):
        matrix_of([{"metric": {}, "histograms": []}], start=START, step=STEP, points=3)
