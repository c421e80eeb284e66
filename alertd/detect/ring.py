"""`Ring`: the last window of every row, as buckets of time.

A window of a week at one point a minute is 10,080 points; kept as a few hundred buckets it costs what a short one costs. Windows of
fewer points than buckets are exact to the point; others move on by one bucket at a time. The buckets belong to absolute times, so gaps
and uneven steps need no care beyond emptying what was skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np

from alertd.detect.columns import F64, Bool, Column, Columns, Rows

_NEVER = -1


class Ring:
    """Where the present bucket is, and which ones are to be emptied before it is used."""

    def __init__(self, columns: Columns, *, window: timedelta, buckets: int) -> None:
        self._columns = columns
        self._buckets = buckets
        self._width = window.total_seconds() / buckets

    @staticmethod
    def layout() -> dict[str, Column]:
        """The columns it needs."""
        return {"bucket": Column(np.int64, _NEVER)}

    def place(self, at: float | F64) -> tuple[Any, Any]:
        """The cell of this moment: an index (bucket, row) of [rows] cells; of a view where they are all in one bucket."""
        bucket = self._number(at) % self._buckets
        return bucket, np.arange(self._columns.rows) if np.ndim(bucket) else slice(None)

    def advance(self, at: float | F64, *, ok: Bool) -> Iterator[tuple[Rows, Rows]]:
        """Cells to empty, as indices (buckets, rows), so that the rows `ok` hold the window up to `at` only."""
        last = self._columns["bucket"]
        number = self._number(at)
        behind = np.minimum(number - last, self._buckets) * (ok & (last != _NEVER))
        for step in range(1, int(behind.max(initial=0)) + 1):
            rows = np.flatnonzero(behind >= step)
            yield (np.broadcast_to(number, behind.shape)[rows] - behind[rows] + step) % self._buckets, rows
        np.copyto(last, number, where=ok)

    def _number(self, at: float | F64) -> Rows:
        return np.floor_divide(at, self._width).astype(np.int64)
