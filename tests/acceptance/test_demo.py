"""`alertd demo` as people run it: it shows what it promises, and leaves nothing behind."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from alertd.demo.runner import DemoOptions, run_demo
from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.daemon import until

START_LIMIT_S = 60.0
STOP_LIMIT_S = 30.0


@asynccontextmanager
async def the_demo(folder: Path, *flags: str, path: str | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    """`alertd demo` in a session of its own, its temporary files in `folder`; killed at the end if it still runs."""
    environ = os.environ | {"TMPDIR": str(folder)} | ({"PATH": path} if path is not None else {})
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "alertd", "demo", *flags),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environ,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def read_until(process: asyncio.subprocess.Process, words: str) -> str:
    """What it prints up to the line with these words."""
    assert process.stdout is not None
    read = ""
    async with asyncio.timeout(START_LIMIT_S):
        while words not in read:
            line = await process.stdout.readline()
            assert line, f"it ended without saying {words!r}:\n{read}"
            read += line.decode()
    return read


def children_of(pid: int) -> dict[int, str]:
    """The command line of every process under `pid`, by its id."""
    found: dict[int, str] = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text, command = status.read_text(), status.with_name("cmdline").read_text().replace("\0", " ")
        except OSError:  # it has just ended
            continue
        parent = re.search(r"^PPid:\s+(\d+)", text, re.MULTILINE)
        if parent and int(parent[1]) == pid:
            child = int(status.parent.name)
            found |= {child: command} | children_of(child)
    return found


def running(pids: dict[int, str]) -> dict[int, str]:
    return {pid: command for pid, command in pids.items() if Path(f"/proc/{pid}").exists()}


async def test_a_firing_and_a_resolved_notification_arrive_within_the_promised_time(tmp_path):
    async with the_demo(tmp_path, "--for", "65s") as process:
        output, _ = await asyncio.wait_for(process.communicate(), 65 + STOP_LIMIT_S)
    text = output.decode()
    assert process.returncode == 0, text
    assert re.search(
        r"FIRING +HighLLMErrorRate +critical +backend=provider-a.*\n +provider-a fails \d.* \(limit 5\.0%\)", text
    ), text
    assert re.search(r"RESOLVED +HighLLMErrorRate .*\n.*at worst \(limit 5\.0%\)\n +since \S+ UTC, for \d+s", text), (
        text
    )
    assert "\x1b[" not in text, "no colours where there is no terminal"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_an_interrupt_ends_everything_it_started(tmp_path, ending):
    async with the_demo(tmp_path) as process:
        await read_until(process, "alertd   ")
        children = children_of(process.pid)
        commands = " ".join(children.values())
        assert "prometheus" in commands
        assert "alertd run" in commands
        os.killpg(process.pid, ending)
        await asyncio.wait_for(process.communicate(), STOP_LIMIT_S)
    assert process.returncode == 0
    assert running(children) == {}
    assert list(tmp_path.iterdir()) == []


async def test_an_interrupt_while_it_starts_ends_everything(tmp_path):
    async with the_demo(tmp_path) as process:
        await read_until(process, "/metrics")
        children = children_of(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        await asyncio.wait_for(process.communicate(), STOP_LIMIT_S)
    assert process.returncode == 0
    assert running(children) == {}
    assert list(tmp_path.iterdir()) == []


async def test_nothing_it_started_survives_when_it_is_killed(tmp_path):
    async with the_demo(tmp_path) as process:
        await read_until(process, "alertd   ")
        children = children_of(process.pid)
        assert len(children) == 2, children
        process.kill()
        await process.wait()
    await until(lambda: not running(children), limit_s=STOP_LIMIT_S, what="its children are gone")


async def test_too_short_a_time_is_an_exit_status_of_1_with_the_reason(tmp_path):
    async with the_demo(tmp_path, "--for", "1s") as process:
        output, _ = await asyncio.wait_for(process.communicate(), STOP_LIMIT_S)
    assert process.returncode == 1
    assert "No firing and no resolved notification was delivered" in output.decode()
    assert list(tmp_path.iterdir()) == []


async def test_a_missing_prometheus_is_named_with_the_command_that_installs_it(tmp_path):
    async with the_demo(tmp_path, path="") as process:
        output, _ = await asyncio.wait_for(process.communicate(), STOP_LIMIT_S)
    assert process.returncode == 1
    assert "apt-get install prometheus" in output.decode()
    assert "Traceback" not in output.decode()


async def test_with_a_prometheus_of_ones_own_it_says_what_to_scrape():
    told: list[str] = []
    async with LocalPrometheus() as prometheus:
        options = DemoOptions(lasts=timedelta(seconds=5), prometheus_url=prometheus.url, gateway_port=0)
        assert await run_demo(options, tell=told.append) == set()
    text = "\n".join(told)
    gateway = re.search(r"gateway +http://(127\.0\.0\.1:\d+)/metrics", text)
    assert gateway, text
    assert prometheus.url in text
    assert "scrape_configs:\n- job_name: agentgateway\n  scrape_interval: 1s\n" in text
    assert f"  - targets:\n    - {gateway[1]}\n" in text
    assert "Traffic flows" not in text, "nobody scrapes it"
