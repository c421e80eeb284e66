"""How quickly alertd is at work, and what it weighs: ready, first evaluation, resident memory, `alertd --version`.

python -m tests.bench.startup --rules 1000
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp

from tests.bench.support.dataset import fleet, write
from tests.bench.support.datasource import Datasource, datasource
from tests.bench.support.dispatchers import configuration, dispatcher
from tests.bench.support.evaluators import Setup, alertd_command
from tests.bench.support.processes import (
    CLOCK,
    READY_LIMIT,
    BenchError,
    Process,
    free_address,
    running,
    until_told,
)
from tests.bench.support.rule_set import groups
from tests.bench.support.sink import sink

TENANTS = 60
DATA_AHEAD = timedelta(minutes=10)
VERSION_RUNS = 10

_EVALUATED = b"group_evaluated"
"""The event alertd logs for every group it has evaluated, where it is to log everything."""


@dataclass(frozen=True, slots=True)
class Start:
    """One start.

    first, last   seconds to the first evaluated group, and until all were evaluated once
    cpu           CPU seconds that alertd had used by then; says more than `first` where the machine is busy
    resident_mib  at the end of the settling time
    """

    first: float
    last: float
    cpu: float
    resident_mib: float
    peak_mib: float


async def start(setup: Setup, *, settle: float) -> Start:
    """Start alertd as if for the first time; it has ended when this returns."""
    command = [*alertd_command(setup, free_address()), "--log.level=debug"]
    started = CLOCK.monotonic()
    async with running("alertd", command, folder=setup.folder) as process:
        first = await _evaluated(process, 1) - started
        last = await _evaluated(process, len(setup.groups)) - started
        cpu = process.cpu_seconds()
        await asyncio.sleep(settle)
        return Start(first, last, cpu, process.resident_mib(), process.peak_mib())


async def _evaluated(process: Process, groups: int) -> float:
    """When so many groups had been evaluated; seen in the log, which costs alertd nothing."""
    async with asyncio.timeout(READY_LIMIT):
        while process.log.read_bytes().count(_EVALUATED) < groups:
            if process.child.returncode is not None:
                raise BenchError(f"alertd has ended: {process.last_words()}")
            await asyncio.sleep(0.005)
    return CLOCK.monotonic()


@dataclass(frozen=True, slots=True)
class Ready:
    """A start with a plain alertmanager.yml: seconds until it is ready, CPU seconds used by then, memory."""

    seconds: float
    cpu: float
    resident_mib: float


async def start_plain(session: aiohttp.ClientSession, folder: Path) -> Ready:
    """Start alertd as a mere Alertmanager, for the first time; it has ended when this returns."""
    config = configuration("127.0.0.1:9", group_by=["alertname"], group_wait="30s")
    started = CLOCK.monotonic()
    async with dispatcher("alertd", config, session, folder) as daemon:
        seconds = CLOCK.monotonic() - started
        return Ready(seconds, daemon.process.cpu_seconds(), daemon.process.resident_mib())


async def version_seconds() -> float:
    """How long `alertd --version` takes, the interpreter's own start included."""
    started = CLOCK.monotonic()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "alertd", "--version"), stdout=asyncio.subprocess.DEVNULL
    )
    if await child.wait():
        raise BenchError("alertd --version failed")
    return CLOCK.monotonic() - started


async def run(rules: int, *, reps: int, settle: float) -> None:
    """Measure and print."""
    versions = [await version_seconds() for _ in range(VERSION_RUNS)]
    with tempfile.TemporaryDirectory(prefix="alertd-bench-") as name:
        folder = Path(name)
        async with aiohttp.ClientSession() as session, datasource(session, folder) as source, sink() as notifier:
            plain = [await start_plain(session, folder / f"plain-{number}") for number in range(reps)]
            await write(source, fleet(TENANTS), now=CLOCK.now(), future=DATA_AHEAD)
            starts = [
                await start(_setup(source, notifier.address, folder / f"start-{number}", rules), settle=settle)
                for number in range(reps)
            ]
    print(f"{rules} rules, {reps} starts, {VERSION_RUNS} times --version: median (least-most)\n")
    print("| what | measured | aim |\n|---|---|---|")
    print(_row("plain alertmanager.yml: ready, s", [one.seconds for one in plain], "", ".2f"))
    print(_row("plain alertmanager.yml: CPU until then, s", [one.cpu for one in plain], "under 0.35", ".2f"))
    print(_row("plain alertmanager.yml: RSS, MiB", [one.resident_mib for one in plain], "", ".0f"))
    print(_row("first group evaluated, s", [one.first for one in starts], "under 1.5", ".2f"))
    print(_row("all groups evaluated, s", [one.last for one in starts], "", ".2f"))
    print(_row("CPU until then, s", [one.cpu for one in starts], "", ".2f"))
    print(_row(f"RSS after {settle:g} s, MiB", [one.resident_mib for one in starts], "under 110", ".0f"))
    print(_row("most RSS, MiB", [one.peak_mib for one in starts], "", ".0f"))
    print(_row("alertd --version, ms", [1000 * seconds for seconds in versions], "under 100", ".0f"))


def _setup(source: Datasource, notifier: str, folder: Path, rules: int) -> Setup:
    folder.mkdir()
    chosen = groups(rules, tenants=TENANTS)
    return Setup(source=source, notifier=notifier, groups=chosen, interval="15s", folder=folder)


def _row(what: str, values: list[float], aim: str, form: str) -> str:
    low, middle, high = (format(one, form) for one in (min(values), statistics.median(values), max(values)))
    return f"| {what} | {middle} ({low}-{high}) | {aim} |"


async def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=int, default=1000, help="number of rules (default: %(default)s)")
    parser.add_argument("--reps", type=int, default=3, help="starts (default: %(default)s)")
    parser.add_argument("--settle", type=float, default=40, help="seconds until memory is read (default: %(default)s)")
    given = parser.parse_args()
    await until_told(run(given.rules, reps=given.reps, settle=given.settle))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except BenchError as error:
        sys.exit(f"error: {error}")
