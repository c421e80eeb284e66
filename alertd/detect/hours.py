"""`Hours`: mean and peak of every hour of every row, for what is learned by the hour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alertd.detect.columns import F64, Bool, Column, Columns, Rows, rows_of
from alertd.detect.local_time import HOUR, Moment, hour_of_week, time_of

_NEVER = -1


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """The hours some rows are done with, the newest one of each row; all [rows that end one].

    number      hours since 1970
    of_week     0 to 167, Monday 00:00 local time first
    mean, peak  of the hour's points; peak is 0 where none is positive
    """

    rows: Rows
    number: NDArray[np.int64]
    of_week: Rows
    mean: F64
    peak: F64


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """The rows whose first point of an hour a slot brings.

    of_week  [rows] 0 to 167: the hour that begins
    ended    the hours before, of those rows that had one
    """

    rows: Rows
    of_week: Rows
    ended: Ended


class Hours:
    """The present hour of every row."""

    def __init__(self) -> None:
        self.columns = Columns(
            {"sum": Column(), "points": Column(), "peak": Column(), "number": Column(np.int64, _NEVER)}
        )

    def turn(self, moment: Moment, *, ok: Bool) -> Turn | None:
        """Before the points of the rows `ok` are added: what turns with them; None where nothing does."""
        columns = self.columns
        at = moment.at
        number = (at // HOUR).astype(np.int64) if isinstance(at, np.ndarray) else int(at // HOUR)
        turns = ok & (columns["number"] != number)
        if not np.count_nonzero(turns):
            return None
        ended = self._ended(moment, rows_of(turns & (columns["points"] > 0.0)))
        np.copyto(columns["number"], number, where=turns)
        rows = rows_of(turns)
        return Turn(rows, np.broadcast_to(hour_of_week(time_of(moment.local, rows)), rows.shape), ended)

    def add(self, values: F64, *, ok: Bool) -> None:
        """Take in values [rows], 0 where not `ok`."""
        columns = self.columns
        np.add(columns["sum"], values, out=columns["sum"])
        np.add(columns["points"], ok, out=columns["points"])
        np.maximum(columns["peak"], values, out=columns["peak"])

    def _ended(self, moment: Moment, rows: Rows) -> Ended:
        columns = self.columns
        every = slice(None) if rows.size == columns.rows else rows
        present = columns.together("sum", "points", "peak")
        total, points, peak = present[:, every]
        mean, peak = total / points, peak.copy()
        present[:, every] = 0.0
        number = columns["number"][rows]
        ahead = time_of(moment.local, rows) - time_of(moment.at, rows)
        return Ended(rows, number, hour_of_week(number * HOUR + ahead), mean, peak)
