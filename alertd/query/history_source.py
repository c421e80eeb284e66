"""`PrometheusHistory`: range queries over HTTP, in worker threads, in chunks that neither side chokes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from alertd.deferred import np
from alertd.errors import QueryError
from alertd.http import Access, HttpClient, HttpError
from alertd.labels import LabelSet
from alertd.query.batch import F64
from alertd.query.history import HistoryNeed, SeriesMatrix
from alertd.query.source import SourceSettings, SourceUnavailableError

MOST_POINTS = 11_000
"""What Prometheus returns of one series at most."""

FIRST_POINTS = 500
SAMPLES = 1_000_000
"""How many samples one chunk should hold, as far as the chunk before it tells."""

Element = Mapping[str, Any]


class PrometheusHistory:
    """Implements `HistorySource` for one Prometheus, or for anything that answers as it does."""

    def __init__(self, settings: SourceSettings, http: HttpClient) -> None:
        self._settings = settings
        self._http = http

    async def read(self, need: HistoryNeed) -> AsyncIterator[SeriesMatrix]:
        """See `HistorySource.read`."""
        points, start = FIRST_POINTS, need.start
        while start <= need.end:
            end = min(need.end, start + (points - 1) * need.step)
            matrix = await self._chunk(need, start, end)
            yield matrix
            points = max(1, min(MOST_POINTS, SAMPLES // max(1, len(matrix.labels))))
            start = end + need.step

    async def _chunk(self, need: HistoryNeed, start: datetime, end: datetime) -> SeriesMatrix:
        try:
            access = await self._http.access(self._settings.url)
        except HttpError as error:
            raise SourceUnavailableError(str(error)) from None
        return await asyncio.to_thread(self._ask, need, start, end, access)

    def _ask(self, need: HistoryNeed, start: datetime, end: datetime, access: Access) -> SeriesMatrix:
        """One request; raises QueryError."""
        # Imported by the first request, in its thread: it takes 0.1 s, and a daemon without judges that want history
        # never needs it.
        from alertd.query.range_client import ask_range

        answer = ask_range(self._settings, access, need, start, end)
        return matrix_of(answer, start=start, step=need.step, points=round((end - start) / need.step) + 1)


def matrix_of(answer: Sequence[Element], *, start: datetime, step: timedelta, points: int) -> SeriesMatrix:
    """Prometheus' list of series -> one matrix on the grid of the query; raises QueryError for native histograms."""
    # Whole seconds, as the library asks.
    times = round(start.timestamp()) + step.total_seconds() * np.arange(points, dtype=np.float64)
    values = np.full((points, len(answer)), np.nan)
    for column, element in enumerate(answer):
        samples = element.get("values")
        if samples is None:
            raise QueryError("the result holds native histograms; take a number from them, such as histogram_count")
        pairs: F64 = np.array(samples, dtype=np.float64)
        rows = np.rint((pairs[:, 0] - times[0]) / step.total_seconds()).astype(np.int64)
        values[rows, column] = pairs[:, 1]
    return SeriesMatrix(labels=tuple(LabelSet(element["metric"]) for element in answer), times=times, values=values)
