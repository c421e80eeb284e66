"""`/api/alertd/v1/alerts/{fingerprint}/chart.svg` and `chart.png`: pictures for pages, mails and chat."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from alertd.api.answers import AnswerError, answering
from alertd.deferred import deferred
from alertd.duration import DurationError, parse_duration
from alertd.errors import QueryError

if TYPE_CHECKING:
    from alertd import charts
    from alertd.charts import drawing, png
else:
    charts, png = deferred("alertd.charts"), deferred("alertd.charts.png")

LONGEST = timedelta(days=62)

ChartOf = Callable[[str, timedelta | None], Awaitable["charts.Chart | None"]]
"""The chart of the alert with a fingerprint over a time, or over what is usual; None when there is no such alert.

Raises QueryError, TimeoutError.
"""


class Charts:
    """Handlers. `last=6h` chooses the time, which else is the alert's own: six hours, or the period of a budget."""

    def __init__(self, chart_of: ChartOf) -> None:
        self._chart_of = chart_of

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """Every path under `prefix`."""
        alert = f"{prefix}/api/alertd/v1/alerts/{{fingerprint}}"
        return [web.get(f"{alert}/chart.svg", answering(self.svg)), web.get(f"{alert}/chart.png", answering(self.png))]

    async def svg(self, request: web.Request) -> web.Response:
        """The chart as SVG."""
        picture = await self._drawing(request)
        return web.Response(text=charts.svg(picture), content_type="image/svg+xml", headers=_HEADERS)

    async def png(self, request: web.Request) -> web.Response:
        """The chart as PNG; 501 without the extra `images`."""
        picture = await self._drawing(request)
        try:
            body = await asyncio.to_thread(png.png, picture)
        except png.NoImagesError as error:
            raise AnswerError(str(error), HTTPStatus.NOT_IMPLEMENTED) from None
        return web.Response(body=body, content_type="image/png", headers=_HEADERS)

    async def _drawing(self, request: web.Request) -> drawing.Drawing:
        fingerprint = request.match_info["fingerprint"]
        try:
            chart = await self._chart_of(fingerprint, _last(request))
        except (QueryError, TimeoutError) as error:
            why = str(error) or "no answer in time"
            raise AnswerError(f"the past cannot be read: {why}", HTTPStatus.BAD_GATEWAY) from None
        if chart is None:
            raise AnswerError(f"no rule has an alert {fingerprint} now", HTTPStatus.NOT_FOUND)
        return await asyncio.to_thread(charts.draw, chart)


_HEADERS = {"Cache-Control": "max-age=30", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


def _last(request: web.Request) -> timedelta | None:
    if "last" not in request.query:
        return None
    try:
        last = parse_duration(request.query["last"])
    except DurationError as error:
        raise AnswerError(f"last: {error}") from None
    if not timedelta() < last <= LONGEST:
        raise AnswerError(f"last must be more than 0 and at most {LONGEST.days}d")
    return last
