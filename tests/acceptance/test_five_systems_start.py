"""The first minutes with alertd, for each of the five systems: init, fill in, check, run. Real packs, a real Prometheus."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from alertd.clock import SystemClock
from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.daemon import running
from tests.support.gateways import SYSTEMS, scrape_config, served
from tests.support.gateways.doors import open_doors
from tests.support.gateways.living import evaluated, scraped
from tests.support.gateways.stories import STORIES

PAST = timedelta(minutes=35)
"""The first evaluation is of the slot under way, and the longest interval of a group is half an hour."""

clock = SystemClock()
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("five_systems_start"),  # one process for all: what they share takes long
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def prometheus() -> AsyncIterator[LocalPrometheus]:
    """It has scraped all systems for a while."""
    now = clock.now()
    simulators = [SYSTEMS[name](born=now - timedelta(days=1)) for name in STORIES]
    late_samples = {"storage": {"tsdb": {"out_of_order_time_window": "1h"}}}
    async with served(simulators, clock) as exported:
        scraping = scrape_config(simulators, exported, interval="5s")
        async with LocalPrometheus(scrape_configs=[scraping], config=late_samples) as running_one:
            times = [now - step * timedelta(seconds=30) for step in range(PAST // timedelta(seconds=30), -1, -1)]
            await running_one.write([sample for at in times for one in simulators for sample in one.samples(at)])
            await scraped(running_one.url, simulators)
            yield running_one


def shell(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """What somebody types in the folder, with this alertd as `alertd`."""
    alertd = f'alertd() {{ "{sys.executable}" -m alertd "$@"; }}; set -e; '
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        ["bash", "-c", alertd + command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def fill_in(env_file: Path, values: Mapping[str, str]) -> None:
    """Values for the variables that the file has; the others stay as they are."""
    lines = []
    for line in env_file.read_text().splitlines():
        name, is_variable, _ = line.partition("=")
        lines.append(f"{name}={values[name]}" if is_variable and name in values else line)
    env_file.write_text("\n".join(lines) + "\n")


def exported(folder: Path) -> dict[str, str]:
    """The environment after alertd.env was read as its comment says."""
    said = shell(folder, "set -a; . ./alertd.env; set +a; env -0")
    assert said.returncode == 0, said.stderr
    return dict(entry.split("=", 1) for entry in said.stdout.split("\0") if "=" in entry)


@pytest.mark.parametrize("system", STORIES)
async def test_init_check_and_run_in_an_empty_folder(tmp_path: Path, prometheus: LocalPrometheus, system: str) -> None:
    said = shell(tmp_path, f"alertd init --preset {system}")
    assert said.returncode == 0, said.stderr
    async with open_doors() as doors:
        fill_in(tmp_path / "alertd.env", {**doors.environment, "PROMETHEUS_URL": prometheus.url})

        checked = shell(tmp_path, "set -a; . ./alertd.env; set +a; alertd check --lint-fatal")
        assert checked.returncode == 0, checked.stdout + checked.stderr

        async with running(tmp_path / "alertd.yml", tmp_path / "data", environ=exported(tmp_path)) as daemon:
            await daemon.event("alertd_started", limit_s=60)
            rules = await evaluated(daemon)
            assert rules
            assert {rule["name"]: rule["lastError"] for rule in rules if rule["health"] != "ok"} == {}
            assert {rule["name"]: rule["state"] for rule in rules if rule["state"] != "inactive"} == {}
            assert await daemon.terminate() == 0
        assert doors.told() == []
    assert [event for event in daemon.events if event.get("level") in ("error", "critical")] == []


@pytest.mark.parametrize("system", STORIES)
async def test_without_a_single_receiver_it_says_what_is_switched_off_and_runs(
    tmp_path: Path, prometheus: LocalPrometheus, system: str
) -> None:
    assert shell(tmp_path, f"alertd init --preset {system}").returncode == 0
    fill_in(tmp_path / "alertd.env", {"PROMETHEUS_URL": prometheus.url})
    checked = shell(tmp_path, "set -a; . ./alertd.env; set +a; alertd check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "SLACK_WEBHOOK_URL" in checked.stdout + checked.stderr
