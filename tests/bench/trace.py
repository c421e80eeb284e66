"""How often the detectors would have woken somebody on a real LLM service's traffic, and what they find of what is injected.

python -m tests.bench.trace --data tenant_tokens_10min.csv.gz

Week 1 is learned, week 2 judged, at 10-minute steps, for the tenants that asked for something in at least 30 % of week 1's steps. The trace has
no labels: events per series-week are an upper bound of false alerts. Events closer than 30 minutes are one. Injected is, at a random time of week 2,
into every tenant at once: a runaway of one hour at so many times the tenant's 95th percentile, or three times the traffic for 24 hours. It is
found when an event begins inside of it in a step that has none without it; tenants whose alert was on already when it began are left out.
Three times nothing is nothing, and three times a slack day no more than usual: `of weight` are the injections that add at least half of
the tenant's average day of week 1, `twice usual` those after which the 24 hours bring two average days or more.
alertd's methods run with their defaults and `min_value: 1000` tokens per step; the rules of others are rewritten here, upper side only.

In-sample: `slow: 2` and the constants of `detect/slow.py` were chosen on this trace with all tenants in view, for at most 0.8 events per
series-week; the two halves of the tenants are shown beside. The trace is one, and two weeks long.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from alertd.detect import Detector, DetectorSettings, MethodName, State
from alertd.detect.columns import F64, Bool, Rows

STEP, HOUR = 600.0, 6
DAY = 24 * HOUR
WEEK = 7 * DAY
SEEDS = range(3)
START = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
MERGED_STEPS = 3


@dataclass(frozen=True)
class Alerts:
    """What a rule says of week 2, both [steps, tenants]: an event begins; an event is on."""

    begins: Bool
    on: Bool


Rule = Callable[[F64], Alerts]
"""Two weeks of tokens [steps, tenants] in, week 2's alerts out."""


def busy_tenants(path: Path) -> F64:
    """[steps, tenants] tokens per step of the busy tenants with two weeks of data."""
    tokens: dict[str, F64] = defaultdict(lambda: np.zeros(2 * WEEK))
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            if row["model"] != "deepseek-r1":  # one day only
                tokens[row["tenant"]][int(row["t"]) // int(STEP)] = float(row["input_tokens"]) + float(
                    row["output_tokens"]
                )
    matrix = np.stack([tokens[name] for name in sorted(tokens)], axis=1)
    return matrix[:, (matrix[:WEEK] > 0.0).mean(axis=0) >= 0.3]


def times(steps: int, *, start: float = START) -> F64:
    """Unix seconds of so many steps."""
    return start + STEP * np.arange(steps)


def run(detector: Detector, at: F64, values: F64) -> Alerts:
    """Judge step by step."""
    slots = [detector.judge(second, row) for second, row in zip(at.tolist(), values, strict=True)]
    on = [(slot.state == State.ANOMALOUS) | (slot.state == State.HELD) for slot in slots]
    return Alerts(np.array([slot.opened for slot in slots]), np.array(on))


def ours(method: MethodName, week1: F64, *, slow: float = 2.0) -> Rule:
    """alertd's method; what it learned of week 1 is the same for every week 2."""
    settings = DetectorSettings(method=method, min_value=1000.0, slow=slow)
    learned = Detector(settings)
    learned.add(week1.shape[1])
    learned.learn(times(WEEK), week1)
    saved = learned.dump()
    return lambda both: run(Detector.load(settings, saved), times(2 * WEEK)[WEEK:], both[WEEK:])


def theirs(flags: Callable[[F64], Bool], *, steps: int) -> Rule:
    """A rule that fires when so many steps in a row are flagged."""

    def alerts(both: F64) -> Alerts:
        flagged = flags(both)
        on = np.logical_and.reduce([_shifted(flagged, step) for step in range(steps)])
        return Alerts((on & ~_shifted(on, 1))[WEEK:], on[WEEK:])

    return alerts


def _shifted(values: Bool, steps: int) -> Bool:
    return np.concatenate((np.zeros((steps, values.shape[1]), dtype=np.bool_), values[: len(values) - steps]))


def _delayed(values: F64, steps: int) -> F64:
    return np.concatenate((np.full((steps, values.shape[1]), np.nan), values[: len(values) - steps]))


