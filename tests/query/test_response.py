"""Every shape of answer Prometheus and its relatives give, as a batch or as the error it stands for."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from alertd.errors import QueryError
from alertd.http import HttpAnswer
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.query.response import LabelSets, read_answer
from alertd.query.source import SourceOverloadedError, SourceUnavailableError

AT = datetime(2026, 1, 2, tzinfo=UTC)


def read(body: str, *, status: int = 200, truncated: bool = False, **options: Any) -> SeriesBatch:
    headers: CIMultiDictProxy[str] = CIMultiDictProxy(CIMultiDict())
    answer = HttpAnswer(status=status, headers=headers, body=body.encode(), truncated=truncated)
    return read_answer(answer, at=AT, **{"labels": LabelSets(), "allow_partial": False, **options})


def result(data: str, more: str = "") -> str:
    return f'{{"status":"success","data":{data}{more}}}'


def vector(*elements: str) -> str:
    return f'{{"resultType":"vector","result":[{",".join(elements)}]}}'


ONE = '{"metric":{"__name__":"m","a":"b"},"value":[1795188945.581,"1"]}'


def test_a_vector() -> None:
    numbers = ["1", "1e+06", "NaN", "+Inf", "-Inf", "0.1"]
    elements = [f'{{"metric":{{"i":"{i}"}},"value":[1795188945,"{number}"]}}' for i, number in enumerate(numbers)]

    got = read(result(vector(*elements)))

    assert got.labels == tuple(LabelSet({"i": str(i)}) for i in range(6))
    assert got.values.dtype == np.float64
    np.testing.assert_array_equal(got.values, [1.0, 1e6, math.nan, math.inf, -math.inf, 0.1])
    assert got.at == AT


@pytest.mark.parametrize(
    ("body", "labels"),
    [
        pytest.param(result(vector()), (), id="an empty vector"),
        pytest.param(result('{"resultType":"scalar","result":[1.5,"1"]}'), (LabelSet(),), id="a scalar"),
        pytest.param(result('{"result":[1.5,"1"],"resultType":"scalar"}'), (LabelSet(),), id="keys in another order"),
        pytest.param(result(vector(ONE), ',"infos":["PromQL info: x"]'), (LabelSet({"__name__": "m", "a": "b"}),), id="infos"),
        pytest.param(result(vector(ONE), ',"stats":{"seriesFetched":"1"}'), (LabelSet({"__name__": "m", "a": "b"}),), id="VictoriaMetrics' statistics"),
        pytest.param(result(vector(ONE), ',"isPartial":false'), (LabelSet({"__name__": "m", "a": "b"}),), id="explicitly complete"),
    ],
)  # fmt: skip
def test_other_results(body: str, labels: tuple[LabelSet, ...]) -> None:
    assert read(body).labels == labels


def test_remarks_of_the_engine_are_kept_and_do_not_fail() -> None:
    remark = 'PromQL warning: bucket label \\"le\\" is missing'

    assert read(result(vector(ONE), f',"warnings":["{remark}"]')).warnings == (remark.replace("\\", ""),)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        pytest.param(
            ',"warnings":["store 2 is down"]', "partial answer: store 2 is down", id="a warning of the storage"
        ),
        pytest.param(',"isPartial":true', "partial answer: the source marked it isPartial", id="VictoriaMetrics' mark"),
    ],
)
def test_a_partial_answer_is_a_failure_unless_allowed(more: str, text: str) -> None:
    with pytest.raises(SourceOverloadedError, match=text):
        read(result(vector(ONE), more))

    assert len(read(result(vector(ONE), more), allow_partial=True)) == 1


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param(
            result('{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"]]}]}'),
            "rule result is not a vector or scalar",
            id="a range",
        ),
        pytest.param(
            result('{"resultType":"string","result":[1,"s"]}'), "rule result is not a vector or scalar", id="a text"
        ),
        pytest.param(
            result(vector('{"metric":{},"histogram":[1,{"count":"2"}]}')), "the result holds native histograms", id="histograms"
        ),
        pytest.param('{"status":"error","errorType":"execution","error":"boom"}', "^boom$", id="an error under status 200"),
    ],
)  # fmt: skip
def test_results_a_rule_cannot_use(body: str, text: str) -> None:
    with pytest.raises(QueryError, match=text) as caught:
        read(body)

    assert not isinstance(caught.value, SourceUnavailableError)


MANY = "found duplicate series for the match group {} on the right hand-side of the operation: [];many-to-many"
KINDS = {"expression": QueryError, "unavailable": SourceUnavailableError, "overloaded": SourceOverloadedError}


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        pytest.param(422, f'{{"status":"error","errorType":"execution","error":"{MANY}"}}', "expression", MANY, id="execution"),
        pytest.param(400, '{"status":"error","errorType":"bad_data","error":"1:5: parse error: x"}', "expression", "1:5: parse error: x", id="parse error"),
        pytest.param(422, '{"status":"error","errorType":"422","error":"cannot parse"}', "expression", "cannot parse", id="VictoriaMetrics' parse error"),
        pytest.param(503, '{"status":"error","errorType":"timeout","error":"query timed out"}', "overloaded", "query timed out", id="the server's own timeout"),
        pytest.param(429, "slow down", "overloaded", "HTTP 429, not an answer of Prometheus: slow down", id="too many requests"),
        pytest.param(504, "<html>Gateway Timeout</html>", "overloaded", "HTTP 504, not an answer of Prometheus: <html>Gateway Timeout</html>", id="a proxy's timeout"),
        pytest.param(502, "<html>" + "x" * 999, "unavailable", "HTTP 502, not an answer of Prometheus: <html>" + "x" * 294, id="a proxy's page is cut"),
        pytest.param(404, "404 page not found\n", "unavailable", "HTTP 404: 404 page not found; no Prometheus is at this address: see url of this source under prometheus:, path prefix included", id="a wrong path"),
        pytest.param(401, "Unauthorized\n", "unavailable", "HTTP 401: Unauthorized; credentials are missing or wrong: see basic_auth and authorization of this source under prometheus:", id="a proxy asks who it is"),
        pytest.param(401, '{"status":"error","error":"no token"}', "unavailable", "no token", id="no access"),
        pytest.param(200, "<html>Sign in</html>", "unavailable", "HTTP 200, not an answer of Prometheus: <html>Sign in</html>", id="a login page"),
        pytest.param(200, '{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":1},"value":[1,"1"]}]}}', "unavailable", None, id="a label that is no text"),
        pytest.param(200, '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"x"]}]}}', "unavailable", None, id="a value that is no number"),
    ],
)  # fmt: skip
def test_errors_keep_the_servers_words(status: int, body: str, kind: str, text: str | None) -> None:
    with pytest.raises(QueryError) as caught:
        read(body, status=status)

    assert type(caught.value) is KINDS[kind]
    assert text is None or str(caught.value) == text


def test_an_answer_too_large_to_read_is_the_expressions_fault() -> None:
    with pytest.raises(QueryError, match="larger than 2 bytes; aggregate") as caught:
        read("{}", truncated=True)

    assert type(caught.value) is QueryError


def test_equal_label_sets_are_one_object() -> None:
    labels = LabelSets()
    turned = '{"metric":{"a":"b","__name__":"m"},"value":[1,"2"]}'

    first, second, third = [read(result(vector(one)), labels=labels).labels[0] for one in (ONE, ONE, turned)]

    assert first is second
    assert first is third


def plain(value: float) -> str:
    """As Go writes it in JSON answers: without an exponent."""
    text = format(Decimal(repr(value)), "f") if math.isfinite(value) else f"{value:+}".replace("inf", "Inf")
    return "NaN" if math.isnan(value) else text.removesuffix(".0")


@given(st.lists(st.floats()))
@example([-0.0])
@example([0.0, -0.0, math.inf])
@example([5e-324, 1.7976931348623157e308])
def test_every_number_is_read_to_the_last_bit(values: list[float]) -> None:
    got = read(
        result(vector(*[f'{{"metric":{{"i":"{i}"}},"value":[1,"{plain(one)}"]}}' for i, one in enumerate(values)]))
    )

    np.testing.assert_array_equal(got.values, values)
    numbers = ~np.isnan(values) if values else np.array([], dtype=bool)
    np.testing.assert_array_equal(np.signbit(got.values)[numbers], np.signbit(values)[numbers])
