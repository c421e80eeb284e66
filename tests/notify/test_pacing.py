"""So many attempts a minute, and no more."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from alertd.notify.pacing import WINDOW, Pacing
from tests.support.builders import T0, after


def paced(**limits: int) -> Pacing:
    pacing = Pacing()
    pacing.limits = limits
    return pacing


def test_without_limits_it_says_nothing() -> None:
    pacing = paced()
    pacing.attempted("x", T0)
    assert (pacing.room(T0), pacing.free_at(T0)) == ({}, None)


def test_a_full_destination_is_free_a_minute_after_its_oldest_attempt() -> None:
    pacing = paced(x=2, y=1)
    pacing.attempted("x", T0)
    assert (pacing.room(T0), pacing.free_at(T0)) == ({"x": 1, "y": 1}, None)
    pacing.attempted("x", after(seconds=20))
    assert pacing.room(after(seconds=59)) == {"x": 0, "y": 1}
    assert pacing.free_at(after(seconds=59)) == after(seconds=60)
    assert pacing.room(after(seconds=60)) == {"x": 1, "y": 1}


def test_a_clock_set_back_makes_nobody_wait_longer() -> None:
    pacing = paced(x=1)
    pacing.attempted("x", after(hours=1))
    pacing.set_back(timedelta(hours=1))
    assert pacing.free_at(after(seconds=1)) == after(seconds=60)


@given(limit=st.integers(1, 4), steps=st.lists(st.integers(0, 40), max_size=40))
def test_no_minute_has_more(limit: int, steps: list[int]) -> None:
    pacing, at, begun = paced(x=limit), T0, []
    for step in steps:
        at += timedelta(seconds=step)
        for _ in range(pacing.room(at)["x"]):
            pacing.attempted("x", at)
            begun.append(at)
        assert sum(moment > at - WINDOW for moment in begun) <= limit
