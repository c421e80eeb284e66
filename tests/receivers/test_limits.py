"""Cutting texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alertd.receivers.limits import cut


def test_a_cut_text_ends_with_a_mark() -> None:
    assert cut("abcd", 4) == "abcd"
    assert cut("abcde", 4) == "abc…"


@given(st.text(), st.integers(1, 10))
def test_it_is_never_longer_than_that(text: str, characters: int) -> None:
    assert len(cut(text, characters)) <= characters
