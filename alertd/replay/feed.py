"""Feeds a private Prometheus: the input series of a test group, and what its rules write."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from alertd.errors import AlertdError, QueryError
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.query.remote_write import SeriesSample
from alertd.query.source import Source
from alertd.replay.local_prometheus import LocalPrometheus
from alertd.replay.series_notation import Stale, expand
from alertd.replay.test_file import InputSeries


class InputFeed:
    """The samples of the input series, in the order of time; a series given twice is the second one, as in promtool."""

    def __init__(self, series: Sequence[InputSeries], *, start: datetime, interval: timedelta) -> None:
        self._columns = {one.series: expand(one.values) for one in series}
        self._length = max((len(values) for values in self._columns.values()), default=0)
        self._start = start
        self._interval = interval
        self._next = 0

    def until(self, at: datetime) -> list[SeriesSample]:
        """The samples up to and including `at` that were not handed out before."""
        end = min(self._length, (at - self._start) // self._interval + 1)
        rows, self._next = range(self._next, end), max(self._next, end)
        return [sample for row in rows for sample in self._row(row)]

    def _row(self, row: int) -> Iterator[SeriesSample]:
        at = self._start + row * self._interval
        for labels, values in self._columns.items():
            value = values[row] if row < len(values) else None
            if isinstance(value, Stale):
                yield SeriesSample(labels=labels, value=0.0, at=at, stale=True)
            elif value is not None:
                yield SeriesSample(labels=labels, value=value, at=at)


class PrometheusSink:
    """A `SeriesSink` that keeps samples back until somebody reads: one request for what a step writes, not three.

    clashes   samples not written because the series had another value at that time already; as in Prometheus' own
              storage, the first one stays, and a stale marker that comes late is no clash
    """

    def __init__(self, prometheus: LocalPrometheus) -> None:
        self._prometheus = prometheus
        self._newest: dict[LabelSet, SeriesSample] = {}
        self._waiting: list[SeriesSample] = []
        self._writing = asyncio.Lock()
        self.clashes: list[SeriesSample] = []

    async def write(self, samples: Sequence[SeriesSample]) -> None:
        """Take the samples."""
        for sample in samples:
            newest = self._newest.get(sample.labels)
            if newest is None or sample.at > newest.at:
                self._newest[sample.labels] = sample
                self._waiting.append(sample)
            elif not sample.stale and not _same_value(sample, newest):
                self.clashes.append(sample)

    async def flush(self, timeout: timedelta) -> bool:  # noqa: ASYNC109 - part of the sink's contract
        """See `store`, whose requests have a limit of their own."""
        await self.store()
        return True

    async def store(self) -> None:
        """Write what waits; then it can be queried. Raises AlertdError when it cannot be, and again at the next call."""
        async with self._writing:
            await self._prometheus.write(self._waiting)
            self._waiting = []


class WrittenSource:
    """A `Source` that answers from everything its sink has taken."""

    def __init__(self, source: Source, sink: PrometheusSink) -> None:
        self._source = source
        self._sink = sink

    async def instant(self, expr: str, at: datetime) -> SeriesBatch:
        """See `Source.instant`."""
        try:
            await self._sink.store()
        except AlertdError as error:
            raise QueryError(str(error)) from error
        return await self._source.instant(expr, at)


def _same_value(one: SeriesSample, other: SeriesSample) -> bool:
    both_nan = math.isnan(one.value) and math.isnan(other.value)
    return not other.stale and (one.value == other.value or both_nan)
