"""How sure a forecast is: what earlier forecasts of its kind missed by, pooled over series (split conformal).

A forecast of the remaining amount is compared with what came. The ratios of many series at many past moments, each in
units of its series' own spread, say how far the next one may miss: no distribution is assumed, and level changes, which
resampling one series' own days cannot show, are in them. Of series that were idle so far the amounts that came to others
like them say what one may bring yet.

source   Vovk et al. (2005), Lei et al. (2018): split conformal prediction; the finite-sample index ceil((n + 1) p)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alertd.detect.forecast import F64
from alertd.detect.forecast_remaining import Remaining, Rows

Bool = NDArray[np.bool_]

FEWEST_RATIOS = 20
"""With fewer there is no interval: the tenth smallest of ten says nothing about one in ten."""

_TIER = 30  # ratios that make a tier of their own
_MOST_TIERS = 4
_OWN = 30  # ratios of one series before its own bias counts
_OWN_SHRINKAGE = 60.0
_SPREAD_SHRINKAGE = 7.0  # steps of its own that weigh as much as the pool
_LEAST_SPREAD = 0.01
_AS_FAR = 1.25  # times: outcomes of forecasts that looked at least 80 % as far
_FURTHER = 0.125
"""The power of `stretch` that errors grow with: what levels wander by, less what single steps even out. Of 0, 1/8, 1/4, 3/8
and 1/2 (a random walk) the one whose intervals hold best, where no earlier period is known, in `show_synthetic` of
tests/bench/forecast.py; with 1/2 they are thousands of times as wide as what is predicted."""
_ROUNDING = 1e-9  # 0.1 is no binary fraction


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Forecasts of the past and what came of them, one entry each.

    series   [n] row of the series
    made     what was forecast
    actual   [n] the amount that came
    stretch  [n] >= 1: how many times as far the forecast now looks
    """

    series: Rows
    made: Remaining
    actual: F64
    stretch: F64

    def __len__(self) -> int:
        return len(self.actual)


class Pool:
    """What earlier forecasts missed by, in units of their series' spread, sorted; one list per tier of size.

    To a series that was idle all the time there is no ratio: the amounts that came to others like it are pooled as they
    are, in the last list.

    times   how often each list is drawn from for one forecast: once for errors. What came to idle series came in a part of the
            time that is forecast now, and each such part is another chance to begin
    """

    def __init__(self, past: Outcomes) -> None:
        active = past.made.base > 0
        made, self._series = past.made[active], past.series[active]
        self.typical_spread = float(np.median(made.spread)) if active.any() else 1.0
        ratio = _logarithm(past.actual[active] / made.base)
        self._all = ratio / shrunk_spread(made, self.typical_spread) * past.stretch[active] ** _FURTHER
        self.looked_as_far = len(past) > 0 and bool(np.median(past.stretch) <= _AS_FAR)
        self._edges = _tier_edges(made.predicted)
        tier = np.searchsorted(self._edges, made.predicted)
        self.scores = [np.sort(self._all[tier == number]) for number in range(len(self._edges) + 1)]
        self.scores.append(np.sort(past.actual[~active]))
        parts = 1 / past.stretch[~active]
        self.times = [*(1.0 for _ in self.scores[:-1]), len(parts) / float(np.sum(parts)) if len(parts) else 1.0]

    def tier(self, now: Remaining) -> NDArray[np.int64]:
        """[series] the number of the list that speaks for each."""
        return np.where(now.base > 0, np.searchsorted(self._edges, now.predicted), len(self._edges) + 1)

    def shift(self, count: int) -> F64:
        """[count] series: how far its own forecasts missed beside everybody's, shrunk towards 0; 0 with fewer than 30."""
        shift = np.zeros(count)
        everybody = np.median(self._all) if len(self._all) else 0.0
        order = np.argsort(self._series, kind="stable")
        rows, starts, sizes = np.unique(self._series[order], return_index=True, return_counts=True)
        for row, start, size in zip(rows.tolist(), starts.tolist(), sizes.tolist(), strict=True):
            own = np.median(self._all[order[start : start + size]]) - everybody if size >= _OWN else 0.0
            if row < count and np.isfinite(own):
                shift[row] = size / (size + _OWN_SHRINKAGE) * own
        return shift


