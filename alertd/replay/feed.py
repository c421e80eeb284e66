"""Feeds a private Prometheus: the input series of a test group, and what its rules write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from alertd.query.remote_write import SeriesSample, TimeOrder
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
    """A `SeriesSink` whose samples can be queried as soon as they are written.

    Of two samples of a series at the same time the first one stays, as in Prometheus' own storage.
    """

    def __init__(self, prometheus: LocalPrometheus) -> None:
        self._prometheus = prometheus
        self._order = TimeOrder()

    async def write(self, samples: Sequence[SeriesSample]) -> None:
        """Store the samples; raises AlertdError when Prometheus refuses them."""
        if newer := self._order.newer(samples):
            await self._prometheus.write(newer)

    async def flush(self, timeout: timedelta) -> bool:  # noqa: ASYNC109 - part of the sink's contract
        """True: nothing is ever left to write."""
        return True
