"""Speaks to a running alertd (or, over API v2, to an Alertmanager) for the verbs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

import click

from alertd.cli.output import Failure, NotFound, Refused, Unreachable

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_URL = "http://localhost:9093"
TIMEOUT_S = 30.0
_FAILURES = {
    HTTPStatus.UNAUTHORIZED: Refused,
    HTTPStatus.FORBIDDEN: Refused,
    HTTPStatus.NOT_FOUND: NotFound,
}
_HINTS = {
    HTTPStatus.UNAUTHORIZED: "; put user and password into the URL: http://user:password@host:9093",
    HTTPStatus.FORBIDDEN: "; this user may not do that",
}


def url_option(function: F) -> F:
    """`--url`, or `ALERTD_URL`."""
    return click.option(
        "--url",
        envvar="ALERTD_URL",
        default=DEFAULT_URL,
        show_default=True,
        metavar="URL",
        help="where alertd is reached; also ALERTD_URL",
    )(function)


class Client:
    """One alertd; paths begin after its URL. Every method raises Failure when it cannot be asked, or says no."""

    def __init__(self, session: Any, url: str) -> None:
        self._session = session
        self._url = url.rstrip("/")

    async def get(self, path: str, parameters: Sequence[tuple[str, str]] = ()) -> Any:
        return await self._ask("GET", path, params=parameters)

    async def post(self, path: str, body: object = None, parameters: Sequence[tuple[str, str]] = ()) -> Any:
        return await self._ask("POST", path, json=body, params=parameters)

    async def delete(self, path: str) -> Any:
        return await self._ask("DELETE", path)

    async def _ask(self, method: str, path: str, **request: Any) -> Any:
        import aiohttp

        try:
            async with self._session.request(method, self._url + path, **request) as answer:
                body = await answer.read()
        except aiohttp.InvalidURL:
            raise click.BadParameter("it is no URL such as http://localhost:9093", param_hint="--url") from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._unreachable(error) from None
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise _FAILURES.get(HTTPStatus(answer.status), Failure)(_said(answer.status, body))
        return _decode(body)

    def _unreachable(self, error: Exception) -> Failure:
        from yarl import URL

        shown = URL(self._url).with_user(None)
        why = f"no answer within {TIMEOUT_S:.0f} s" if isinstance(error, TimeoutError) else str(error)
        return Unreachable(f"cannot reach {shown}: {why}; is it running? Say where with --url or ALERTD_URL")


def talk(url: str, work: Callable[[Client], Awaitable[T]]) -> T:
    """What `work` returns, given a client for `url`."""

    async def run() -> T:
        import aiohttp

        limit = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=limit) as session:
            return await work(Client(session, url))

    return asyncio.run(run())


def _decode(body: bytes) -> Any:
    import msgspec

    if not body.strip():
        return None
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise Unreachable("the answer is no JSON: what is reached there is no alertd") from None


def _said(status: int, body: bytes) -> str:
    """The error in the words of the answer: a JSON string, `message` or `error` of an object, or plain text."""
    import msgspec

    try:
        said = msgspec.json.decode(body)
    except msgspec.DecodeError:
        said = body.decode(errors="replace").strip()
    if isinstance(said, dict):
        said = said.get("message") or said.get("error")
    known = HTTPStatus(status)
    return f"{said or f'HTTP {status} {known.phrase}'}{_HINTS.get(known, '')}"
