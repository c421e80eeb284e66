"""How many GETs are answered at one time and how long an answer may take, as Alertmanager limits them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Middleware

from alertd.duration import format_duration

NO_LIMIT = timedelta()

FEWEST_GETS = 8
UNLIMITED = ("/-/healthy", "/-/ready", "/healthz", "/chart.svg", "/chart.png")
"""How the paths end that every GET gets an answer of: a probe restarts what does not answer, and the pictures of a mail
are asked for all at once, and once only."""

BODY_LIMIT = timedelta(minutes=1)
"""How long the body of a request may take to arrive where nothing else is said."""

_STARTED = web.RequestKey("answer_started", bool)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def limit_gets(most: int, *, refused: Callable[[], None] = lambda: None) -> Middleware:
    """Answers 503 to a GET while `most` others are under way, and tells `refused`; `UNLIMITED` paths do not count.

    most   0 or less: as Alertmanager, one per processor, but at least 8
    """
    most = most if most > 0 else max(os.cpu_count() or 1, FEWEST_GETS)
    under_way = 0

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal under_way
        if request.method != "GET" or request.path.endswith(UNLIMITED):
            return await handler(request)
        if under_way >= most:
            refused()
            text = f"Limit of concurrent GET requests reached ({most}), try again later.\n"
            return web.Response(text=text, status=HTTPStatus.SERVICE_UNAVAILABLE)
        under_way += 1
        try:
            return await handler(request)
        finally:
            under_way -= 1

    return limit


def limit_time(timeout: timedelta, *, body_limit: timedelta = BODY_LIMIT) -> Middleware:
    """Answers 503 where an answer takes longer than `timeout` (0: any time), and 408 where a body does not come.

    What has begun to change something is not broken off: it goes on unanswered.
    """
    going_on: set[asyncio.Task[web.StreamResponse]] = set()

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            async with asyncio.timeout(timeout.total_seconds() or None) as limited:
                if request.method in ("GET", "HEAD", "OPTIONS"):
                    return await handler(request)
                if not await _has_arrived(request, body_limit):
                    return web.Response(text="the body did not arrive in time\n", status=HTTPStatus.REQUEST_TIMEOUT)
                change = asyncio.ensure_future(handler(request))
                going_on.add(change)
                change.add_done_callback(going_on.discard)
                return await asyncio.shield(change)
        except TimeoutError:
            if not limited.expired():
                raise
            return _late(request, timeout)

    return limit


async def note_start(request: web.Request, _: web.StreamResponse) -> None:
    """That an answer has begun: another one cannot take its place."""
    request[_STARTED] = True


def _late(request: web.Request, timeout: timedelta) -> web.Response:
    if _STARTED in request and request.transport is not None:
        request.transport.abort()
    text = f"Exceeded configured timeout of {format_duration(timeout)}.\n"
    return web.Response(text=text, status=HTTPStatus.SERVICE_UNAVAILABLE)


async def _has_arrived(request: web.Request, limit: timedelta) -> bool:
    """Whether the whole body has; aiohttp keeps it for the handler."""
    try:
        async with asyncio.timeout(limit.total_seconds()):
            await request.read()
    except TimeoutError:
        return False
    return True
