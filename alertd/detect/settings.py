"""`DetectorSettings`: how series are judged; one set for all rows of a detector."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo
from typing import Literal

MethodName = Literal["sigma", "ewma", "robust", "seasonal"]
Season = Literal["auto", "none", "day", "week"]
Direction = Literal["above", "below", "both"]

DEFAULT_K: dict[MethodName, float] = {"sigma": 3.0, "ewma": 3.0, "robust": 3.5, "seasonal": 2.75}
"""Standard deviations that make a point anomalous; `seasonal`: as rare as that many are in a Gaussian series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSettings:
    """Every setting has the same meaning for every method.

    k                      sensitivity in standard deviations; None: `DEFAULT_K`
    false_alerts_per_week  lets the detector set k from its own scores, `k` is then where it starts
    window                 how far back sigma and robust look; the time constant of ewma
    min_change             relative floor: a deviation counts from this share of the expected value
    min_value              absolute floor: a deviation counts from this much, in the series' unit
    sparse_factor          an excess counts from this multiple of the series' own 99th percentile, or of what the hour of the week brought
                           two weeks running (seasonal); 0 is off
    slow                   the last 24 hours count from this multiple of their usual total; 0 is off. Of seasonal, upwards
    points                 (m, n): an event begins when m of the last n points are anomalous
    clear_below, recovery  an event ends when the score stayed below for so long
    adopt_after            an event that lasts so long is a new level
    rearm                  a point is news when none as strong was seen for so long
    warm_up                a row is judged by its own past from this age and 30 points on
    zone                   the time zone days and weeks begin in
    """

    method: MethodName = "seasonal"
    k: float | None = None
    false_alerts_per_week: float | None = None
    window: timedelta = timedelta(days=7)
    season: Season = "auto"
    direction: Direction = "above"
    min_change: float = 0.25
    min_value: float = 0.0
    sparse_factor: float = 1.75
    slow: float = 2.0
    points: tuple[int, int] = (2, 3)
    clear_below: float = 0.7
    recovery: timedelta = timedelta(hours=1)
    adopt_after: timedelta = timedelta(hours=24)
    rearm: timedelta = timedelta(hours=12)
    warm_up: timedelta = timedelta(days=1)
    warm_up_points: int = 30
    zone: tzinfo = UTC

    @property
    def start_k(self) -> float:
        """The k in force before the detector sets its own."""
        return DEFAULT_K[self.method] if self.k is None else self.k

    @property
    def warm_up_seconds(self) -> float:
        """How old a row has to be; a window that is shorter is full earlier."""
        windowed = self.method in ("sigma", "robust")
        return (min(self.warm_up, self.window) if windowed else self.warm_up).total_seconds()
