"""What earlier forecasts would have said, and what came: the same predictor at past steps, on what was known then."""

from __future__ import annotations

from collections.abc import Iterator
from math import log

import numpy as np

from alertd.detect.forecast import F64, Classes
from alertd.detect.forecast_interval import Outcomes
from alertd.detect.forecast_remaining import Remaining, predict

ENOUGH = 50
"""Outcomes of one length of time; with fewer, those of other lengths are pooled with them, the nearest first."""

_FIRST_ORIGIN = 2  # nothing is forecast from fewer steps
_ORIGINS = (8, 48)  # at least and at most: neighbours among them see nearly the same
_MOST_VALUES = 2_000_000  # looked at by all origins together


def back_test(history: F64, classes: Classes, *, ahead: int, season: int, window: int) -> Outcomes:
    """Forecasts for `ahead` steps made at past steps, where the outcome is known by now.

    history  [series, steps], oldest first; NaN where unknown: a time with such a step has no outcome
    classes  [levels, steps], season: as for `expected`
    window   how many steps back a forecast looks, then as now
    returns  empty when the history is too short even for forecasts of one step
    """
    found: list[Outcomes] = []
    for length in _lengths(ahead, history.shape[1] - _FIRST_ORIGIN):
        found.extend(_of_length(history, classes, length=length, ahead=ahead, season=season, window=window))
        if sum(len(outcomes) for outcomes in found) >= ENOUGH:
            break
    return _joined(found)


def _lengths(ahead: int, longest: int) -> list[int]:
    """From 1 to `longest`, the nearest to `ahead` first: how wrong a forecast is changes with how far it looks."""
    candidates = {ahead, longest, *(2**power for power in range(max(longest, 0).bit_length()))}
    return sorted(
        (length for length in candidates if 0 < length <= longest),
        key=lambda length: (abs(log(length / ahead)), length),
    )


def _of_length(
    history: F64, classes: Classes, *, length: int, ahead: int, season: int, window: int
) -> Iterator[Outcomes]:
    origins = range(_FIRST_ORIGIN, history.shape[1] - length + 1)
    fewest, most = _ORIGINS
    most = min(max(_MOST_VALUES // max(len(history) * window, 1), fewest), most)
    for origin in origins[:: -(-len(origins) // most)]:
        past = slice(max(origin - window, 0), origin)
        future = slice(origin, origin + length)
        _, made = predict(history[:, past], classes[:, past], classes[:, future], season=season)
        actual = np.sum(history[:, future], axis=1)
        rows = np.flatnonzero(np.isfinite(made.predicted) & np.isfinite(actual))
        yield Outcomes(rows, made[rows], actual[rows], np.full(len(rows), max(ahead / length, 1.0)))


def _joined(found: list[Outcomes]) -> Outcomes:
    nothing = np.empty(0)
    none = Outcomes(np.empty(0, np.intp), Remaining(nothing, nothing, nothing, nothing), nothing, nothing)
    parts = [none, *found]
    made = Remaining(
        np.concatenate([part.made.predicted for part in parts]),
        np.concatenate([part.made.mean for part in parts]),
        np.concatenate([part.made.spread for part in parts]),
        np.concatenate([part.made.known for part in parts]),
    )
    return Outcomes(
        np.concatenate([part.series for part in parts]),
        made,
        np.concatenate([part.actual for part in parts]),
        np.concatenate([part.stretch for part in parts]),
    )
