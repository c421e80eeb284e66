"""Burn rates of a budget: how much faster it is used than it lasts, over a long and a short window at once.

source   SRE workbook, chapter 5; the windows of Sloth's 30-day catalogue
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from alertd.duration import format_duration
from alertd.ledger.ledger import Ledger
from alertd.ledger.periods import Span
from alertd.ledger.profile import expected_level
from alertd.query.batch import F64
from alertd.rules.budget_settings import BurnSettings

_STANDARD = (
    BurnSettings(long=timedelta(hours=1), short=timedelta(minutes=5), factor=14.4, severity="critical"),
    BurnSettings(long=timedelta(hours=6), short=timedelta(minutes=30), factor=6, severity="critical"),
    BurnSettings(long=timedelta(days=1), short=timedelta(hours=2), factor=3, severity="warning"),
    BurnSettings(long=timedelta(days=3), short=timedelta(hours=6), factor=1, severity="warning"),
)
_STANDARD_PERIOD = timedelta(days=30)
_SHORTEST_LONG, _SHORTEST_SHORT = timedelta(minutes=15), timedelta(minutes=5)
_GRID = timedelta(minutes=5)


def standard_windows(period: timedelta) -> tuple[BurnSettings, ...]:
    """14.4, 6, 3 and 1 over windows as long, in proportion to the period, as those of 30 days are.

    No window is shorter than 15 and 5 minutes: of an hour or a day that leaves fewer. Where two have become the same, the
    smaller factor stays, for it fires first.
    """
    windows: dict[timedelta, BurnSettings] = {}
    for window in _STANDARD:
        long = max(_scaled(window.long, period), _SHORTEST_LONG)
        short = max(_scaled(window.short, period), _SHORTEST_SHORT)
        if 4 * long <= period:
            windows[long] = window.model_copy(update={"long": long, "short": short})
    return tuple(windows.values())


def _scaled(window: timedelta, period: timedelta) -> timedelta:
    return round(window * (period / _STANDARD_PERIOD) / _GRID) * _GRID


@dataclass(frozen=True, slots=True)
class Burn:
    """One window at one moment. breached: [scopes]; rates: [scopes] over the long window, 1 lasts just to the end"""

    window: BurnSettings
    breached: NDArray[np.bool_]
    rates: F64

    @property
    def label(self) -> str:
        """Value of the label burn_window."""
        return format_duration(self.window.long)


def burns(
    ledger: Ledger, windows: Sequence[BurnSettings], *, limits: F64, period: Span, profile: F64 | None, at: datetime
) -> list[Burn]:
    """How fast every scope burns at `at`.

    limits    [scopes], NaN where a scope has none
    profile   see `week_profile`: a rate is divided by what the hours of its window usually are of an average one, since
              every working-day morning burns at 3. Without it a factor of 1 says nothing and is left out: unlike that of an
              SLO, the normal burn of a budget is about 1.
    """
    return [
        _burn(ledger, window, limits=limits, period=period, profile=profile, at=at)
        for window in windows
        if window.factor > 1 or profile is not None
    ]


def _burn(
    ledger: Ledger, window: BurnSettings, *, limits: F64, period: Span, profile: F64 | None, at: datetime
) -> Burn:
    rates, breached = [], np.ones(len(limits), dtype=bool)
    for length in (window.long, window.short):
        span = Span(at - length, at)
        rate = ledger.spent(span) / (limits * (length / period.length))
        if profile is not None:
            level = expected_level(profile, span, ledger.layout.calendar.zone)
            # Scopes that are new since the profile was made have average hours.
            rate = rate / np.concatenate([level, np.ones(len(rate) - len(level))])
        breached &= rate > window.factor  # NaN is never breached
        rates.append(rate)
    return Burn(window, breached, rates[0])
