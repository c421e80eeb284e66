"""What N rules cost per cycle: Prometheus' own rule manager, vmalert and alertd, one after the other on one Prometheus.

python -m tests.bench.rules --n 100,1000,3000 --interval 15 --cycles 2 --reps 3
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp

from tests.bench.support.dataset import FUTURE_LIMIT, TENANTS, fleet, write
from tests.bench.support.datasource import Datasource, datasource
from tests.bench.support.evaluators import EVALUATORS, Setup
from tests.bench.support.meter import Meter, Window
from tests.bench.support.processes import CLOCK, BenchError, until_told
from tests.bench.support.rule_set import groups
from tests.bench.support.sink import sink

_IDLE_SECONDS = 8
_SETTLE_SECONDS = 2
_MARGIN = timedelta(minutes=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is measured, and how long: every evaluator runs one cycle to settle, then `reps` times `cycles` cycles."""

    sizes: Sequence[int]
    evaluators: Sequence[str]
    interval: float
    cycles: int
    reps: int
    tenants: int

    @property
    def duration(self) -> timedelta:
        """How long it takes, without writing the data."""
        cycles = 1 + self.cycles * self.reps
        each = _IDLE_SECONDS + 3 * _SETTLE_SECONDS + self.interval * cycles
        return timedelta(seconds=each * len(self.sizes) * len(self.evaluators))


@dataclass(frozen=True, slots=True)
class Measurement:
    """All repetitions of one evaluator at one size."""

    size: int
    evaluator: str
    windows: Sequence[Window]

    def median(self, value: Callable[[Window], float]) -> float:
        """Median over the repetitions."""
        return statistics.median(map(value, self.windows))


async def measure(options: Options, source: Datasource, *, size: int, evaluator: str, folder: Path) -> Measurement:
    """Start the evaluator, let it settle, and measure; it has ended when this returns."""
    idle = await _idle(source)
    async with sink() as notifier:
        setup = Setup(
            source=source,
            notifier=notifier.address,
            groups=groups(size, tenants=options.tenants),
            interval=f"{round(options.interval * 1000)}ms",
            folder=folder,
        )
        async with EVALUATORS[evaluator](setup) as running:
            missed = (await running.counters()).missed
            meter = Meter(running, source, notifier, size=size, idle=idle, missed=missed)
            await asyncio.sleep(options.interval + _SETTLE_SECONDS)
            windows = [await meter.window(options.interval * options.cycles) for _ in range(options.reps)]
    return Measurement(size, evaluator, windows)


async def _idle(source: Datasource) -> float:
    """Cores that Prometheus uses when nobody asks it."""
    await asyncio.sleep(_SETTLE_SECONDS)
    before = source.process.cpu_seconds()
    await asyncio.sleep(_IDLE_SECONDS)
    return (source.process.cpu_seconds() - before) / _IDLE_SECONDS


COLUMNS: Sequence[tuple[str, Callable[[Window], float], str]] = (
    ("Prometheus CPU s", lambda window: window.source, ".3f"),
    ("evaluator CPU s", lambda window: window.evaluator, ".3f"),
    ("both CPU s", lambda window: window.both, ".3f"),
    ("requests", lambda window: window.requests, ".0f"),
    ("group seconds", lambda window: window.seconds, ".3f"),
    ("posts", lambda window: window.posts, ".0f"),
    ("cycles", lambda window: window.cycles, ".2f"),
    ("missed", lambda window: window.missed, ".0f"),
    ("failed", lambda window: window.failures, ".0f"),
    ("RSS MiB", lambda window: window.resident_mib, ".0f"),
    ("others' cores", lambda window: window.others, ".2f"),
)


def header() -> str:
    """The first two lines of the table."""
    titles = ["N", "evaluator", *[title for title, _, _ in COLUMNS]]
    return f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}"


def row(measurement: Measurement) -> str:
    """A line of the table: median (least-most) of the repetitions."""
    cells = [str(measurement.size), measurement.evaluator]
    for _, value, form in COLUMNS:
        values = [value(window) for window in measurement.windows]
        low, middle, high = (format(one, form) for one in (min(values), statistics.median(values), max(values)))
        cells.append(middle if low == high else f"{middle} ({low}-{high})")
    return f"| {' | '.join(cells)} |"


def verdicts(measurements: Sequence[Measurement]) -> list[str]:
    """The aims beside what was measured."""
    by_name = {(one.size, one.evaluator): one for one in measurements}
    lines = []
    for size, name in by_name:
        ours = by_name[size, name]
        if name != "alertd":
            continue
        for peer, aim in (("vmalert", "at most 0.30 at N = 1000"), ("prometheus", "below 1 at N = 1000")):
            if (size, peer) in by_name:
                ratio = ours.median(lambda w: w.both) / by_name[size, peer].median(lambda w: w.both)
                lines.append(f"N = {size}: Prometheus + alertd is {ratio:.2f} x Prometheus + {peer} (aim: {aim})")
        missed = max(window.missed for window in ours.windows)
        lines.append(f"N = {size}: alertd missed {missed:.0f} slots (aim: none at N = 3000 and 15 s)")
    return lines


async def run(options: Options) -> None:
    """Write the data, measure, print."""
    future = options.duration + _MARGIN
    if future > FUTURE_LIMIT:
        raise BenchError(f"this takes {options.duration}: ask for less at once, {FUTURE_LIMIT - _MARGIN} is the most")
    with tempfile.TemporaryDirectory(prefix="alertd-bench-") as name:
        folder = Path(name)
        async with aiohttp.ClientSession() as session, datasource(session, folder) as source:
            await _load(options, source, future)
            print(header())
            measurements = []
            for size in options.sizes:
                for evaluator in options.evaluators:
                    place = folder / f"{evaluator}-{size}"
                    place.mkdir()
                    one = await measure(options, source, size=size, evaluator=evaluator, folder=place)
                    measurements.append(one)
                    print(row(one), flush=True)
    print("", *verdicts(measurements), sep="\n")


async def _load(options: Options, source: Datasource, future: timedelta) -> None:
    started = CLOCK.monotonic()
    series = fleet(options.tenants)
    samples = await write(source, series, now=CLOCK.now(), future=future)
    seconds = CLOCK.monotonic() - started
    print(f"{len(series)} series, {samples} samples, written in {seconds:.0f} s; measuring takes {options.duration}\n")


def arguments(words: Sequence[str]) -> Options:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", default="100,1000,3000", help="numbers of rules (default: %(default)s)")
    parser.add_argument("--evaluators", default=",".join(EVALUATORS), help="of %(default)s")
    parser.add_argument("--interval", type=float, default=15, help="seconds from slot to slot (default: %(default)s)")
    parser.add_argument("--cycles", type=int, default=2, help="cycles per repetition (default: %(default)s)")
    parser.add_argument("--reps", type=int, default=3, help="repetitions (default: %(default)s)")
    parser.add_argument("--tenants", type=int, default=TENANTS, help="tenants, 128 series each (default: %(default)s)")
    given = parser.parse_args(words)
    evaluators = given.evaluators.split(",")
    if unknown := set(evaluators) - EVALUATORS.keys():
        parser.error(f"no such evaluator: {', '.join(sorted(unknown))}")
    return Options(
        sizes=[int(size) for size in given.n.split(",")],
        evaluators=evaluators,
        interval=given.interval,
        cycles=given.cycles,
        reps=given.reps,
        tenants=given.tenants,
    )


async def main() -> None:
    """Run as a program."""
    await until_told(run(arguments(sys.argv[1:])))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except BenchError as error:
        sys.exit(f"error: {error}")
