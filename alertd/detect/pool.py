"""`Pool`: what values the rows have together: all that is known of a row too young to have a past.

A fresh key that burns in its first hour is the costliest case, and every detector that compares with the past is blind to it.
"""

from __future__ import annotations

import math

import numpy as np

from alertd.detect.columns import F64
from alertd.detect.log_histogram import LogHistogram

_QUANTILE = 0.999
_LEAST_VALUES = 1000.0
_MEMORY_SECONDS = 14 * 86_400.0


class Pool:
    """A fading histogram of the size of values of rows that are past their warm-up and not anomalous."""

    def __init__(self, histogram: LogHistogram | None = None) -> None:
        self.histogram = histogram or LogHistogram()

    def limit(self) -> float:
        """The 99.9th percentile; inf while there are under 1,000 values."""
        return self.histogram.quantile(_QUANTILE) if self.histogram.total >= _LEAST_VALUES else np.inf

    def update(self, values: F64, *, seconds: float) -> None:
        """Count these values; `seconds` since the last time."""
        self.histogram.fade(math.exp(-seconds / _MEMORY_SECONDS))
        self.histogram.add(np.abs(values))
