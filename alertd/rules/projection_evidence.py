"""What `$alert` offers about a projected period."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from alertd.detect.forecast import F64
from alertd.detect.forecast_interval import FEWEST_RATIOS
from alertd.ledger.ledger import Ledger
from alertd.rules.budget_quality import qualities
from alertd.rules.projection_period import PeriodForecast
from alertd.rules.projection_score import LEVEL

EARLY, LATE = 0.9, 0.1


class Evidence:
    """Evidence of one slot; rows are those of the ledger's scopes. limit: [scopes]"""

    def __init__(self, forecast: PeriodForecast, limit: F64, ledger: Ledger, *, unit: str) -> None:
        outlook = forecast.outlook
        self._forecast, self._limit, self._unit = forecast, limit, unit
        self._low, self._high = outlook.between(LEVEL)
        self._probability, self._projected = outlook.exceeds(limit), outlook.projected
        self._count = outlook.coming.count
        self._completeness = ledger.completeness(forecast.period, at=forecast.at)
        self._qualities = qualities(ledger)

    def of(self, row: int) -> Mapping[str, object]:
        """Of one scope: what is spent, what is projected, when the limit is passed, and how well all that is known."""
        return {**self._spent(row), **self._ahead(row), **self._passed(row), **self._known(row)}

    def _spent(self, row: int) -> Mapping[str, object]:
        """Spend, Limit, which is Threshold too, Unit, Percent: how much of the limit that is; PeriodStart, PeriodEnd."""
        spent, limit, period = float(self._forecast.outlook.spent[row]), float(self._limit[row]), self._forecast.period
        return {
            "Spend": spent,
            "Limit": limit,
            "Threshold": limit,
            "Unit": self._unit,
            "Percent": 100 * spent / limit,
            "PeriodStart": period.start,
            "PeriodEnd": period.end,
        }

    def _ahead(self, row: int) -> Mapping[str, object]:
        """At the period's end: Projected; ProjectedLow and ProjectedHigh, between which 80 % lie; Probability of passing
        the limit; Interval, which is that in words, or that there is none yet.
        """
        low, high = float(self._low[row]), float(self._high[row])
        return {
            "Projected": float(self._projected[row]),
            "ProjectedLow": low,
            "ProjectedHigh": high,
            "Probability": float(self._probability[row]),
            "Interval": interval_text(low, high, int(self._count[row])),
        }

    def _passed(self, row: int) -> Mapping[str, object]:
        """ExhaustedAt, ExhaustedEarly, ExhaustedLate: when the limit will be passed; None for not in this period, or already."""
        moments = zip(("ExhaustedAt", "ExhaustedEarly", "ExhaustedLate"), self._exhausted, strict=True)
        return {name: self._forecast.moment(float(after[row])) for name, after in moments}

    @cached_property
    def _exhausted(self) -> tuple[F64, ...]:
        outlook = self._forecast.outlook
        ahead = outlook.spent <= self._limit
        return tuple(
            np.where(ahead, outlook.exceeded_after(self._limit, p=p), np.inf) for p in (None, EARLY, LATE)
        )  # fmt: skip

    def _known(self, row: int) -> Mapping[str, object]:
        """Completeness, CompleteFrom, Imputed: how much of the period so far was observed, since when, and what came in
        unseen. Unpriced, Caveats: models without a price; why the spend so far is a lower bound. Text, mostly empty.
        """
        quality, completeness = self._qualities[row], self._completeness
        return {
            "Completeness": completeness.share,
            "CompleteFrom": completeness.complete_from,
            "Imputed": float(completeness.imputed[row]),
            "Unpriced": ", ".join(quality.unpriced),
            "Caveats": quality.caveats(completeness),
        }


def interval_text(low: float, high: float, count: int) -> str:
    """`812 to 1,204 (80%)`, or how far one is from that."""
    if count < FEWEST_RATIOS:
        return f"no interval yet (n={count})"
    return f"{_short(low)} to {_short(high)} ({LEVEL:.0%})"


def _short(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}"