def _mean(values: F64, window: int) -> F64:
    """Mean over the last `window` steps, the present one included; shorter at the start. NaN counts as nothing."""
    known = np.isfinite(values)
    sums, counts = (np.cumsum(x, axis=0, dtype=np.float64) for x in (np.where(known, values, 0.0), known))
    sums[window:], counts[window:] = sums[window:] - sums[:-window], counts[window:] - counts[:-window]
    return sums / np.maximum(counts, 1.0)


def _deviation(values: F64, window: int) -> F64:
    return np.sqrt(np.maximum(_mean(values * values, window) - _mean(values, window) ** 2, 0.0))


def _median(values: F64, window: int) -> F64:
    padded = np.concatenate((np.tile(values[:1], (window - 1, 1)), values))
    return np.stack([np.median(padded[i : i + window], axis=0) for i in range(len(values))])


def rolling(window: int) -> Callable[[F64], Bool]:
    """Mean + 3 standard deviations of the window before."""
    return lambda x: x > _delayed(_mean(x, window) + 3.0 * _deviation(x, window), 1)


def gitlab(x: F64) -> Bool:
    """z > 3 of one week, the tested point part of it."""
    return x - _mean(x, WEEK) > 3.0 * _deviation(x, WEEK)


def grafana_adaptive(x: F64) -> Bool:
    """Over all of: 2 filtered deviations, the margin, yesterday's and last week's band."""
    mean, deviation = _mean(x, HOUR), _deviation(x, HOUR)
    filtered = np.where(deviation > 0.5 * mean, deviation, np.nan)
    bands = [mean + 2.0 * _mean(filtered, 26 * HOUR), 1.5 * mean]
    bands += [_delayed(mean + 2.0 * deviation, back) for back in (DAY - 3, WEEK - 3)]
    return x > np.fmax.reduce(bands)


def grafana_robust(x: F64) -> Bool:
    """The last hour's median over all of: 2 MAD of a day, the margin, yesterday's and last week's band."""
    day, hour = _median(x, DAY), _median(x, HOUR)
    day_mad, hour_mad = _median(np.abs(x - day), DAY), _median(np.abs(x - hour), HOUR)
    bands = [day + 2.0 * day_mad, 1.5 * day, *(_delayed(hour + 2.0 * hour_mad, back) for back in (DAY - 2, WEEK - 2))]
    return hour > np.fmax.reduce(bands)


BURN_ASSUMES = (
    "burn rate: a tenant's weekly budget is 1.5 times its week 1; spend of a window over the budget's share that is expected in it by"
    " time of day (week 1's mean, at least the whole day's); 2 % of the budget in 1 h & 10 min or 5 % in 6 h & 30 min (of a week:"
    " burn 3.36 and 1.4); on for an hour after"
)


