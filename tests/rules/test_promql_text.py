"""How Prometheus prints expressions. Every expectation was answered by Prometheus 2.42."""

from __future__ import annotations

import pytest

from alertd.rules.promql_text import promql_text


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("sum(rate(x[5m])) by (job) > 1", "sum by (job) (rate(x[5m])) > 1"),
        ("avg(x) without (a) > 1", "avg without (a) (x) > 1"),
        ("sum by () (x)", "sum(x)"),
        ('x{b="1",a="2"}', 'x{a="2",b="1"}'),
        ("1e6", "1e+06"),
        ("x>1e-9", "x > 1e-09"),
        ("Inf", "+Inf"),
        ("max_over_time(x[5m:])", "max_over_time(x[5m:])"),
        ("rate(x[5m:30s] offset 1m)", "rate(x[5m:30s] offset 1m)"),
        ("x @ 1.5", "x @ 1.500"),
        ("max_over_time(x[1d] @ end() offset 1h)", "max_over_time(x[1d] @ end() offset 1h)"),
        ("x offset -7d", "x offset -1w"),
        ("x*on(a)group_left(b,c)y", "x * on (a) group_left (b, c) y"),
        ("x/ignoring(a)group_right y", "x / ignoring (a) group_right () y"),
        ("x and y or z", "x and y or z"),
        ("((x)>1)", "((x) > 1)"),
        ("-(x+y)", "-(x + y)"),
        ("x{a=`\\d`}", 'x{a="\\\\d"}'),
        ("# c\nx", "x"),
        ("holt_winters(x[5m],.5,.5)", "holt_winters(x[5m], 0.5, 0.5)"),
        ("topk by (a) (3, x)", "topk by (a) (3, x)"),
        ('count_values("v",x)', 'count_values("v", x)'),
        (
            'sum by(job)(rate(http_requests_total{code=~"5..",job="a"}[5m]))/sum by(job)(rate(http_requests_total[5m]))>0.05',
            'sum by (job) (rate(http_requests_total{code=~"5..",job="a"}[5m])) / sum by (job) (rate(http_requests_total[5m])) > 0.05',
        ),
        ("sum(x)[5m:1m]", "sum(x)[5m:1m]"),
        ("x[5m:1m] offset 1m", "x[5m:1m] offset 1m"),
    ],
)
def test_an_expression_is_printed_as_prometheus_prints_it(written: str, printed: str) -> None:
    assert promql_text(written) == printed
    assert promql_text(printed) == printed


@pytest.mark.parametrize("written", ["x default 0", "sum(", "x @ -5", ""])
def test_what_is_not_understood_stays_as_it_is_written(written: str) -> None:
    assert promql_text(written) == written
