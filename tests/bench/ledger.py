"""Is what a ledger says true? A month with known spend, through a real Prometheus that keeps 15 days; and what a slot costs.

    python -m tests.bench.ledger [--days 31] [--interval 5]

The simulated month (`tests/support/spending.py`) is written to Prometheus day by day by remote write, and every slot of that
day is then asked of it as alertd asks: instant queries at the slots, range queries after each outage and after the crash.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from alertd.http import HttpClient, new_session
from alertd.labels import LabelSet
from alertd.ledger.layout import Layout
from alertd.ledger.ledger import Ledger
from alertd.ledger.periods import Calendar, PeriodKind, Span
from alertd.query.batch import SeriesBatch
from alertd.query.history_source import PrometheusHistory
from alertd.query.prometheus import PrometheusSource
from alertd.query.remote_write import SeriesSample
from alertd.query.source import SourceSettings
from alertd.replay.local_prometheus import LocalPrometheus
from alertd.rules.budget import Budget, BudgetJudge
from alertd.rules.budget_settings import BudgetSettings
from alertd.rules.kind import Inputs
from tests.support.spending import MINUTE, Month

LIMIT = 1000
SETTINGS = {"spend": "cost_usd_total", "by": ["tenant"], "limit": LIMIT, "drilldown": "model"}
RETENTION = timedelta(days=15)


def a_month(start: datetime, days: int) -> Month:
    """Outages in the first, second and last third, each two hours long."""
    begins = [start + timedelta(days=days * part, hours=9) for part in (0.2, 0.55, 0.9)]
    begins = [begin.replace(minute=0, second=0, microsecond=0) for begin in begins]
    outages = [Span(begin, begin + timedelta(hours=2)) for begin in begins]
    return Month(start=start, days=days + 1, tenants={"small": 12.0, "middle": 28.0, "large": 90.0}, outages=outages)


def written(month: Month, first: int, last: int) -> list[SeriesSample]:
    """What was scraped in the minutes from `first` to before `last`."""
    samples = []
    for minute in range(first, min(last, month.minutes)):
        values = month.scraped[minute]
        at = month.start + minute * MINUTE
        samples += [
            SeriesSample(labels=month.labels[column], value=float(values[column]), at=at)
            for column in np.flatnonzero(np.isfinite(values)).tolist()
        ]
    return samples


def slots(day: datetime, interval: timedelta) -> Iterator[datetime]:
    for number in range(timedelta(days=1) // interval):
        yield day + number * interval


class Alertd:
    """One budget rule, asked and saved as the daemon does."""

    def __init__(self, month: Month, url: str, http: HttpClient, source: PrometheusSource) -> None:
        settings = SourceSettings(url=url)
        self._month = month
        self._source = source
        self._history = PrometheusHistory(settings, http)
        self._kind = Budget(BudgetSettings.model_validate(SETTINGS))
        self.judge: BudgetJudge = self._kind.open(b"")
        self._disk = b""
        self.history_reads = 0
        self.crossed: set[tuple[datetime, str, str]] = set()  # period, tenant and step
        self.episodes = 0
        self._firing: set[tuple[str, str]] = set()

    async def slot(self, at: datetime, interval: timedelta) -> None:
        if self._month.is_down(at):
            return
        while wanted := self.judge.wants(at):
            self.history_reads += 1
            async for matrix in self._history.read(wanted[0]):
                self.judge.learn(wanted[0], matrix)
        batch = await self._source.instant(self._kind.query, at)
        others = dict.fromkeys(self._kind.further_queries, SeriesBatch.empty(at=at))
        findings = self.judge.judge(Inputs(at=at, interval=interval, batch=batch, others=others)).findings
        firing = {(one.series["tenant"], one.labels["budget_threshold"]) for one in findings}
        self.episodes += len(firing - self._firing)
        self._firing = firing
        self.crossed |= {(self.judge.calendar.period(at).start, *one) for one in firing}
        if self.judge.saves(at):
            self._disk = self.judge.memory()

    def crash(self) -> None:
        self.judge = self._kind.open(self._disk)


async def measure_truth(days: int, interval: timedelta) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = (today - timedelta(days=days)).replace(day=1)
    days = (today - start).days
    month = a_month(start, days)
    crash = start + timedelta(days=days * 2 // 3, hours=11)
    down = Span(crash, crash + timedelta(minutes=40))
    flags = [f"--storage.tsdb.retention.time={RETENTION // timedelta(days=1)}d"]
    async with LocalPrometheus(flags=flags) as prometheus, new_session() as session:
        http = HttpClient(session, timeout=timedelta(seconds=60))
        source = PrometheusSource(SourceSettings(url=prometheus.url), session)
        alertd = Alertd(month, prometheus.url, http, source)
        for number in range(days):
            day = start + timedelta(days=number)
            await prometheus.write(written(month, number * 1440, (number + 1) * 1440))
            if number < 3:
                continue  # nobody watches yet: the first days are read from history
            for at in slots(day, interval):
                if at == down.start:
                    alertd.crash()
                if not down.start <= at < down.end:
                    await alertd.slot(at, interval)
        report(month, alertd, start, start + timedelta(days=days) - interval)


def report(month: Month, alertd: Alertd, start: datetime, last: datetime) -> None:
    ledger = alertd.judge.ledger
    print(f"{'month':<12} {'tenant':<8} {'truth':>12} {'ledger':>12} {'error':>9}")
    calendar = ledger.layout.calendar
    at = start
    while at <= last:
        period = calendar.period(at)
        span = Span(max(period.start, start), min(period.end, last))
        spent = dict(zip([one["tenant"] for one in ledger.scopes], ledger.spent(span).tolist(), strict=True))
        for tenant, truth in month.truth(span).items():
            error = spent[tenant] / truth - 1
            print(f"{period.start:%Y-%m}      {tenant:<8} {truth:>12.2f} {spent[tenant]:>12.2f} {error:>8.3%}")
        at = period.end
    print(f"thresholds: {len(alertd.crossed)} crossed, {alertd.episodes} told; {alertd.history_reads} history reads")


def measure_cost(series: int, slots_measured: int = 100) -> None:
    """Milliseconds per slot, and what is saved, with so many raw series in 1,000 scopes."""
    labels = tuple(
        LabelSet(
            {"__name__": "m", "tenant": f"t{n % 1000}", "model": f"m{n % 10}", "job": "gw", "instance": f"{n // 1000}"}
        )
        for n in range(series)
    )
    calendar = Calendar(kind=PeriodKind.MONTH)
    ledger = Ledger(Layout(metric="m", by=("tenant",), drilldown="model", calendar=calendar))
    random = np.random.default_rng(1)
    values, at, seconds = np.zeros(series), datetime(2026, 3, 2, tzinfo=UTC), []
    for _ in range(slots_measured + 2):
        values, at = values + random.random(series), at + MINUTE
        begun = time.perf_counter()
        ledger.advance(SeriesBatch(labels=labels, values=values, at=at), at)
        ledger.spent(calendar.period(at))
        seconds.append(time.perf_counter() - begun)
    begun = time.perf_counter()
    saved = ledger.dump()
    dumped = time.perf_counter() - begun
    usual = sorted(seconds[2:])
    print(
        f"{series:>7,} series: {1000 * usual[len(usual) // 2]:.2f} ms a slot (most {1000 * usual[-1]:.2f}), "
        f"first {1000 * seconds[0]:.0f} ms, memory {len(saved) / 1e6:.2f} MB in {1000 * dumped:.1f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=31, help="at least so many, from the first of a month")
    parser.add_argument("--interval", type=int, default=5, help="minutes between slots")
    options = parser.parse_args()
    for series in (1_000, 10_000, 50_000):
        measure_cost(series)
    asyncio.run(measure_truth(options.days, timedelta(minutes=options.interval)))


if __name__ == "__main__":
    main()