def burn(x: F64) -> Bool:
    """The multi-window burn rate as `BURN_ASSUMES` says."""
    daily = x[:WEEK].reshape(7, DAY, -1).mean(axis=0)
    around = np.mean([np.roll(daily, shift, axis=0) for shift in range(-3, 4)], axis=0)
    expected = np.tile(np.maximum(around, daily.mean(axis=0)), (len(x) // DAY, 1))
    fired = np.zeros(x.shape, dtype=np.bool_)
    for long, short, factor in ((HOUR, 1, 3.36), (6 * HOUR, 3, 1.4)):
        over = [_mean(x, window) > factor * 1.5 * _mean(expected, window) for window in (long, short)]
        fired |= np.logical_and(*over)
    return np.logical_or.reduce([_shifted(fired, step) for step in range(HOUR)])


def runaway(both: F64, factor: float, rng: np.random.Generator) -> tuple[F64, Rows, int]:
    """One hour of `factor` times the 95th percentile of week 1 on top: tokens, the steps it begins at, its length."""
    return _injected(both, HOUR, rng, lambda span, p95: span + factor * p95)


def slow_multiple(both: F64, factor: float, rng: np.random.Generator) -> tuple[F64, Rows, int]:
    """24 hours at a multiple of what there is."""
    return _injected(both, DAY, rng, lambda span, _: span * factor)


def _injected(
    both: F64, length: int, rng: np.random.Generator, change: Callable[[F64, float], F64]
) -> tuple[F64, Rows, int]:
    changed, p95 = both.copy(), np.percentile(both[:WEEK], 95, axis=0)
    starts = rng.integers(0, WEEK - length, both.shape[1])
    for tenant, start in enumerate(starts.tolist()):
        span = slice(WEEK + start, WEEK + start + length)
        changed[span, tenant] = change(changed[span, tenant], p95[tenant])
    return changed, starts, length


INJECTIONS = {
    "+2x": lambda both, rng: runaway(both, 2.0, rng),
    "+4x": lambda both, rng: runaway(both, 4.0, rng),
    "+8x": lambda both, rng: runaway(both, 8.0, rng),
    "3x 24 h": lambda both, rng: slow_multiple(both, 3.0, rng),
    "of weight": lambda both, rng: slow_multiple(both, 3.0, rng),
    "twice usual": lambda both, rng: slow_multiple(both, 3.0, rng),
}
LEAST_ADDED = {"of weight": 0.5, "twice usual": 4.0 / 3.0}
"""Average days an injection adds at least, to be counted; two thirds of what is there afterwards are added."""


def detection(rule: Rule, both: F64, calm: Alerts, injection: str) -> tuple[float, float]:
    """Share found, and the median delay in minutes."""
    found, delays = [], []
    least = LEAST_ADDED.get(injection, 0.0)
    for seed in SEEDS:
        changed, starts, length = INJECTIONS[injection](both, np.random.default_rng(seed))
        added = average_days(both, changed)
        alerts = rule(changed)
        for tenant, start in enumerate(starts.tolist()):
            if (start and calm.on[start - 1, tenant]) or added[tenant] < least:
                continue
            span = slice(start, start + length)
            new = alerts.begins[span, tenant] & ~calm.begins[span, tenant]
            found.append(new.any())
            if new.any():
                delays.append(new.argmax() * STEP / 60.0)
    return float(np.mean(found)), float(np.median(delays)) if delays else np.nan


def average_days(both: F64, changed: F64) -> F64:
    """[tenants] what an injection adds, in the tenant's average days of week 1."""
    days: F64 = (changed - both).sum(axis=0) / both[:WEEK].sum(axis=0) * 7.0
    return days


def ceiling(both: F64) -> str:
    """What no rule can find of the injected days."""
    added = np.concatenate(
        [average_days(both, slow_multiple(both, 3.0, np.random.default_rng(seed))[0]) for seed in SEEDS]
    )
    return (
        f"of the injected days {(added <= 0.0).mean():.0%} add nothing, {(added < LEAST_ADDED['of weight']).mean():.0%} less than half an"
        f" average day; {(1.5 * added < 1.0).mean():.0%} bring less than an average day even so"
    )


def merged(begins: Bool) -> F64:
    """Events per tenant, those within 30 minutes of the one before not counted."""
    count, last = np.zeros(begins.shape[1]), np.full(begins.shape[1], -np.inf)
    for step, row in enumerate(begins):
        count += row & (step - last > MERGED_STEPS)
        last = np.where(row, step, last)
    return count


def either(one: Rule, other: Rule) -> Rule:
    """Both rules side by side."""

    def alerts(both: F64) -> Alerts:
        first, second = one(both), other(both)
        return Alerts(first.begins | second.begins, first.on | second.on)

    return alerts


def negatives(both: F64) -> Iterator[tuple[str, float]]:
    """What happens to data and must not add events: name, and events per series-week more than without it."""
    settings = DetectorSettings(min_value=1000.0)
    at = times(2 * WEEK)

    def mean_events(values: F64, *, zone: DetectorSettings = settings, at: F64 = at) -> float:
        detector = Detector(zone)
        detector.add(values.shape[1])
        detector.learn(at[:WEEK], values[:WEEK])
        return float(merged(run(detector, at[WEEK:], values[WEEK:]).begins).mean())

    calm = mean_events(both)
    for name, steps in (("10 minutes without a scrape", 1), ("6 hours without Prometheus", 6 * HOUR)):
        gap = both.copy()
        gap[WEEK + 3 * DAY + 60 : WEEK + 3 * DAY + 60 + steps] = np.nan
        yield name, mean_events(gap) - calm
    restart = both.copy()
    restart[WEEK + 3 * DAY + 60] = 0.0
    restart[WEEK + 3 * DAY + 61] += both[WEEK + 3 * DAY + 60]
    yield "pod restart: nothing in one step, twice in the next", mean_events(restart) - calm
    late = both.copy()
    late[WEEK + DAY :: DAY] = np.nan
    yield "late samples: a step missing every day", mean_events(late) - calm
    renamed = np.full((2 * WEEK, 2 * both.shape[1]), np.nan)
    renamed[: WEEK + DAY, : both.shape[1]] = both[: WEEK + DAY]
    renamed[WEEK + DAY :, both.shape[1] :] = both[WEEK + DAY :]
    yield "exporter rename: every series a new one on day 9", 2.0 * mean_events(renamed) - calm
    growth = both.copy()
    growth[WEEK + DAY :] *= 1.15
    yield "a month begins: 15 % more from then on", mean_events(growth) - calm
    # The wall clock jumps an hour on 2026-03-29 in Berlin; tenants live by it.
    berlin = DetectorSettings(min_value=1000.0, zone=ZoneInfo("Europe/Berlin"))
    spring = datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    moved = np.delete(both, np.arange(WEEK + 12, WEEK + 12 + HOUR), axis=0)
    clock = times(len(moved), start=spring - WEEK * STEP)
    yield "clocks change in week 2, the traffic with them", mean_events(moved, zone=berlin, at=clock) - calm
    yield "weekly job (8 x p95 for 2 h on Mondays) in its fifth week", _weekly_job(both)


def _weekly_job(both: F64) -> float:
    """Five weeks made of week 1 with 20 % noise; the share of tenants that hear of the job in the last one."""
    rng = np.random.default_rng(9)
    weeks = np.concatenate([both[:WEEK] * rng.lognormal(0.0, 0.2, (WEEK, both.shape[1])) for _ in range(5)])
    for week in range(5):
        weeks[week * WEEK + 3 * HOUR : week * WEEK + 5 * HOUR] += 8.0 * np.percentile(both[:WEEK], 95, axis=0)
    detector = Detector(DetectorSettings(min_value=1000.0))
    detector.add(weeks.shape[1])
    detector.learn(times(4 * WEEK), weeks[: 4 * WEEK])
    last = slice(4 * WEEK, 4 * WEEK + 6 * HOUR)
    return float(run(detector, times(5 * WEEK)[last], weeks[last]).begins.any(axis=0).mean())


def show(name: str, rule: Rule, both: F64) -> None:
    """A line of the table."""
    calm = rule(both)
    events = merged(calm.begins)
    cells = [detection(rule, both, calm, injection) for injection in INJECTIONS]
    shown = "".join(f"{share:9.1%} {delay:3.0f} min" for share, delay in cells)
    counts = f"{np.median(events):11.1f} {events.mean():5.2f} {np.percentile(events, 90):5.1f}"
    print(f"{name:38} {counts} {shown}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    both = busy_tenants(parser.parse_args().data)
    seasonal, burn_rate = ours("seasonal", both[:WEEK]), theirs(burn, steps=1)
    rules: dict[str, Rule] = {
        "alertd seasonal": seasonal,
        "alertd seasonal, slow: 0": ours("seasonal", both[:WEEK], slow=0.0),
        **{f"alertd {method}": ours(method, both[:WEEK]) for method in ("robust", "ewma", "sigma")},
        "alertd burn rate": burn_rate,
        "seasonal + burn rate": either(seasonal, burn_rate),
    }
    for steps in (1, 2):
        for name, flags in (
            ("rolling 3-sigma, 1 h", rolling(HOUR)),
            ("rolling 3-sigma, 24 h", rolling(DAY)),
            ("GitLab z > 3, 1 week", gitlab),
            ("Grafana adaptive", grafana_adaptive),
            ("Grafana robust", grafana_robust),
        ):
            rules[f"{name}, for {steps}"] = theirs(flags, steps=steps)
    print(f"{both.shape[1]} tenants; {ceiling(both)}\n{BURN_ASSUMES}")
    print(f"{'':31} events/week: median  mean   p90" + "".join(f"{name:>16}" for name in INJECTIONS))
    with np.errstate(invalid="ignore"):
        for name, rule in rules.items():
            show(name, rule, both)
        for name, first in (("seasonal, even", 0), ("seasonal, odd", 1)):
            half = both[:, first::2]
            show(name, ours("seasonal", half[:WEEK]), half)
        print("\nalertd seasonal, events per series-week more than without it:")
        for name, more in negatives(both):
            print(f"  {name:58} {more:+.2f}")


if __name__ == "__main__":
    main()
