"""What a ledger tells: spend per day and per hour, and how well a period is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from alertd.ledger.periods import Calendar, Span
from alertd.ledger.timeline import HOUR_SECONDS, Timeline
from alertd.query.batch import F64

COMPLETE = 0.99
"""A day or period of which less was observed is not complete."""


@dataclass(frozen=True, slots=True)
class Days:
    """Spend per local day, oldest first; the last one is under way.

    amounts    [scopes, days]
    complete   [days] whether the whole day was observed; never true of the one under way
    """

    days: tuple[date, ...]
    amounts: F64
    complete: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Hours:
    """Spend per hour, oldest first; the last one is under way.

    starts     [hours] Unix seconds
    amounts    [scopes, hours]
    covered    [hours] seconds that were observed
    """

    starts: F64
    amounts: F64
    covered: F64


@dataclass(frozen=True, slots=True)
class Completeness:
    """How well a period is known.

    share          of its time so far that was observed, 0 to 1
    complete_from  since when it is known, gaps apart; None when nothing of it is
    imputed        [scopes] amount that came in while nothing was observed: known in sum, spread evenly in time
    """

    share: float
    complete_from: datetime | None
    imputed: F64


def hours_of(timeline: Timeline) -> Hours:
    """Every hour that is not yet part of a day."""
    starts, amounts, covered = _grouped(timeline, np.floor(timeline.edges[:-1] / HOUR_SECONDS) * HOUR_SECONDS)
    hourly = np.diff(np.append(starts, timeline.edges[-1:])) <= HOUR_SECONDS
    return Hours(starts[hourly], amounts[:, hourly], covered[hourly])


def days_of(timeline: Timeline, calendar: Calendar) -> Days:
    """Every day that is known."""
    edges = timeline.edges[:-1].tolist()
    spans: list[Span] = []
    for edge in edges:
        if not spans or edge >= spans[-1].end.timestamp():
            spans.append(calendar.day(datetime.fromtimestamp(edge, UTC)))
    bounds = np.array([span.start.timestamp() for span in spans])
    keys = bounds[np.searchsorted(bounds, edges, side="right") - 1] if edges else bounds
    _, amounts, covered = _grouped(timeline, keys)
    lengths = np.array([span.length.total_seconds() for span in spans])
    days = tuple(span.start.astimezone(calendar.zone).date() for span in spans)
    return Days(days, np.maximum(amounts, 0.0), covered >= COMPLETE * lengths)


def _grouped(timeline: Timeline, keys: F64) -> tuple[F64, F64, F64]:
    """Buckets summed by rising `keys` [buckets]: the keys, amounts [accounts, keys], seconds covered [keys]."""
    starts, first = np.unique(keys, return_index=True)
    if not len(first):
        return starts, np.zeros((timeline.accounts, 0)), np.empty(0)
    return starts, np.add.reduceat(timeline.amounts, first, axis=1), np.add.reduceat(timeline.covered, first)
