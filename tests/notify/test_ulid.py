"""Ids of deliveries."""

from __future__ import annotations

from datetime import datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from alertd.notify.ulid import Ulids
from tests.support.builders import T0, after


def test_an_id_is_26_characters_and_begins_with_the_time() -> None:
    ulids = Ulids(Random(1))
    assert len(ulids(T0)) == 26
    assert Ulids(Random(1))(T0)[:10] == Ulids(Random(2))(T0)[:10] != Ulids(Random(1))(after(seconds=1))[:10]


@given(st.lists(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2100, 1, 1))), st.integers())
def test_ids_rise_whatever_the_clock_does(times: list[datetime], seed: int) -> None:
    ulids = Ulids(Random(seed))
    made = [ulids(time.replace(tzinfo=T0.tzinfo)) for time in times]
    assert made == sorted(set(made))
