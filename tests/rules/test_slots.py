"""Slots: aligned, stable, spread; missed ones are counted."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.rules.slots import PHASES, missed, phase, slot_at

S = timedelta(seconds=1)
AT = datetime(2026, 1, 5, 12, 0, 7, tzinfo=UTC)


@given(st.text(), st.integers(20, 86_400_000))
def test_a_phase_lies_within_the_interval_in_whole_milliseconds(key: str, interval_ms: int) -> None:
    interval = timedelta(milliseconds=interval_ms)
    found = phase(key, interval)
    assert timedelta(0) <= found < interval
    assert found % timedelta(milliseconds=1) == timedelta(0)


def test_phases_are_few_and_all_are_used_so_that_groups_share_slots_but_not_all_one() -> None:
    assert len({phase(f"rules.yml;g{number}", 15 * S) for number in range(500)}) == PHASES


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)), st.integers(20, 10**8), st.text()
)
def test_the_slot_under_way_is_the_last_multiple_of_the_interval_plus_phase(
    at: datetime, interval_ms: int, key: str
) -> None:
    interval = timedelta(milliseconds=interval_ms)
    offset = phase(key, interval)
    slot = slot_at(at, interval=interval, phase=offset)
    assert slot <= at < slot + interval
    assert (slot - datetime(1970, 1, 1, tzinfo=UTC) - offset) % interval == timedelta(0)


@pytest.mark.parametrize(
    ("seconds", "count"),
    [
        pytest.param(15, 0, id="the next slot"),
        pytest.param(30, 1, id="one left out"),
        pytest.param(150, 9, id="nine left out"),
        pytest.param(0, 0, id="the same slot"),
        pytest.param(-15, 0, id="a clock set back misses nothing"),
    ],
)
def test_missed(seconds: int, count: int) -> None:
    assert missed(AT, AT + seconds * S, 15 * S) == count


def test_nothing_is_missed_before_the_first_evaluation() -> None:
    assert missed(None, AT, 15 * S) == 0
