"""Where a period will end: what is spent, what is expected, what is planned, and how sure all that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alertd.detect.forecast import F64
from alertd.detect.forecast_interval import Bool, Distribution


@dataclass(frozen=True, slots=True)
class Outlook:
    """The forecast of one period for some series.

    spent    [series] so far
    path     [series, steps] expected in each step that is left, the rest of the running one first
    planned  [series, steps] amounts that are certain to come, such as fees; no error is on them
    coming   how much of the path may come
    """

    spent: F64
    path: F64
    planned: F64
    coming: Distribution

    @property
    def certain(self) -> F64:
        """[series] the least the period can end with."""
        least: F64 = self.spent + np.sum(self.planned, axis=1)
        return least

    @property
    def projected(self) -> F64:
        """[series] the amount at the period's end; NaN for a series without history."""
        return self.certain + self.coming.centre()

    @property
    def known(self) -> Bool:
        """[series] whether there is an interval, and with it a probability."""
        return self.coming.known

    def between(self, level: float) -> tuple[F64, F64]:
        """[series] twice: the ends of the interval that holds the period's amount with probability `level`."""
        low, high = self.coming.between(level)
        return self.certain + low, self.certain + high

    def exceeds(self, limit: F64) -> F64:
        """[series] limits -> [series]: the probability that the period ends above its limit; NaN where not known."""
        return np.where(self.certain > limit, 1.0, self.coming.exceeds(limit - self.certain))

    def exceeded_after(self, limit: F64, *, p: float | None = None) -> F64:
        """[series]: in how many steps the limit is passed, if what comes is what was projected; inf when not before the end.

        p   if what comes is the `p`-quantile: a large one is the early moment, a small one the late, and what is projected
            lies between them. NaN where not known
        """
        amount = self.coming.centre() if p is None else self.coming.end(p)
        after = reached_after(self._steps(amount), limit - self.spent)
        return np.where(np.isnan(amount) & (self.spent <= limit), np.nan, after)

    def after_steps(self, level: float) -> tuple[F64, F64, F64]:
        """[series, steps] three times: the amount at the end of each step, at the lower end, as projected, at the upper end."""
        low, high = self.coming.between(level)
        low, middle, high = (
            self.spent[:, None] + np.cumsum(self._steps(amount), axis=1) for amount in (low, self.coming.centre(), high)
        )
        return low, middle, high

    def _steps(self, amount: F64) -> F64:
        """[series] what comes of the path -> [series, steps] in each step, with what is planned in it."""
        total = np.sum(self.path, axis=1, keepdims=True)
        even = np.full_like(self.path, 1 / max(self.path.shape[1], 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            shape = np.where(total > 0, self.path / total, even)
        return shape * amount[:, None] + self.planned


def reached_after(path: F64, amount: F64) -> F64:
    """How many steps until the sum along `path` [series, steps] is more than `amount` [series]; inf when it never is.

    Within a step the amount comes evenly; 0 when `amount` is below 0 already.
    """
    total = np.cumsum(path, axis=1)
    above = total > amount[:, None]
    step = np.argmax(above, axis=1)
    rows = np.arange(len(path))
    before = total[rows, step] - path[rows, step]
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = step + np.maximum(amount - before, 0.0) / path[rows, step]
    return np.where(amount < 0, 0.0, np.where(above.any(axis=1), steps, np.inf))
