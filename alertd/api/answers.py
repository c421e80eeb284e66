"""How alertd's own API answers: JSON objects; an error is `{"error": "..."}`."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus

import msgspec
from aiohttp import web

from alertd.errors import AlertdError, StoreError

Handler = Callable[[web.Request], Awaitable[object]]


class AnswerError(AlertdError):
    """An answer that is an error."""

    def __init__(
        self, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST, *, after: timedelta | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {} if after is None else {"Retry-After": str(math.ceil(after.total_seconds()))}


def answering(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            answer = await handler(request)
            return answer if isinstance(answer, web.StreamResponse) else _json(answer)
        except AnswerError as error:
            response = _json({"error": str(error)}, error.status)
            response.headers.update(error.headers)
            return response
        except StoreError as error:
            return _json({"error": str(error)}, HTTPStatus.INTERNAL_SERVER_ERROR)

    return handle


def _json(body: object, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")
