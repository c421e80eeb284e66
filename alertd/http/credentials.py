"""The headers a request is sent with because of `http_config`. Files are read at each request, in a thread."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable

from alertd.http.errors import HttpError, HttpErrorKind
from alertd.http.settings import BasicAuth, HttpSettings
from alertd.secret import Secret

Header = tuple[str, str]


async def reveal(secret: Secret, what: str) -> str:
    """The secret's text; raises HttpError naming `what` when its file cannot be read."""
    if secret.file is None:
        return secret.reveal()
    try:
        return await asyncio.to_thread(secret.reveal)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise HttpError(HttpErrorKind.OTHER, f"cannot read {what} {secret.file}: {reason}") from None


def basic(username: str, password: str) -> Header:
    """The Authorization header of basic authentication."""
    return "Authorization", "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


async def static_headers(settings: HttpSettings) -> list[Header]:
    """Authorization (but for oauth2, whose token must be fetched) and `http_headers`."""
    return [*await _authorization(settings), *await _further(settings)]


async def _authorization(settings: HttpSettings) -> Iterable[Header]:
    if settings.basic_auth is not None:
        return [await _basic_auth(settings.basic_auth)]
    scheme, token, what = "Bearer", settings.bearer_token or settings.bearer_token_file, "bearer_token_file"
    if settings.authorization is not None:
        scheme, what = settings.authorization.type, "credentials_file"
        token = settings.authorization.credentials or settings.authorization.credentials_file
    return [("Authorization", f"{scheme} {await reveal(token, what)}")] if token else []


async def _basic_auth(auth: BasicAuth) -> Header:
    username, password = auth.username, ""
    if auth.username_file is not None:
        username = await reveal(auth.username_file, "username_file")
    if secret := auth.password or auth.password_file:
        password = await reveal(secret, "password_file")
    return basic(username, password)


async def _further(settings: HttpSettings) -> list[Header]:
    headers = []
    for name, given in settings.http_headers.items():
        headers += [(name, value) for value in given.values]
        headers += [(name, await reveal(secret, f"http_headers.{name}")) for secret in (*given.secrets, *given.files)]
    return headers
