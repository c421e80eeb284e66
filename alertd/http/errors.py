"""`HttpError`: why there is no answer to a request, in words that hold no secret."""

from __future__ import annotations

import ssl
from enum import StrEnum
from urllib.parse import urlsplit

import aiohttp

from alertd.errors import AlertdError


class HttpErrorKind(StrEnum):
    """What kept the answer away."""

    DNS = "dns"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    TLS = "tls"
    RESET = "reset"
    OTHER = "other"


class HttpError(AlertdError):
    """No answer: the name did not resolve, the connection failed, time ran out, a credential could not be read."""

    def __init__(self, kind: HttpErrorKind, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def origin(url: str) -> str:
    """`scheme://host:port` of a URL: all of it that may be shown, since a path or a query may be the secret."""
    try:
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return "(unreadable URL)"
    return f"{parts.scheme}://{host}{port}" if parts.scheme and host else "(unreadable URL)"


def translate(error: Exception, url: str) -> HttpError:
    """The `HttpError` for what aiohttp raised. Texts of aiohttp are not passed on: some of them hold the URL."""
    kind, what = _classify(error)
    return HttpError(kind, f"{origin(url)}: {what}")


def _classify(error: Exception) -> tuple[HttpErrorKind, str]:
    if isinstance(error, TimeoutError):
        return HttpErrorKind.TIMEOUT, "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return HttpErrorKind.DNS, "host name does not resolve"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return HttpErrorKind.TLS, _certificate(error.certificate_error)
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        return HttpErrorKind.TLS, "TLS handshake failed"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return HttpErrorKind.OTHER, f"the proxy answered {error.status}"
    if isinstance(error, aiohttp.TooManyRedirects):
        return HttpErrorKind.OTHER, "too many redirects"
    if isinstance(error, (aiohttp.InvalidURL, ValueError)):
        return HttpErrorKind.OTHER, "not a URL that can be asked"
    if isinstance(error, aiohttp.ClientConnectorError):
        if isinstance(error.os_error, ConnectionRefusedError):
            return HttpErrorKind.REFUSED, "connection refused"
        return HttpErrorKind.OTHER, f"cannot connect: {error.os_error.strerror or type(error.os_error).__name__}"
    if isinstance(error, (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError)):
        return HttpErrorKind.RESET, "connection lost before the answer was complete"
    return HttpErrorKind.OTHER, f"request failed ({type(error).__name__})"


def _certificate(error: Exception) -> str:
    reason = getattr(error, "verify_message", "") or type(error).__name__
    return f"certificate not accepted: {reason}; see tls_config"
