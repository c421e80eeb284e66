"""`Recent` is bounded, and keeps what is used."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alertd.query.recent import Recent


@given(st.lists(st.integers(0, 30)), st.integers(1, 10))
def test_it_never_grows_beyond_its_bound_and_never_lies(keys: list[int], size: int) -> None:
    recent: Recent[int, str] = Recent(size)
    for key in keys:
        assert recent.get(key) in (None, str(key))
        recent.put(key, str(key))
        assert recent.get(key) == str(key)
        assert len(recent) <= 2 * size


def test_what_is_used_stays() -> None:
    recent: Recent[int, str] = Recent(3)
    recent.put(0, "kept")
    for key in range(1, 100):
        recent.put(key, "passing")
        assert recent.get(0) == "kept"

    assert recent.get(1) is None
