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

    def __getitem__(self, rows: Rows | NDArray[np.bool_]) -> Remaining:
        return Remaining(self.predicted[rows], self.mean[rows], self.spread[rows], self.known[rows])


def predict(
    history: F64, past: Classes, future: Classes, *, season: int, left: F64 | float = 1.0
) -> tuple[F64, Remaining]:
    """The steps to come and their sum.

    history, past, future, season  as for `expected`
    left     [series] the share of the first coming step that is still to come: of a day that has begun, its rest
    returns  the path [series, future], and what it adds up to
    """
    path = expected(history, past, future, season=season)
    path[:, :1] *= np.reshape(left, (-1, 1))
    # What the coarsest classes leave unexplained is told apart well enough, for a fraction of the work.
    fitted = expected(history, past[-1:], past[-1:], season=season)
    known = count_known(history)
    typical = np.where(known > 0, mean(history), 0.0)
    ahead = future.shape[1] - 1 + np.mean(left)
    return path, Remaining(
        np.sum(path, axis=1), typical * ahead, _spread(history, fitted, typical), known.astype(float)
    )


def _spread(history: F64, fitted: F64, typical: F64) -> F64:
    floor = np.maximum(_FLOOR * typical, np.finfo(float).tiny)[:, None]
    deviation = np.log((history + floor) / (fitted + floor))
    return np.where(count_known(deviation) > 0, np.sqrt(mean(deviation**2)), 0.0)
