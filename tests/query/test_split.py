"""Where a comparison is taken off an expression, where it is not, and what it does to an answer."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from alertd.errors import QueryError
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.query.comparison import Comparison
from alertd.query.split import apply, split

AT = datetime(2026, 1, 2, tzinfo=UTC)
NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("expr", "lhs", "op", "bound", "returns_bool"),
    [
        pytest.param("m > 5", "m", ">", 5.0, False, id="plain"),
        pytest.param("m>5", "m", ">", 5.0, False, id="no blanks"),
        pytest.param("m == bool 5", "m", "==", 5.0, True, id="bool"),
        pytest.param("m != -5", "m", "!=", -5.0, False, id="a negative number"),
        pytest.param("m <= - 1.5e-3", "m", "<=", -0.0015, False, id="an exponent, and a blank after the sign"),
        pytest.param("m < +.5", "m", "<", 0.5, False, id="no digit before the point"),
        pytest.param("m > 5.", "m", ">", 5.0, False, id="no digit after the point"),
        pytest.param("m > +Inf", "m", ">", INF, False, id="infinity"),
        pytest.param("m > -inf", "m", ">", -INF, False, id="minus infinity in lower case"),
        pytest.param("5 < m", "m", ">", 5.0, False, id="number on the left"),
        pytest.param("-5 >= bool m", "m", "<=", -5.0, True, id="negative number on the left, bool"),
        pytest.param("sum by (a) (m) > 5", "sum by (a) (m)", ">", 5.0, False, id="an aggregation"),
        pytest.param("a + b * 2 ^ 3 > 5", "a + b * 2 ^ 3", ">", 5.0, False, id="arithmetic binds tighter"),
        pytest.param("-m > 5", "-m", ">", 5.0, False, id="unary minus binds tighter"),
        pytest.param("m > 5 > 3", "m > 5", ">", 3.0, False, id="the last of a chain"),
        pytest.param("5 < m < 9", "5 < m", "<", 9.0, False, id="the last of a range"),
        pytest.param("m offset 5m > 5", "m offset 5m", ">", 5.0, False, id="offset"),
        pytest.param("m @ 5 > 3", "m @ 5", ">", 3.0, False, id="a fixed time"),
        pytest.param("m{a='> 1'} > 5", "m{a='> 1'}", ">", 5.0, False, id="an operator in a string"),
        pytest.param('m{a="\\"> 1"} > 5', 'm{a="\\"> 1"}', ">", 5.0, False, id="an escaped quote in a string"),
        pytest.param("m{a=`\"`} > 5", "m{a=`\"`}", ">", 5.0, False, id="a quote between back-quotes"),
        pytest.param("m # > 7\n > 5", "m # > 7", ">", 5.0, False, id="a comment in the middle"),
        pytest.param("m > 5 # > 7", "m", ">", 5.0, False, id="a comment at the end"),
        pytest.param("5 < m # c", "m # c", ">", 5.0, False, id="a comment stays with the left-hand side"),
        pytest.param("a > on() b > 5", "a > on() b", ">", 5.0, False, id="after a comparison of vectors"),
        pytest.param("(m > 1) * 2 > 5", "(m > 1) * 2", ">", 5.0, False, id="a comparison in brackets stays inside"),
        pytest.param("vector(1) > 0", "vector(1)", ">", 0.0, False, id="a vector of a number"),
    ],
)  # fmt: skip
def test_taken_off(expr: str, lhs: str, op: str, bound: float, returns_bool: bool) -> None:
    assert split(expr) == Comparison(lhs=lhs, op=op, bound=bound, returns_bool=returns_bool)


def test_nan_is_a_number() -> None:
    comparison = split("m != NaN")

    assert comparison is not None
    assert math.isnan(comparison.bound)


@pytest.mark.parametrize(
    "expr",
    [
        pytest.param("m", id="no comparison"),
        pytest.param("", id="nothing"),
        pytest.param("> 5", id="no left-hand side"),
        pytest.param("m >", id="no number"),
        pytest.param("m > 5 +", id="unfinished"),
        pytest.param("a > b", id="two vectors"),
        pytest.param("m > 5 + 1", id="a sum is no number"),
        pytest.param("m > (5)", id="a number in brackets"),
        pytest.param("m > 010", id="an octal number"),
        pytest.param("m > 0x1F", id="a hexadecimal number"),
        pytest.param("m > 5m", id="a duration"),
        pytest.param("m > 1e999", id="a number that is too large"),
        pytest.param("m > --5", id="two signs"),
        pytest.param("m > scalar(n)", id="a scalar that is no number"),
        pytest.param("a and m > 5", id="and binds looser"),
        pytest.param("a unless m > 5", id="unless binds looser"),
        pytest.param("m > 5 or a", id="or at the end"),
        pytest.param("5 < m and a", id="number on the left, and binds looser"),
        pytest.param("(m > 5)", id="inside brackets"),
        pytest.param("sum(m > 5)", id="inside a call"),
        pytest.param("m{a='> 5", id="a string without an end"),
        pytest.param("time() > bool 5", id="two scalars"),
        pytest.param("1 > bool 5", id="two numbers"),
        pytest.param("m[5m] > 5", id="a range"),
        pytest.param("'m' > 5", id="a text"),
        pytest.param("m > 5) or (n > 5", id="brackets that do not match"),
        pytest.param("m keep_last_value() > 5", id="not PromQL"),
        pytest.param("+".join(["m"] * 2000) + " > 5", id="too long to parse"),
    ],
)
def test_left_alone(expr: str) -> None:
    assert split(expr) is None


def batch(*values: float, name: str = "m") -> SeriesBatch:
    labels = tuple(LabelSet({"__name__": name, "i": str(i)}) for i in range(len(values)))
    return SeriesBatch(labels=labels, values=np.array(values, dtype=np.float64), at=AT)


@pytest.mark.parametrize(
    ("op", "bound", "kept"),
    [
        pytest.param(">", 1.0, [2.0, INF], id="greater"),
        pytest.param(">=", 1.0, [1.0, 2.0, INF], id="greater or equal"),
        pytest.param("<", 1.0, [-INF], id="less"),
        pytest.param("<=", 1.0, [1.0, -INF], id="less or equal"),
        pytest.param("==", 1.0, [1.0], id="equal"),
        pytest.param("!=", 1.0, [2.0, NAN, INF, -INF], id="not equal keeps NaN"),
        pytest.param("!=", NAN, [1.0, 2.0, NAN, INF, -INF], id="everything differs from NaN, NaN too"),
        pytest.param("==", NAN, [], id="nothing equals NaN"),
        pytest.param(">", NAN, [], id="nothing is greater than NaN"),
        pytest.param(">=", INF, [INF], id="infinity is at least infinity"),
    ],
)
def test_a_comparison_filters(op: str, bound: float, kept: list[float]) -> None:
    answer = batch(1.0, 2.0, NAN, INF, -INF)

    got = apply(Comparison(lhs="m", op=op, bound=bound), answer)

    np.testing.assert_array_equal(got.values, kept)
    assert all(series.get("__name__") == "m" for series in got.labels)
    assert len(got.labels) == len(kept)
    assert got.unfiltered is answer


def test_bool_gives_one_or_zero_and_loses_the_name() -> None:
    got = apply(Comparison(lhs="m", op=">", bound=1.0, returns_bool=True), batch(1.0, 2.0, NAN))

    assert list(got.samples()) == [
        (LabelSet({"i": "0"}), 0.0),
        (LabelSet({"i": "1"}), 1.0),
        (LabelSet({"i": "2"}), 0.0),
    ]


def test_series_that_become_the_same_are_an_error() -> None:
    labels = (LabelSet({"__name__": "a"}), LabelSet({"__name__": "b"}))
    answer = SeriesBatch(labels=labels, values=np.array([1.0, 2.0]), at=AT)

    with pytest.raises(QueryError, match=r"^vector cannot contain metrics with the same labelset$"):
        apply(Comparison(lhs="x", op=">", bound=0.0, returns_bool=True), answer)


def test_an_empty_answer_stays_empty() -> None:
    assert len(apply(Comparison(lhs="m", op=">", bound=0.0), SeriesBatch.empty(at=AT))) == 0
