"""Digits of rarity <-> standard deviations of a Gaussian series: one scale of `k` for every method."""

from __future__ import annotations

import math

import numpy as np

from alertd.detect.columns import F64

_PER_SQUARE = 2.0 * math.log(10.0)
_OFFSET = 0.5


def sigmas_of(digits: F64) -> F64:
    """Standard deviations exceeded as rarely as one time in 10**digits; within 0.25 of the exact value, 0.06 from 4 on."""
    sigmas: F64 = np.maximum(np.sqrt(_PER_SQUARE * digits) - _OFFSET, 0.0)
    return sigmas


def digits_of(sigmas: float) -> float:
    """The inverse of `sigmas_of`."""
    return (sigmas + _OFFSET) ** 2 / _PER_SQUARE
