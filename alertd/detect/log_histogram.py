"""`LogHistogram`: counts of positive values in buckets of equal ratio, old ones fading; exact where a sketch would guess."""

from __future__ import annotations

import math

import numpy as np

from alertd.detect.columns import F64

_PER_OCTAVE = 16
_LOWEST_OCTAVE, _HIGHEST_OCTAVE = -40, 100
_LOWEST = math.exp2(_LOWEST_OCTAVE)
BUCKETS = (_HIGHEST_OCTAVE - _LOWEST_OCTAVE) * _PER_OCTAVE


class LogHistogram:
    """Values are told apart within 4.4 %; those of 0 and below, and below 2**-40, share the lowest bucket."""

    def __init__(self, counts: F64 | None = None) -> None:
        self.counts: F64 = np.zeros(BUCKETS) if counts is None else counts

    @property
    def total(self) -> float:
        """How many values, old ones counted as far as they have not faded."""
        return float(self.counts.sum())

    def add(self, values: F64) -> None:
        """Count values, any shape, none of them NaN."""
        octave = np.log2(np.maximum(values, _LOWEST)) - _LOWEST_OCTAVE
        bucket = np.minimum((octave * _PER_OCTAVE).astype(np.intp), BUCKETS - 1)
        self.counts += np.bincount(bucket.ravel(), minlength=BUCKETS)

    def fade(self, share: float) -> None:
        """Keep this share of every count."""
        self.counts *= share

    def quantile(self, share: float) -> float:
        """Upper edge of the bucket the quantile lies in; the lowest edge when nothing was counted."""
        running = self.counts.cumsum()
        bucket = int(np.searchsorted(running, share * running[-1])) if running[-1] > 0.0 else 0
        return math.exp2((bucket + 1) / _PER_OCTAVE + _LOWEST_OCTAVE)

    def exceedances(self, limit: float) -> tuple[float, float]:
        """How many values lie over `limit`, and their mean excess in natural logarithms."""
        edges = (np.arange(BUCKETS) + 0.5) / _PER_OCTAVE + _LOWEST_OCTAVE
        excess = edges * math.log(2.0) - math.log(limit)
        over = excess > 0.0
        count = float(self.counts[over].sum())
        return count, float((self.counts[over] * excess[over]).sum()) / count if count > 0.0 else 0.0
