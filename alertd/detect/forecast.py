"""What the rest of a period will bring: medians of like steps, and a robust level where history is short.

A step is a day of a month, an hour of a day: the caller cuts the period and says which steps are alike. A step nobody
measured is NaN and takes part in nothing: it is no step without spend.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Classes = NDArray[np.int64]
"""[levels, steps]: which steps are alike, finest level first: the weekday, then weekday or weekend."""

SAME = 4
"""How many steps of one weekday make its median: long enough to outvote a burst, short enough to follow growth."""

_FEWEST = (3, 2)
"""Known steps of a class before it speaks for itself: of the finest level, of the levels after it."""

_RECENT_HALF_LIFE = 1.5
_RECENT_POWER = 0.25


def day_classes(weekdays: NDArray[np.int64]) -> Classes:
    """[steps] weekdays (Monday is 0) -> [2, steps]: the weekday, then whether it is a weekend."""
    return np.stack([weekdays, (weekdays >= 5).astype(np.int64)])


def hour_classes(weekdays: NDArray[np.int64], hours: NDArray[np.int64]) -> Classes:
    """[steps] weekdays and hours -> [3, steps]: hour of the week, hour of a weekday or weekend day, hour of the day."""
    return np.stack([weekdays * 24 + hours, (weekdays >= 5) * 24 + hours, hours])


def expected(history: F64, past: Classes, future: Classes, *, season: int) -> F64:
    """The expected value of each coming step.

    history  [series, past], oldest first; NaN where nothing was measured
    past     [levels, past], future [levels, future]: classes of the steps
    season   after how many known steps classes are told apart: 7 days, 24 hours
    returns  [series, future]: the median of the last four like steps; with fewer than three known, the level of the
             next coarser class that has two; else of all. NaN where a series has fewer than two known steps
    """
    distinct, owner = np.unique(future, axis=1, return_inverse=True)
    known = count_known(history)
    overall = np.where(known >= 2, level(history), np.nan)
    values = [
        np.where(known >= season, _of_classes(history, past, classes, overall), overall) for classes in distinct.T
    ]
    return np.stack(values, axis=1)[:, owner.reshape(-1)] if values else np.empty((len(history), 0))


def _of_classes(history: F64, past: Classes, classes: NDArray[np.int64], overall: F64) -> F64:
    """[series]: the value of one combination of classes, coarse to fine so that the finest with enough steps stays."""
    value = overall
    for depth in reversed(range(len(classes))):
        alike = history[:, past[depth] == classes[depth]]
        if depth == 0:
            alike = alike[:, -SAME:]
        centre = median(alike) if depth == 0 else level(alike)
        value = np.where(count_known(alike) >= _FEWEST[min(depth, 1)], centre, value)
    return value


def level(values: F64) -> F64:
    """A level that neither one burst nor one idle step can move far: the middle of three.

    The mean follows bursts, the median ignores them, the mean of fourth roots of the newest steps follows a change of
    level: measured on traffic with idle days, their middle beats each of them.

    values   [series, steps], oldest first, NaN where unknown
    returns  [series]; NaN where nothing is known
    """
    return median(np.stack([mean(values), median(values), _recent(values)], axis=1))


def median(values: F64) -> F64:
    """[series, n] -> [series]: the median of what is known; NaN where nothing is."""
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    ordered: F64 = np.sort(values, axis=1)  # NaN last; np.nanmedian loops over the rows in Python
    count, rows = count_known(values), np.arange(len(values))
    low, high = ordered[rows, np.maximum(count - 1, 0) // 2], ordered[rows, np.minimum(count // 2, values.shape[1] - 1)]
    middle: F64 = 0.5 * low + 0.5 * high
    return middle


def mean(values: F64) -> F64:
    """[series, n] -> [series]: the mean of what is known; NaN where nothing is."""
    with np.errstate(invalid="ignore"):
        average: F64 = np.nansum(values, axis=1) / count_known(values)
    return average


def count_known(values: F64) -> NDArray[np.int64]:
    """[series, n] -> [series]: how many are no NaN."""
    known: NDArray[np.int64] = np.sum(~np.isnan(values), axis=1)
    return known


def _recent(values: F64) -> F64:
    """[series]: power mean with weights that halve every one and a half steps."""
    weights = np.where(np.isnan(values), 0.0, 0.5 ** (np.arange(values.shape[1])[::-1] / _RECENT_HALF_LIFE))
    roots = np.nansum(np.maximum(values, 0.0) ** _RECENT_POWER * weights, axis=1)
    with np.errstate(invalid="ignore"):
        centre: F64 = (roots / np.sum(weights, axis=1)) ** (1 / _RECENT_POWER)
    return centre
