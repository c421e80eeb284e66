"""Alertmanager's half of alertd beside Alertmanager itself: taking alerts, listing them, notifying.

python -m tests.bench.dispatch            (under 6 minutes)
python -m tests.bench.dispatch --quick    (1 minute)
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, product
from pathlib import Path

import aiohttp

from tests.bench.support.alert_load import INHIBIT_RULES, bodies, post_all, silences
from tests.bench.support.dispatchers import COMMANDS, Dispatcher, configuration, dispatcher
from tests.bench.support.processes import CLOCK, BenchError, busy_seconds, until_told
from tests.bench.support.sink import Sink, sink

BATCHES = (64, 1000)
ALERTS_PER_GROUP = 2
TRIALS = 40
ONE_TENANT = {"filter": 'tenant="t007"'}

_QUIET_STEP = 0.25
_QUIET_CPU = 0.015
_LIMIT = 120.0
_TIMEOUT = aiohttp.ClientTimeout(total=_LIMIT)

TICK = 0.01
"""CPU seconds below which nothing is counted."""

Figures = Mapping[str, float]
"""What one run measured, by what it is."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: how a figure is written, and which ratio alertd / Alertmanager is aimed at."""

    figure: str
    form: str = ".2f"
    at_least: float | None = None
    at_most: float | None = None

    def aim(self, ratio: float) -> str:
        """The aim, and whether it is missed."""
        if self.at_least is not None:
            return f">= {self.at_least:g}" + (" MISSED" if ratio < self.at_least else "")
        if self.at_most is not None:
            return f"<= {self.at_most:g}" + (" MISSED" if ratio > self.at_most else "")
        return ""


@dataclass(frozen=True, slots=True)
class Used:
    """Wall and CPU seconds of the daemon."""

    seconds: float
    cpu: float


