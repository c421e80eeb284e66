"""`Gate`: the middleware every request passes first: how often, who asks, and may he."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from alertd.api.auth import Access, Caller, basic_credentials
from alertd.api.auth_passwords import Passwords, TooManyLoginsError
from alertd.api.rate_limit import TokenBucket
from alertd.api.scopes import Scope, scope_of
from alertd.api.web_settings import RateLimitSettings

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gate:
    """Lets requests pass as `access` says; it may be replaced while requests are under way."""

    def __init__(self, access: Access, limit: RateLimitSettings, *, monotonic: Callable[[], float]) -> None:
        self._access = access
        self._monotonic = monotonic
        self._passwords = Passwords()
        self._limit = limit
        self._bucket = self._new_bucket()

    def replace(self, access: Access, limit: RateLimitSettings) -> None:
        """From the next request on."""
        self._access = access
        if limit != self._limit:
            self._limit = limit
            self._bucket = self._new_bucket()

    def close(self) -> None:
        """No request passes any more."""
        self._passwords.close()

    def middleware(self, prefix: str) -> Middleware:
        """For an application whose paths are below `prefix`."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not self._bucket.take():
                return _refusal(HTTPStatus.TOO_MANY_REQUESTS)
            return _of_another_site(request) or await self._refused(request, prefix) or await handler(request)

        return guard

    async def add_headers(self, _: web.Request, response: web.StreamResponse) -> None:
        """The headers of the web configuration file, to every answer."""
        response.headers.update(self._access.headers)

    def _new_bucket(self) -> TokenBucket:
        return TokenBucket(self._limit.interval, self._limit.burst, monotonic=self._monotonic)

    async def _refused(self, request: web.Request, prefix: str) -> web.Response | None:
        """Why a request does not pass; None where it does."""
        access = self._access
        path, needed = _needs(request, prefix)
        if access.is_free or (path in access.open and needed is Scope.READ):
            return None
        try:
            caller = await self._caller(access, request)
        except TooManyLoginsError:
            return _refusal(HTTPStatus.TOO_MANY_REQUESTS)
        if caller is None:
            log.info("request_refused", why="credentials missing or wrong", remote=request.remote, path=request.path)
            response = _refusal(HTTPStatus.UNAUTHORIZED)
            for scheme in access.challenges:
                response.headers.add("WWW-Authenticate", scheme)
            return response
        if not caller.scope.covers(needed):
            log.info("request_refused", why="scope", caller=caller.name, needs=needed.value, path=request.path)
            why = f"{caller.name} has scope {caller.scope}; {request.method} {request.path} needs {needed}"
            return _refusal(HTTPStatus.FORBIDDEN, why)
        return None

    async def _caller(self, access: Access, request: web.Request) -> Caller | None:
        """Who asks; None where he does not say, or not truly."""
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return access.bearer(text.strip())
        given = basic_credentials(text.strip()) if scheme.lower() == "basic" and access.users else None
        if given is None:
            return None
        user, password = given
        return access.user(user) if await self._passwords.match(access.users, user, password) else None


def _needs(request: web.Request, prefix: str) -> tuple[str, Scope]:
    """The path below the prefix as it was declared, and the scope it needs."""
    resource = request.match_info.route.resource
    if resource is None:  # no such path, or no such method: that is told to whoever may see the others
        return "", Scope.READ
    path = resource.canonical.removeprefix(prefix)
    return path, scope_of(request.method, path)


def _of_another_site(request: web.Request) -> web.Response | None:
    """The refusal of a POST that a page of another site had a browser send; None where it is none.

    The browser adds the password it remembers, so such a page could do what its reader may. JSON it sends only after it has
    asked us, and then without the password; programs say nothing of where they come from.
    """
    if request.method != "POST" or request.content_type == "application/json":
        return None
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is None and origin is not None:  # plain HTTP, or an old browser
        site = "same-origin" if origin.partition("://")[2] == request.host else "cross-site"
    if site in (None, "same-origin", "none"):
        return None
    log.info("request_refused", why="another site", remote=request.remote, path=request.path)
    return _refusal(HTTPStatus.FORBIDDEN, "a page of another site may not ask for this")


def _refusal(status: HTTPStatus, why: str = "") -> web.Response:
    return web.Response(text=f"{why or status.phrase}\n", status=status)
