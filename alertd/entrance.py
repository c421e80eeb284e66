"""`Entrance`: who is let in and with which certificate, made again when one of the files that say so changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from alertd.api.auth import Access
from alertd.api.auth_middleware import Gate
from alertd.api.server_tls import current_context
from alertd.api.web_settings import AccessSettings
from alertd.clock import Clock
from alertd.config.web_file import WebConfig, load_web_file, stamp
from alertd.errors import AlertdError

log = structlog.get_logger(__name__)

LOOK_EVERY = timedelta(seconds=1)


class EntranceError(AlertdError):
    """A web configuration that cannot be taken while alertd runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What the web configuration file and `web:` say together, ready to be taken.

    stamp   of all files at the time they were read
    """

    settings: AccessSettings
    web: WebConfig
    access: Access
    stamp: tuple[object, ...]


class Entrance:
    """`gate` and `tls` are for the server; `tls` is None for plain HTTP."""

    def __init__(self, file: Path | None, admission: Admission, *, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._taken = admission
        self.gate = Gate(admission.access, admission.web.settings.rate_limit, monotonic=clock.monotonic)
        self.tls = None if admission.web.tls is None else current_context(admission.web.tls)
        _warn(admission)

    @classmethod
    async def open(cls, file: Path | None, settings: AccessSettings, *, clock: Clock) -> Entrance:
        """Raises AlertdError with everything that is wrong."""
        return cls(file, await asyncio.to_thread(_read, file, settings), clock=clock)

    async def prepare(self, settings: AccessSettings) -> Admission:
        """What `take` will put in force; raises AlertdError, and the old one stays in force."""
        admission = await asyncio.to_thread(_read, self._file, settings)
        if (admission.web.tls is None) is not (self.tls is None):
            raise EntranceError(f"{self._file}: TLS cannot be switched on or off while alertd runs; start it again")
        return admission

    def take(self, admission: Admission) -> None:
        """From the next request, and the next connection, on."""
        self._taken = admission
        self.gate.replace(admission.access, admission.web.settings.rate_limit)
        if self.tls is not None and admission.web.tls is not None:
            self.tls.current = admission.web.tls
        _warn(admission)

    async def run(self) -> None:
        """Look at the files every second, until cancelled. A change that cannot be taken is told once."""
        refused: tuple[object, ...] = ()
        while True:
            await self._clock.sleep_until(self._clock.now() + LOOK_EVERY)
            now = await asyncio.to_thread(_stamp, self._taken.settings, self._taken.web)
            if now in (self._taken.stamp, refused):
                continue
            try:
                self.take(await self.prepare(self._taken.settings))
            except AlertdError as error:
                refused = now
                log.error("web_config_refused", error=str(error), running="the old web configuration goes on")
            else:
                log.info("web_config_loaded", file=str(self._file))

    def close(self) -> None:
        """Nobody is let in any more."""
        self.gate.close()


def _read(file: Path | None, settings: AccessSettings) -> Admission:
    before = _stamp(settings, load_web_file(file))
    web = load_web_file(file)  # again, now that the files it names are known: whatever changes from here on is seen
    return Admission(settings=settings, web=web, access=Access.from_settings(web.settings, settings), stamp=before)


def _stamp(settings: AccessSettings, web: WebConfig) -> tuple[object, ...]:
    return stamp([*web.files, *_token_files(settings)])


def _token_files(settings: AccessSettings) -> Iterator[Path]:
    for token in settings.tokens:
        if token.token_file is not None and token.token_file.file is not None:
            yield token.token_file.file


def _warn(admission: Admission) -> None:
    users = admission.web.settings.basic_auth_users
    for name in admission.settings.user_scopes:
        if name not in users:
            log.warning("scope_of_no_user", user=name, fix="web.user_scopes names users of --web.config.file")
