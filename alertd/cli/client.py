"""Speaks to a running alertd (or, over API v2, to an Alertmanager) for the verbs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlencode, urlsplit

import click

from alertd.cli.output import Failure, NotFound, Refused, Unreachable

if TYPE_CHECKING:
    from alertd.http import HttpAnswer, HttpClient, HttpError, HttpSettings

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_URL = "http://localhost:9093"
TIMEOUT = timedelta(seconds=30)
LARGEST_ANSWER = 1 << 30
_FAILURES = {
    HTTPStatus.UNAUTHORIZED: Refused,
    HTTPStatus.FORBIDDEN: Refused,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Refused,
}
_HINTS = {
    HTTPStatus.UNAUTHORIZED: (
        "; say who you are: --bearer-token-file or ALERTD_TOKEN, --http.config.file with basic_auth, "
        "or http://user:password@host:9093"
    ),
    HTTPStatus.FORBIDDEN: "; use a token, or a user, that may do it",
}
_CREDENTIALS = {"basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where alertd is, and how to say who we are."""

    url: str
    http_config_file: Path | None = None
    bearer_token_file: Path | None = None
    ca_file: Path | None = None

    def http_settings(self) -> HttpSettings:
        """The settings of requests; raises Failure, click.UsageError."""
        from pydantic import ValidationError

        from alertd.config.settings_file import load_settings
        from alertd.errors import AlertdError
        from alertd.http import HttpSettings

        try:
            given = HttpSettings()
            if self.http_config_file is not None:
                given, _ = load_settings(self.http_config_file, HttpSettings)
            return HttpSettings.model_validate(self._added_to(given))
        except ValidationError as error:
            raise click.UsageError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
        except AlertdError as error:
            raise Failure(str(error)) from None

    def _added_to(self, given: HttpSettings) -> dict[str, object]:
        """With what the flags say; a token of the environment gives way to all other credentials."""
        settings: dict[str, object] = {name: getattr(given, name) for name in given.model_fields_set}
        is_in_url = urlsplit(self.url).username is not None
        if self.bearer_token_file is not None:
            settings["bearer_token_file"] = self.bearer_token_file
        elif (token := os.environ.get("ALERTD_TOKEN")) and not is_in_url and _CREDENTIALS.isdisjoint(settings):
            settings["bearer_token"] = token
        if is_in_url and not _CREDENTIALS.isdisjoint(settings):
            raise click.UsageError("credentials are given in the URL and elsewhere; give them once")
        if self.ca_file is not None:
            tls = given.tls_config
            kept = {name: getattr(tls, name) for name in tls.model_fields_set} if tls is not None else {}
            settings["tls_config"] = {**kept, "ca_file": self.ca_file}
        return settings


def server_options(function: F) -> F:
    """`--url`, or `ALERTD_URL`, and who asks; the function gets a `server`."""
    url = click.option(
        "--url",
        envvar="ALERTD_URL",
        default=DEFAULT_URL,
        show_default=True,
        metavar="URL",
        help="where alertd is reached; also ALERTD_URL",
    )
    return url(credentials_options(function))


def credentials_options(function: F) -> F:
    """Who asks; for a function that has `--url`. It gets a `server`."""

    @wraps(function)
    def with_server(*args: Any, **given: Any) -> Any:
        server = Server(**{field.name: given.pop(field.name) for field in fields(Server)})
        return function(*args, server=server, **given)

    path = click.Path(dir_okay=False, path_type=Path)
    for option in (
        click.option("--ca-file", type=path, help="whom to trust instead of the system's authorities"),
        click.option(
            "--http.config.file", "http_config_file", type=path, help="credentials and TLS, as amtool has them"
        ),
        click.option("--bearer-token-file", type=path, help="file with our token; also ALERTD_TOKEN, the token itself"),
    ):
        with_server = option(with_server)
    return cast(F, with_server)


class Client:
    """One alertd; paths begin after its URL. Every method raises Failure when it cannot be asked, or says no."""

    def __init__(self, http: HttpClient, url: str) -> None:
        self._http = http
        self._url = url.rstrip("/")

    async def get(
        self, path: str, parameters: Sequence[tuple[str, str]] = (), *, tolerated: Collection[int] = ()
    ) -> Any:
        """`tolerated`: statuses of 400 and more whose body is an answer all the same."""
        return _decode((await self._ask("GET", path, parameters, tolerated=tolerated)).body)

    async def ask_plainly(self, path: str) -> str:
        """An answer that is a text."""
        return (await self._ask("GET", path)).body.decode(errors="replace")

    async def post(self, path: str, body: object = None, parameters: Sequence[tuple[str, str]] = ()) -> Any:
        import msgspec

        encoded = None if body is None else msgspec.json.encode(body)
        return _decode((await self._ask("POST", path, parameters, encoded)).body)

    async def delete(self, path: str) -> Any:
        return _decode((await self._ask("DELETE", path)).body)

    async def _ask(
        self,
        method: str,
        path: str,
        parameters: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        *,
        tolerated: Collection[int] = (),
    ) -> HttpAnswer:
        from alertd.http import HttpError

        url = self._url + path + (f"?{urlencode(parameters)}" if parameters else "")
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            answer = await self._http.request(method, url, data=body, headers=headers)
        except HttpError as error:
            raise Unreachable(_cannot_reach(error)) from None
        if answer.truncated:
            raise Failure(f"the answer is longer than {LARGEST_ANSWER} bytes")
        if answer.status >= HTTPStatus.BAD_REQUEST and answer.status not in tolerated:
            raise _FAILURES.get(HTTPStatus(answer.status), Failure)(_said(answer.status, answer.body))
        return answer


def talk(server: Server, work: Callable[[Client], Awaitable[T]]) -> T:
    """What `work` returns, given a client for `server`."""
    _check(server.url)
    settings = server.http_settings()

    async def run() -> T:
        from alertd.http import HttpClient, new_session

        async with new_session() as session:
            http = HttpClient(session, settings, timeout=TIMEOUT, connect_timeout=TIMEOUT, max_bytes=LARGEST_ANSWER)
            return await work(Client(http, server.url))

    return asyncio.run(run())


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_url = False
    if not is_url:
        raise click.BadParameter("it is no URL such as http://localhost:9093", param_hint="--url")


def _cannot_reach(error: HttpError) -> str:
    from alertd.http import HttpErrorKind

    if error.kind is HttpErrorKind.TLS:
        return f"cannot reach {str(error).removesuffix('; see tls_config')}; say whom to trust with --ca-file"
    return f"cannot reach {error}; is it running? Say where with --url or ALERTD_URL"


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
