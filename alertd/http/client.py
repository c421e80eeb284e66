"""`HttpClient`: requests as one `http_config` says, over a session that others share."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ssl import SSLContext
from typing import Any
from urllib.parse import urlencode

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy

from alertd import __version__
from alertd.http.credentials import reveal, static_headers
from alertd.http.errors import HttpError, HttpErrorKind, origin, translate
from alertd.http.oauth2 import TokenCache
from alertd.http.proxy import proxy_for
from alertd.http.settings import HttpSettings
from alertd.http.tls import TlsContexts, usual_context

USER_AGENT = f"alertd/{__version__}"


def new_session() -> aiohttp.ClientSession:
    """A session for any number of clients; whoever opened it closes it.

    Names are looked up by the system (getaddrinfo, in a thread) and no cookie is kept. The number of connections is
    not limited here: each caller limits its own requests, so a slow receiver takes nobody else's place.
    """
    connector = aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver(), limit=0, ttl_dns_cache=30)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What a server answered.

    body        what was read, decompressed; at most the client's limit
    truncated   whether there was more
    """

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    truncated: bool = False

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def excerpt(self, characters: int = 300) -> str:
        """The first characters of the body in one line, for an error message."""
        return " ".join(self.body[: 4 * characters].decode(errors="replace").split())[:characters]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a library with a client of its own gets to the same server as an `HttpClient` does.

    tls       None: the usual trust
    proxies   by scheme
    """

    headers: Mapping[str, str]
    tls: SSLContext | None
    server_name: str
    proxies: Mapping[str, str]


class HttpClient:
    """Sends requests with the credentials, certificates, proxy and headers of `settings`.

    timeout           for the whole request, answer included
    connect_timeout   for the connection alone, name lookup and TLS included
    max_bytes         of a body; the rest is not read
    needs_body        False: once the status is there, a body that does not come is no error
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: HttpSettings | None = None,
        *,
        timeout: timedelta = timedelta(seconds=15),
        connect_timeout: timedelta = timedelta(seconds=5),
        max_bytes: int = 4 * 1024 * 1024,
        needs_body: bool = True,
    ) -> None:
        self._session = session
        self._settings = settings or HttpSettings()
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._max_bytes = max_bytes
        self._needs_body = needs_body
        tls = self._settings.tls_config
        self._tls = TlsContexts(tls) if tls is not None else None
        self._usual: SSLContext | None = None
        self._tokens = self._token_cache()

    async def request(
        self,
        method: str,
        url: str,
        *,
        data: bytes | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: timedelta | None = None,  # noqa: ASYNC109 - aiohttp keeps it, apart from the connection's
    ) -> HttpAnswer:
        """Send one request and read its answer, whatever its status; raises HttpError when there is none.

        data   bytes as they are, or fields sent as a form
        """
        try:
            options = await self._options(url, timeout or self._timeout)
            options["headers"] = await self._headers(headers, is_form=isinstance(data, Mapping))
            body = urlencode(data).encode() if isinstance(data, Mapping) else data
            async with self._session.request(method, url, data=body, **options) as response:
                _refuse_lost_body(response, method, url)
                answer = await self._read(response)
        except HttpError:
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise translate(error, url) from None
        if answer.status == 401 and self._tokens is not None:
            self._tokens.forget()
        return answer

    async def access(self, url: str) -> Access:
        """What a request to `url` would be sent with now; raises HttpError."""
        settings = self._settings
        proxy = proxy_for(settings, url, os.environ)
        return Access(
            headers=dict(await self._headers(None, is_form=False)),
            tls=None if self._tls is None else await self._tls.current(),
            server_name=settings.tls_config.server_name if settings.tls_config is not None else "",
            proxies={} if proxy is None else {"http": proxy, "https": proxy},
        )

    async def _headers(self, given: Mapping[str, str] | None, *, is_form: bool) -> CIMultiDict[str]:
        headers = CIMultiDict({"User-Agent": USER_AGENT})
        if is_form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        headers.update(given or {})
        headers.extend(await static_headers(self._settings))
        if self._tokens is not None:
            headers["Authorization"] = await self._tokens.authorization()
        return headers

    async def _options(self, url: str, limit: timedelta) -> dict[str, Any]:
        settings = self._settings
        total, connect = limit.total_seconds(), self._connect_timeout.total_seconds()
        options: dict[str, Any] = {
            "allow_redirects": settings.follow_redirects,
            "ssl": await self._context(),
            "timeout": aiohttp.ClientTimeout(total=total, connect=min(connect, total)),
        }
        if settings.tls_config is not None and settings.tls_config.server_name:
            options["server_hostname"] = settings.tls_config.server_name
        if proxy := proxy_for(settings, url, os.environ):
            options["proxy"] = proxy
            options["proxy_headers"] = await self._proxy_headers()
        return options

    async def _context(self) -> SSLContext:
        """Said for every request, to plain HTTP too, which may be redirected: aiohttp's own trust need not be read."""
        if self._tls is not None:
            return await self._tls.current()
        if self._usual is None:
            self._usual = await asyncio.to_thread(usual_context)
        return self._usual

    async def _proxy_headers(self) -> CIMultiDict[str]:
        headers: CIMultiDict[str] = CIMultiDict()
        for name, secrets in self._settings.proxy_connect_header.items():
            for secret in secrets:
                headers.add(name, await reveal(secret, f"proxy_connect_header.{name}"))
        return headers

    async def _read(self, response: aiohttp.ClientResponse) -> HttpAnswer:
        chunks: list[bytes] = []
        size, is_cut = 0, False
        try:
            while size <= self._max_bytes and (chunk := await response.content.readany()):
                chunks.append(chunk)
                size += len(chunk)
        except (aiohttp.ClientError, TimeoutError):
            if self._needs_body:
                raise
            is_cut = True
        body = b"".join(chunks)
        return HttpAnswer(
            status=response.status,
            headers=response.headers,
            body=body if size <= self._max_bytes else body[: self._max_bytes],
            truncated=is_cut or size > self._max_bytes,
        )

    def _token_cache(self) -> TokenCache | None:
        oauth2 = self._settings.oauth2
        if oauth2 is None:
            return None
        shared = {
            name: getattr(oauth2, name) for name in HttpSettings.model_fields if name in type(oauth2).model_fields
        }
        client = HttpClient(self._session, HttpSettings.model_construct(**shared), timeout=self._timeout)

        async def post(url: str, headers: Mapping[str, str], form: bytes) -> tuple[int, bytes]:
            answer = await client.request("POST", url, data=form, headers=headers)
            return answer.status, answer.body

        return TokenCache(oauth2, post)


def _refuse_lost_body(response: aiohttp.ClientResponse, method: str, url: str) -> None:
    """A POST that is redirected by 301, 302 or 303 goes on as a GET without its body: a success would be a lie."""
    if response.method != method.upper():
        there = origin(str(response.url))
        raise HttpError(HttpErrorKind.OTHER, f"{origin(url)}: redirects to {there}; give that address instead")