class Distribution:
    """How much remains, per series: quantiles, and the probability of more than an amount.

    shift  [series] of `pool.shift`, where it is known already
    share  of the time that was to come when the pool was made, what is still to come
    """

    def __init__(self, now: Remaining, pool: Pool, *, shift: F64 | None = None, share: float = 1.0) -> None:
        self._now, self._base = now, now.base
        self._scale = shrunk_spread(now, pool.typical_spread)
        self._shift = pool.shift(len(now.predicted)) if shift is None else shift
        self._tier = pool.tier(now)
        self._looked_as_far = pool.looked_as_far
        self._scores = pool.scores
        self._times = [*pool.times[:-1], max(pool.times[-1] * share, np.finfo(float).tiny)]

    @property
    def count(self) -> NDArray[np.int64]:
        """[series] how many earlier forecasts speak for each; 0 for one without history."""
        sizes = np.array([len(scores) for scores in self._scores])
        return np.where(np.isnan(self._base), 0, sizes[self._tier])

    @property
    def known(self) -> Bool:
        """[series] whether those are enough."""
        return self.count >= FEWEST_RATIOS

    def between(self, level: float) -> tuple[F64, F64]:
        """[series] twice: from where to where the amount lies with at least probability `level`; NaN where not known.

        Where nothing at all is so likely that the lower end is 0, no error is left there: all of it goes to the upper.
        The centre is always inside: where it is not among what the errors of others allow, the interval reaches to it.
        """
        tail = (1 - level) / 2
        low = self._amount(_lower_end_of, tail)
        high = np.where(low <= 0, self.quantile(level), self.quantile(1 - tail))
        centre = self.centre()
        return np.minimum(low, centre), np.maximum(high, centre)

    def end(self, p: float) -> F64:
        """[series] the `p`-quantile, or the centre where that is further out."""
        outer = np.maximum if p > 0.5 else np.minimum
        return outer(self.quantile(p), self.centre())

    def quantile(self, p: float) -> F64:
        """[series] the amount that is not exceeded with probability `p`; NaN where not known."""
        return self._amount(_upper_end_of, p)

    def centre(self) -> F64:
        """[series] the amount to name: half way, in logarithms, from what was predicted to what the others suggest.

        What the others missed by is the best guess of what this one will miss by, and they are not this one. Forecasts
        that looked much less far say how wild things are, not which way they go: then, and where nothing is known, it is
        what was predicted. A series that was idle so far has nothing of its own: it is the middle of what came to others.
        """
        predicted, middle = self._now.predicted, self.quantile(0.5)
        halfway = np.where(predicted > 0, np.sqrt(predicted * middle), middle)
        return np.where(self.known & (self._looked_as_far | (self._base == 0)), halfway, predicted)

    def exceeds(self, amount: F64) -> F64:
        """[series] -> [series]: the probability that more than `amount` comes; 1 below 0, NaN where not known."""
        probability = np.full(len(amount), np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = _logarithm(np.maximum(amount, 0.0) / self._base) / self._scale - self._shift
        score = np.where(self._base > 0, ratio, amount)
        for rows, scores, times in self._enough():
            above = len(scores) - np.searchsorted(scores, score[rows], side="right")
            probability[rows] = 1 - (1 - (above + 1) / (len(scores) + 2)) ** times
        return np.where((amount < 0) & self.known, 1.0, probability)

    def _amount(self, end: Callable[[F64, float, float], float], p: float) -> F64:
        score = np.full(len(self._tier), np.nan)
        for rows, scores, times in self._enough():
            score[rows] = end(scores, p, times)
        ratio = np.exp(np.where(self._base > 0, self._scale * (score + self._shift), 0.0))
        return np.where(self._base > 0, self._base * ratio, score)

    def _enough(self) -> Iterator[tuple[Bool, F64, float]]:
        """Lists that are long enough: [series] whom each speaks for, its numbers, how many `times` they come."""
        for tier, (scores, times) in enumerate(zip(self._scores, self._times, strict=True)):
            if len(scores) >= FEWEST_RATIOS:
                yield (self._tier == tier) & ~np.isnan(self._base), scores, times


def upper_end(scores: F64, p: float) -> float:
    """Of n sorted scores the one that a further score does not exceed with probability `p`: number (n + 1) p, rounded up."""
    number = math.ceil((len(scores) + 1) * p - _ROUNDING)
    return float(scores[min(max(number, 1), len(scores)) - 1])


def lower_end(scores: F64, p: float) -> float:
    """Of n sorted scores the one that a further score stays below with probability `p`: number (n + 1) p, rounded down."""
    number = math.floor((len(scores) + 1) * p + _ROUNDING)
    return float(scores[max(number, 1) - 1])


def _upper_end_of(scores: F64, p: float, times: float) -> float:
    """`upper_end` of the sum of several draws: of the largest, for what begins out of nothing is so unequal that it is nearly
    the sum. Where there are too few to tell that, it is the largest of all every time.
    """
    of_one = p ** (1 / times)
    too_few = of_one > len(scores) / (len(scores) + 1)
    return upper_end(scores, of_one) * (max(times, 1.0) if too_few else 1.0)


def _lower_end_of(scores: F64, p: float, times: float) -> float:
    """`lower_end` of the same."""
    return lower_end(scores, p ** (1 / times))


def _tier_edges(predicted: F64) -> F64:
    """Where the tiers by size meet, each with enough ratios: large and small series miss differently."""
    tiers = min(len(predicted) // _TIER, _MOST_TIERS)
    edges = np.quantile(predicted, np.arange(1, tiers) / tiers) if tiers > 1 else np.empty(0)
    sizes = np.bincount(np.searchsorted(edges, predicted), minlength=len(edges) + 1)
    return edges if sizes.min() >= FEWEST_RATIOS else np.empty(0)


def shrunk_spread(made: Remaining, typical: float) -> F64:
    """[series] the spread of each, as far as its own steps can tell; the rest from what is typical."""
    own = np.where(made.known > 0, made.spread, 0.0) * made.known
    return np.maximum((own + _SPREAD_SHRINKAGE * typical) / (made.known + _SPREAD_SHRINKAGE), _LEAST_SPREAD)


def _logarithm(ratio: F64) -> F64:
    with np.errstate(divide="ignore"):
        return np.log(ratio)
