"""Trends to a limit: slopes by hand, wild points, and what earlier trends missed by."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.detect.forecast_trend import fit_trend, foresee

NAN = np.nan
NOISE = np.random.default_rng(3).normal(0, 1.0, 300)


def test_the_line_through_a_line():
    trend = fit_trend(np.array([[1.0, 3.0, 5.0, 7.0], [9.0, 9.0, 9.0, 9.0]]))
    assert trend.slope.tolist() == [2.0, 0.0]
    assert trend.level.tolist() == [7.0, 9.0]
    assert trend.highest(10).tolist() == [27.0, 9.0]


def test_a_quarter_of_wild_points_does_not_bend_it():
    line = 2.0 * np.arange(40)
    wild = line.copy()
    wild[[3, 9, 15, 21, 27, 33, 38]] += 500
    assert fit_trend(wild[None, :]).slope == pytest.approx([2.0], abs=0.05)


def test_gaps_do_not_bend_it():
    line = 2.0 * np.arange(40)
    line[10:20] = NAN
    assert fit_trend(line[None, :]).slope == pytest.approx([2.0])


def test_three_points_are_no_trend():
    assert np.isnan(fit_trend(np.array([[1.0, 2.0, 3.0]])).slope).all()
    assert np.isnan(fit_trend(np.array([[1.0, NAN, 2.0, 3.0, NAN]])).level).all()


def test_a_disk_that_fills_reaches_its_limit_and_one_that_does_not_fill_does_not():
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


def test_a_limit_reached_already_is_reached_now():
    reach = foresee(np.stack([0.2 * np.arange(300) + NOISE]), window=150, ahead=100)
    assert reach.reached_after(np.array([10.0]), 0.5).tolist() == [0.0]


def test_a_short_history_gives_no_probability():
    reach = foresee(np.array([[1.0, 2.0, 3.0, 4.0, 5.0]]), window=150, ahead=3)
    assert not reach.known
    assert np.isnan(reach.reaches(np.array([6.0]))).all()
    assert reach.trend.slope.tolist() == [1.0]


@given(st.lists(st.floats(-1000, 1000), min_size=2, max_size=6), st.sampled_from([0.01, 1.0, 1e3]))
def test_the_probability_falls_with_the_limit_whatever_the_unit(limits, factor):
    values = np.stack([0.05 * np.arange(120) + NOISE[:120]])
    plain, scaled = foresee(values, window=60, ahead=30), foresee(values * factor, window=60, ahead=30)
    probabilities = [plain.reaches(np.array([limit]))[0] for limit in sorted(limits)]
    assert all(0 <= probability <= 1 for probability in probabilities)
    assert probabilities == sorted(probabilities, reverse=True)
    assert scaled.highest(0.8) == pytest.approx(plain.highest(0.8) * factor)
