"""`Tail`: how rare a deviation is for its own series, whatever the shape of its distribution.

Keeps the 98th percentile of the logarithm of a series' deviations by stochastic approximation, and the mean excess over it: an
exponential tail of logarithms, i.e. a power-law tail of deviations. Its answer, in digits, is comparable between series: 6 is
"one in a million for this series", for a Gaussian one as for one with spikes every hour.
"""

from __future__ import annotations

import numpy as np

from alertd.detect.columns import F32, F64, Bool, Column, Columns, mask, put

_TAIL_SHARE = 0.02
_DIGITS_AT_QUANTILE = -float(np.log10(_TAIL_SHARE))
_LEAST_POINTS = 20
_MEMORY_POINTS = 2000
_PRIOR_EXCESS, _PRIOR_WEIGHT = 0.25, 5.0
_KEEP = 2.0 ** (-1.0 / (_MEMORY_POINTS * _TAIL_SHARE))  # per excess
_STEP, _LEAST_SPREAD = 3.0, 0.02
_SOFTEN = 0.1  # of a standard deviation: deviations below it are all the same
_LN10 = float(np.log(10.0))


def log_deviation(deviation: F64) -> F32:
    """The scale tails are measured on; deviation in standard deviations, >= 0. Single precision: three digits are plenty."""
    logs: F32 = np.log(deviation.astype(np.float32) + np.float32(_SOFTEN))
    return logs


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
            "tail_quantile": Column(np.float32, 0.0, lead),
            "tail_mean": Column(np.float32, 0.0, lead),
            "tail_variance": Column(np.float32, 0.0, lead),
            "tail_excess": Column(np.float32, _PRIOR_EXCESS * _PRIOR_WEIGHT, lead),
            "tail_excesses": Column(np.float32, _PRIOR_WEIGHT, lead),
        }

    def digits(self, logs: F32) -> F32:
        """-log10 of the chance to see as much or more; 0 while fewer than 20 points are known. shape: that of `logs`"""
        columns = self._columns
        beyond: F32 = (logs - columns["tail_quantile"]) * (columns["tail_excesses"] / columns["tail_excess"])
        beyond *= np.where(beyond > 0.0, np.float32(1.0 / _LN10), np.float32(_DIGITS_AT_QUANTILE / 3.0))
        beyond += np.float32(_DIGITS_AT_QUANTILE)
        np.maximum(beyond, 0.0, out=beyond)
        beyond *= columns["tail_points"] >= _LEAST_POINTS
        return beyond

    def log_at(self, digits: float) -> F32:
        """The log deviation at which `digits` is reached, for digits >= 1.7. shape: [profiles, rows]"""
        columns = self._columns
        scale = columns["tail_excess"] / columns["tail_excesses"]
        log: F32 = columns["tail_quantile"] + scale * np.float32((digits - _DIGITS_AT_QUANTILE) * _LN10)
        return log

    def update(self, logs: F32, *, weight: F64, ok: Bool) -> None:
        """Learn; weight [rows] in (0, 1], ok [profiles, rows]."""
        columns = self._columns
        points = columns["tail_points"]
        share = weight.astype(np.float32)
        first = points == 0.0
        quantile = np.where(first, np.minimum(logs, 0.0), columns["tail_quantile"])
        mean = np.where(first, logs, columns["tail_mean"])
        offset = logs - mean
        rate = share * np.maximum(np.float32(1.0 / _MEMORY_POINTS), 1.0 / (points + 1.0))
        variance = (1.0 - rate) * (columns["tail_variance"] + rate * offset * offset)
        step = (
            share
            * np.maximum(np.float32(_STEP / _MEMORY_POINTS), _STEP / (points + 5.0))
            * (np.sqrt(variance) + _LEAST_SPREAD)
        )
        over = logs > quantile
        quantile += step * np.where(over, np.float32(1.0 - _TAIL_SHARE), np.float32(-_TAIL_SHARE))
        self._learn_excess(np.maximum(logs - quantile, 0.0), share, over & ok)
        where = mask(ok)
        put(columns["tail_quantile"], quantile, where)
        put(columns["tail_mean"], mean + rate * offset, where)
        put(columns["tail_variance"], variance, where)
        put(points, points + share, where)

    def _learn_excess(self, excess: F32, weight: F32, where: Bool) -> None:
        """At the few places over their quantile."""
        places = np.nonzero(where)
        shares = weight[places[1]]
        for name, prior, amount in (
            ("tail_excess", _PRIOR_EXCESS * _PRIOR_WEIGHT, excess[places] * shares),
            ("tail_excesses", _PRIOR_WEIGHT, shares),
        ):
            column = self._columns[name]
            column[places] = column[places] * _KEEP + prior * (1.0 - _KEEP) + amount
