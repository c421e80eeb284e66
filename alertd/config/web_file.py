"""The file of `--web.config.file`, with the certificates it names: everything, or a ConfigError with everything that is wrong."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alertd.api.server_tls import TlsError, files_of, server_context
from alertd.api.web_settings import TlsServerSettings, WebFile
from alertd.config.settings_file import load_settings
from alertd.yamlio import ConfigError, Node, Problem, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """A web configuration that can be used.

    tls     None: plain HTTP
    files   everything that was read
    """

    settings: WebFile
    tls: ssl.SSLContext | None = None
    files: tuple[Path, ...] = ()


def load_web_file(path: Path | None) -> WebConfig:
    """The web configuration; without a file, everybody may do everything. Raises ConfigError."""
    if path is None:
        return WebConfig(settings=WebFile())
    settings, root = load_settings(path, WebFile)
    tls = settings.tls_server_config
    return WebConfig(
        settings=settings, tls=_context(tls, root) if tls.is_enabled else None, files=(path, *files_of(tls))
    )


def stamp(files: Iterable[Path]) -> tuple[object, ...]:
    """Differs once one of the files has changed, or is gone."""
    return tuple(_stamps(files))


def _stamps(files: Iterable[Path]) -> Iterator[object]:
    for path in files:
        try:
            status = path.stat()
        except OSError as error:
            yield error.errno
        else:
            yield status.st_mtime_ns, status.st_size, status.st_ino


def _context(settings: TlsServerSettings, root: Table) -> ssl.SSLContext:
    try:
        return server_context(settings)
    except TlsError as error:
        raise ConfigError([_at(error, root)]) from None


def _at(error: TlsError, root: Table) -> Problem:
    section = root.get("tls_server_config")
    assert isinstance(section, Table)
    node: Node = section.get(error.key) or section
    return node.problem(str(error))
