"""Matchers: what they accept, and how they are printed and sorted."""

from __future__ import annotations

import pytest
from hypothesis import given

from alertd.labels import LabelSet
from alertd.labels.matcher import Matcher, Op, all_match, matchers_text
from alertd.labels.regex import RegexError
from tests.support.matchers import LABEL_SETS, MATCHER_LISTS, MATCHERS


@pytest.mark.parametrize(
    ("op", "value", "matching"),
    [
        pytest.param(Op.EQUAL, "x", ["x"], id="equal"),
        pytest.param(Op.NOT_EQUAL, "x", ["y", "z", "xx", None], id="!= matches the absent label"),
        pytest.param(Op.REGEX, "x|y", ["x", "y"], id="regex of plain values"),
        pytest.param(Op.REGEX, "x.*", ["x", "xx"], id="regex"),
        pytest.param(Op.NOT_REGEX, "x|y", ["z", "xx", None], id="!~ matches the absent label"),
        pytest.param(Op.EQUAL, "", [None], id="= with nothing matches the absent label alone"),
        pytest.param(Op.NOT_EQUAL, "", ["x", "y", "z", "xx"], id="!= with nothing matches where it is there"),
        pytest.param(Op.REGEX, ".*", ["x", "y", "z", "xx", None], id="anything, nothing too"),
    ],
)
def test_matching(op: Op, value: str, matching: list[str | None]) -> None:
    matcher = Matcher("a", op, value)
    label_sets = {other: LabelSet({"a": other} if other else {}) for other in ("x", "y", "z", "xx", None)}
    assert [other for other, labels in label_sets.items() if matcher.matches(labels)] == matching


@pytest.mark.parametrize(
    ("matcher", "text"),
    [
        pytest.param(Matcher("a", Op.REGEX, "1|3"), 'a=~"1|3"', id="regex"),
        pytest.param(Matcher("a", Op.NOT_EQUAL, ""), 'a!=""', id="empty"),
        pytest.param(Matcher("a", Op.EQUAL, 'q"\\\n\t'), 'a="q\\"\\\\\\n\t"', id="three characters are escaped"),
        pytest.param(Matcher("service.name", Op.EQUAL, "é"), 'service.name="é"', id="a word of UTF-8"),
        pytest.param(Matcher("my label", Op.EQUAL, "\u200b"), '"my label"="\\u200b"', id="a name that needs quotes"),
    ],
)
def test_printing(matcher: Matcher, text: str) -> None:
    assert str(matcher) == text


def test_matchers_are_sorted_by_name_value_and_operator() -> None:
    in_order = [
        Matcher("a", Op.REGEX, "1"),
        Matcher("a", Op.EQUAL, "2"),
        Matcher("a", Op.NOT_EQUAL, "2"),
        Matcher("a", Op.REGEX, "2"),
        Matcher("a", Op.NOT_REGEX, "2"),
        Matcher("b", Op.EQUAL, "1"),
    ]
    assert sorted(in_order[place] for place in (3, 0, 5, 1, 4, 2)) == in_order
    assert matchers_text(in_order[:2]) == '{a=~"1",a="2"}'
    assert matchers_text([]) == "{}"


def test_a_bad_pattern_is_refused_at_once() -> None:
    for op in (Op.REGEX, Op.NOT_REGEX):
        with pytest.raises(RegexError, match="missing closing"):
            Matcher("a", op, "(")


@given(MATCHERS, MATCHERS)
def test_equal_matchers_are_equal_and_hash_alike(one: Matcher, other: Matcher) -> None:
    assert (one == other) is (repr(one) == repr(other))
    assert hash(Matcher(one.name, one.op, one.value)) == hash(one)


@given(MATCHERS, LABEL_SETS)
def test_each_operator_has_an_opposite(matcher: Matcher, labels: LabelSet) -> None:
    opposite = {Op.EQUAL: Op.NOT_EQUAL, Op.NOT_EQUAL: Op.EQUAL, Op.REGEX: Op.NOT_REGEX, Op.NOT_REGEX: Op.REGEX}
    assert matcher.matches(labels) is not Matcher(matcher.name, opposite[matcher.op], matcher.value).matches(labels)


@given(MATCHER_LISTS, LABEL_SETS)
def test_a_list_matches_where_each_does(matchers: tuple[Matcher, ...], labels: LabelSet) -> None:
    assert all_match(matchers, labels) is all(matcher.matches(labels) for matcher in matchers)


@given(MATCHERS, LABEL_SETS)
def test_listed_values_are_those_accepted(matcher: Matcher, labels: LabelSet) -> None:
    if matcher.values is not None:
        assert (labels.get(matcher.name) in matcher.values) is matcher.matches(labels)
