"""`Slot`: what a detector says of all its rows at one time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from alertd.detect.columns import F64, Bool

U8 = NDArray[np.uint8]


class State(IntEnum):
    """How a row stands after this slot."""

    ABSENT = 0  # no row, or no usable value at this time: nothing was judged or learned, an event stays open
    WARMING = 1  # too young to be judged by its own past; may still be pending or anomalous by its siblings'
    NORMAL = 2
    PENDING = 3  # anomalous points, fewer than `points` asks for
    ANOMALOUS = 4  # in an event, and this point is anomalous
    HELD = 5  # in an event, this point is not anomalous, not yet recovered


ABSENT, WARMING, NORMAL, PENDING, ANOMALOUS, HELD = (np.uint8(state) for state in State)
"""The same as numpy has them: to compare an array with a member of an enumeration costs fifteen times as much."""


class Ruling(IntEnum):
    """Which condition decided the score: the one with the least margin, so a normal point says what held it back."""

    STRENGTH = 0  # how unusual the point is for its series (k)
    MIN_CHANGE = 1  # the relative floor
    MIN_VALUE = 2  # the absolute floor
    SPARSE = 3  # the multiple of the series' 99th percentile
    POOLED = 4  # warming up: the 99.9th percentile of all rows' values
    UNKNOWN = 5  # nothing to compare with yet, or no value
    SLOW = 6  # no point, but what the last 24 hours brought together


STRENGTH, MIN_CHANGE, MIN_VALUE, SPARSE, POOLED, UNKNOWN, SLOW = (np.uint8(ruling) for ruling in Ruling)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slot:
    """One array per answer, each [rows]; free rows are ABSENT.

    at             unix seconds of the slot
    k              the sensitivity in force
    value          the input; NaN where there was none
    expected       centre of what was expected; NaN while unknown
    lower, upper   where strength reaches k and the floors are met; -inf or +inf on a side that is not watched. What is
                   anomalous by itself is never between them
    strength       standard deviations, or their equal in rarity
    score          >= 1 is anomalous; the least of strength / k and the floors' ratios, or that of the last 24 hours
    news           strength where nothing as strong was seen for `rearm`, else 0
    state, ruling  `State` and `Ruling` codes
    since          unix seconds of the event's first anomalous point, pending ones included; NaN without
    excess         sum of (value - expected) * seconds since then; 0 without
    multiple       the total of the last 24 whole hours over what is usual in them; NaN while that is not known
    opened, closed, adopted  the rows whose event began, ended, or was adopted as a new level in this slot
    common         one cause is likely: more than a fifth of the rows judged are anomalous in this slot
    """

    at: float
    k: float
    value: F64
    expected: F64
    lower: F64
    upper: F64
    strength: F64
    score: F64
    news: F64
    state: U8
    ruling: U8
    since: F64
    excess: F64
    multiple: F64
    opened: Bool
    closed: Bool
    adopted: Bool
    common: bool
