"""What is expected of coming steps: medians of like days, levels where history is short, gaps that are no zeros."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from alertd.detect.forecast import day_classes, expected, hour_classes, level, median
from alertd.detect.forecast_outlook import reached_after
from alertd.detect.forecast_remaining import predict

NAN = np.nan
WEEKDAYS = np.arange(70) % 7  # the first day is a Monday
AMOUNTS = st.floats(0, 1e9, allow_subnormal=False)


def days_ahead(history, ahead, *, first=0):
    """Expected days after `history` (one series), whose first day is weekday `first`."""
    classes = day_classes((np.arange(len(history) + ahead) + first) % 7)
    known = len(history)
    return expected(np.array([history]), classes[:, :known], classes[:, known:], season=7)[0].tolist()


WEEK = [10.0, 10.0, 10.0, 10.0, 10.0, 2.0, 1.0]


@pytest.mark.parametrize(
    ("history", "coming"),
    [
        pytest.param(WEEK * 4, WEEK, id="four weeks: each weekday's median"),
        pytest.param(WEEK * 3 + [10, 10, 900, 10, 10, 2, 1], WEEK, id="a burst is outvoted"),
        pytest.param(WEEK * 3 + [10, 10, NAN, 10, 10, 2, 1], WEEK, id="a missing day is not a zero day"),
        pytest.param(
            [99.0] * 7 + WEEK + [20.0, *WEEK[1:]] + [30.0, *WEEK[1:]] + [40.0, *WEEK[1:]],
            [25.0, *WEEK[1:]],
            id="older than four weeks does not count",
        ),
        pytest.param(WEEK, [10.0] * 5 + [1.5, 1.5], id="one week: weekdays alike, weekend days alike"),
        pytest.param([10.0] * 5 + [2.0], [52 / 6] * 3, id="under a week: the level of all"),
        pytest.param([4.0, 8.0], [6.0], id="two days: their mean"),
        pytest.param([4.0], [NAN], id="one day says nothing"),
        pytest.param([NAN, 4.0, NAN], [NAN], id="one known day says nothing"),
        pytest.param([0.0] * 8, [0.0, 0.0], id="idle stays idle"),
    ],
)
def test_the_coming_days_by_hand(history, coming):
    assert days_ahead(history, len(coming)) == pytest.approx(coming, nan_ok=True)


def test_the_level_is_the_middle_of_mean_median_and_recent():
    # Mean 25, median 0; the newest of four days weighs 44 % of all, to the fourth power: 3.7.
    weight = 1 / sum(0.5 ** (age / 1.5) for age in range(4))
    assert level(np.array([[0.0, 0.0, 0.0, 100.0]])) == pytest.approx([100 * weight**4])
    assert level(np.array([[7.0, 7.0, 7.0]])) == pytest.approx([7.0])


def test_hours_follow_the_day_then_the_week():
    hours = np.arange(24 * 3)
    classes = hour_classes(hours // 24, hours % 24)
    daily = np.tile(np.where(np.arange(24) == 9, 5.0, 1.0), 2)[None, :]
    coming = expected(daily, classes[:, :48], classes[:, 48:], season=24)[0]
    assert coming.tolist() == pytest.approx(np.where(np.arange(24) == 9, 5.0, 1.0).tolist())


def test_of_a_day_that_has_begun_its_rest_is_to_come():
    classes = day_classes(np.arange(16) % 7)
    path, whole = predict(np.full((2, 14), 8.0), classes[:, :14], classes[:, 14:], season=7)
    assert path.tolist() == [[8.0, 8.0], [8.0, 8.0]]
    rest = whole.cut(path * np.array([[0.25, 1.0], [0.5, 1.0]]), share=0.7)
    assert rest.predicted.tolist() == [10.0, 12.0]
    assert rest.mean == pytest.approx([0.7 * 16, 0.7 * 16])
    assert rest.spread == pytest.approx([0.0, 0.0])


@given(hnp.arrays(float, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=AMOUNTS | st.just(NAN)))
def test_the_median_is_numpys(values):
    known = ~np.isnan(values)
    expectation = [np.median(row[mask]) if mask.any() else NAN for row, mask in zip(values, known, strict=True)]
    assert median(values) == pytest.approx(expectation, nan_ok=True)


@given(
    hnp.arrays(float, st.tuples(st.integers(1, 3), st.integers(0, 40)), elements=AMOUNTS | st.just(NAN)),
    st.sampled_from([0.001, 0.5, 1000.0]),
)
def test_amounts_in_cents_are_forecast_in_cents(history, factor):
    classes = day_classes(np.arange(history.shape[1] + 10) % 7)
    split = history.shape[1]
    one = expected(history, classes[:, :split], classes[:, split:], season=7)
    other = expected(history * factor, classes[:, :split], classes[:, split:], season=7)
    assert other == pytest.approx(one * factor, rel=1e-9, nan_ok=True)


@given(hnp.arrays(float, st.tuples(st.just(2), st.integers(2, 40)), elements=AMOUNTS))
def test_nothing_beyond_what_was_seen_is_expected(history):
    classes = day_classes(np.arange(history.shape[1] + 8) % 7)
    split = history.shape[1]
    coming = expected(history, classes[:, :split], classes[:, split:], season=7)
    assert np.all(coming <= history.max(axis=1, keepdims=True) * (1 + 1e-9))
    assert np.all(coming >= history.min(axis=1, keepdims=True) * (1 - 1e-9))


@given(hnp.arrays(float, st.tuples(st.just(3), st.integers(8, 30)), elements=AMOUNTS))
def test_series_know_nothing_of_each_other(history):
    classes = day_classes(np.arange(history.shape[1] + 8) % 7)
    split = history.shape[1]
    together = expected(history, classes[:, :split], classes[:, split:], season=7)
    alone = expected(history[1:2], classes[:, :split], classes[:, split:], season=7)
    assert together[1:2] == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize(
    ("amount", "steps"),
    [
        pytest.param(-1.0, 0.0, id="passed already"),
        pytest.param(0.0, 0.0, id="just reached: the next cent passes it"),
        pytest.param(5.0, 0.5, id="within the first step, evenly"),
        pytest.param(10.0, 2.0, id="an idle step moves it to the next"),
        pytest.param(25.0, 2.75, id="within a later step"),
        pytest.param(30.0, np.inf, id="reached, not passed"),
    ],
)
def test_when_an_amount_is_passed(amount, steps):
    assert reached_after(np.array([[10.0, 0.0, 20.0]]), np.array([amount])).tolist() == [steps]
