"""The HTTP server: every door under one application, and the socket it listens on."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from alertd.api.alertd_v1 import AlertdV1
from alertd.api.alertmanager_v2 import AlertmanagerV2, add_headers
from alertd.api.auth_middleware import Gate
from alertd.api.budgets import Budgets
from alertd.api.charts import Charts
from alertd.api.measuring import measure
from alertd.api.operational import Operational
from alertd.api.prometheus_v1 import PrometheusV1
from alertd.api.request_limits import NO_LIMIT, limit_gets, limit_time, note_start
from alertd.api.services import Services
from alertd.errors import AlertdError
from alertd.telemetry.alertmanager import AlertmanagerRequests

log = structlog.get_logger(__name__)

BODY_BYTES = 16 * 1024 * 1024
"""The largest request body that is read; a larger one is answered with 413."""

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ListenError(AlertdError):
    """The address cannot be listened on."""


def make_app(
    services: Services,
    *,
    prefix: str = "",
    most_gets: int = 0,
    timeout: timedelta = NO_LIMIT,
    gate: Gate | None = None,
    requests: AlertmanagerRequests | None = None,
) -> web.Application:
    """The application with every path under `prefix`, the path of the external URL (`/alertd`, or empty).

    most_gets   how many GETs are answered at one time, see `limit_gets`
    timeout     how long an answer may take; 0: any time
    gate        who may do what; None: everybody everything
    requests    what measures them; None: nobody does
    """
    prefix = prefix.rstrip("/")
    guards = [gate.middleware(prefix)] if gate is not None else []
    refused = {"refused": requests.refused} if requests is not None else {}
    limits = [limit_gets(most_gets, **refused), limit_time(timeout)]
    measured = [measure(requests, prefix=prefix)] if requests is not None else []
    app = web.Application(client_max_size=BODY_BYTES, middlewares=[*measured, _answer_errors, *guards, *limits])
    for door in (
        Operational(services),
        PrometheusV1(services),
        AlertmanagerV2(services.alertmanager),
        AlertdV1(services.operators),
        Charts(services.operators.chart),
        Budgets(services.groups),
    ):
        app.add_routes(door.routes(prefix))
    if prefix:
        app.add_routes([web.get(path, _to(f"{prefix}/")) for path in ("/", prefix)])
    if gate is not None:
        app.on_response_prepare.append(gate.add_headers)
    app.on_response_prepare.append(_harden)
    app.on_response_prepare.append(add_headers)
    app.on_response_prepare.append(note_start)
    return app


def _to(path: str) -> Handler:
    async def redirect(_: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(path)

    return redirect


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors as plain text; what went wrong inside is logged and not told."""
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as error:
        return _methods(request, error)
    except web.HTTPError as error:
        text = "404 page not found" if error.status == HTTPStatus.NOT_FOUND else error.reason
        return web.Response(text=f"{text}\n", status=error.status)
    except web.HTTPException:  # a redirect
        raise
    except Exception:
        log.exception("request_failed", method=request.method, path=request.path)
        return web.Response(text="internal error; see the log", status=HTTPStatus.INTERNAL_SERVER_ERROR)


def _methods(request: web.Request, error: web.HTTPMethodNotAllowed) -> web.Response:
    """What a path can be asked; for OPTIONS that is the answer."""
    allow = {"Allow": ", ".join(sorted({*error.allowed_methods, "OPTIONS"}))}
    if request.method == "OPTIONS":
        return web.Response(headers=allow)
    return web.Response(text=f"{error.reason}\n", status=error.status, headers=allow)


async def _harden(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.pop("Server", None)
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)


def parse_address(text: str) -> tuple[str, int]:
    """Host (empty: every interface) and port (0: any free one) of `:9093`, `127.0.0.1:0`, `[::1]:9093`; raises ListenError."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not port.isdigit() or int(port) > 65535 or (":" in host and not bracketed):
        raise ListenError(f'cannot listen on "{text}": write it as host:port, [address]:port or :port')
    return host.strip("[]"), int(port)


class Server:
    """Serves an application on one address, from `start` to `stop`.

    tls          None: plain HTTP
    stop_limit   how long requests under way may take to end when it stops
    """

    def __init__(
        self,
        app: web.Application,
        address: str,
        *,
        tls: ssl.SSLContext | None = None,
        stop_limit: timedelta = timedelta(seconds=5),
    ) -> None:
        self._address = address
        self._tls = tls
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=stop_limit.total_seconds())

    async def start(self) -> None:
        """Listen; raises ListenError."""
        host, port = parse_address(self._address)
        logging.getLogger("aiohttp.server").addFilter(_tells_of_us)
        await self._runner.setup()
        try:
            await self._site(host, port).start()
        except OSError as error:
            await self._runner.cleanup()
            reason = error.strerror or str(error)
            raise ListenError(
                f'cannot listen on "{self._address}": {reason}; choose another with --web.listen-address'
            ) from error
        log.info("listening", address=self.url)

    def _site(self, host: str, port: int) -> web.BaseSite:
        if host:
            return web.TCPSite(self._runner, host, port, ssl_context=self._tls)
        return web.SockSite(self._runner, _every_interface(port), ssl_context=self._tls)

    @property
    def url(self) -> str:
        """How to reach it from this machine, once it has started."""
        host, port = self._runner.addresses[0][:2]
        host = "localhost" if host in ("::", "0.0.0.0") else host  # noqa: S104 - told, not bound
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    async def stop(self) -> None:
        """Take no more requests and end; does nothing when it never started."""
        await self._runner.cleanup()


def _tells_of_us(record: logging.LogRecord) -> bool:
    """Not a broken request: anybody can send one, and aiohttp would log its bytes, which may be somebody's password."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def _every_interface(port: int) -> socket.socket:
    """One socket for IPv6 and IPv4, so that port 0 means one port; IPv4 alone where there is no IPv6."""
    if socket.has_dualstack_ipv6():
        with suppress(OSError):
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))
