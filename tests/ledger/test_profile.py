"""What a week looks like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from alertd.ledger.periods import Span
from alertd.ledger.profile import expected_level, hours_of_week, week_profile
from alertd.ledger.views import Hours

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def hours(amounts: np.ndarray, *, covered: float = 3600.0) -> Hours:
    starts = MONDAY.timestamp() + 3600.0 * np.arange(amounts.shape[1])
    return Hours(starts, amounts, np.full(len(starts), covered))


def office(days: int) -> np.ndarray:
    """One scope that spends 4 an hour from 08:00 to 18:00 UTC on weekdays and 1 else, and one that spends nothing."""
    number = np.arange(24 * days)
    busy = (number % 24 >= 8) & (number % 24 < 18) & (number // 24 % 7 < 5)
    return np.stack([np.where(busy, 4.0, 1.0), np.zeros(len(number))])


def test_hours_are_held_against_the_mean_of_all() -> None:
    profile = week_profile(hours(office(21)), ZoneInfo("UTC"))
    assert profile is not None
    mean = (50 * 4 + 118 * 1) / 168
    assert profile[0, 9] == pytest.approx(4 / mean)
    assert profile[0, 24 * 6 + 9] == pytest.approx(1 / mean)
    assert profile[0].mean() == pytest.approx(1.0)
    assert (profile[1] == 1).all()


def test_under_two_weeks_nobody_knows_a_week() -> None:
    assert week_profile(hours(office(13)), BERLIN) is None
    assert week_profile(hours(office(21), covered=1800.0), BERLIN) is None


def test_a_window_is_worth_the_mean_of_its_hours() -> None:
    profile = week_profile(hours(office(21)), ZoneInfo("UTC"))
    assert profile is not None
    begin = MONDAY + timedelta(days=21, hours=7, minutes=30)
    level = expected_level(profile, Span(begin, begin + timedelta(hours=1)), ZoneInfo("UTC"))
    assert level[0] == pytest.approx((profile[0, 7] + profile[0, 8]) / 2)


def test_hours_are_those_of_the_wall_clock() -> None:
    starts = np.array([MONDAY.timestamp(), (MONDAY + timedelta(days=28)).timestamp()])
    assert hours_of_week(starts, BERLIN).tolist() == [1, 2]  # summer time began in between
