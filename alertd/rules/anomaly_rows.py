"""`SeriesRows`: which row of a detector belongs to which series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from alertd.detect import Detector
from alertd.detect.columns import F64, Rows
from alertd.labels import LabelSet


class SeriesRows:
    """Gives rows to new series, and takes them back from those that are gone for long.

    seen   [rows] unix seconds of the newest slot a series had a sample at; -inf for a row nobody has
    """

    def __init__(self, detector: Detector, *, keep: timedelta) -> None:
        self._detector = detector
        self._keep = keep.total_seconds()
        self._by_series: dict[LabelSet, int] = {}
        self._newest: tuple[tuple[LabelSet, ...], Rows] = ((), np.empty(0, dtype=np.intp))
        self.series: list[LabelSet | None] = []
        self.seen: F64 = np.empty(0)

    def __len__(self) -> int:
        return len(self._by_series)

    def row(self, series: LabelSet) -> int | None:
        return self._by_series.get(series)

    def of(self, labels: tuple[LabelSet, ...], values: F64, at: float) -> Rows:
        """The rows of these series; most often they are those of the last slot.

        values   [series] at `at`; NaN is no sample
        """
        known, rows = self._newest
        if labels != known:  # a comparison by identity, label sets are interned
            rows = self._look_up(labels, at)
            self._newest = labels, rows
        self.seen[rows[np.isfinite(values)]] = at
        return rows

    def restore(self, series: Sequence[LabelSet | None], seen: F64) -> None:
        """Take over who had which row; the detector has these rows already."""
        self.series, self.seen = list(series), seen
        self._by_series = {labels: row for row, labels in enumerate(series) if labels is not None}

    def _look_up(self, labels: tuple[LabelSet, ...], at: float) -> Rows:
        new = [one for one in labels if one not in self._by_series]
        if new:
            self._forget_before(at - self._keep)
            self._add(new, at)
        return np.array([self._by_series[one] for one in labels], dtype=np.intp)

    def _add(self, new: list[LabelSet], at: float) -> None:
        rows = self._detector.add(len(new))
        more = self._detector.rows - len(self.series)
        self.series += [None] * more
        self.seen = np.concatenate((self.seen, np.full(more, -np.inf)))
        self.seen[rows] = at
        for row, labels in zip(rows.tolist(), new, strict=True):
            self._by_series[labels] = row
            self.series[row] = labels

    def _forget_before(self, time: float) -> None:
        gone = [row for row in np.flatnonzero(self.seen < time).tolist() if self.series[row] is not None]
        for row in gone:
            labels, self.series[row] = self.series[row], None
            assert labels is not None
            del self._by_series[labels]
            self.seen[row] = -np.inf
        if gone:
            self._detector.free(np.array(gone, dtype=np.intp))
