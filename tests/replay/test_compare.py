"""What differs between expected and found alerts and samples."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.labels import LabelSet
from alertd.replay.compare import Item, Part, compare, exactly, nearly, number_text, series_text


def alert(*, subset: bool = False, summary: str | None = None, **labels: str) -> Item:
    annotations = {} if summary is None else {"summary": summary}
    return Item(labels=LabelSet({"alertname": "A", **labels}), annotations=annotations, subset=subset)


def sample(value: float, **labels: str) -> Item:
    return Item(labels=LabelSet({"__name__": "m", **labels}), value=value)


def told(expected: list[Item], found: list[Item]) -> list[tuple[Part, str, str | None, str | None]]:
    return [(d.part, d.name, d.expected, d.found) for d in compare(expected, found)]


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        pytest.param([], [], id="nothing and nothing"),
        pytest.param([alert(a="1"), alert(a="2")], [alert(a="2"), alert(a="1")], id="in another order"),
        pytest.param([alert(), alert()], [alert(), alert()], id="the same twice, from two rules of one name"),
        pytest.param([alert(a="1", subset=True)], [alert(a="1", b="2", summary="s")], id="a subset of labels"),
        pytest.param(
            [alert(subset=True), alert(a="1", subset=True)],
            [alert(a="1"), alert(a="2")],
            id="a loose subset leaves the alert that a tighter one needs",
        ),
        pytest.param([sample(0.0)], [sample(-0.0)], id="zero has no sign"),
        pytest.param([sample(math.inf)], [sample(math.inf)], id="infinity"),
    ],
)
def test_no_difference(expected: list[Item], found: list[Item]) -> None:
    assert compare(expected, found) == []


@pytest.mark.parametrize(
    ("expected", "found", "differences"),
    [
        pytest.param(
            [alert(a="1")], [], [(Part.MISSING, "", '{a="1", alertname="A"}', None)], id="a missing alert"
        ),
        pytest.param(
            [],
            [alert(summary='x "y"')],
            [(Part.EXTRA, "", None, '{alertname="A"} summary="x \\"y\\""')],
            id="an alert too many",
        ),
        pytest.param([alert(a="1")], [alert(a="2")], [(Part.LABEL, "a", "1", "2")], id="a wrong label"),
        pytest.param([alert(a="1")], [alert()], [(Part.LABEL, "a", "1", None)], id="a label that is not there"),
        pytest.param([alert()], [alert(a="1")], [(Part.LABEL, "a", None, "1")], id="a label nobody expects"),
        pytest.param(
            [alert(summary="6")], [alert(summary="7")], [(Part.ANNOTATION, "summary", "6", "7")], id="a wrong annotation"
        ),
        pytest.param(
            [alert()], [alert(summary="7")], [(Part.ANNOTATION, "summary", None, "7")], id="an annotation left out"
        ),
        pytest.param([sample(1.0)], [sample(2.0)], [(Part.VALUE, "", "1", "2")], id="a wrong value"),
        pytest.param([sample(math.nan)], [sample(math.nan)], [(Part.VALUE, "", "NaN", "NaN")], id="NaN is not NaN"),
        pytest.param(
            [alert(a="1", subset=True)], [alert(a="2", b="3")], [(Part.LABEL, "a", "1", "2")], id="a subset that differs"
        ),
        pytest.param(
            [alert(a="1", s="x"), alert(a="2", s="y")],
            [alert(a="2", s="z"), alert(a="1", s="z")],
            [(Part.LABEL, "s", "x", "z"), (Part.LABEL, "s", "y", "z")],
            id="the likest are paired",
        ),
        pytest.param(
            [alert(a="1"), alert(a="2")],
            [alert(a="3")],
            [
                (Part.MISSING, "", '{a="1", alertname="A"}', None),
                (Part.MISSING, "", '{a="2", alertname="A"}', None),
                (Part.EXTRA, "", None, '{a="3", alertname="A"}'),
            ],
            id="a name in common is not yet alike",
        ),
        pytest.param(
            [Item(labels=LabelSet(), value=1.0)],
            [sample(2.0)],
            [(Part.MISSING, "", "{} 1", None), (Part.EXTRA, "", None, "m 2")],
            id="samples with nothing in common",
        ),
        pytest.param(
            [alert(), alert()], [alert()], [(Part.MISSING, "", '{alertname="A"}', None)], id="one of two equal ones"
        ),
    ],
)  # fmt: skip
def test_differences(
    expected: list[Item], found: list[Item], differences: list[tuple[Part, str, str | None, str | None]]
) -> None:
    assert told(expected, found) == differences


@pytest.mark.parametrize(
    ("one", "other", "exact", "near"),
    [
        pytest.param(0.3, 0.1 + 0.2, False, True, id="one bit"),
        pytest.param(0.3, 0.30000000000000016, False, False, id="three bits"),
        pytest.param(0.5, 0.5, True, True, id="equal"),
        pytest.param(math.nan, math.nan, False, False, id="NaN"),
    ],
)
def test_equality_of_values(one: float, other: float, exact: bool, near: bool) -> None:
    assert exactly(one, other) is exact
    assert nearly(one, other) is near


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ({"__name__": "up", "job": "x"}, 'up{job="x"}'),
        ({"__name__": "up"}, "up"),
        ({"a": 'x"\\\n'}, '{a="x\\"\\\\\\n"}'),
        ({}, "{}"),
    ],
)
def test_series_are_written_as_in_promql(labels: dict[str, str], text: str) -> None:
    assert series_text(LabelSet(labels)) == text


@pytest.mark.parametrize(
    ("value", "text"), [(6.0, "6"), (0.1, "0.1"), (1e100, "1e+100"), (-math.inf, "-Inf"), (math.nan, "NaN")]
)
def test_numbers_are_written_as_in_promql(value: float, text: str) -> None:
    assert number_text(value) == text


items = st.builds(
    alert,
    subset=st.booleans(),
    summary=st.none() | st.sampled_from("xy"),
    a=st.sampled_from(["", "1", "2"]),
    b=st.sampled_from(["", "1"]),
)


@given(st.lists(items, max_size=6).flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_what_is_found_in_any_order_is_what_was_expected(pair: tuple[list[Item], list[Item]]) -> None:
    assert compare(*pair) == []


@given(st.lists(items, max_size=5), st.lists(items, max_size=5))
def test_a_different_number_of_items_is_always_a_difference(expected: list[Item], found: list[Item]) -> None:
    missing_and_extra = [d.part for d in compare(expected, found)]
    assert len(expected) - len(found) == missing_and_extra.count(Part.MISSING) - missing_and_extra.count(Part.EXTRA)
