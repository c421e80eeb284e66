"""`Usual`: the 99th percentile of each row's values, so that a series that is idle most of the time may be busy now and then.

A robust profile of a sparse series is 0, and any use of it infinitely unusual. What counts there is how much more it is than
the bursts the series has had.
"""

from __future__ import annotations

import numpy as np

from alertd.detect.columns import F64, Column, Columns, rows_of

_SHARE = 0.01
_MEMORY_POINTS = 2000.0
_STEP = 3.0
_LEAST_SPREAD = 0.05


class Usual:
    """A running percentile of the logarithm of positive values; others count as below it."""

    def __init__(self) -> None:
        self.columns = Columns(
            {
                "points": Column(np.float32),
                "quantile": Column(blank=-np.inf),
                "mean": Column(np.float32),
                "variance": Column(np.float32),
            }
        )

    def percentile(self) -> F64:
        """[rows]: the 99th percentile; 0 for a row that never had a positive value."""
        percentile: F64 = np.exp(self.columns["quantile"])
        return percentile

    def update(self, values: F64, *, weight: F64) -> None:
        """Learn values [rows], each with its weight; 0 leaves all as it is."""
        columns = self.columns
        points, quantile, mean = columns["points"], columns["quantile"], columns["mean"]
        positive = (values > 0.0) & (weight > 0.0)
        logs = np.log(np.where(positive, values, 1.0))
        first = rows_of(positive & (quantile == -np.inf))
        if first.size:
            quantile[first] = mean[first] = logs[first]
        offset = logs - mean
        offset[first] = 0.0
        rate = weight * np.maximum(1.0 / (points + 1.0), 1.0 / _MEMORY_POINTS)
        moved = rate * offset
        variance = (1.0 - rate) * (columns["variance"] + moved * offset)
        step = weight * np.maximum(1.0 / (points + 5.0), 1.0 / _MEMORY_POINTS)
        step *= _STEP
        step *= np.sqrt(variance) + _LEAST_SPREAD
        over = positive & (logs > quantile)
        quantile += step * np.where(over, 1.0 - _SHARE, -_SHARE)
        np.copyto(mean, mean + moved, where=positive, casting="same_kind")
        np.copyto(columns["variance"], variance, where=positive, casting="same_kind")
        points += weight
