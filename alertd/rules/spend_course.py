"""`Course`: what a scope spent on the way to now, and where it is going; for charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np

from alertd.labels import LabelSet
from alertd.ledger.ledger import Ledger
from alertd.query.batch import F64


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """What is projected, [points] each; times in Unix seconds, the first is now. low and high are NaN without an interval."""

    times: F64
    low: F64
    middle: F64
    high: F64


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Course:
    """One scope.

    times   [points] Unix seconds, rising
    spent   [points] of the period each moment is in; NaN where nothing was observed
    limits  names and amounts, rising
    zone    the period's
    """

    unit: str
    zone: ZoneInfo
    times: F64
    spent: F64
    limits: tuple[tuple[str, float], ...]

    @classmethod
    def of(
        cls, ledger: Ledger, scope: LabelSet, *, since: datetime | None, points: int, limits: Mapping[str, float]
    ) -> Self | None:
        """Up to the newest observation, from its period's start or from `since`; None of a scope that is not known."""
        if ledger.at is None or scope not in ledger.scopes:
            return None
        calendar = ledger.layout.calendar
        start = min(since or calendar.period(ledger.at).start, ledger.at)
        times = np.linspace(start.timestamp(), ledger.at.timestamp(), points)
        by_amount = tuple(sorted(limits.items(), key=lambda one: one[1]))
        return cls(
            unit=ledger.layout.unit,
            zone=calendar.zone,
            times=times,
            spent=ledger.course(scope, times),
            limits=by_amount,
        )
