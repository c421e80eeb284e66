"""Every request is counted and timed, under the names Alertmanager's dashboards read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Middleware

from alertd.telemetry.alertmanager import AlertmanagerRequests

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ELSEWHERE = "/"
MEASURED_AS = web.RequestKey("measured_as", str)
"""Under this name a request keeps the path it counts for, where one route answers several."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
"""Anybody can send others, and each would be a series of its own."""


def measure(requests: AlertmanagerRequests, *, prefix: str) -> Middleware:
    """The outermost middleware: what it measures is what the client got."""

    @web.middleware
    async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
        method = request.method.lower() if request.method in METHODS else "other"
        loop = asyncio.get_running_loop()
        begun, status = loop.time(), HTTPStatus.INTERNAL_SERVER_ERROR.value
        requests.begun(method)
        try:
            response = await handler(request)
            status = response.status
            return response
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            took = timedelta(seconds=loop.time() - begun)
            requests.answered(method, handler=_path(request, prefix), status=status, took=took)

    return measured


def _path(request: web.Request, prefix: str) -> str:
    """`/api/v2/silence/`: one of the paths there are."""
    if MEASURED_AS in request:
        return request[MEASURED_AS]
    resource = request.match_info.route.resource
    return resource.canonical.removeprefix(prefix) or ELSEWHERE if resource is not None else ELSEWHERE
