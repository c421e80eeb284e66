"""What `$alert` offers about a projected period."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from alertd.detect.forecast import F64
from alertd.detect.forecast_interval import FEWEST_RATIOS
from alertd.ledger.ledger import Ledger
from alertd.rules.budget_quality import qualities
from alertd.rules.projection_period import PeriodForecast
from alertd.rules.projection_score import LEVEL

EARLY, LATE = 0.9, 0.1


def evidence_of(
    forecast: PeriodForecast, limit: F64, ledger: Ledger, *, unit: str
) -> Callable[[int], Mapping[str, object]]:
    """The evidence of one scope, by its row.

    Spend, Limit, Percent            so far, the limit, how much of it that is
    Projected, ProjectedLow, ProjectedHigh, Probability   at the period's end; 80 % lie between low and high
    ExhaustedAt, ExhaustedEarly, ExhaustedLate   when the limit will be passed; None for not in this period, or already
    Completeness, CompleteFrom, Imputed   how much of the period so far was observed, since when, and what came in unseen
    Interval                         the interval in words, or that there is none yet
    Unpriced, Caveats                models without a price; why the spend so far is a lower bound. Text, mostly empty
    """
    outlook = forecast.outlook
    low, high = outlook.between(LEVEL)
    probability, projected = outlook.exceeds(limit), outlook.projected
    ahead = outlook.spent <= limit
    exhausted, early, late = (
        np.where(ahead, outlook.exceeded_after(limit, p=p), np.inf) for p in (None, EARLY, LATE)
    )  # fmt: skip
    completeness = ledger.completeness(forecast.period, at=forecast.at)
    known = qualities(ledger)
    count = outlook.coming.count

    def of(row: int) -> Mapping[str, object]:
        return {
            "Spend": float(outlook.spent[row]),
            "Limit": float(limit[row]),
            "Threshold": float(limit[row]),
            "Unit": unit,
            "Percent": 100 * float(outlook.spent[row] / limit[row]),
            "Projected": float(projected[row]),
            "ProjectedLow": float(low[row]),
            "ProjectedHigh": float(high[row]),
            "Probability": float(probability[row]),
            "ExhaustedAt": forecast.moment(float(exhausted[row])),
            "ExhaustedEarly": forecast.moment(float(early[row])),
            "ExhaustedLate": forecast.moment(float(late[row])),
            "PeriodStart": forecast.period.start,
            "PeriodEnd": forecast.period.end,
            "Completeness": completeness.share,
            "CompleteFrom": completeness.complete_from,
            "Imputed": float(completeness.imputed[row]),
            "Interval": interval_text(float(low[row]), float(high[row]), int(count[row])),
            "Unpriced": ", ".join(known[row].unpriced),
            "Caveats": known[row].caveats(completeness),
        }

    return of


def interval_text(low: float, high: float, count: int) -> str:
    """`812 to 1,204 (80%)`, or how far one is from that."""
    if count < FEWEST_RATIOS:
        return f"no interval yet (n={count})"
    return f"{_short(low)} to {_short(high)} ({LEVEL:.0%})"


def _short(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}"