class Bench:
    """Starts a daemon for each run, one after the other, and measures it from outside."""

    def __init__(self, session: aiohttp.ClientSession, sink: Sink, folder: Path) -> None:
        self._session = session
        self._sink = sink
        self._folder = folder
        self._number = count()

    def _new_folder(self) -> Path:
        return self._folder / f"run-{next(self._number)}"

    async def ingest(self, name: str, alerts: int, batch: int) -> Figures:
        """Post alerts to an empty daemon, post them again, list them. Groups wait, so that nothing is notified."""
        config = configuration(self._sink.address, group_by=["alertname", "tenant"], group_wait="10m")
        async with dispatcher(name, config, self._session, self._new_folder()) as daemon:
            at = CLOCK.now()
            posts = bodies(range(alerts), batch=batch, groups=max(alerts // 20, 1), at=at)
            new = await self._post(daemon, posts)
            known = await self._post(daemon, posts)
            listed = [await self._get(daemon, alerts) for _ in range(3)]
            some = [await self._get(daemon, -(-alerts // 200), ONE_TENANT) for _ in range(3)]
            return {
                "new alerts/CPU s": alerts / new.cpu,
                "new alerts/s": alerts / new.seconds,
                "known alerts/CPU s": alerts / known.cpu,
                "known alerts/s": alerts / known.seconds,
                "first GET s": listed[0].seconds,
                "GET s": statistics.median(one.seconds for one in listed[1:]),
                "GET CPU s": statistics.median(one.cpu for one in listed),
                "GET one tenant ms": 1000 * statistics.median(one.seconds for one in some),
                "RSS MiB": daemon.process.resident_mib(),
                "peak MiB": daemon.process.peak_mib(),
            }

    async def notify(self, name: str, groups: int, *, quiet: int, inhibit: bool) -> Figures:
        """Post two alerts for each group, all due at once, until every group was notified; `quiet` silences match none."""
        rules = INHIBIT_RULES if inhibit else ()
        config = configuration(self._sink.address, group_by=["group"], group_wait="0s", inhibit_rules=rules)
        async with dispatcher(name, config, self._session, self._new_folder()) as daemon:
            at = CLOCK.now()
            await post_all(self._session, daemon.silences, silences(quiet, at=at))
            posts = bodies(range(groups * ALERTS_PER_GROUP), batch=1000, groups=groups, at=at)
            await _quiet(daemon)
            before, started = daemon.process.cpu_seconds(), CLOCK.monotonic()
            all_told = asyncio.create_task(self._sink.reached(self._sink.requests + groups))
            await post_all(self._session, daemon.alerts, posts)
            async with asyncio.timeout(_LIMIT):
                seconds = await all_told - started
            await _quiet(daemon)
            cpu = daemon.process.cpu_seconds() - before
            return {
                "notifications/CPU s": groups / cpu,
                "notifications/s": groups / seconds,
                "RSS MiB": daemon.process.resident_mib(),
            }

    async def latency(self, name: str) -> Figures:
        """From the beginning of a post to its notification, one at a time."""
        config = configuration(self._sink.address, group_by=["group"], group_wait="0s")
        async with dispatcher(name, config, self._session, self._new_folder()) as daemon:
            waits = [await self._one_notification(daemon, number) for number in range(TRIALS)]
        return {
            "POST to webhook, median ms": 1000 * statistics.median(waits),
            "POST to webhook, p95 ms": 1000 * statistics.quantiles(waits, n=20)[-1],
        }

    async def _one_notification(self, daemon: Dispatcher, number: int) -> float:
        post = bodies(range(number, number + 1), batch=1, groups=TRIALS, at=CLOCK.now())
        told = asyncio.create_task(self._sink.reached(self._sink.requests + 1))
        started = CLOCK.monotonic()
        await post_all(self._session, daemon.alerts, post)
        async with asyncio.timeout(_LIMIT):
            return await told - started

    async def _post(self, daemon: Dispatcher, posts: Sequence[bytes]) -> Used:
        """CPU counts until the daemon is quiet again: some of the work comes after the answer."""
        before = daemon.process.cpu_seconds()
        seconds = await post_all(self._session, daemon.alerts, posts)
        await _quiet(daemon)
        return Used(seconds, max(daemon.process.cpu_seconds() - before, TICK))

    async def _get(self, daemon: Dispatcher, alerts: int, query: Mapping[str, str] | None = None) -> Used:
        """List alerts; raises BenchError when it is not this number of them."""
        before, started = daemon.process.cpu_seconds(), CLOCK.monotonic()
        async with self._session.get(daemon.alerts, params=query, timeout=_TIMEOUT) as response:
            body = await response.read()
        used = Used(CLOCK.monotonic() - started, max(daemon.process.cpu_seconds() - before, TICK))
        if (found := body.count(b'"fingerprint"')) != alerts:
            raise BenchError(f"{daemon.process.name} lists {found} alerts of {alerts}")
        return used


async def _quiet(daemon: Dispatcher) -> None:
    """Return once it does next to nothing."""
    quiet = 0
    async with asyncio.timeout(_LIMIT):
        while quiet < 2:
            before = daemon.process.cpu_seconds()
            await asyncio.sleep(_QUIET_STEP)
            quiet = quiet + 1 if daemon.process.cpu_seconds() - before < _QUIET_CPU else 0


async def side_by_side(
    title: str, measure: Callable[[str], Awaitable[Figures]], rows: Sequence[Row], reps: int
) -> None:
    """Measure every daemon in turn, `reps` times; print the medians and their ratio."""
    runs: dict[str, list[Figures]] = {name: [] for name in COMMANDS}
    for _ in range(reps):
        for name in COMMANDS:
            runs[name].append(await measure(name))
    for row in rows:
        theirs, ours = (statistics.median(one[row.figure] for one in runs[name]) for name in ("alertmanager", "alertd"))
        ratio = ours / theirs
        print(f"| {title} | {row.figure} | {theirs:{row.form}} | {ours:{row.form}} | {ratio:.2f} | {row.aim(ratio)} |")
    sys.stdout.flush()


def ingest_rows(alerts: int) -> list[Row]:
    """Aims are for where it counts: many alerts. CPU is told in ticks, too coarse for 1,000 alerts."""
    aim = 1.0 if alerts >= 10_000 else None
    most = alerts >= 100_000
    return [
        Row("new alerts/CPU s", ".0f", at_least=aim),
        Row("new alerts/s", ".0f", at_least=aim),
        Row("known alerts/CPU s", ".0f", at_least=aim),
        Row("known alerts/s", ".0f", at_least=aim),
        Row("first GET s", ".3f"),
        Row("GET s", ".3f", at_most=0.5 if most else None),
        Row("GET CPU s", ".2f", at_most=0.5 if most else None),
        Row("GET one tenant ms", ".1f"),
        Row("RSS MiB", ".0f", at_most=1.0 if most else None),
        Row("peak MiB", ".0f"),
    ]


NOTIFY_ROWS = (
    Row("notifications/CPU s", ".0f", at_least=0.7),
    Row("notifications/s", ".0f", at_least=0.7),
    Row("RSS MiB", ".0f"),
)
LATENCY_ROWS = (Row("POST to webhook, median ms", ".1f"), Row("POST to webhook, p95 ms", ".1f"))


async def run(*, sizes: Sequence[int], groups: Sequence[int], reps: int) -> None:
    """Measure and print."""
    started, busy = CLOCK.monotonic(), busy_seconds()
    print("| what | figure | alertmanager | alertd | alertd / alertmanager | aim |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="alertd-bench-") as name:
        async with aiohttp.ClientSession() as session, sink() as notified:
            bench = Bench(session, notified, Path(name))
            for size, batch in product(sizes, BATCHES):
                title = f"{size} alerts, {batch} per post"
                await side_by_side(title, partial(bench.ingest, alerts=size, batch=batch), ingest_rows(size), reps)
            for number, (quiet, inhibit) in product(groups, ((0, False), (1000, False), (1000, True))):
                title = f"{number} groups, {quiet} silences, {len(INHIBIT_RULES) if inhibit else 0} inhibit rules"
                measure = partial(bench.notify, groups=number, quiet=quiet, inhibit=inhibit)
                await side_by_side(title, measure, NOTIFY_ROWS, reps)
            await side_by_side("group_wait 0s", bench.latency, LATENCY_ROWS, reps)
    seconds = CLOCK.monotonic() - started
    others = max(0.0, busy_seconds() - busy - sum(os.times()[:4]))
    print(f"\n{seconds:.0f} s; other processes of the machine used {others / seconds:.2f} cores meanwhile")


async def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="10,000 alerts and 1,000 groups only, once")
    parser.add_argument("--reps", type=int, default=1, help="runs of each, the medians count (default: %(default)s)")
    given = parser.parse_args()
    sizes, groups = ((10_000,), (1000,)) if given.quick else ((1000, 10_000, 100_000), (1000, 5000))
    await until_told(run(sizes=sizes, groups=groups, reps=given.reps))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except BenchError as error:
        sys.exit(f"error: {error}")
