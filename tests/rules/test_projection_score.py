"""What ended periods say of their forecasts, by hand."""

import numpy as np
import pytest

from alertd.engine.readings import read_forecasts
from alertd.rules.projection_score import Accuracy, Noted, SavedScores, Scorecard, horizon_of

NAN = float("nan")
NOTED = Noted(
    projected=[100.0, 50.0, NAN, 10.0],
    low=[80.0, 40.0, NAN, 5.0],
    high=[120.0, 60.0, NAN, 15.0],
    probability=[0.9, 0.2, NAN, 0.5],
    limit=[90.0, 55.0, 10.0, NAN],
)


def closed(*actual: float) -> Scorecard:
    scores = Scorecard(SavedScores(period=7.0, noted={"8-14": NOTED}))
    scores.close(7.0, np.array(actual))
    return scores


def test_an_ended_period_is_compared_scope_by_scope():
    (accuracy,) = closed(110.0, 75.0, 3.0, 0.0, 99.0).accuracy()  # the last scope came after the forecast
    assert accuracy.horizon == "8-14"
    assert (accuracy.intervals, accuracy.held) == (3, 1)
    assert accuracy.coverage == pytest.approx(1 / 3)
    assert accuracy.errors == pytest.approx((10 / 110, 25 / 75))  # nothing came of the fourth: no ratio to nothing
    assert accuracy.brier == pytest.approx((0.1**2 + 0.8**2) / 2)  # the others had no limit, or no probability


def test_another_period_is_not_compared():
    scores = Scorecard(SavedScores(period=7.0, noted={"1": NOTED}))
    scores.close(8.0, np.ones(4))
    assert scores.accuracy() == []


def test_a_period_is_compared_once():
    scores = closed(100.0, 50.0, 1.0, 10.0)
    scores.close(7.0, np.ones(4))
    assert scores.accuracy()[0].intervals == 3


def test_before_anything_ended_nothing_is_claimed():
    nothing = Accuracy("1", 0, 0, (), 0, 0.0)
    assert np.isnan([nothing.coverage, nothing.brier]).all()
    assert read_forecasts([]) == []


def test_two_rules_are_counted_together():
    together = Accuracy("1", 4, 4, (0.1,), 2, 0.5).with_others(Accuracy("1", 1, 0, (0.3,), 2, 0.1))
    assert together.coverage == 0.8
    assert together.brier == pytest.approx(0.15)
    assert together.errors == (0.1, 0.3)


@pytest.mark.parametrize(
    ("steps", "bucket"),
    [(1, "1"), (2, "2-3"), (3, "2-3"), (7, "4-7"), (31, "22-31"), (90, "32-92"), (400, "367-")],
)
def test_horizons(steps: int, bucket: str):
    assert horizon_of(steps) == bucket
