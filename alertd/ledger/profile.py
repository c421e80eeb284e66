"""What a week looks like: how much of the usual spend falls on each of its hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from alertd.ledger.periods import Span
from alertd.ledger.timeline import HOUR_SECONDS
from alertd.ledger.views import Hours
from alertd.query.batch import F64

HOURS_OF_WEEK = 168
LEAST_HISTORY = timedelta(days=14)
_LOWEST, _HIGHEST = 0.2, 5.0


def week_profile(hours: Hours, zone: ZoneInfo) -> F64 | None:
    """[scopes, 168] mean spend of each local hour of the week over the mean of all; None with under two weeks of history.

    1 is an average hour. Hours that were not wholly observed are left out; what nobody observed, and scopes that spent
    nothing, are 1. Kept between 0.2 and 5, so that a night without traffic does not turn one request into an alert.
    """
    known = hours.covered >= 0.99 * HOUR_SECONDS
    if np.count_nonzero(known) * HOUR_SECONDS < LEAST_HISTORY.total_seconds():
        return None
    places = hours_of_week(hours.starts[known], zone)
    counts = np.bincount(places, minlength=HOURS_OF_WEEK)
    amounts = hours.amounts[:, known]
    sums = np.zeros((len(amounts), HOURS_OF_WEEK))
    np.add.at(sums.T, places, amounts.T)
    overall = amounts.mean(axis=1, keepdims=True)
    usable = (counts > 0) & (overall > 0)
    profile: F64 = np.divide(sums / np.maximum(counts, 1), overall, out=np.ones_like(sums), where=usable)
    return np.clip(profile, _LOWEST, _HIGHEST, out=profile)


def expected_level(profile: F64, span: Span, zone: ZoneInfo) -> F64:
    """[scopes] the mean of the profile over `span`."""
    start, end = span.start.timestamp(), span.end.timestamp()
    edges = np.arange(start // HOUR_SECONDS * HOUR_SECONDS, end + HOUR_SECONDS, HOUR_SECONDS)
    weights = np.diff(np.clip(edges, start, end))
    level: F64 = profile[:, hours_of_week(edges[:-1], zone)] @ weights / weights.sum()
    return level


def hours_of_week(starts: F64, zone: ZoneInfo) -> NDArray[np.intp]:
    """[hours] 0 to 167 of each, Monday 00:00 local time first. The hour a clock repeats shares its place."""
    local = [datetime.fromtimestamp(start, zone) for start in starts.tolist()]
    return np.array([moment.weekday() * 24 + moment.hour for moment in local], dtype=np.intp)
