"""What earlier forecasts would have said, and what came: the same predictor at past steps, on what was known then."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from alertd.detect.forecast import F64, Classes
from alertd.detect.forecast_interval import Outcomes
from alertd.detect.forecast_remaining import Remaining, predict

ENOUGH = 50
"""Outcomes of one length of time; with fewer, those of other lengths are pooled with them, the nearest first."""

_MOST_OUTCOMES = 20_000
_FEWEST_ORIGINS = 8


def back_test(history: F64, classes: Classes, *, ahead: int, season: int, window: int) -> Outcomes:
    """Forecasts for `ahead` steps made at past steps, where the outcome is known by now.

    history  [series, steps], oldest first; NaN where unknown: a time with such a step has no outcome
    classes  [levels, steps], season: as for `expected`
    window   how many steps back a forecast looks, then as now
    returns  empty when the history is too short even for forecasts of one step
    """
    found: list[Outcomes] = []
    for length in _lengths(ahead, history.shape[1]):
        found.extend(_of_length(history, classes, length=length, season=season, window=window))
        if sum(len(outcomes) for outcomes in found) >= ENOUGH:
            break
    return _joined(found)


def _lengths(ahead: int, steps: int) -> list[int]:
    """`ahead`, then the powers of two, nearest first: how wrong a forecast is changes with how far it looks."""
    powers = [2**power for power in range(max(steps, 1).bit_length())]
    nearest = sorted(powers, key=lambda length: abs(np.log(length / ahead)))
    return list(dict.fromkeys([ahead, *nearest]))


def _of_length(history: F64, classes: Classes, *, length: int, season: int, window: int) -> Iterator[Outcomes]:
    origins = range(2, history.shape[1] - length + 1)
    most = max(_MOST_OUTCOMES // max(len(history), 1), _FEWEST_ORIGINS)
    for origin in origins[:: max(-(-len(origins) // most), 1)]:
        past = slice(max(origin - window, 0), origin)
        future = slice(origin, origin + length)
        _, made = predict(history[:, past], classes[:, past], classes[:, future], season=season)
        actual = np.sum(history[:, future], axis=1)
        rows = np.flatnonzero(np.isfinite(made.predicted) & np.isfinite(actual))
        yield Outcomes(rows, made[rows], actual[rows])


def _joined(found: list[Outcomes]) -> Outcomes:
    empty = Outcomes(np.empty(0, np.intp), Remaining(*(np.empty(0) for _ in range(4))), np.empty(0))
    parts = [empty, *found]
    made = Remaining(
        np.concatenate([part.made.predicted for part in parts]),
        np.concatenate([part.made.mean for part in parts]),
        np.concatenate([part.made.spread for part in parts]),
        np.concatenate([part.made.known for part in parts]),
    )
    series = np.concatenate([part.series for part in parts])
    return Outcomes(series, made, np.concatenate([part.actual for part in parts]))
