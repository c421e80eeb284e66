"""`Tail`: how rare a deviation is for its own series, whatever the shape of its distribution.

Keeps the 98th percentile of the logarithm of a series' deviations by stochastic approximation, and the mean excess over it: an
exponential tail of logarithms, i.e. a power-law tail of deviations. Its answer, in digits, is comparable between series: 6 is
"one in a million for this series", for a Gaussian one as for one with spikes every hour.
"""

from __future__ import annotations

import numpy as np

from alertd.detect.columns import F32, F64, Column, Columns, Rows, rows_of

_TAIL_SHARE = 0.02
_DIGITS_AT_QUANTILE = -float(np.log10(_TAIL_SHARE))
_LEAST_POINTS = 20
_MEMORY_POINTS = 2000
_PRIOR_EXCESS, _PRIOR_WEIGHT = 0.25, 5.0
_KEEP = 2.0 ** (-1.0 / (_MEMORY_POINTS * _TAIL_SHARE))  # per excess
_STEP, _LEAST_SPREAD = 3.0, 0.02
_SOFTEN = 0.1  # of a standard deviation: deviations below it are all the same
_LN10 = float(np.log(10.0))
_DIGITS_OVER, _DIGITS_UNDER = np.float32(1.0 / _LN10), np.float32(_DIGITS_AT_QUANTILE / 3.0)  # per mean excess


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
        # A straight line over the quantile, a steeper one under it: always the lower of the two.
        digits: F32 = np.minimum(beyond * _DIGITS_OVER, beyond * _DIGITS_UNDER)
        digits += np.float32(_DIGITS_AT_QUANTILE)
        np.maximum(digits, 0.0, out=digits)
        np.copyto(digits, 0.0, where=columns["tail_points"] < _LEAST_POINTS)
        return digits

    def log_at(self, digits: float) -> F32:
        """The log deviation at which `digits` is reached, for digits >= 1.7. shape: [profiles, rows]"""
        columns = self._columns
        log: F32 = columns["tail_excess"] / columns["tail_excesses"]
        log *= np.float32((digits - _DIGITS_AT_QUANTILE) * _LN10)
        log += columns["tail_quantile"]
        return log

    def update(self, logs: F32, *, weight: F32) -> None:
        """Learn; weight [profiles, rows], 0 to 1."""
        columns = self._columns
        points, quantile, mean = columns["tail_points"], columns["tail_quantile"], columns["tail_mean"]
        first = points == 0.0
        if np.count_nonzero(first):
            first &= weight > 0.0
            np.copyto(quantile, np.minimum(logs, 0.0), where=first)
            np.copyto(mean, logs, where=first)
        rate = np.maximum(1.0 / (points + 1.0), np.float32(1.0 / _MEMORY_POINTS))
        rate *= weight
        offset = logs - mean
        moved = rate * offset
        mean += moved
        moved *= offset
        variance = columns["tail_variance"]
        variance += moved
        variance *= 1.0 - rate
        step = np.maximum(_STEP / (points + 5.0), np.float32(_STEP / _MEMORY_POINTS))
        step *= weight
        step *= np.sqrt(variance) + _LEAST_SPREAD
        over = rows_of((logs > quantile).ravel())
        over = over[weight.take(over) > 0.0]
        raised = quantile.take(over) + step.take(over) * np.float32(1.0 - _TAIL_SHARE)
        quantile -= step * np.float32(_TAIL_SHARE)
        quantile.put(over, raised)
        self._learn_excess(over, np.maximum(logs.take(over) - raised, 0.0), weight.take(over))
        points += weight

    def _learn_excess(self, places: Rows, excess: F32, weight: F32) -> None:
        """At the few places over their quantile, counted along [profiles * rows]."""
        for name, prior, amount in (
            ("tail_excess", _PRIOR_EXCESS * _PRIOR_WEIGHT, excess * weight),
            ("tail_excesses", _PRIOR_WEIGHT, weight),
        ):
            column = self._columns[name]
            column.put(places, column.take(places) * _KEEP + prior * (1.0 - _KEEP) + amount)
