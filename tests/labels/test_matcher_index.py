"""The index finds what trying everything finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alertd.labels import LabelSet
from alertd.labels.matcher import Matcher, Op, all_match
from alertd.labels.matcher_index import MatcherIndex
from tests.support.matchers import LABEL_SETS, MATCHER_LISTS


@given(st.lists(MATCHER_LISTS, max_size=12), st.sets(st.integers(0, 11)), st.lists(LABEL_SETS, max_size=4))
def test_the_index_finds_what_trying_everything_finds(
    lists: list[tuple[Matcher, ...]], removed: set[int], label_sets: list[LabelSet]
) -> None:
    index: MatcherIndex[int] = MatcherIndex()
    numbers = [index.add(matchers, item) for item, matchers in enumerate(lists)]
    gone = {item for item in removed if item < len(lists)}
    for item in gone:
        index.remove(numbers[item])
    assert len(index) == len(lists) - len(gone)
    for labels in label_sets:
        expected = [item for item, matchers in enumerate(lists) if item not in gone and all_match(matchers, labels)]
        assert index.matching(labels) == expected, "in the order they were added"
        assert index.matching_since(labels, 3) == [item for item in reversed(expected) if item >= 3]


def test_an_emptied_index_keeps_nothing() -> None:
    index: MatcherIndex[str] = MatcherIndex()
    index.remove(index.add((Matcher("a", Op.REGEX, "1|2"),), "x"))
    assert index.matching(LabelSet({"a": "1"})) == []
    assert not index._buckets
