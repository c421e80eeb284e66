"""Fingerprints computed together are those computed one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alertd.labels import LabelSet
from alertd.labels.fingerprints import FEW, LONG, compute_fingerprints
from alertd.labels.labelset import fingerprint

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.dictionaries(TEXTS, TEXTS, max_size=5), max_size=30))
def test_many_at_once_or_one_by_one_is_the_same(sets: list[dict[str, str]]) -> None:
    together = [LabelSet(labels) for labels in sets]
    compute_fingerprints(together)
    assert all(labels.knows_fingerprint for labels in together)
    assert [labels.fingerprint for labels in together] == [f"{fingerprint(labels):016x}" for labels in together]


def test_long_ones_are_left_for_later() -> None:
    short, long = LabelSet({"alertname": "W", "severity": "critical"}), LabelSet({"a": "x" * LONG})
    compute_fingerprints([long, short, *(LabelSet({"n": str(n)}) for n in range(FEW))])
    assert (short.knows_fingerprint, long.knows_fingerprint) == (True, False)
    assert short.fingerprint == "9303e720346b0a33"
    assert long.fingerprint == f"{fingerprint(long):016x}"


def test_a_letter_that_could_be_taken_for_the_separator_is_a_letter() -> None:
    values = ["\0", "a\0", "\xff", "ÿ\0\xff", "ä"]
    together = [LabelSet({"n": str(n), value: value}) for n, value in enumerate(values * FEW)]
    compute_fingerprints(together)
    assert [labels.fingerprint for labels in together] == [f"{fingerprint(labels):016x}" for labels in together]
