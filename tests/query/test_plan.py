"""How few requests answer the needs of a slot, and that every answer finds its way back."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from alertd.errors import QueryError
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.query.need import QueryNeed
from alertd.query.plan import Request, Unmark, plan

AT = datetime(2026, 1, 2, tzinfo=UTC)


def needs(*exprs: str, source: str = "default") -> list[QueryNeed]:
    return [QueryNeed(expr, source) for expr in exprs]


def asked(requests: tuple[Request, ...]) -> list[list[str]]:
    return [[part.asked.expr for part in request.parts] for request in requests]


@pytest.mark.parametrize(
    ("exprs", "expected"),
    [
        pytest.param([], [], id="nothing is asked for nothing"),
        pytest.param(["sum(m)"], [["sum(m)"]], id="one need, one request"),
        pytest.param(["sum(m)", "sum(m)"], [["sum(m)"]], id="equal needs are asked once"),
        pytest.param(["m > 5", "m > 10", "m"], [["m"]], id="comparisons share their left-hand side"),
        pytest.param(["a > 5", "b"], [["a", "b"]], id="left-hand sides travel together"),
        pytest.param(["time()", "a", "b"], [["time()"], ["a", "b"]], id="a scalar travels alone"),
        pytest.param(["a", "b(", "c"], [["a", "c"], ["b("]], id="what cannot be parsed travels alone"),
        pytest.param(["a", '{__q="1"}', "b"], [["a", "b"], ['{__q="1"}']], id="what uses the marker travels alone"),
        pytest.param(["a", "b", "c", "d", "e"], [["a", "b", "c"], ["d", "e"]], id="at most join_size together"),
    ],
)
def test_the_fewest_requests(exprs: list[str], expected: list[list[str]]) -> None:
    assert asked(plan(needs(*exprs), join_size=3).requests) == expected


def test_sources_are_not_mixed() -> None:
    made = plan([*needs("a", "b", source="x"), *needs("a", source="y")])

    assert [(request.source, len(request.parts)) for request in made.requests] == [("x", 2), ("y", 1)]


def test_a_single_expression_is_sent_as_it_was_written() -> None:
    assert plan(needs("  sum( m ) # why\n")).requests[0].text == "  sum( m ) # why\n"


def test_a_comment_does_not_swallow_the_join() -> None:
    text = plan(needs("a # one", "b")).requests[0].text

    assert text == 'label_replace(a # one\n, "__q", "0", "", "") or label_replace(b\n, "__q", "1", "", "")'


def test_who_is_in_quarantine_travels_in_smaller_joins() -> None:
    limits = {QueryNeed("b"): 1, QueryNeed("c"): 2, QueryNeed("d"): 2}

    made = plan(needs("a", "b", "c > 1", "d", "e"), quarantine=limits)

    assert asked(made.requests) == [["a", "e"], ["b"], ["c", "d"]]


def test_a_request_is_not_longer_than_a_server_takes() -> None:
    exprs = [f'm{{a="{str(number) * 5000}"}}' for number in range(10, 40)]

    made = plan(needs(*exprs))

    assert all(len(request.text.encode()) <= 64 * 1024 for request in made.requests)
    assert sum(len(request.parts) for request in made.requests) == 30


def test_many_series_are_not_joined() -> None:
    sizes = {QueryNeed("b"): 990, QueryNeed("c"): 20}

    assert asked(plan(needs("a", "b", "c", "d"), sizes=sizes).requests) == [["a", "b"], ["c", "d"]]


def test_very_many_series_are_filtered_by_the_source_unless_two_rules_share_them() -> None:
    sizes = {QueryNeed("a"): 5000, QueryNeed("b"): 5000}

    made = plan(needs("a == 0", "b > 1", "b > 2"), sizes=sizes)

    assert asked(made.requests) == [["a == 0"], ["b"]]


def answer(*series: dict[str, str], values: list[float] | None = None) -> SeriesBatch:
    numbers = np.array(values if values is not None else range(len(series)), dtype=np.float64)
    return SeriesBatch(labels=tuple(map(LabelSet, series)), values=numbers, at=AT, warnings=("w",))


def test_answers_find_their_way_back() -> None:
    (request,) = plan(needs("a > 0", "b", "c")).requests
    joined = answer(
        {"__name__": "b", "__q": "1"}, {"__name__": "a", "x": "1", "__q": "0"}, {"__name__": "a", "x": "2", "__q": "0"},
        values=[7.0, 0.0, 3.0],
    )  # fmt: skip

    got = {
        need.expr: list(result.samples())
        for part, batch in zip(request.parts, Unmark().distribute(request, joined), strict=True)
        for need, result in part.answers(batch)
        if isinstance(result, SeriesBatch)
    }

    assert got == {
        "a > 0": [(LabelSet({"__name__": "a", "x": "2"}), 3.0)],
        "b": [(LabelSet({"__name__": "b"}), 7.0)],
        "c": [],
    }


def test_an_answer_of_one_part_is_handed_on_as_it_is() -> None:
    (request,) = plan(needs("a")).requests
    batch = answer({"__name__": "a"})

    assert Unmark().distribute(request, batch) == [batch]


@pytest.mark.parametrize("marker", ["", "2", "x", "-1"])
def test_a_series_without_its_marker_makes_the_answer_useless(marker: str) -> None:
    (request,) = plan(needs("a", "b")).requests

    with pytest.raises(QueryError, match="lost the marker"):
        Unmark().distribute(request, answer({"__name__": "a", "__q": marker}))


def test_one_comparison_that_fails_leaves_the_others() -> None:
    (request,) = plan(needs('{a="b"} > bool 0', '{a="b"} > 0')).requests
    batch = answer({"__name__": "m", "a": "b"}, {"__name__": "n", "a": "b"}, values=[1.0, 1.0])

    got = dict(request.parts[0].answers(batch))

    assert isinstance(got[QueryNeed('{a="b"} > bool 0')], QueryError)
    assert len(got[QueryNeed('{a="b"} > 0')]) == 2  # type: ignore[arg-type]
