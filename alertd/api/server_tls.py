"""TLS of the server: the context that `tls_server_config` asks for, and one that can be replaced while it is in use."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from alertd.api.web_settings import CURVES, ClientAuth, TlsServerSettings
from alertd.errors import AlertdError
from alertd.http.tls import load_certificate


class TlsError(AlertdError):
    """A context cannot be built; `key` is the key of the settings that is at fault."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class _NamedClient(ssl.SSLObject):
    """A connection whose client must have one of the names its context allows."""

    def do_handshake(self) -> None:
        super().do_handshake()
        assert isinstance(self.context, _Context)
        allowed = self.context.allowed
        if allowed is not None and allowed.isdisjoint(_names(self.getpeercert() or {})):
            raise ssl.SSLCertVerificationError("no name of the client's certificate is among client_allowed_sans")


class _Context(ssl.SSLContext):
    """A context that knows which names clients may have; None: any."""

    allowed: frozenset[str] | None = None
    sslobject_class = _NamedClient


class CurrentContext(ssl.SSLContext):
    """Hands each new connection to `current`, which may be replaced; those that are open keep theirs."""

    current: ssl.SSLContext

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        return self.current.wrap_bio(*args, **kwargs)


def current_context(context: ssl.SSLContext) -> CurrentContext:
    """A context whose `current` is `context`."""
    holder = CurrentContext(ssl.PROTOCOL_TLS_SERVER)
    holder.current = context
    return holder


def server_context(settings: TlsServerSettings) -> ssl.SSLContext:
    """The context; raises TlsError. Reads files: call it in a thread."""
    _check_readable(settings)
    context = _Context(ssl.PROTOCOL_TLS_SERVER)
    for key, choose in _CHOICES.items():
        try:
            choose(context, settings)
        except (ValueError, ssl.SSLError):
            raise TlsError(key, f"{ssl.OPENSSL_VERSION} has nothing of what is named here") from None
    _ask_for_certificates(context, settings)
    try:
        load_certificate(context, settings)
    except (OSError, ValueError) as error:
        raise TlsError(
            _given(settings, "cert"), f"the certificate and its key cannot be used: {_said(error)}"
        ) from None
    return context


def files_of(settings: TlsServerSettings) -> Iterator[Path]:
    """What a context is built from, beside the settings."""
    return filter(None, (settings.cert_file, settings.key_file, settings.client_ca_file))


def _check_readable(settings: TlsServerSettings) -> None:
    for key in ("cert_file", "key_file", "client_ca_file"):
        path: Path | None = getattr(settings, key)
        try:
            if path is not None:
                path.read_bytes()
        except OSError as error:
            raise TlsError(key, f"cannot read {path}: {error.strerror}") from None


def _choose_versions(context: ssl.SSLContext, settings: TlsServerSettings) -> None:
    context.minimum_version = settings.min_version.number
    context.maximum_version = settings.max_version.number


def _choose_ciphers(context: ssl.SSLContext, settings: TlsServerSettings) -> None:
    if not settings.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if settings.old_ciphers:
        context.set_ciphers(":".join(settings.old_ciphers))


def _choose_curve(context: ssl.SSLContext, settings: TlsServerSettings) -> None:
    for curve in settings.curve_preferences:
        context.set_ecdh_curve(CURVES[curve])


_CHOICES = {
    "min_version": _choose_versions,
    "cipher_suites": _choose_ciphers,
    "curve_preferences": _choose_curve,
}
"""What OpenSSL is asked to use, by the key that says it."""


def _ask_for_certificates(context: _Context, settings: TlsServerSettings) -> None:
    if settings.client_auth_type in (ClientAuth.NONE, ClientAuth.REQUESTED):  # what is requested only, nobody looks at
        return
    must = settings.client_auth_type is ClientAuth.VERIFIED
    context.verify_mode = ssl.CERT_REQUIRED if must else ssl.CERT_OPTIONAL
    if settings.client_allowed_sans is not None:
        context.allowed = frozenset(settings.client_allowed_sans)
    if not settings.has_authority:
        context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
        return
    try:
        context.load_verify_locations(cafile=settings.client_ca_file, cadata=settings.client_ca or None)
    except (OSError, ValueError) as error:
        raise TlsError(_given(settings, "client_ca"), f"no certificates to trust in it: {_said(error)}") from None


def _given(settings: TlsServerSettings, name: str) -> str:
    return f"{name}_file" if getattr(settings, f"{name}_file") else name


def _said(error: Exception) -> str:
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__


def _names(certificate: dict[str, Any]) -> Iterator[str]:
    """Its Subject Alternative Names as Go writes them."""
    for kind, name in certificate.get("subjectAltName", ()):
        yield str(ip_address(name.strip())) if kind == "IP Address" else name
