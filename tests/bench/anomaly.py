"""What three sigma costs per evaluation: in PromQL over a window, and as an anomaly rule, on one Prometheus in one run.

python -m tests.bench.anomaly --n 100,1000,5000 --windows 1h,1d,7d
python -m tests.bench.anomaly --quick

PromQL: `abs(x - avg_over_time(x[W])) > 3 * stddev_over_time(x[W])` over a gauge of one sample a minute, as a recording rule would
leave it; and the same over a subquery of an aggregation, `(sum by (key) (x))[W:1m]`. Both are asked as a rule manager asks them.
alertd is the whole daemon, state machine, store and notifications included, with a slot each second; Prometheus' share is in its
figure. CPU seconds of all processes together; what alertd's one read of the past costs stands by itself, and so does what saving
its memory costs, which happens every half hour where thousands of series are remembered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import numpy as np

from alertd.detect import Detector, DetectorSettings, MethodName
from alertd.duration import parse_duration
from tests.bench.support.dataset import encode_labels, write_values
from tests.bench.support.datasource import Datasource, datasource, page, total
from tests.bench.support.processes import CLOCK, BenchError, Process, free_address, ready, running, until_told
from tests.bench.support.sink import sink

STEP = 60
PAST = timedelta(days=7, hours=1)
FUTURE = timedelta(minutes=50)
_STEPS_PER_WRITE = 60
_WARM_LIMIT = 600.0
_PROMQL_LIMIT = "1m"
"""How long Prometheus may work on one evaluation; a subquery over thousands of series would take it many."""

_IDLE_SECONDS = 5.0
METHODS: Sequence[MethodName] = ("sigma", "ewma", "robust", "seasonal")


@dataclass(frozen=True, slots=True)
class Options:
    """Sizes are numbers of series; `seconds` is how long alertd is measured, a slot each."""

    sizes: Sequence[int]
    windows: Sequence[str]
    reps: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Row:
    """CPU seconds per evaluation; None where Prometheus refuses the query, or is not done within a minute."""

    series: int
    window: str
    recorded: float | None
    subquery: float | None
    prometheus: float
    alertd: float
    past: float

    @property
    def ours(self) -> float:
        return self.prometheus + self.alertd

    def line(self) -> str:
        cells = [str(self.series), self.window, *map(_seconds, (self.recorded, self.subquery))]
        cells += [f"{self.prometheus:.4f}", f"{self.alertd:.4f}", f"{self.ours:.4f}"]
        cells += [_ratio(self.recorded, self.ours), _ratio(self.subquery, self.ours), f"{self.past:.1f}"]
        return f"| {' | '.join(cells)} |"


TITLES = (
    "series | window | PromQL, recorded | PromQL, subquery | Prometheus beside alertd | alertd | both "
    "| recorded / both | subquery / both | read the past, once"
)


def _seconds(value: float | None) -> str:
    return "none in 1 min" if value is None else f"{value:.3f}"


def _ratio(theirs: float | None, ours: float) -> str:
    return "-" if theirs is None else f"{theirs / ours:.0f} x"


def selector_of(series: int, sizes: Sequence[int]) -> str:
    """Picks that many of the series."""
    return f'token_rate{{first=~"{"|".join(str(size) for size in sorted(sizes) if size <= series)}"}}'


async def load(source: Datasource, sizes: Sequence[int]) -> None:
    """A week of gauges that waver by a tenth, up to some time from now, one sample a minute.

    The label `first` says which of the sizes is the smallest that a series belongs to.
    """
    random = np.random.default_rng(3)
    first_of = [min(size for size in sizes if number < size) for number in range(max(sizes))]
    labels = [
        encode_labels({"__name__": "token_rate", "key": f"key-{number:05d}", "first": str(first)})
        for number, first in enumerate(first_of)
    ]
    level = random.lognormal(7.0, 1.0, len(labels))[:, None]
    start = int((CLOCK.now() - PAST).timestamp()) // STEP * STEP
    for step in range(0, (PAST + FUTURE) // timedelta(seconds=STEP), _STEPS_PER_WRITE):
        times = start + STEP * np.arange(step, step + _STEPS_PER_WRITE)
        values = level * (1 + 0.1 * random.standard_normal((len(labels), _STEPS_PER_WRITE)))
        await write_values(source, labels, times, values)


async def promql(source: Datasource, selector: str, ranged: str, reps: int) -> float | None:
    """CPU seconds of Prometheus for one evaluation; None when it refuses, or takes too long."""
    expr = f"abs({selector} - avg_over_time({ranged})) > 3 * stddev_over_time({ranged})"
    spent = []
    for _ in range(reps):
        before = source.process.cpu_seconds()
        async with source.session.post(
            f"{source.url}/api/v1/query", data={"query": expr, "timeout": _PROMQL_LIMIT}
        ) as answer:
            body = await answer.json()
        if body["status"] != "success":
            return None
        spent.append(source.process.cpu_seconds() - before)
    return statistics.median(spent)


@asynccontextmanager
async def alertd(
    source: Datasource, notifier: str, selector: str, windows: Sequence[str]
) -> AsyncIterator[tuple[Process, str]]:
    """The daemon with an anomaly rule for each window, and where it listens."""
    with tempfile.TemporaryDirectory(prefix="alertd-bench-") as name:
        folder, address = Path(name), free_address()
        rules = [_rule(selector, window) for window in windows]
        config = {
            "prometheus": {"url": source.url},
            "rule_files": ["rules.yml"],
            "evaluation": {"interval": "1s"},
            "route": {"receiver": "sink", "group_by": ["alertname"]},
            "receivers": [{"name": "sink", "webhook_configs": [{"url": f"http://{notifier}/"}]}],
        }
        (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))  # JSON is YAML
        (folder / "alertd.yml").write_text(json.dumps(config))
        command = [
            *(sys.executable, "-m", "alertd", "run", f"--config.file={folder / 'alertd.yml'}", "--log.format=json"),
            *(f"--storage.path={folder / 'data'}", f"--web.listen-address={address}"),
        ]
        async with running("alertd", command, folder=folder) as process:
            await ready(process, source.session, f"http://{address}/-/ready")
            await _until_warm(process, len(windows))
            yield process, f"http://{address}"


def _rule(selector: str, window: str) -> dict[str, object]:
    plain = {"direction": "both", "points": "1 of 1", "min_change": "0", "recovery": "1m"}
    anomaly = {"method": "sigma", "k": 3, "window": window, **plain}
    summary = {"summary": "{{ $alert.Summary }}"}
    return {"alert": f"ThreeSigma_{window}", "expr": selector, "anomaly": anomaly, "annotations": summary}


async def _until_warm(process: Process, rules: int) -> None:
    deadline = CLOCK.monotonic() + _WARM_LIMIT
    while process.log.read_text().count('"history_known"') < rules:
        if CLOCK.monotonic() > deadline:
            raise BenchError(f"alertd has not read its past in time: {process.last_words()}")
        await asyncio.sleep(0.1)


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of Prometheus for one evaluation in PromQL; None as in `Row`."""

    recorded: float | None
    subquery: float | None


