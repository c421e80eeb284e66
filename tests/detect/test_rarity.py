"""Digits of rarity and standard deviations."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from alertd.detect.rarity import digits_of, sigmas_of


@pytest.mark.parametrize("sigmas", [2.5, 3.0, 4.0, 5.0, 6.0, 8.0])
def test_k_is_as_rare_as_in_a_gaussian_series(sigmas):
    digits = -np.log10(NormalDist().cdf(-sigmas))
    assert sigmas_of(np.array([digits]))[0] == pytest.approx(sigmas, abs=0.2)
    assert sigmas_of(np.array([digits_of(sigmas)]))[0] == pytest.approx(sigmas)


def test_nothing_rare_is_no_deviation():
    assert sigmas_of(np.zeros(1))[0] == 0.0
