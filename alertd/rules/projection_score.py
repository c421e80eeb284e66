"""`Scorecard`: forecasts of ended periods beside what came, so that everybody can see what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import nan

import msgspec
import numpy as np

from alertd.detect.forecast import F64
from alertd.rules.projection_period import PeriodForecast

LEVEL = 0.8
"""The probability with which the interval is meant to hold."""

_HORIZONS = (1, 3, 7, 14, 21, 31, 92, 366)
_ERRORS_KEPT = 500


class Noted(msgspec.Struct, frozen=True):
    """What was forecast for each scope; NaN where nothing was."""

    projected: list[float]
    low: list[float]
    high: list[float]
    probability: list[float]
    limit: list[float]


class Tally(msgspec.Struct):
    """What became of the forecasts of one horizon: intervals and how many held; errors; squared errors of probabilities."""

    intervals: int = 0
    held: int = 0
    errors: list[float] = msgspec.field(default_factory=list)
    outcomes: int = 0
    squares: float = 0.0


class SavedScores(msgspec.Struct):
    period: float = 0.0
    noted: dict[str, Noted] = msgspec.field(default_factory=dict)
    tallies: dict[str, Tally] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How forecasts of one horizon came out.

    horizon     steps that were left: `1`, `2-3`, `4-7`, ...
    intervals   of ended periods; held: of these, how many held what came
    errors      |forecast - actual| / actual
    outcomes    probabilities that were given; squares: their squared errors, summed
    """

    horizon: str
    intervals: int
    held: int
    errors: Sequence[float]
    outcomes: int
    squares: float

    @property
    def coverage(self) -> float:
        """Share of the intervals that held; NaN without any."""
        return self.held / self.intervals if self.intervals else nan

    @property
    def brier(self) -> float:
        """Mean square of probability less outcome: 0 is perfect, 0.25 a coin; NaN without any."""
        return self.squares / self.outcomes if self.outcomes else nan

    def with_others(self, other: Accuracy) -> Accuracy:
        """Of both together."""
        return Accuracy(
            self.horizon,
            self.intervals + other.intervals,
            self.held + other.held,
            (*self.errors, *other.errors),
            self.outcomes + other.outcomes,
            self.squares + other.squares,
        )


class Scorecard:
    """Notes the first forecast of each horizon in a period, and compares when the period has ended."""

    def __init__(self, saved: SavedScores | None = None) -> None:
        self.saved = saved or SavedScores()

    def note(self, forecast: PeriodForecast, limit: F64) -> None:
        """Keep what is forecast now, if it is the first of its horizon in this period."""
        start = forecast.period.start.timestamp()
        if start != self.saved.period:
            self.saved.period, self.saved.noted = start, {}
        horizon = horizon_of(len(forecast.spans))
        if horizon in self.saved.noted:
            return
        low, high = forecast.outlook.between(LEVEL)
        self.saved.noted[horizon] = Noted(
            *(part.tolist() for part in (forecast.outlook.projected, low, high, forecast.outlook.exceeds(limit), limit))
        )

    def close(self, start: float, actual: F64) -> None:
        """The period that began at `start` (Unix seconds) has ended, and every scope came to `actual`."""
        if start != self.saved.period:
            return
        for horizon, noted in self.saved.noted.items():
            _compare(self.saved.tallies.setdefault(horizon, Tally()), noted, actual[: len(noted.projected)])
        self.saved.noted = {}

    def accuracy(self) -> list[Accuracy]:
        """By horizon."""
        return [
            Accuracy(horizon, tally.intervals, tally.held, tuple(tally.errors), tally.outcomes, tally.squares)
            for horizon, tally in list(self.saved.tallies.items())  # while another thread may judge
        ]


def horizon_of(steps: int) -> str:
    """The bucket of so many steps that are left."""
    lower = next((low for low, high in pairwise((0, *_HORIZONS)) if low < steps <= high), _HORIZONS[-1])
    upper = next((high for high in _HORIZONS if steps <= high), None)
    if upper is None:
        return f"{lower + 1}-"
    return str(upper) if upper == lower + 1 else f"{lower + 1}-{upper}"


def _compare(tally: Tally, noted: Noted, actual: F64) -> None:
    projected, low, high, probability, limit = (
        np.array(part) for part in (noted.projected, noted.low, noted.high, noted.probability, noted.limit)
    )
    given = np.isfinite(low) & np.isfinite(high)
    tally.intervals += int(np.sum(given))
    tally.held += int(np.sum(given & (actual >= low) & (actual <= high)))
    sized = np.isfinite(projected) & (actual > 0)
    errors = np.abs(projected[sized] - actual[sized]) / actual[sized]
    tally.errors = [*tally.errors, *errors.tolist()][-_ERRORS_KEPT:]
    likely = np.isfinite(probability) & np.isfinite(limit)
    tally.outcomes += int(np.sum(likely))
    tally.squares += float(np.sum((probability[likely] - (actual[likely] > limit[likely])) ** 2))
