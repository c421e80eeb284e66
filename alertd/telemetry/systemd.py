"""What alertd tells systemd: ready, reloading, stopping, still alive (`Type=notify`, `WatchdogSec=`).

source   sd_notify(3), sd_watchdog_enabled(3)
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import structlog

log = structlog.get_logger(__name__)


class Systemd:
    """Sends notifications; does nothing where no service manager listens.

    address    of a Unix datagram socket; a leading `@` means the abstract namespace; empty: nobody listens
    watchdog   how long silence is tolerated; None: for ever
    """

    def __init__(self, address: str = "", *, watchdog: timedelta | None = None) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog = watchdog

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Systemd:
        """As the service manager set `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`."""
        for_us = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environ.get("WATCHDOG_USEC", "")
        watched = for_us and microseconds.isdigit() and int(microseconds) > 0
        return cls(
            environ.get("NOTIFY_SOCKET", ""), watchdog=timedelta(microseconds=int(microseconds)) if watched else None
        )

    def ready(self, status: str = "") -> None:
        """Started, or done with a reload."""
        self._send("READY=1", *_status(status))

    def reloading(self, *, monotonic: float) -> None:
        """A reload begins; `monotonic` is the clock's, in seconds. `ready` ends it."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={int(monotonic * 1_000_000)}")

    def status(self, text: str) -> None:
        """One line that `systemctl status` shows."""
        self._send(*_status(text))

    def stopping(self) -> None:
        """The end begins."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Put off the watchdog."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address or not lines:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)  # a full queue must not hold up the event loop
                sender.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            log.warning("systemd_not_told", message=lines[0], error=str(error))


def _status(text: str) -> list[str]:
    return [f"STATUS={' '.join(text.split())}"] if text else []


async def watch(
    systemd: Systemd, *, alive: Callable[[], bool], pause: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> None:
    """Tell systemd, twice per watchdog period, that alertd is alive, as long as `alive` says so; ends when cancelled.

    alive    whether evaluation advances (`health.evaluation`): a loop that turns without doing its work is not alive
    pause    waits for seconds; monotonic, as systemd's own watchdog, since the wall clock may be set back
    """
    if systemd.watchdog is None:
        return
    while True:
        if alive():
            systemd.alive()
        else:
            log.error("watchdog_withheld", why="rule groups are not evaluated in time; systemd will restart alertd")
        await pause(systemd.watchdog.total_seconds() / 2)
