"""What is read from an expression without a server."""

from __future__ import annotations

import pytest

from alertd.query.promql import is_vector, metric_names, parsable


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        pytest.param("m > 5", {"m"}, id="one"),
        pytest.param("rate(a[5m]) / on() group_left b", {"a", "b"}, id="in a range and in an operand"),
        pytest.param("max_over_time(rate(a[1m])[5m:1m])", {"a"}, id="in a subquery"),
        pytest.param("topk(scalar(n), m)", {"n", "m"}, id="in a parameter"),
        pytest.param('{__name__="m", a="b"}', {"m"}, id="the name as a matcher"),
        pytest.param('{"my.metric"}', {"my.metric"}, id="a quoted name"),
        pytest.param("vector(time())", set(), id="none at all"),
        pytest.param("absent(ALERTS{alertname='x'})", {"ALERTS"}, id="alerts of other rules"),
        pytest.param('{job="x"}', None, id="no name: any metric"),
        pytest.param('a + {__name__=~"m.*"}', None, id="a pattern: any metric"),
        pytest.param('a + {__name__!="m"}', None, id="all but one: any metric"),
        pytest.param("WITH (x = m) x", None, id="not understood: any metric"),
    ],
)
def test_metric_names(expr: str, names: set[str] | None) -> None:
    assert metric_names(expr) == (None if names is None else frozenset(names))


@pytest.mark.parametrize(
    ("expr", "vector"),
    [
        pytest.param("m", True, id="a selector"),
        pytest.param("sum(m)", True, id="an aggregation"),
        pytest.param("rate(m[5m])", True, id="a function of vectors"),
        pytest.param("-(m)", True, id="a sign and brackets"),
        pytest.param("1 + m", True, id="a scalar and a vector"),
        pytest.param("vector(1)", True, id="a number made a vector"),
        pytest.param("1 + 2 * time()", False, id="scalars only"),
        pytest.param("scalar(m)", False, id="a function that gives a scalar"),
        pytest.param("m[5m]", False, id="a range"),
        pytest.param("m[5m:1m]", False, id="a subquery"),
        pytest.param('"text"', False, id="a text"),
        pytest.param("m(", False, id="not understood"),
        pytest.param("(" * 5000 + "m" + ")" * 5000, False, id="nested too deeply to be worth it"),
    ],
)
def test_is_vector(expr: str, vector: bool) -> None:
    assert is_vector(expr) is vector


@pytest.mark.parametrize(
    ("expr", "spelling"),
    [
        pytest.param(r"a{b=`\d'`}", r"""a{b="\\d'"}""", id="a raw string is quoted"),
        pytest.param('a{b="`"}', 'a{b="`"}', id="a backtick inside quotes stays"),
        pytest.param("a # `comment", "a # `comment", id="a backtick in a comment stays"),
        pytest.param("holt_winters_total", "holt_winters_total", id="a metric is not renamed"),
    ],
)
def test_the_spelling_for_the_parser(expr: str, spelling: str) -> None:
    assert parsable(expr) == spelling
