"""OAuth 2.0 client credentials (RFC 6749, 4.4): a token is fetched once and kept until it is nearly expired."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote_plus, urlencode

import msgspec

from alertd.http.credentials import basic, reveal
from alertd.http.errors import HttpError, HttpErrorKind, origin
from alertd.http.settings import OAuth2

_EARLY = 10.0  # seconds a token is renewed before its end, as Go's oauth2 does
_FOREVER = float("inf")

Post = Callable[[str, Mapping[str, str], bytes], Awaitable[tuple[int, bytes]]]
"""(url, headers, form) -> (status, body)"""


class _Answer(msgspec.Struct):
    access_token: str = ""
    token_type: str = "Bearer"  # noqa: S105 - a word of the protocol
    expires_in: float | str | None = None


class TokenCache:
    """The current token of one `oauth2` block; one request fetches it for all that wait."""

    def __init__(self, settings: OAuth2, post: Post) -> None:
        self._settings = settings
        self._post = post
        self._header = ""
        self._expires = 0.0
        self._fetching = asyncio.Lock()
        self._secret_in_form = False

    async def authorization(self) -> str:
        """Value of the Authorization header; raises HttpError when no token was given out."""
        async with self._fetching:
            # The loop's own clock: a token's life is real time, also where the daemon's clock is simulated.
            now = asyncio.get_running_loop().time()
            if not self._header or now >= self._expires:
                answer = await self._fetch()
                lifetime = float(answer.expires_in) if answer.expires_in else _FOREVER
                self._header = f"{_scheme(answer.token_type)} {answer.access_token}"
                self._expires = now + lifetime - _EARLY
            return self._header

    def forget(self) -> None:
        """The server refused the token: fetch a new one for the next request."""
        self._header = ""

    async def _fetch(self) -> _Answer:
        status, body = await self._ask()
        if status in (400, 401) and not self._secret_in_form:
            # Some servers want the secret in the form instead of the header: try that once, and remember what worked.
            self._secret_in_form = True
            status, body = await self._ask()
        where = f"oauth2 token from {origin(self._settings.token_url)}"
        if not 200 <= status < 300:
            self._secret_in_form = False
            raise HttpError(HttpErrorKind.OTHER, f"{where}: the server answered {status}")
        try:
            answer = msgspec.json.decode(body, type=_Answer)
            lifetime_is_number = answer.expires_in is None or float(answer.expires_in) >= 0
        except ValueError:
            raise HttpError(HttpErrorKind.OTHER, f"{where}: the answer is not a token") from None
        if not answer.access_token or not lifetime_is_number:
            raise HttpError(HttpErrorKind.OTHER, f"{where}: the answer is not a token")
        return answer

    async def _ask(self) -> tuple[int, bytes]:
        settings, form = self._settings, {"grant_type": "client_credentials"}
        if settings.scopes:
            form["scope"] = " ".join(settings.scopes)
        form |= settings.endpoint_params
        given = settings.client_secret or settings.client_secret_file
        secret = await reveal(given, "client_secret_file") if given else ""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self._secret_in_form:
            form |= {"client_id": settings.client_id, "client_secret": secret}
        else:
            headers.update([basic(quote_plus(settings.client_id), quote_plus(secret))])
        return await self._post(settings.token_url, headers, urlencode(form).encode())


def _scheme(token_type: str) -> str:
    # Servers answer "bearer" as well as "Bearer"; some resource servers insist on the capital.
    return "Bearer" if token_type.lower() == "bearer" else token_type
