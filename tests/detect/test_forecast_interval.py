"""How sure a forecast is: known answers from 99 earlier ones, and the laws every distribution keeps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.detect.forecast import day_classes
from alertd.detect.forecast_backtest import back_test
from alertd.detect.forecast_interval import Distribution, Outcomes, Pool
from alertd.detect.forecast_outlook import Outlook
from alertd.detect.forecast_remaining import Remaining, predict


def made(*predicted, spread=0.2, mean=0.0):
    """Forecasts of series that are all equally wild; a mean of 0 leaves ratios at predicted amounts."""
    amounts = np.array(predicted, dtype=float)
    return Remaining(amounts, np.full(len(amounts), mean), np.full(len(amounts), spread), np.full(len(amounts), 28.0))


def outcomes(predicted, actual, *, stretch=1.0, series=None):
    count = len(actual)
    rows = np.arange(count) + 1000 if series is None else np.array(series)
    return Outcomes(rows, made(*predicted), np.array(actual, dtype=float), np.full(count, stretch))


def ratios(count, *, predicted=100.0, stretch=1.0):
    """Earlier forecasts of one size that came out at 1/100, 2/100, ... of it."""
    return outcomes([predicted] * count, predicted * np.arange(1, count + 1) / 100, stretch=stretch)


def test_the_interval_is_the_tenth_and_the_ninetieth_of_ninety_nine():
    distribution = Distribution(made(1000.0), Pool(ratios(99)))
    low, high = distribution.between(0.8)
    assert low == pytest.approx([100.0])
    assert high == pytest.approx([900.0])
    assert distribution.quantile(0.5) == pytest.approx([500.0])
    assert distribution.count.tolist() == [99]


def test_the_point_lies_half_way_to_what_the_others_suggest():
    assert Distribution(made(1000.0), Pool(ratios(99))).centre() == pytest.approx([np.sqrt(1000.0 * 500.0)])
    assert Distribution(made(1000.0), Pool(ratios(5))).centre() == pytest.approx([1000.0])
    assert Distribution(made(1000.0), Pool(ratios(99, stretch=4.0))).centre() == pytest.approx([1000.0])


def test_the_probability_counts_the_ratios_above():
    distribution = Distribution(made(1000.0), Pool(ratios(98)))
    # 48 of 98 ratios are above 0.505, and one more on each side for what was never seen
    assert distribution.exceeds(np.array([505.0])) == pytest.approx([49 / 100])
    assert distribution.exceeds(np.array([1e9])) == pytest.approx([1 / 100])
    assert distribution.exceeds(np.array([-1.0])).tolist() == [1.0]


def test_a_forecast_that_looks_further_is_less_sure():
    near, far = (Distribution(made(1000.0), Pool(ratios(99, stretch=stretch))) for stretch in (1.0, 16.0))
    for p in (0.1, 0.9):
        assert np.log(far.quantile(p) / 1000) == pytest.approx(np.sqrt(2) * np.log(near.quantile(p) / 1000))


def test_a_wilder_series_has_a_wider_interval():
    now = Remaining(np.full(2, 1000.0), np.zeros(2), np.array([0.2, 0.4]), np.full(2, 1e9))
    low, _ = Distribution(now, Pool(ratios(99))).between(0.8)
    assert np.log(low / 1000) == pytest.approx(np.log(0.1) * np.array([1.0, 2.0]), rel=0.2)


def test_under_twenty_ratios_there_is_no_interval():
    distribution = Distribution(made(1000.0), Pool(ratios(19)))
    assert not distribution.known.any()
    assert distribution.count.tolist() == [19]
    assert np.isnan(distribution.exceeds(np.array([10.0, -1.0])[:1])).all()
    assert np.isnan(distribution.between(0.8)).all()
    assert Distribution(made(1000.0), Pool(ratios(20))).known.all()


def test_large_and_small_series_are_told_apart_once_each_has_enough():
    small = outcomes([1.0] * 40, [1.0] * 40)
    past = outcomes([1.0] * 40 + [1000.0] * 40, [*small.actual, *[2000.0] * 40])
    assert Distribution(made(1.0, 1000.0), Pool(past)).quantile(0.5) == pytest.approx([1.0, 2000.0])


def test_where_nothing_may_come_the_error_is_left_to_the_upper_end():
    past = outcomes([100.0] * 99, [0.0] * 30 + list(range(1, 70)))
    low, high = Distribution(made(100.0), Pool(past)).between(0.8)
    assert low.tolist() == [0.0]
    assert high == pytest.approx([50.0])  # the 80th of 99, not the 90th


def test_series_that_never_had_anything_learn_from_their_like():
    idle = outcomes([0.0] * 50, [0.0] * 39 + [7.0] * 11)
    distribution = Distribution(made(0.0, 100.0, np.nan), Pool(idle))
    assert distribution.known.tolist() == [True, False, False]
    assert np.isnan(distribution.quantile(0.5)).tolist() == [False, True, True]
    assert distribution.between(0.8)[1][0] == 7.0
    assert distribution.exceeds(np.array([5.0, 5.0, 5.0]))[0] == pytest.approx(12 / 52)


def test_an_idle_series_has_as_many_chances_to_begin_as_there_are_stretches_of_time():
    one_day_in_ten = outcomes([0.0] * 99, [0.0] * 89 + [float(amount) for amount in range(1, 11)], stretch=8.0)
    distribution = Distribution(made(0.0), Pool(one_day_in_ten))
    chances = 1 - 0.9**8
    assert distribution.exceeds(np.array([0.0])) == pytest.approx([1 - (90 / 101) ** 8])
    assert abs(distribution.exceeds(np.array([0.0]))[0] - chances) < 0.05
    # in half of all cases the largest of eight days is at most the 92nd of 99
    assert distribution.quantile(0.5).tolist() == distribution.centre().tolist() == [3.0]
    low, high = distribution.between(0.8)
    assert (low.tolist(), high.tolist()) == ([0.0], [9.0])


def test_where_too_few_were_idle_to_tell_the_worst_may_come_every_time():
    few = outcomes([0.0] * 30, [0.0] * 26 + [1.0, 2.0, 3.0, 4.0], stretch=8.0)
    assert Distribution(made(0.0), Pool(few)).between(0.8)[1].tolist() == [8 * 4.0]


def test_an_idle_series_has_fewer_chances_the_less_time_is_left():
    pool = Pool(outcomes([0.0] * 98, [0.0] * 49 + [7.0] * 49))
    whole, half, none = (Distribution(made(0.0), pool, share=share) for share in (1.0, 0.5, 0.0))
    assert whole.exceeds(np.array([0.0])) == pytest.approx([0.5])
    assert half.exceeds(np.array([0.0])) == pytest.approx([1 - np.sqrt(0.5)])
    assert none.exceeds(np.array([0.0])) == pytest.approx([0.0])
    assert none.quantile(0.9).tolist() == [0.0]


def test_an_idle_series_is_expected_to_stay_idle_while_most_do():
    rarely = outcomes([0.0] * 99, [0.0] * 97 + [5.0, 6.0], stretch=8.0)
    assert Distribution(made(0.0), Pool(rarely)).centre().tolist() == [0.0]


def test_a_series_that_always_comes_out_higher_is_moved_up_a_third_of_the_way():
    past = outcomes([100.0] * 120, [100.0] * 90 + [200.0] * 30, series=[*range(1000, 1090), *[0] * 30])
    own, other = Distribution(made(100.0, 100.0), Pool(past)).quantile(0.5)
    assert other == pytest.approx(100.0)
    assert own == pytest.approx(100 * 2 ** (30 / 90))


actuals = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=20, max_size=90)


@given(actuals, st.floats(1e-3, 1e6), st.lists(st.floats(-10, 1e7), min_size=2, max_size=8))
def test_the_probability_is_one_and_falls_with_the_limit(actual, predicted, limits):
    distribution = Distribution(made(predicted), Pool(outcomes([100.0] * len(actual), actual)))
    probabilities = [distribution.exceeds(np.array([limit]))[0] for limit in sorted(limits)]
    assert all(0 <= probability <= 1 for probability in probabilities)
    assert probabilities == sorted(probabilities, reverse=True)


@given(
    actuals, st.floats(0, 1e6), st.floats(1, 9), st.floats(0, 3), st.floats(0, 1e6), st.sampled_from([0.5, 0.8, 0.98]),
)  # fmt: skip
def test_the_point_is_inside_its_interval_and_its_moment_between_early_and_late(
    actual, predicted, stretch, spread, limit, level
):
    pool = Pool(outcomes([100.0] * len(actual), actual, stretch=stretch))
    now = made(predicted, spread=spread, mean=predicted / 2 + 1)
    outlook = Outlook(
        np.array([50.0]), np.full((1, 4), predicted / 4), np.array([[10.0, 0, 0, 0]]), Distribution(now, pool)
    )
    low, high = outlook.between(level)
    assert outlook.certain <= low <= outlook.projected <= high
    early, point, late = (outlook.exceeded_after(np.array([limit]), p=p)[0] for p in (0.9, None, 0.1))
    assert early <= point <= late


def test_a_point_that_no_earlier_error_explains_is_an_end_of_its_interval():
    """A steady series among others that all came out lower."""
    low, high = Distribution(made(1000.0), Pool(outcomes([100.0] * 30, range(60, 90)))).between(0.8)
    assert low == pytest.approx([620.0])
    assert high == pytest.approx([870.0])
    far = Distribution(made(1000.0), Pool(outcomes([100.0] * 30, range(60, 90), stretch=4.0)))
    assert far.between(0.8)[1].tolist() == far.centre().tolist() == [1000.0], (
        "which forecasts that looked less far cannot"
    )


@given(actuals, st.floats(1e-3, 1e6), st.floats(0, 1e6), st.sampled_from([0.01, 3.0, 1e4]))
def test_the_unit_does_not_matter(actual, predicted, limit, factor):
    one = Distribution(made(predicted), Pool(outcomes([100.0] * len(actual), actual)))
    other = Distribution(
        made(predicted * factor), Pool(outcomes([100.0 * factor] * len(actual), np.array(actual) * factor))
    )
    assert other.quantile(0.9) == pytest.approx(one.quantile(0.9) * factor, rel=1e-6)
    # Not at a ratio itself, where the last digit decides which side it is on.
    assert other.exceeds(np.array([limit * factor])) == pytest.approx(
        one.exceeds(np.array([limit])), abs=1.01 / len(actual)
    )


def month(daily, limit, *, spent=100.0, planned=0.0):
    """Ten more days of `daily`, sure to within the ratios of `ratios`."""
    path = np.full((1, 10), daily)
    outlook = Outlook(
        np.array([spent]), path, np.full((1, 10), planned), Distribution(made(daily * 10), Pool(ratios(99)))
    )
    return outlook, np.array([limit])


def test_planned_amounts_are_certain():
    outlook, limit = month(10.0, 400.0, planned=20.0)
    assert outlook.between(0.8)[0] == pytest.approx([100 + 200 + 10])
    assert outlook.exceeds(np.array([299.0])).tolist() == [1.0]
    assert outlook.exceeds(limit) < 1


def test_what_is_spent_already_is_certain():
    assert month(10.0, 50.0)[0].exceeds(np.array([50.0])).tolist() == [1.0]


def test_the_limit_is_passed_early_at_the_upper_quantile():
    outlook, limit = month(100.0, 400.0)
    early, middle = (outlook.exceeded_after(limit, p=p)[0] for p in (0.9, 0.5))
    assert early == pytest.approx(10 * 300 / 900)
    assert middle == pytest.approx(10 * 300 / 500)
    assert outlook.exceeded_after(limit, p=0.1).tolist() == [np.inf]


def test_earlier_forecasts_are_made_from_what_was_known_then():
    days = np.array([[1.0, 1.0, 1.0, 5.0, 5.0, 5.0]])
    past = back_test(days, day_classes(np.arange(6)), ahead=1, season=7, window=28)
    # from day 2 on, one day ahead; then the other lengths, since so few say little
    assert past.actual[:4].tolist() == [1.0, 5.0, 5.0, 5.0]
    assert past.made.predicted[:2].tolist() == [1.0, 1.0]
    assert past.stretch[:4].tolist() == [1.0] * 4


def test_a_time_with_an_unknown_step_has_no_outcome():
    days = np.array([[1.0, 1.0, 1.0, np.nan, 1.0, 1.0]])
    past = back_test(days, day_classes(np.arange(6)), ahead=2, season=7, window=28)
    assert len(past) == 1 + 3  # one pair of days that are both known; three single days
    assert past.stretch.tolist() == [1.0, 2.0, 2.0, 2.0]


def test_without_history_there_is_nothing_to_learn_from():
    assert len(back_test(np.empty((3, 0)), day_classes(np.empty(0, int)), ahead=9, season=7, window=28)) == 0
    assert len(back_test(np.ones((3, 2)), day_classes(np.arange(2)), ahead=9, season=7, window=28)) == 0


def test_four_intervals_of_five_hold_on_series_that_wander():
    rng = np.random.default_rng(7)
    shocks = rng.normal(0, 0.25, (300, 120))
    noise = np.zeros_like(shocks)
    for day in range(1, 120):
        noise[:, day] = 0.7 * noise[:, day - 1] + shocks[:, day]
    days, classes = np.exp(noise), day_classes(np.arange(120) % 7)
    held = []
    for now_at in (70, 85, 100):
        path, now = predict(
            days[:, now_at - 28 : now_at], classes[:, now_at - 28 : now_at], classes[:, now_at : now_at + 20], season=7
        )
        past = back_test(days[:, :now_at], classes[:, :now_at], ahead=20, season=7, window=28)
        low, high = Distribution(now, Pool(past)).between(0.8)
        came = days[:, now_at : now_at + 20].sum(axis=1)
        held.append(np.mean((came >= low) & (came <= high)))
        assert path.shape == (300, 20)
    assert 0.75 <= np.mean(held) <= 0.85