async def in_promql(source: Datasource, selector: str, window: str, reps: int) -> Cost:
    """Three sigma over one window."""
    summed = f"(sum by (key) ({selector}))"
    return Cost(
        await promql(source, selector, f"{selector}[{window}]", reps),
        await promql(source, summed, f"{summed}[{window}:1m]", 1),
    )


def together(costs: Sequence[Cost]) -> Cost:
    """One after the other."""
    recorded, subquery = [one.recorded for one in costs], [one.subquery for one in costs]
    return Cost(_sum(recorded), _sum(subquery))


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


async def measure(source: Datasource, notifier: str, options: Options, series: int) -> AsyncIterator[Row]:
    """A row for each window, and one for all of them: one query of alertd serves them."""
    selector = selector_of(series, options.sizes)
    costs = {window: await in_promql(source, selector, window, options.reps) for window in options.windows}
    asked = [[window] for window in options.windows]
    for windows in [*asked, list(options.windows)] if len(asked) > 1 else asked:
        cost = together([costs[window] for window in windows])
        prometheus, ours, past = await in_alertd(source, notifier, selector, windows, options.seconds)
        yield Row(series, " + ".join(windows), cost.recorded, cost.subquery, prometheus, ours, past)


async def check_data(source: Datasource, selector: str) -> None:
    """Raise BenchError where there are none any more: of nothing, an evaluation costs nothing."""
    async with source.session.post(f"{source.url}/api/v1/query", data={"query": f"count({selector})"}) as answer:
        if not (await answer.json())["data"]["result"]:
            raise BenchError(f"the data end {FUTURE} after they were written: measure less at once (--n, --windows)")


