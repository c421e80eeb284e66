"""When a failed delivery is tried again."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.notify.retry import backoff, deadline, longest_delay, parse_retry_after
from tests.support.builders import T0, after

MINUTE = timedelta(minutes=1)


@given(st.integers(min_value=1, max_value=10_000), st.integers(), st.floats(min_value=0.1, max_value=60))
def test_backoff_is_anything_up_to_a_ceiling_that_doubles(attempts: int, seed: int, longest_seconds: float) -> None:
    longest = timedelta(seconds=longest_seconds)
    wait = backoff(attempts, longest=longest, random=Random(seed))
    assert timedelta() <= wait <= min(longest, timedelta(seconds=2 ** min(attempts - 1, 6)))


def test_backoff_uses_the_whole_range() -> None:
    random = Random(1)
    waits = [backoff(9, longest=MINUTE, random=random) for _ in range(1000)]
    assert min(waits) < timedelta(seconds=2)
    assert max(waits) > timedelta(seconds=58)


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        pytest.param("2", timedelta(seconds=2), id="seconds"),
        pytest.param("1.5", timedelta(seconds=1.5), id="a fraction"),
        pytest.param("Mon, 05 Jan 2026 12:00:30 GMT", timedelta(seconds=30), id="a date"),
        pytest.param("Mon, 05 Jan 2026 12:00:30", timedelta(seconds=30), id="a date without a zone is UTC"),
        pytest.param("Mon, 05 Jan 2026 11:00:00 GMT", timedelta(seconds=1), id="a date in the past is a second"),
        pytest.param("0", timedelta(seconds=1), id="never less than a second"),
        pytest.param("-5", timedelta(seconds=1), id="negative is a second"),
        pytest.param("86400", timedelta(hours=1), id="never more than an hour"),
        pytest.param("1e300", None, id="beyond all reckoning"),
        pytest.param("inf", None, id="infinity"),
        pytest.param("nan", None, id="no number"),
        pytest.param("soon", None, id="unreadable"),
        pytest.param("", None, id="absent"),
    ],
)
def test_retry_after(text: str, wait: timedelta | None) -> None:
    assert parse_retry_after(text, at=T0) == wait


@given(st.text(max_size=40))
def test_no_header_can_break_it(text: str) -> None:
    wait = parse_retry_after(text, at=T0)
    assert wait is None or timedelta(seconds=1) <= wait <= timedelta(hours=1)


def test_a_message_lives_for_an_interval_of_its_group_but_at_least_a_quarter_of_an_hour() -> None:
    assert deadline(T0, timedelta(seconds=2)) == after(minutes=15)
    assert deadline(T0, timedelta(hours=1)) == after(hours=1)


def test_waits_are_never_longer_than_the_ticks_of_the_group_are_apart() -> None:
    assert longest_delay(timedelta(seconds=2)) == timedelta(seconds=2)
    assert longest_delay(timedelta(minutes=5)) == MINUTE
