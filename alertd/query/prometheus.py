"""The async client of one Prometheus, or of anything that answers as it does (VictoriaMetrics, Thanos, Mimir)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

import aiohttp

from alertd.http import HttpAnswer, HttpClient, HttpError, HttpErrorKind
from alertd.query.batch import SeriesBatch
from alertd.query.response import LabelSets, read_answer
from alertd.query.source import SourceOverloadedError, SourceSettings, SourceUnavailableError
from alertd.query.unix_time import unix_seconds

_MAX_BYTES = 256 * 1024 * 1024
_LARGE_BYTES = 512 * 1024  # some 4,000 series, 10 ms: more is read in a thread, and the event loop goes on
_OVERLOAD = frozenset({HttpErrorKind.TIMEOUT, HttpErrorKind.RESET})


class PrometheusSource:
    """Answers instant queries over HTTP; at most `settings.concurrency` at once."""

    def __init__(self, settings: SourceSettings, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._http = HttpClient(session, settings, timeout=settings.timeout, max_bytes=_MAX_BYTES)
        self._url = f"{settings.url}/api/v1/query"
        self._headers = {"Accept-Encoding": "gzip" if settings.compression else "identity"}
        self._fields = {**settings.params, "timeout": f"{settings.timeout.total_seconds():g}"}
        self._free = asyncio.Semaphore(settings.concurrency)
        self._labels = LabelSets()

    async def instant(self, expr: str, at: datetime) -> SeriesBatch:
        """See `Source.instant`."""
        async with self._place():
            answer = await self._ask({**self._fields, "query": expr, "time": unix_seconds(at)})
        read = partial(read_answer, at=at, labels=self._labels, allow_partial=self._settings.allow_partial)
        return read(answer) if len(answer.body) < _LARGE_BYTES else await asyncio.to_thread(read, answer)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """One of the places for requests; waiting longer than one request may last is a failure of its own."""
        try:
            async with asyncio.timeout(self._settings.timeout.total_seconds()):
                await self._free.acquire()
        except TimeoutError:
            raise SourceUnavailableError("not asked: earlier queries took the whole time; see concurrency") from None
        try:
            yield
        finally:
            self._free.release()

    async def _ask(self, fields: dict[str, str]) -> HttpAnswer:
        try:
            try:
                return await self._http.request("POST", self._url, data=fields, headers=self._headers)
            except HttpError as error:
                # A kept connection the server had just closed: a query changes nothing, so ask once more.
                if error.kind is not HttpErrorKind.RESET:
                    raise
                return await self._http.request("POST", self._url, data=fields, headers=self._headers)
        except HttpError as error:
            kind = SourceOverloadedError if error.kind in _OVERLOAD else SourceUnavailableError
            raise kind(str(error)) from None