async def in_alertd(
    source: Datasource, notifier: str, selector: str, windows: Sequence[str], seconds: float
) -> tuple[float, float, float]:
    """CPU seconds of Prometheus and of alertd for a slot; and of alertd until it had read the past."""
    idle = await _idle(source)
    async with alertd(source, notifier, selector, windows) as (process, url):
        past = process.cpu_seconds()
        await asyncio.sleep(3)
        before = await _slots(source, url)
        theirs, ours, since = source.process.cpu_seconds(), process.cpu_seconds(), CLOCK.monotonic()
        await asyncio.sleep(seconds)
        theirs, ours = source.process.cpu_seconds() - theirs, process.cpu_seconds() - ours
        theirs -= idle * (CLOCK.monotonic() - since)
        await check_data(source, selector)
        slots = (await _slots(source, url) - before) / len(windows)
    return max(theirs, 0.0) / slots, ours / slots, past


async def _slots(source: Datasource, url: str) -> float:
    return total(await page(source.session, f"{url}/metrics"), "alertd_rule_evaluations_total")


async def _idle(source: Datasource) -> float:
    """Cores that Prometheus uses when nobody asks it."""
    before = source.process.cpu_seconds()
    await asyncio.sleep(_IDLE_SECONDS)
    return (source.process.cpu_seconds() - before) / _IDLE_SECONDS


def judging(series: int = 10_000, slots: int = 100) -> None:
    """What one slot costs in numpy alone, and what saving the memory costs."""
    random = np.random.default_rng(5)
    for method in METHODS:
        detector = Detector(DetectorSettings(method=method, window=timedelta(days=1)))
        detector.add(series)
        spent = []
        for slot in range(slots):
            values = 1000 + 30 * random.standard_normal(series)
            started = CLOCK.monotonic()
            detector.judge(1.7e9 + 60.0 * slot, values)
            spent.append(CLOCK.monotonic() - started)
        started = CLOCK.monotonic()
        size = len(detector.dump()) / 1e6
        saved = 1000 * (CLOCK.monotonic() - started)
        print(
            f"{method}: {series} series in {1000 * statistics.median(spent):.1f} ms a slot; {size:.1f} MB saved in {saved:.0f} ms"
        )


async def run(options: Options) -> None:
    """Write the data, measure, print."""
    with tempfile.TemporaryDirectory(prefix="alertd-bench-") as name:
        async with (
            aiohttp.ClientSession() as session,
            sink() as notifier,
            datasource(session, Path(name), flags=["--storage.tsdb.retention.time=30d"]) as source,
        ):
            started = CLOCK.monotonic()
            await load(source, options.sizes)
            print(f"{max(options.sizes)} series, a week each, written in {CLOCK.monotonic() - started:.0f} s\n")
            print(f"| {TITLES} |\n|{'---|' * (TITLES.count('|') + 1)}", flush=True)
            for size in options.sizes:
                async for row in measure(source, notifier.address, options, size):
                    print(row.line(), flush=True)
    print()
    judging()


def arguments(words: Sequence[str]) -> Options:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", default="100,1000,5000", help="numbers of series (default: %(default)s)")
    parser.add_argument("--windows", default="1h,1d,7d", help="(default: %(default)s)")
    parser.add_argument("--reps", type=int, default=3, help="evaluations in PromQL (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=20, help="slots of alertd (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="100 and 1000 series, a week, one evaluation each")
    given = parser.parse_args(words)
    if given.quick:
        return Options([100, 1000], ["7d"], reps=1, seconds=10)
    for window in given.windows.split(","):
        parse_duration(window)
    sizes = [int(size) for size in given.n.split(",")]
    return Options(sizes, given.windows.split(","), reps=given.reps, seconds=given.seconds)


async def main() -> None:
    """Run as a program."""
    await until_told(run(arguments(sys.argv[1:])))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except BenchError as error:
        sys.exit(f"error: {error}")
