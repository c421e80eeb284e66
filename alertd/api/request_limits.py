"""How many GETs are answered at one time, as Alertmanager limits them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Middleware

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def limit_gets(most: int) -> Middleware:
    """Answers 503 to a GET while `most` others are under way; 0: any number."""
    under_way = 0

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal under_way
        if request.method != "GET" or not most:
            return await handler(request)
        if under_way >= most:
            text = f"Limit of concurrent GET requests reached ({most}), try again later.\n"
            return web.Response(text=text, status=HTTPStatus.SERVICE_UNAVAILABLE)
        under_way += 1
        try:
            return await handler(request)
        finally:
            under_way -= 1

    return limit
