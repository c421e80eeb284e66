"""What a judge asks of the past, and what it is told: one expression over a range of time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from alertd.deferred import np
from alertd.labels import LabelSet
from alertd.query.batch import F64


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryNeed:
    """One expression at `start`, `start + step`, ... up to and including `end`."""

    expr: str
    start: datetime
    end: datetime
    step: timedelta


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesMatrix:
    """Series over time.

    labels   one label set per series
    times    [points] float64, unix seconds, ascending
    values   [points, series] float64; NaN where a series has no sample (or one that is NaN)
    """

    labels: tuple[LabelSet, ...]
    times: F64
    values: F64

    @classmethod
    def empty(cls) -> SeriesMatrix:
        """An answer without series: the range was read, and nothing is known of it."""
        return cls(labels=(), times=np.empty(0), values=np.empty((0, 0)))


class HistorySource(Protocol):
    """Answers expressions over ranges of time."""

    def read(self, need: HistoryNeed) -> AsyncIterator[SeriesMatrix]:
        """The range in chunks, oldest first; raises QueryError at the first chunk that cannot be had."""
        ...
