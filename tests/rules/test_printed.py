"""The text in which a rule's expression is asked."""

from __future__ import annotations

import pytest

from alertd.rules.printed import printed


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        pytest.param(
            'absent(up{job="x",job!="y"})', 'absent(up{job!="y",job="x"})', id="matchers of one label are sorted"
        ),
        pytest.param(
            'absent_over_time(up{job="x",job!="y"}[5m])',
            'absent_over_time(up{job!="y",job="x"}[5m])',
            id="in a range too",
        ),
    ],
)
def test_an_expression_is_asked_as_prometheus_prints_it(written: str, asked: str) -> None:
    assert printed(written) == asked


@pytest.mark.parametrize(
    "written",
    [
        pytest.param('absent(up{zone="z",job="x"})', id="each label once"),
        pytest.param('up{job="x",job!="y"} > 5', id="no absent"),
        pytest.param("absent(up{", id="not understood"),
        pytest.param('up{job="absent"}', id="a mere word"),
    ],
)
def test_where_the_order_cannot_matter_it_is_asked_as_written(written: str) -> None:
    assert printed(written) == written
