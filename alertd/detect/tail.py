"""`Tail`: how rare a deviation is for its own series, whatever the shape of its distribution.

Keeps the 98th percentile of the logarithm of a series' deviations by stochastic approximation, and the mean excess over it: an
exponential tail of logarithms, i.e. a power-law tail of deviations. Its answer, in digits, is comparable between series: 6 is
"one in a million for this series", for a Gaussian one as for one with spikes every hour.
"""

from __future__ import annotations

import numpy as np

from alertd.detect.columns import F64, Bool, Column, Columns

_TAIL_SHARE = 0.02
_DIGITS_AT_QUANTILE = -np.log10(_TAIL_SHARE)
_LEAST_POINTS = 20
_MEMORY_POINTS = 2000
_PRIOR_EXCESS, _PRIOR_WEIGHT = 0.25, 5.0
_SOFTEN = 0.1  # of a standard deviation: deviations below it are all the same
_LN10 = np.log(10.0)


def log_deviation(deviation: F64) -> F64:
    """The scale tails are measured on; deviation in standard deviations, >= 0."""
    return np.log(deviation + _SOFTEN)


class Tail:
    """The tails of [profiles, rows] deviations, kept in `Columns` of that shape."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    @staticmethod
    def layout(profiles: int) -> dict[str, Column]:
        """The columns it needs."""
        lead = (profiles,)
        return {
            "tail_points": Column(np.float32, 0.0, lead),
            "tail_quantile": Column(np.float64, 0.0, lead),
            "tail_mean": Column(np.float32, 0.0, lead),
            "tail_variance": Column(np.float32, 0.0, lead),
            "tail_excess": Column(np.float32, _PRIOR_EXCESS * _PRIOR_WEIGHT, lead),
            "tail_excesses": Column(np.float32, _PRIOR_WEIGHT, lead),
        }

    def digits(self, logs: F64) -> F64:
        """-log10 of the chance to see as much or more; 0 while fewer than 20 points are known. shape: that of `logs`"""
        columns = self._columns
        beyond = logs - columns["tail_quantile"]
        scale = columns["tail_excess"] / columns["tail_excesses"]
        beyond /= scale
        slope = np.where(beyond > 0.0, 1.0 / _LN10, _DIGITS_AT_QUANTILE / 3.0)
        digits: F64 = np.maximum(_DIGITS_AT_QUANTILE + slope * beyond, 0.0)
        digits[columns["tail_points"] < _LEAST_POINTS] = 0.0
        return digits

    def log_at(self, digits: float) -> F64:
        """The log deviation at which `digits` is reached, for digits >= 2. shape: [profiles, rows]"""
        columns = self._columns
        scale = columns["tail_excess"] / columns["tail_excesses"]
        log: F64 = columns["tail_quantile"] + scale * ((digits - _DIGITS_AT_QUANTILE) * _LN10)
        return log

    def update(self, logs: F64, *, weight: F64, ok: Bool) -> None:
        """Learn; weight [rows] in (0, 1], ok [profiles, rows]."""
        columns = self._columns
        points = columns["tail_points"]
        first = points == 0.0
        quantile = np.where(first, np.minimum(logs, 0.0), columns["tail_quantile"])
        offset = np.where(first, 0.0, logs - columns["tail_mean"])
        rate = weight * np.maximum(1.0 / _MEMORY_POINTS, 1.0 / (points + 1.0))
        variance = (1.0 - rate) * (columns["tail_variance"] + rate * offset * offset)
        step = weight * np.maximum(1.0 / _MEMORY_POINTS, 1.0 / (points + 5.0)) * 3.0 * (np.sqrt(variance) + 0.02)
        over = logs > quantile
        quantile = quantile + step * np.where(over, 1.0 - _TAIL_SHARE, -_TAIL_SHARE)
        keep = 2.0 ** (-1.0 / (_MEMORY_POINTS * _TAIL_SHARE))
        excess = np.maximum(logs - quantile, 0.0)
        learn = ok & over
        total = columns["tail_excess"] * keep + _PRIOR_EXCESS * _PRIOR_WEIGHT * (1.0 - keep) + weight * excess
        count = columns["tail_excesses"] * keep + _PRIOR_WEIGHT * (1.0 - keep) + weight
        np.copyto(columns["tail_excess"], total, where=learn, casting="same_kind")
        np.copyto(columns["tail_excesses"], count, where=learn, casting="same_kind")
        np.copyto(columns["tail_quantile"], quantile, where=ok)
        np.copyto(
            columns["tail_mean"],
            np.where(first, logs, columns["tail_mean"] + rate * offset),
            where=ok,
            casting="same_kind",
        )
        np.copyto(columns["tail_variance"], variance, where=ok, casting="same_kind")
        np.copyto(points, points + weight, where=ok, casting="same_kind")
