"""`LocalPrometheus`: starts, answers, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from alertd.errors import AlertdError
from alertd.replay.local_prometheus import LocalPrometheus, PrometheusMissingError


def folders(parent: Path) -> list[Path]:
    return list(parent.glob("alertd-prometheus-*"))


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


async def test_it_is_ready_when_entered_and_gone_when_left(temporary_folder: Path) -> None:
    async with LocalPrometheus() as prometheus, aiohttp.ClientSession() as session:
        async with session.get(f"{prometheus.url}/-/ready") as answer:
            assert answer.status == 200
        assert folders(temporary_folder)
    assert not folders(temporary_folder)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"{prometheus.url}/-/ready")


async def test_two_run_side_by_side() -> None:
    async with LocalPrometheus() as one, LocalPrometheus() as other:
        assert one.url != other.url


async def test_it_takes_scrape_configs_and_flags() -> None:
    jobs = [{"job_name": "gateway", "static_configs": [{"targets": ["127.0.0.1:9"]}]}]
    async with (
        LocalPrometheus(scrape_configs=jobs, flags=["--query.lookback-delta=7m"]) as prometheus,
        aiohttp.ClientSession() as session,
    ):
        async with session.get(f"{prometheus.url}/api/v1/status/config") as answer:
            assert "job_name: gateway" in await answer.text()
        async with session.get(f"{prometheus.url}/api/v1/status/flags") as answer:
            assert (await answer.json())["data"]["query.lookback-delta"] == "7m"


async def test_a_failure_inside_ends_it_too(temporary_folder: Path) -> None:
    with pytest.raises(KeyError):
        async with LocalPrometheus():
            raise KeyError
    assert not folders(temporary_folder)


async def test_what_it_says_when_it_cannot_start_is_passed_on(temporary_folder: Path) -> None:
    with pytest.raises(AlertdError, match="nonsense"):
        async with LocalPrometheus(config={"nonsense": True}):
            pass
    assert not folders(temporary_folder)


async def test_an_unknown_flag_is_named() -> None:
    with pytest.raises(AlertdError, match="unknown long flag '--nonsense'"):
        async with LocalPrometheus(flags=["--nonsense"]):
            pass


async def test_a_missing_binary_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PrometheusMissingError, match="apt-get install prometheus"):
        async with LocalPrometheus():
            pass


_HOLD = """
import asyncio
from alertd.replay.local_prometheus import LocalPrometheus
async def main():
    async with LocalPrometheus() as prometheus:
        print(prometheus.url, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.mark.parametrize("end", [pytest.param(signal.SIGKILL, id="killed"), pytest.param(signal.SIGINT, id="Ctrl-C")])
async def test_it_ends_with_the_process_that_started_it(end: signal.Signals, tmp_path: Path) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _HOLD, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert holder.stdout is not None
    async with asyncio.timeout(30):
        url = (await holder.stdout.readline()).decode().strip()
        holder.send_signal(end)
        await holder.wait()
        await until_refused(url)


async def until_refused(url: str) -> None:
    """Return once nothing listens at `url` any more: the kernel ends the process a moment after its parent."""
    host, port = url.removeprefix("http://").split(":")
    while True:
        try:
            _, writer = await asyncio.open_connection(host, int(port))
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            continue  # caught between the listener's closing and its port's
        writer.close()
        await asyncio.sleep(0)
