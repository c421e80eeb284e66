"""Which part of the day and of the week a time lies in, in a time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import numpy as np

from alertd.detect.columns import F64, Rows

MINUTE = 60
HOUR = 3600
DAY = 86_400
WEEK = 7 * DAY
_EPOCH_IS_THURSDAY = 3 * DAY  # 1970-01-01; weeks begin on Monday


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A time, for all rows at once or one per row (a replay of series with clocks of their own).

    at      unix seconds, a number or [rows]
    local   the same on the zone's wall clock: the hour repeated in autumn falls into one part of the day twice
    dt      [rows] seconds since the row's last point, at most two usual steps (a gap counts no more)
    share   [rows] how much a point counts where points are counted: those of one minute count as one. Otherwise an hour of a
            rule that is evaluated every five seconds would be forgotten within minutes
    """

    at: float | F64
    local: float | F64
    dt: F64
    share: F64

    @classmethod
    def of(cls, at: float | F64, dt: F64, zone: tzinfo) -> Moment:
        share = np.minimum(dt / MINUTE, 1.0)
        np.copyto(share, 1.0, where=dt <= 0.0)
        return cls(at, local_seconds(at, zone), dt, share)

    @property
    def newest(self) -> float:
        """The latest of the rows' times."""
        return float(self.at.max()) if isinstance(self.at, np.ndarray) else self.at

    @property
    def of_day(self) -> float | F64:
        """How much of the local day has passed, 0 to less than 1."""
        return self.local % DAY / DAY

    @property
    def of_week(self) -> float | F64:
        """How much of the local week has passed since Monday 0:00, 0 to less than 1."""
        return (self.local + _EPOCH_IS_THURSDAY) % WEEK / WEEK


def hour_of_week(local: float | F64) -> Rows:
    """0 to 167, Monday 0:00 first, of seconds on the wall clock as `local_seconds` gives them."""
    return np.floor_divide((local + _EPOCH_IS_THURSDAY) % WEEK, HOUR).astype(np.intp)


def time_of(at: float | F64, rows: Rows) -> float | F64:
    """The time of these rows."""
    return at[rows] if isinstance(at, np.ndarray) else at


def local_seconds(at: float | F64, zone: tzinfo) -> float | F64:
    """Unix seconds as the zone's wall clock shows them, as if it were UTC."""
    if zone is UTC:
        return at
    if isinstance(at, np.ndarray):
        each: F64 = at + np.array([_offset(second, zone) for second in at.tolist()])
        return each
    return at + _offset(at, zone)


def _offset(at: float, zone: tzinfo) -> float:
    if not np.isfinite(at):
        return 0.0
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0
