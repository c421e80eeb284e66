"""How far forecasts of a period's end miss, and how often the 80 % interval holds: shipped code, default constants.

python -m tests.bench.forecast --data tenant_tokens_10min.csv.gz

The trace is one period of 14 days without any history before it, and without a date: its first day is taken as a Monday.
Relative errors of the total, per tenant; every tenant is a known scope from the first day on, idle or not.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alertd.detect.forecast import F64, day_classes
from alertd.detect.forecast_backtest import back_test
from alertd.detect.forecast_interval import Distribution, Outcomes, Pool
from alertd.detect.forecast_outlook import Outlook
from alertd.detect.forecast_remaining import Remaining, predict

WEEK = 7
WINDOW = 28
STEPS_PER_DAY = 144
TRACE_DAYS = 14
ORIGINS = (3, 5, 7, 10)
SYNTHETIC_ORIGINS = (2, 3, 5, 7, 10, 14, 21, 27)
HALVINGS = 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="tokens per tenant in 10-minute steps, csv.gz")
    options = parser.parse_args()
    days = read_days(options.data)
    print(f"Trace: {len(days)} tenants, {TRACE_DAYS} days; {np.mean(days == 0):.0%} of the days are idle\n")
    show_trace(days)
    print("\nSynthetic: 600 series, months with two months of history before them; then the same months with none\n")
    show_synthetic()
    return 0


def read_days(path: Path) -> F64:
    """[tenants, 14] tokens per day of every tenant that is in the whole trace."""
    tokens: dict[str, F64] = defaultdict(lambda: np.zeros(TRACE_DAYS))
    steps: dict[str, int] = defaultdict(int)
    with gzip.open(path, "rt") as lines:
        for row in csv.DictReader(lines):
            tokens[row["tenant"]][int(row["t"]) // 86_400] += float(row["input_tokens"]) + float(row["output_tokens"])
            steps[row["tenant"]] += 1
    return np.stack([days for tenant, days in tokens.items() if steps[tenant] == TRACE_DAYS * STEPS_PER_DAY])


def show_trace(days: F64) -> None:
    """Per origin: errors beside the straight line, coverage by halves of the tenants, and as the daemon learns it."""
    print(
        "           median abs. error of the total                    80 % interval, ratios of the other half    own past only"
    )
    print(
        "day   line  forecast  centred  /line   WAPE line  centred   covers  least  most   given  half-width   covers  given  centred  /line"
    )
    every: list[tuple[F64, F64]] = []
    total = days.sum(axis=1)
    for day in ORIGINS:
        spent, coming, now = trace_forecast(days, day)
        halves = [half for seed in range(HALVINGS) for half in halvings(len(days), seed)]
        runs = [on_other_half(now, coming, learn=learn, check=check) for learn, check in halves]
        # One guess per tenant and split, never their mean over splits: that would be a better forecast than is shipped.
        pairs = [
            np.where(np.isnan(one.projected), two.projected, one.projected)
            for one, two in zip(runs[::2], runs[1::2], strict=True)
        ]
        line, plain, centred = spent / day * TRACE_DAYS, spent + now.predicted, spent + np.stack(pairs)
        errors = [np.abs(guess - total) / total for guess in (line, plain, centred)]
        every.append((errors[0], errors[2]))
        covers, given = np.array([run.covers for run in runs]), np.mean([run.given for run in runs])
        width = np.median(np.concatenate([run.half_width for run in runs]))
        own = own_past(days[:, :day], np.arange(TRACE_DAYS) % WEEK, coming, now)
        live = float(np.median(np.abs(spent + own.projected - total) / total))
        medians = [float(np.median(error)) for error in errors]
        wape = [np.abs(guess - total).sum(axis=-1).mean() / total.sum() for guess in (line, centred)]
        print(
            f"{day:3}  {medians[0]:6.1%}  {medians[1]:7.1%}  {medians[2]:7.1%}  {medians[2] / medians[0]:5.2f}   "
            f"{wape[0]:8.1%}  {wape[1]:7.1%}   {covers.mean():6.1%}  {covers.min():5.0%}  {covers.max():4.0%}  "
            f"{given:6.0%}  {width:9.0%}   {own.covers:6.1%}  {own.given:5.0%}  {live:7.1%}  {live / medians[0]:5.2f}"
        )
    line, centred = (np.median(np.concatenate(errors, axis=-1)) for errors in zip(*every, strict=True))
    print(f"all  {line:6.1%}  {'':7}  {centred:7.1%}  {centred / line:5.2f}")


def trace_forecast(days: F64, day: int) -> tuple[F64, F64, Remaining]:
    """What is spent after so many days, what came then, and what is forecast of it."""
    classes = day_classes(np.arange(TRACE_DAYS) % WEEK)
    _, now = predict(days[:, :day], classes[:, :day], classes[:, day:], season=WEEK)
    return days[:, :day].sum(axis=1), days[:, day:].sum(axis=1), now


def halvings(count: int, seed: int) -> list[tuple[F64, F64]]:
    """Both ways round of one split into halves."""
    shuffled = np.random.default_rng(seed).permutation(count)
    first, second = shuffled[: count // 2], shuffled[count // 2 :]
    return [(first, second), (second, first)]


class Run:
    """How one distribution fared.

    covers      share of the intervals that held
    given       share of the series that have one
    half_width  [given] of the interval, as a share of the amount that was predicted to come
    projected   [series] the amount named for what comes; NaN outside the half that was checked
    """

    def __init__(self, now: Remaining, coming: F64, past: Outcomes) -> None:
        distribution = Distribution(now, Pool(past))
        low, high = distribution.between(0.8)
        known = distribution.known
        self.projected = distribution.centre()
        self.covers = float(np.mean(within(coming, low, high)[known])) if known.any() else np.nan
        self.given = float(np.mean(known))
        sized = known & (now.predicted > 0)
        self.half_width = ((high - low) / 2)[sized] / now.predicted[sized]


def within(amount: F64, low: F64, high: F64) -> F64:
    """[series]: whether the amount lies between the ends, which are inside, give or take the last digits."""
    return (amount >= low * (1 - 1e-9)) & (amount <= high * (1 + 1e-9))


def on_other_half(now: Remaining, coming: F64, *, learn: F64, check: F64) -> Run:
    """Ratios of the tenants `learn`, intervals for the tenants `check`."""
    others = np.arange(len(learn)) + len(check)  # no tenant of the one half is one of the other
    run = Run(now[check], coming[check], Outcomes(others, now[learn], coming[learn], np.ones(len(learn))))
    projected = np.full(len(coming), np.nan)
    projected[check] = run.projected
    run.projected = projected
    return run


def own_past(known: F64, weekdays: NDArray[np.int64], coming: F64, now: Remaining) -> Run:
    """Ratios of all series at earlier days, as far as their outcome is known: what a daemon has then.

    known      [series, days] so far
    weekdays   of the whole period
    """
    day = known.shape[1]
    past = back_test(known, day_classes(weekdays[:day]), ahead=len(weekdays) - day, season=WEEK, window=WINDOW)
    return Run(now, coming, past)


def synthetic(seed: int, *, series: int = 600, days: int = 210) -> F64:
    """Weekends at 0.1 to 1, AR(1) noise with heavy tails, growth of up to 0.4 % a day, bursts of 3 to 10 times."""
    rng = np.random.default_rng(seed)
    sigma, phi, growth = (
        rng.uniform(low, high, series)[:, None] for low, high in ((0.1, 0.45), (0.2, 0.8), (-0.004, 0.004))
    )
    shocks = rng.standard_t(5, (series, days)) * np.sqrt(3 / 5)
    noise = shocks.copy()
    for day in range(1, days):
        noise[:, day] = phi[:, 0] * noise[:, day - 1] + np.sqrt(1 - phi[:, 0] ** 2) * shocks[:, day]
    weekend = np.where(np.arange(days) % WEEK >= 5, rng.uniform(0.1, 1, series)[:, None], 1.0)
    level = np.exp(rng.normal(3, 1.5, series))[:, None] * np.exp(sigma * noise + growth * np.arange(days))
    bursts = np.where(rng.random((series, days)) < 0.004, rng.uniform(3, 10, (series, days)), 1.0)
    return level * weekend * bursts


def show_synthetic() -> None:
    """Months of the synthetic series; ratios from what was known at each origin."""
    days, month = synthetic(1), 30
    print("                                                           without an earlier period")
    print("day   line  forecast  centred  /line   covers  steady  wild   centred  /line  covers  half-width")
    for elapsed in SYNTHETIC_ORIGINS:
        rows = [synthetic_month(days, start, start + elapsed, start + month) for start in (90, 120, 150, 180)]
        line, plain, centred, ratio, covers, steady, wild, cold, cold_ratio, cold_covers, width = np.mean(rows, axis=0)
        print(
            f"{elapsed:3}  {line:6.1%}  {plain:7.1%}  {centred:7.1%}  {ratio:5.2f}   {covers:6.1%}  {steady:6.0%}  {wild:4.0%}   "
            f"{cold:7.1%}  {cold_ratio:5.2f}  {cold_covers:6.1%}  {width:10.0%}"
        )


def synthetic_month(days: F64, start: int, now_at: int, end: int) -> list[float]:
    """The numbers of one line for the month `start` to `end` as it looks at `now_at`."""
    weekdays = np.arange(days.shape[1]) % WEEK
    classes = day_classes(weekdays)
    history, known = slice(now_at - WINDOW, now_at), slice(start - 60, now_at)
    path, now = predict(days[:, history], classes[:, history], classes[:, now_at:end], season=WEEK)
    past = back_test(days[:, known], classes[:, known], ahead=end - now_at, season=WEEK, window=WINDOW)
    spent, coming = days[:, start:now_at].sum(axis=1), days[:, now_at:end].sum(axis=1)
    outlook = Outlook(spent, path, np.zeros_like(path), Distribution(now, Pool(past)))
    held = within(spent + coming, *outlook.between(0.8))
    wild = now.spread > np.median(now.spread)
    young = slice(max(now_at - WINDOW, start), now_at)
    _, now = predict(days[:, young], classes[:, young], classes[:, now_at:end], season=WEEK)
    cold = own_past(days[:, start:now_at], weekdays[start:end], coming, now)
    line = spent / (now_at - start) * (end - start)
    guesses = (line, spent + outlook.coming.centre(), spent + cold.projected)
    errors = [float(np.median(np.abs(guess - spent - coming) / (spent + coming))) for guess in guesses]
    plain = float(np.median(np.abs(path.sum(axis=1) - coming) / (spent + coming)))
    width = float(np.median(cold.half_width)) if len(cold.half_width) else np.nan
    shares = [float(np.mean(part)) for part in (held, held[~wild], held[wild])]
    return [
        errors[0], plain, errors[1], errors[1] / errors[0], *shares, errors[2], errors[2] / errors[0], cold.covers, width,
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
