"""A full disk: nothing is answered for that is not saved, /health says so, and all goes on once there is space again."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.daemon import Daemon, running, until
from tests.support.receiver_server import ReceiverServer, receiver_server

CONFIG = """
route: {{receiver: hook, group_by: [number], group_wait: 0s, group_interval: 300ms}}
receivers: [{{name: hook, webhook_configs: [{{url: "{url}"}}]}}]
"""
DISK_BYTES = 4 << 20
MOST_POSTS = 200


class Disk:
    """The folder of the store, on a small disk of its own or, where none may be mounted, with a limit on file sizes."""

    def __init__(self, folder: Path, *, own: bool) -> None:
        self.folder = folder
        self._own = own
        self._ballast = folder / "ballast"

    def fill(self, daemon: Daemon) -> None:
        """From now on no file of the daemon can grow."""
        if not self._own:
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (1, hard))
            return
        with suppress(OSError), self._ballast.open("wb", buffering=0) as file:
            while file.write(bytes(4096)) == 4096:
                pass

    def clear(self, daemon: Daemon) -> None:
        if not self._own:
            limits = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, limits)
            return
        self._ballast.unlink()


@pytest.fixture(params=[pytest.param(True, id="no space left"), pytest.param(False, id="file size limit")])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "data"
    folder.mkdir()
    if not request.param:
        yield Disk(folder, own=False)
        return
    with mounted(folder) as own:
        yield Disk(folder, own=own)


@contextmanager
def mounted(folder: Path) -> Iterator[bool]:
    """Whether a small disk could be mounted there; it takes root."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    own = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield own
    finally:
        if own:
            subprocess.run(["umount", str(folder)], check=True)


async def post(daemon: Daemon, number: int) -> int:
    """The status that an alert with a long annotation is answered with."""
    alert = {
        "labels": {"alertname": "A", "number": str(number)},
        "annotations": {"text": "x" * 50_000},
        "startsAt": datetime.now(UTC).isoformat(),
    }
    url = f"{daemon.url}/api/v2/alerts"
    async with aiohttp.ClientSession() as session, session.post(url, json=[alert]) as answer:
        return answer.status


async def post_until_refused(daemon: Daemon) -> tuple[list[int], int]:
    """The alerts that were taken, and what the first one that was not was answered."""
    taken: list[int] = []
    for number in range(MOST_POSTS):
        if (status := await post(daemon, number)) != 200:
            return taken, status
        taken.append(number)
    raise AssertionError(f"{MOST_POSTS} alerts were taken by a full disk")


def told(hook: ReceiverServer) -> set[str]:
    bodies: list[Any] = [one.json for one in hook.received]
    return {alert["labels"]["number"] for body in bodies for alert in body["alerts"]}


async def test_a_full_disk_refuses_posts_and_is_seen_and_everything_goes_on_once_there_is_space(
    tmp_path: Path, disk: Disk
) -> None:
    config = tmp_path / "alertd.yml"
    async with receiver_server() as hook:
        config.write_text(CONFIG.format(url=hook.url))
        async with running(config, disk.folder) as daemon:
            await daemon.event("alertd_started")
            assert await post(daemon, MOST_POSTS) == 200
            disk.fill(daemon)
            taken, status = await post_until_refused(daemon)
            assert status == 500
            health, report = await daemon.get("/health")
            assert (health, '"unhealthy"' in report) == (503, True), report

            disk.clear(daemon)
            assert await post(daemon, len(taken)) == 200
            expected = {str(number) for number in [MOST_POSTS, *taken, len(taken)]}
            await until(lambda: told(hook) == expected, limit_s=60, what="everybody is told what was taken")
            assert (await daemon.get("/health"))[0] == 200
            assert await daemon.terminate() == 0
