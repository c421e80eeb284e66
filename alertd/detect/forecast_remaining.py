"""`Remaining`: what is forecast to come, and how wild the series were it is forecast for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alertd.detect.forecast import F64, Classes, count_known, expected, mean

Rows = NDArray[np.intp]

_FLOOR = 0.1  # of the mean step: what an idle step counts as where logarithms are taken


@dataclass(frozen=True, slots=True)
class Remaining:
    """The amounts forecast for some series.

    predicted  [series] the amount, >= 0; NaN for a series without history
    mean       [series] the series' mean amount over as many steps; 0 for one that never had any
    spread     [series] standard deviation of the logarithm of its steps around what was expected of them
    known      [series] steps that is taken from
    """

    predicted: F64
    mean: F64
    spread: F64
    known: F64

    @property
    def base(self) -> F64:
        """[series] what ratios are taken to: above 0 for a series that had anything, even if nothing is predicted."""
        return self.predicted + _FLOOR * self.mean

    def cut(self, path: F64, *, share: float) -> Remaining:
        """Of the same series with another `path` [series, steps], which is this share of the time."""
        return Remaining(np.sum(path, axis=1), self.mean * share, self.spread, self.known)

    def __getitem__(self, rows: Rows | NDArray[np.bool_]) -> Remaining:
        return Remaining(self.predicted[rows], self.mean[rows], self.spread[rows], self.known[rows])


def predict(history: F64, past: Classes, future: Classes, *, season: int) -> tuple[F64, Remaining]:
    """The steps to come and their sum.

    history, past, future, season   as for `expected`
    returns  the path [series, future], and what it adds up to
    """
    path = expected(history, past, future, season=season)
    # What the coarsest classes leave unexplained is told apart well enough, for a fraction of the work.
    fitted = expected(history, past[-1:], past[-1:], season=season)
    known = count_known(history)
    typical = np.where(known > 0, mean(history), 0.0)
    ahead = float(future.shape[1])
    return path, Remaining(
        np.sum(path, axis=1), typical * ahead, _spread(history, fitted, typical), known.astype(float)
    )


def _spread(history: F64, fitted: F64, typical: F64) -> F64:
    floor = np.maximum(_FLOOR * typical, np.finfo(float).tiny)[:, None]
    deviation = np.log((history + floor) / (fitted + floor))
    return np.where(count_known(deviation) > 0, np.sqrt(mean(deviation**2)), 0.0)
