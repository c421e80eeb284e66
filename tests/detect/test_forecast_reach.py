"""What trends reach: by hand, and slot after slot exactly what a look at the whole past would say."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.detect.columns import Rows
from alertd.detect.forecast import F64
from alertd.detect.forecast_reach import Foresight, Reach
from alertd.detect.forecast_trend import Trend, fit_trend

NOISE = np.random.default_rng(3).normal(0, 1.0, 300)


def foresee(values: F64, *, window: int, ahead: int) -> Reach:
    """At once, without anything worked out before."""
    return Foresight(window=window, ahead=ahead).reach(values, newest=0, rows=np.arange(len(values)))


def test_a_disk_that_fills_reaches_its_limit_and_one_that_does_not_fill_does_not() -> None:
    points = np.arange(300)
    values = np.stack([0.2 * points + NOISE, 30.0 + NOISE])
    reach = foresee(values, window=150, ahead=100)
    limit = np.array([75.0, 75.0])
    certain, no = reach.reaches(limit)
    assert certain > 0.9
    assert no < 0.1
    fills, never = reach.reached_after(limit, 0.5)
    assert fills == pytest.approx((75 - 60) / 0.2, abs=15)
    assert never == np.inf


def test_a_limit_reached_already_is_reached_now() -> None:
    reach = foresee(np.stack([0.2 * np.arange(300) + NOISE]), window=150, ahead=100)
    assert reach.reached_after(np.array([10.0]), 0.5).tolist() == [0.0]


def test_a_short_history_gives_no_probability() -> None:
    reach = foresee(np.array([[1.0, 2.0, 3.0, 4.0, 5.0]]), window=150, ahead=3)
    assert not reach.known
    assert np.isnan(reach.reaches(np.array([6.0]))).all()
    assert reach.trend.slope.tolist() == [1.0]


@settings(max_examples=25)
@given(st.lists(st.floats(-1000, 1000), min_size=2, max_size=6), st.sampled_from([0.01, 1.0, 1e3]))
def test_the_probability_falls_with_the_limit_whatever_the_unit(limits: list[float], factor: float) -> None:
    values = np.stack([0.05 * np.arange(120) + NOISE[:120]])
    plain, scaled = foresee(values, window=60, ahead=30), foresee(values * factor, window=60, ahead=30)
    probabilities = [plain.reaches(np.array([limit]))[0] for limit in sorted(limits)]
    assert all(0 <= probability <= 1 for probability in probabilities)
    assert probabilities == sorted(probabilities, reverse=True)
    assert scaled.highest(0.8) == pytest.approx(plain.highest(0.8) * factor)


def looked_up(values: F64, *, window: int, ahead: int) -> tuple[Trend, F64]:
    """The line now, and by how much those of up to 24 earlier moments were passed: in the plainest way."""
    length = min(ahead, max(values.shape[1] // 3, 1))
    moments = range(4, values.shape[1] - length + 1)
    scores = [np.empty(0)]
    for moment in moments[:: max(-(-len(moments) // 24), 1)]:
        line = fit_trend(values[:, max(moment - window, 0) : moment])
        with np.errstate(all="ignore"):
            came = np.fmax.reduce(values[:, moment : moment + length], axis=1)
            scores.append((np.where(np.isnan(came), -np.inf, came) - line.highest(length)) / line.noise)
    every = np.concatenate(scores) * max(ahead / length, 1.0) ** 0.5
    return fit_trend(values[:, -window:]), np.sort(every[np.isfinite(every)])


@dataclass
class Gauges:
    """Series in steps, the newest of which still moves; some points are missing."""

    random: np.random.Generator
    points: int
    foresight: Foresight
    values: F64 = field(init=False)
    newest: int = 1000

    def __post_init__(self) -> None:
        self.values = self.moments(self.points)

    def moments(self, count: int, series: int = 3) -> F64:
        """[series, count]; coarse numbers, so that slopes are equal now and then."""
        drawn = np.round(self.random.normal(0, 3, (series, count)).cumsum(axis=1))
        return np.where(self.random.random((series, count)) < self.random.choice([0.0, 0.3]), np.nan, drawn)

    def happen(self, what: str) -> None:
        if what == "slot":
            self.values[:, -1] = self.moments(1, len(self.values))[:, 0]
        elif what == "step":
            count = min(int(self.random.integers(1, 4)), self.points)
            self.values = np.hstack([self.values[:, count:], self.moments(count, len(self.values))])
            self.newest += count
        elif what == "born":
            self.values = np.vstack([self.values, np.full((1, self.points), np.nan)])
            self.foresight.add(1)
        elif what == "gone" and len(self.values) > 1:
            kept = np.arange(len(self.values)) != self.random.integers(len(self.values))
            self.values = self.values[kept]
            self.foresight.keep(kept)
        elif what == "late":
            self.values[:, self.points // 2] = 7.0
            self.foresight.forget()

    def some(self) -> Rows:
        return np.flatnonzero(self.random.random(len(self.values)) < 0.8)


@settings(max_examples=25)
@given(
    st.integers(0, 2**32),
    st.sampled_from([(30, 12, 5), (60, 30, 90), (60, 60, 7), (130, 120, 1), (5, 3, 2), (1, 1, 1)]),
    st.lists(st.sampled_from(["slot", "step", "step", "born", "gone", "late"]), max_size=12),
)
def test_slot_after_slot_it_says_what_a_look_at_the_whole_past_would_say(
    seed: int, shape: tuple[int, int, int], events: list[str]
) -> None:
    points, window, ahead = shape
    gauges = Gauges(np.random.default_rng(seed), points, Foresight(window=window, ahead=ahead))
    for event in ["slot", *events, "slot"]:
        gauges.happen(event)
        rows = gauges.some()
        reach = gauges.foresight.reach(gauges.values, newest=gauges.newest, rows=rows)
        trend, scores = looked_up(gauges.values[rows], window=window, ahead=ahead)
        for got, expected in zip(
            (reach.trend.level, reach.trend.slope, reach.trend.noise, reach.scores),
            (trend.level, trend.slope, trend.noise, scores),
            strict=True,
        ):
            np.testing.assert_array_equal(got, expected)
