"""Counts in buckets of equal ratio."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.detect.log_histogram import LogHistogram


@given(st.lists(st.floats(1e-9, 1e25), min_size=1, max_size=200), st.floats(0.01, 1.0))
def test_a_quantile_lies_in_the_bucket_of_the_value_it_names(values, share):
    histogram = LogHistogram()
    histogram.add(np.array(values))
    exact = np.sort(values)[int(np.ceil(share * len(values) - 1e-9)) - 1]
    assert exact * 0.999 <= histogram.quantile(share) <= exact * 1.046


def test_zero_and_less_share_the_lowest_bucket():
    histogram = LogHistogram()
    histogram.add(np.array([0.0, -5.0, 0.0, 8.0]))
    assert histogram.quantile(0.75) < 1e-11
    assert histogram.quantile(1.0) == pytest.approx(8.0, rel=0.05)


def test_exceedances_of_an_exponential_tail_of_logarithms_have_its_mean():
    logs = np.random.default_rng(1).exponential(0.5, 50_000)
    histogram = LogHistogram()
    histogram.add(np.exp(logs))
    count, mean = histogram.exceedances(np.exp(1.0))
    assert count / 50_000 == pytest.approx(np.exp(-2.0), rel=0.05)
    assert mean == pytest.approx(0.5, rel=0.05)


def test_what_fades_loses_weight_and_not_its_place():
    histogram = LogHistogram()
    histogram.add(np.array([10.0]))
    before = histogram.quantile(0.5)
    histogram.fade(0.25)
    assert histogram.total == 0.25
    assert histogram.quantile(0.5) == before
