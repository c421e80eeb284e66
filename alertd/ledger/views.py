"""What a ledger tells: spend per day and per hour, and how well a period is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from alertd.query.batch import F64

COMPLETE = 0.99
"""A day or period of which less was observed is not complete."""


@dataclass(frozen=True, slots=True)
class Days:
    """Spend per local day, oldest first; the last one is under way.

    amounts    [scopes, days]
    complete   [days] whether the whole day was observed; never true of the one under way
    """

    days: tuple[date, ...]
    amounts: F64
    complete: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Hours:
    """Spend per hour, oldest first; the last one is under way.

    starts     [hours] Unix seconds
    amounts    [scopes, hours]
    covered    [hours] seconds that were observed
    """

    starts: F64
    amounts: F64
    covered: F64


@dataclass(frozen=True, slots=True)
class Completeness:
    """How well a period is known.

    share          of its time so far that was observed, 0 to 1
    complete_from  since when it is known, gaps apart; None when nothing of it is
    imputed        [scopes] amount that came in while nothing was observed: known in sum, spread evenly in time
    """

    share: float
    complete_from: datetime | None
    imputed: F64
