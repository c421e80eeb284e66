"""Trends: slopes by hand, wild points, gaps."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.detect.forecast_trend import fit_trend

NAN = np.nan


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


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 70))
def test_it_is_the_median_of_all_slopes(seed, points):
    random = np.random.default_rng(seed)
    values = np.where(random.random((70, points)) < 0.2, NAN, np.round(random.normal(0, 3, (70, points))))
    chosen = np.unique(np.linspace(0, points - 1, min(points, 48)).round().astype(int))
    for row, slope in zip(values, fit_trend(values).slope, strict=True):
        known = [point for point in chosen if not np.isnan(row[point])]
        slopes = [(row[b] - row[a]) / (b - a) for a, b in combinations(known, 2)]
        enough = np.count_nonzero(~np.isnan(row)) >= 4 and slopes
        assert slope == pytest.approx(np.median(slopes) if enough else NAN, nan_ok=True)
