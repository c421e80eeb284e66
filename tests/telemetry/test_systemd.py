"""Messages to systemd, read from a real datagram socket."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from alertd.telemetry.systemd import Systemd, watch


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A service manager's socket, and its address as NOTIFY_SOCKET spells it."""
    address = str(tmp_path / "notify") if request.param == "path" else f"@alertd-test-{uuid.uuid4()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        listener.setblocking(False)
        yield listener, address


def heard(listener: socket.socket) -> list[str]:
    """Every message that has arrived."""
    messages = []
    with suppress(BlockingIOError):
        while True:
            messages.append(listener.recv(4096).decode())
    return messages


def test_a_life_is_told_in_order(manager: tuple[socket.socket, str]) -> None:
    listener, address = manager
    systemd = Systemd.from_environ({"NOTIFY_SOCKET": address})
    systemd.ready("12 rules")
    systemd.reloading(monotonic=3.25)
    systemd.ready()
    systemd.status("two\nlines")
    systemd.stopping()
    assert heard(listener) == [
        "READY=1\nSTATUS=12 rules",
        "RELOADING=1\nMONOTONIC_USEC=3250000",
        "READY=1",
        "STATUS=two lines",
        "STOPPING=1",
    ]


def test_without_a_service_manager_nothing_happens() -> None:
    systemd = Systemd.from_environ({})
    systemd.ready()
    assert systemd.watchdog is None


def test_a_socket_that_is_gone_does_no_harm(tmp_path: Path) -> None:
    Systemd(str(tmp_path / "gone")).ready()


@pytest.mark.parametrize(
    ("environ", "watchdog"),
    [
        pytest.param({"WATCHDOG_USEC": "60000000"}, timedelta(seconds=60), id="set for whoever reads it"),
        pytest.param({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, timedelta(minutes=1), id="ours"),
        pytest.param({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None, id="set for another process"),
        pytest.param({"WATCHDOG_USEC": "0"}, None, id="off"),
        pytest.param({"WATCHDOG_USEC": "soon"}, None, id="no number"),
    ],
)
def test_the_watchdog_period_is_that_of_the_environment(environ: dict[str, str], watchdog: timedelta | None) -> None:
    assert Systemd.from_environ(environ).watchdog == watchdog


async def test_the_watchdog_is_put_off_only_while_evaluation_advances(manager: tuple[socket.socket, str]) -> None:
    listener, address = manager
    answers = [True, True, False, False, True]
    told: list[list[str]] = []
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        told.append(heard(listener))
        if len(told) == len(answers):
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await watch(Systemd(address, watchdog=timedelta(seconds=60)), alive=lambda: answers[len(told)], pause=pause)
    assert told == [["WATCHDOG=1"], ["WATCHDOG=1"], [], [], ["WATCHDOG=1"]]
    assert set(pauses) == {30}, "twice per period"


async def test_without_a_watchdog_the_loop_ends_at_once() -> None:
    await watch(Systemd("@nobody"), alive=lambda: True)
