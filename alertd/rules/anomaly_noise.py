"""How often a sensitivity fires without a cause: the arithmetic of Gaussian series."""

from __future__ import annotations

import math
from datetime import timedelta

from alertd.rules.anomaly_settings import AnomalySettings

_WEEK = timedelta(days=7)


def expected_per_week(settings: AnomalySettings, interval: timedelta, *, smoothed_over: timedelta) -> float:
    """Alerts a week from one series of independent Gaussian noise; real series have more, their tails are heavier.

    smoothed_over  the window of the expression's rate: values whose windows overlap rise and fall together, so that
                   asking for several anomalous ones asks for little more than one
    """
    sides = 2.0 if settings.direction == "both" else 1.0
    tail = sides * 0.5 * math.erfc(settings.sensitivity / math.sqrt(2.0))
    least, of = settings.points
    if smoothed_over >= least * interval:
        return tail * (_WEEK / max(smoothed_over, interval))
    begins: float = math.comb(of - 1, least - 1) * tail**least
    return begins * (_WEEK / interval)
