"""TLS contexts from `tls_config`, built again when one of their files changes."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Protocol

from alertd.http.errors import HttpError, HttpErrorKind
from alertd.http.settings import TlsSettings
from alertd.secret import Secret

_Stamp = tuple[tuple[int, int], ...]


class TlsContexts:
    """Gives the context for the next request. Certificates may be renewed on disk without a reload."""

    def __init__(self, settings: TlsSettings) -> None:
        self._settings = settings
        self._files = [path for path in (settings.ca_file, settings.cert_file, settings.key_file) if path is not None]
        self._context: ssl.SSLContext | None = None
        self._stamp: _Stamp = ()
        self._refreshing = threading.Lock()

    async def current(self) -> ssl.SSLContext:
        """The context; raises HttpError when a certificate or key cannot be read."""
        if self._context is None or self._files:
            await asyncio.to_thread(self._refresh_alone)
        assert self._context is not None
        return self._context

    def _refresh_alone(self) -> None:
        with self._refreshing:  # the first requests come all at once, and connections go on under one context alone
            self._refresh()

    def _refresh(self) -> None:
        try:
            stamp = tuple((status.st_mtime_ns, status.st_size) for status in map(Path.stat, self._files))
            if self._context is None or stamp != self._stamp:
                self._context, self._stamp = build_context(self._settings), stamp
        except OSError as error:
            # ssl.SSLError is an OSError whose file is not named: say which files were read.
            names = ", ".join(map(str, self._files)) or "the given texts"
            reason = error.strerror or type(error).__name__
            raise HttpError(HttpErrorKind.TLS, f"tls_config: cannot use {names}: {reason}") from None


_READING = threading.Lock()


def usual_context() -> ssl.SSLContext:
    """For whoever has no `tls_config`: trusts whom the system trusts. One for all of them; reads files: call it in a thread."""
    with _READING:  # it takes 20 ms, and the first requests come all at once
        return _usual_context()


@cache
def _usual_context() -> ssl.SSLContext:
    context = build_context(TlsSettings())
    context.set_alpn_protocols(("http/1.1",))
    return context


def build_context(settings: TlsSettings) -> ssl.SSLContext:
    """A client's context; raises OSError (ssl.SSLError included). Reads files: call it in a thread."""
    context = ssl.create_default_context(cafile=settings.ca_file, cadata=settings.ca or None)
    if settings.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.min_version is not None:
        context.minimum_version = settings.min_version.number
    if settings.max_version is not None:
        context.maximum_version = settings.max_version.number
    if settings.cert or settings.cert_file:
        load_certificate(context, settings)
    return context


class Certificate(Protocol):
    """A certificate and its key, each as text or as a file."""

    @property
    def cert(self) -> str: ...
    @property
    def cert_file(self) -> Path | None: ...
    @property
    def key(self) -> Secret | None: ...
    @property
    def key_file(self) -> Path | None: ...


def load_certificate(context: ssl.SSLContext, settings: Certificate) -> None:
    """Let the context show it; raises OSError (ssl.SSLError included), also for a key that needs a password."""
    # ssl reads certificates from files only; texts are written to files nobody else can read, for this moment.
    with tempfile.TemporaryDirectory() as folder:
        cert = settings.cert_file or _write(Path(folder, "cert.pem"), settings.cert)
        key = settings.key_file or _write(Path(folder, "key.pem"), settings.key.reveal() if settings.key else "")
        context.load_cert_chain(cert, key, password=str)  # without one, ssl would ask at the terminal


def _write(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path
