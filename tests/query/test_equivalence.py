"""Split and joined queries give exactly what single ones give: laws over generated expressions, on real servers."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.errors import QueryError
from alertd.http import HttpClient, new_session
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.query.fetcher import Fetcher
from alertd.query.need import QueryNeed
from alertd.query.prometheus import PrometheusSource
from alertd.query.remote_write import HEADERS, SeriesSample, encode
from alertd.query.source import SourceSettings
from alertd.query.split import split
from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.servers import make_visible, victoria_metrics

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("equivalence"),  # one process for all: what they share takes long
]

AT = datetime(2026, 1, 2, 3, 0, 0, 500_000, tzinfo=UTC)
VALUES = [0.0, 1.0, 2.0, -1.0, 0.5, math.nan, math.inf, -math.inf]


def dataset() -> list[SeriesSample]:
    """Ten minutes of two gauges with the same labels, a counter, and a series that has ended.

    All numbers add up exactly in any order: VictoriaMetrics sums in parallel, in an order of the moment.
    """
    samples = []
    for step in range(41):
        at = AT - timedelta(seconds=15 * (40 - step))
        for number, value in enumerate(VALUES):
            labels = {"i": str(number), "g": "ab"[number % 2]}
            samples += [
                SeriesSample(labels=LabelSet({"__name__": "m", **labels}), value=value, at=at),
                SeriesSample(labels=LabelSet({"__name__": "n", **labels}), value=value * 2 - 1, at=at),
                SeriesSample(labels=LabelSet({"__name__": "c_total", **labels}), value=step * number * 15.0, at=at),
            ]
    ended = LabelSet({"__name__": "m", "i": "ended"})
    samples.append(SeriesSample(labels=ended, value=1.0, at=AT - timedelta(seconds=30)))
    samples.append(SeriesSample(labels=ended, value=0.0, at=AT - timedelta(seconds=15), stale=True))
    return samples


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def prometheus() -> AsyncIterator[PrometheusSource]:
    async with LocalPrometheus() as server, new_session() as session:
        await server.write(dataset())
        yield PrometheusSource(SourceSettings(url=server.url), session)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def victoria() -> AsyncIterator[PrometheusSource]:
    async with victoria_metrics() as url, new_session() as session:
        body = encode(dataset())
        answer = await HttpClient(session).request("POST", f"{url}/api/v1/write", data=body, headers=HEADERS)
        assert answer.ok
        await make_visible(url)
        yield PrometheusSource(SourceSettings(url=url), session)


SELECTORS = [
    "m", "n", 'm{i="1"}', 'm{i=~"1|2|5"}', "m{g='a'}", '{__name__=~"m|n", g="b"}', '{__name__="m",i!="3"}', "nothing",
    "m offset 1m", f"m @ {AT.timestamp() - 60:.0f}", "rate(c_total[2m])", "increase(c_total[5m:1m])", "absent(nothing)",
    "max_over_time(n[1m])", "vector(1)", "vector(time() % 7)", "sum(m)", "count by (g) (n)", "abs(m)", "m{i='ended'}",
]  # fmt: skip
NUMBERS = ["0", "1", "2", "-1", "0.5", ".5", "1e0", "NaN", "Inf", "-Inf", "+Inf", "- 1"]
COMPARE = ["==", "!=", ">", "<", ">=", "<="]


def _grown(vectors: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    number, compare = st.sampled_from(NUMBERS), st.sampled_from(COMPARE)
    return st.one_of(
        st.builds("({})".format, vectors),
        st.builds("-{}".format, vectors),
        st.builds("{} # > 1\n".format, vectors),
        st.builds("sum by ({}) ({})".format, st.sampled_from(["i", "g", ""]), vectors),
        st.builds("{} {}".format, vectors, st.sampled_from(["+ 1", "- .5", "* 2", "^ 2", "% 3"])),
        st.builds("{} {}".format, st.sampled_from(["1 +", "2 -", "0.5 *", "2 ^"]), vectors),
        st.builds("{} {} {}".format, vectors, st.sampled_from(["and", "or", "unless"]), vectors),
        st.builds("{} {} {}".format, vectors, st.sampled_from(["+", "> on(i)", "== ignoring(g)", "> bool"]), vectors),
        st.builds("{} {} {}".format, vectors, compare, vectors),
        st.builds("{} {} {}{}".format, vectors, compare, st.sampled_from(["", "bool "]), number),
        st.builds("{} {} {}{}".format, number, compare, st.sampled_from(["", "bool "]), vectors),
    )


EXPRESSIONS = st.recursive(st.sampled_from(SELECTORS), _grown, max_leaves=4) | st.sampled_from(
    ["time() > bool 5", "1", "time()", "m[1m]", "m >", "scalar(m{i='1'})", "m + on() n"]
)
# Which of several series an error names, and at which column, may differ; VictoriaMetrics' errors hold the whole query.
_ERROR_DETAILS = re.compile(r"\[|1:|duplicate time series|error when executing|vector cannot contain")

COMPARED = st.builds("{} {} {}".format, EXPRESSIONS, st.sampled_from(COMPARE), st.sampled_from(NUMBERS))
RULES = st.lists(EXPRESSIONS | COMPARED, min_size=1, max_size=8)


def _seen(answer: SeriesBatch | QueryError) -> object:
    if isinstance(answer, QueryError):
        return _ERROR_DETAILS.split(str(answer))[0]
    pairs = [(labels, _bits(value)) for labels, value in answer.samples()]
    assert len({labels for labels, _ in pairs}) == len(pairs)
    return dict(pairs)


def _bits(value: float) -> bytes:
    return b"NaN" if math.isnan(value) else struct.pack("<d", value)


async def _alone(source: PrometheusSource, expr: str) -> object:
    try:
        return _seen(await source.instant(expr, AT))
    except QueryError as error:
        return _seen(error)


async def _agree(source: PrometheusSource, exprs: list[str]) -> None:
    needs = [QueryNeed(expr) for expr in exprs]
    planned = await Fetcher({"default": source}).fetch(needs, AT)
    assert {need.expr: _seen(planned[need]) for need in needs} == {expr: await _alone(source, expr) for expr in exprs}


@given(RULES)
@settings(max_examples=200, deadline=None, derandomize=True)
async def test_prometheus_gives_the_same_planned_and_alone(prometheus: PrometheusSource, exprs: list[str]) -> None:
    await _agree(prometheus, exprs)


@given(RULES)
@settings(max_examples=60, deadline=None, derandomize=True)
async def test_victoria_metrics_gives_the_same_planned_and_alone(victoria: PrometheusSource, exprs: list[str]) -> None:
    await _agree(victoria, exprs)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("op", [*COMPARE, "== bool", "> bool", "<= bool"])
async def test_every_operator_with_every_number(prometheus: PrometheusSource, op: str, number: str) -> None:
    exprs = [f"m {op} {number}", f"{number} {op} m", f"sum by (i) (m) {op} {number}"]

    assert all(map(split, exprs))
    await _agree(prometheus, exprs)
