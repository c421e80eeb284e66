"""The frame round the methods: floors, events, guards, warm-up, feedback, saved memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.detect import Detector, DetectorSettings, MethodName, Ruling, SavedStateError, Slot, State

METHODS: tuple[MethodName, ...] = ("sigma", "ewma", "robust", "seasonal")
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
START = datetime(2026, 3, 2, tzinfo=UTC).timestamp()


def detector(rows: int = 1, **options: object) -> Detector:
    """A detector without floors and with one point to an event, unless the test says otherwise."""
    plain = {"min_change": 0.0, "sparse_factor": 0.0, "points": (1, 1), "window": timedelta(days=1)}
    made = Detector(DetectorSettings(**{**plain, **options}))  # type: ignore[arg-type]
    made.add(rows)
    return made


def fed(made: Detector, points: int, *, step: float = 600.0, start: float = START, level: float = 100.0) -> float:
    """Feed noise of one standard deviation round a level; returns the time of the next point."""
    noise = np.random.default_rng(7).normal(level, 1.0, (points, made.rows))
    made.learn(start + step * np.arange(points), noise)
    return start + step * points


def judged(made: Detector, at: float, *values: float, step: float = 600.0) -> list[Slot]:
    """The slots of these values of row 0, one step apart."""
    return [made.judge(at + step * i, np.full(made.rows, value)) for i, value in enumerate(values)]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("direction", "value", "state"),
    [
        pytest.param("above", 130.0, State.ANOMALOUS, id="above, high"),
        pytest.param("above", 70.0, State.NORMAL, id="above does not mind a low value"),
        pytest.param("below", 70.0, State.ANOMALOUS, id="below, low"),
        pytest.param("below", 130.0, State.NORMAL, id="below does not mind a high value"),
        pytest.param("both", 70.0, State.ANOMALOUS, id="both, low"),
        pytest.param("both", 101.0, State.NORMAL, id="one standard deviation is nothing"),
    ],
)
def test_a_far_value_in_the_watched_direction_is_anomalous(method, direction, value, state):
    made = detector(method=method, direction=direction)
    (slot,) = judged(made, fed(made, 400), value)
    assert slot.state[0] == state
    assert (slot.score[0] >= 1.0) == (state == State.ANOMALOUS)
    assert abs(slot.expected[0] - 100.0) < 1.5


@given(st.lists(st.floats(0.0, 400.0), min_size=20, max_size=60), st.sampled_from(METHODS))
@settings(max_examples=60)
def test_what_is_anomalous_is_never_between_the_bounds(values, method):
    made = detector(method=method, direction="both")
    for slot in judged(made, fed(made, 300), *values):
        between = (slot.lower < slot.value) & (slot.value < slot.upper)
        assert not (between & (slot.score >= 1.0)).any()


@pytest.mark.parametrize("step", [5.0, 15.0])
def test_a_season_is_forgotten_no_sooner_by_a_rule_that_looks_more_often(step):
    """Half an hour at another level, looked at every minute or many times a minute."""
    moved = []
    for each in (60.0, step):
        made = detector(method="seasonal")
        slots = judged(made, fed(made, 600), *[130.0] * int(1800 / each), step=each)
        moved.append(slots[-1].expected[0] - slots[0].expected[0])
    assert moved[1] == pytest.approx(moved[0], rel=0.2)


def test_three_sigma_has_the_known_mean_and_deviation():
    made = detector(method="sigma", k=2.0, warm_up=timedelta(0), warm_up_points=4)
    made.learn(START + 600.0 * np.arange(4), np.array([[2.0], [4.0], [4.0], [6.0]]))
    (slot,) = judged(made, START + 2400.0, 4.0 + 3.0 * np.sqrt(2.0))
    assert slot.expected[0] == pytest.approx(4.0)
    assert slot.strength[0] == pytest.approx(3.0)
    assert slot.upper[0] == pytest.approx(4.0 + 2.0 * np.sqrt(2.0))
    assert slot.lower[0] == -np.inf


def test_ten_points_are_enough_for_three_sigma_because_the_tested_one_is_left_out():
    made = detector(method="sigma", k=3.0, window=timedelta(minutes=11), warm_up=timedelta(0), warm_up_points=10)
    made.learn(START + MINUTE * np.arange(10), np.tile([[9.0], [11.0]], (5, 1)))
    (slot,) = judged(made, START + 10 * MINUTE, 20.0)
    assert slot.strength[0] == pytest.approx(10.0)
    assert slot.state[0] == State.ANOMALOUS


def test_the_window_of_sigma_forgets():
    made = detector(method="sigma", window=timedelta(hours=1), warm_up=timedelta(0))
    at = fed(made, 60, step=MINUTE, level=1e6)
    at = fed(made, 120, step=MINUTE, start=at, level=50.0)
    (slot,) = judged(made, at, 50.0)
    assert slot.expected[0] == pytest.approx(50.0, abs=0.5)


def test_robust_has_the_known_median_and_deviation():
    made = detector(method="robust", k=2.0, warm_up=timedelta(0), warm_up_points=5)
    made.learn(START + 600.0 * np.arange(5), np.array([[1.0], [2.0], [3.0], [4.0], [1000.0]]))
    (slot,) = judged(made, START + 3000.0, 3.0 + 4.0 * 1.4826)
    assert slot.expected[0] == 3.0
    assert slot.strength[0] == pytest.approx(4.0)


def test_robust_judges_a_series_whose_mad_is_zero_by_its_other_deviations():
    made = detector(method="robust", k=3.0, warm_up=timedelta(0), warm_up_points=10)
    values = np.zeros((20, 1))
    values[::5] = 10.0
    made.learn(START + 600.0 * np.arange(20), values)
    (slot,) = judged(made, START + 12_000.0, 10.0)
    assert 0.0 < slot.strength[0] < 5.0
    assert slot.expected[0] == 0.0


@pytest.mark.parametrize("method", METHODS)
def test_levels_of_a_billion_keep_their_digits(method):
    made, small = detector(method=method), detector(method=method)
    at = fed(made, 400, level=1e9)
    fed(small, 400, level=100.0)
    (high,), (low,) = judged(made, at, 1e9 + 4.0), judged(small, at, 104.0)
    assert high.strength[0] == pytest.approx(low.strength[0], rel=1e-3)
    assert low.strength[0] > 2.0


@pytest.mark.parametrize("method", METHODS)
def test_a_flat_series_that_moves_is_as_strong_as_can_be_and_floors_decide(method):
    free, floored = detector(method=method), detector(method=method, min_change=0.25)
    for made in (free, floored):
        made.learn(START + 600.0 * np.arange(400), np.full((400, 1), 40.0))
    at = START + 600.0 * 400
    assert judged(free, at, 41.0)[0].state[0] == State.ANOMALOUS
    slot = judged(floored, at, 41.0)[0]
    assert slot.state[0] == State.NORMAL
    assert slot.ruling[0] == Ruling.MIN_CHANGE
    assert slot.score[0] == pytest.approx(0.1)
    assert slot.upper[0] == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("options", "ruling", "score"),
    [
        pytest.param({"min_change": 0.5}, Ruling.MIN_CHANGE, 0.6, id="the relative floor"),
        pytest.param({"min_value": 60.0}, Ruling.MIN_VALUE, 0.5, id="the absolute floor"),
        pytest.param({"sparse_factor": 2.0}, Ruling.SPARSE, 0.64, id="the multiple of what it had before"),
    ],
)
def test_the_condition_with_the_least_margin_rules(options, ruling, score):
    made = detector(method="ewma", **options)
    (slot,) = judged(made, fed(made, 400), 130.0)
    assert slot.ruling[0] == ruling
    assert slot.score[0] == pytest.approx(score, abs=0.03)
    assert slot.state[0] == State.NORMAL


def test_a_burst_like_those_a_sparse_series_has_is_none():
    made = detector(method="robust", sparse_factor=1.5, window=timedelta(days=7))
    values = np.zeros((2000, 1))
    values[::20] = np.random.default_rng(1).uniform(800.0, 1000.0, (100, 1))
    made.learn(START + 600.0 * np.arange(2000), values)
    at = START + 600.0 * 2000
    assert judged(made, at, 1000.0)[0].state[0] == State.NORMAL
    assert judged(made, at + 600.0, 3000.0)[0].state[0] == State.ANOMALOUS


@pytest.mark.parametrize(
    ("values", "states"),
    [
        pytest.param((150, 150), (State.PENDING, State.ANOMALOUS), id="two in a row"),
        pytest.param((150, 100, 150), (State.PENDING, State.PENDING, State.ANOMALOUS), id="a good point between"),
        pytest.param((150, 100, 100, 150), (State.PENDING,) * 4, id="too far from each other"),
        pytest.param((150, 100, 100, 100), (*(State.PENDING,) * 3, State.NORMAL), id="one alone"),
    ],
)
def test_two_of_three_points_make_an_event(values, states):
    made = detector(method="ewma", points=(2, 3))
    slots = judged(made, fed(made, 400), *map(float, values))
    assert tuple(slot.state[0] for slot in slots) == states
    assert sum(slot.opened[0] for slot in slots) == (State.ANOMALOUS in states)


def test_an_event_tells_since_when_and_how_much():
    made = detector(method="sigma", points=(2, 3))
    at = fed(made, 400)
    _, second = judged(made, at, 200.0, 200.0)
    assert second.since[0] == at
    assert second.excess[0] == pytest.approx(2 * 100.0 * 600.0, rel=0.01)


def test_an_event_is_held_until_the_score_was_low_for_the_recovery_window():
    made = detector(method="ewma", recovery=timedelta(minutes=30))
    slots = judged(made, fed(made, 400), 200.0, 100.0, 100.0, 100.0, 100.0)
    assert [slot.state[0] for slot in slots] == [
        State.ANOMALOUS, State.HELD, State.HELD, State.NORMAL, State.NORMAL,
    ]  # fmt: skip
    assert [bool(slot.closed[0]) for slot in slots] == [False, False, False, True, False]
    assert slots[3].excess[0] > 50_000.0
    assert np.isnan(slots[4].since[0])


def test_an_event_stays_open_while_there_is_no_data():
    made = detector(method="ewma")
    at = fed(made, 400)
    judged(made, at, 200.0)
    gap = made.judge(at + 600.0, np.array([np.nan]))
    assert gap.state[0] == State.ABSENT
    assert gap.since[0] == at
    assert not gap.closed[0]


def test_a_gap_adds_no_excess_beyond_two_steps():
    made = detector(method="sigma")
    at = fed(made, 400)
    judged(made, at, 200.0)
    slot = made.judge(at + 6 * HOUR, np.array([200.0]))
    assert slot.excess[0] == pytest.approx(3 * 100.0 * 600.0, rel=0.02)


@pytest.mark.parametrize("method", ["sigma", "ewma", "seasonal"])
def test_a_runaway_of_six_hours_is_not_tomorrows_normal(method):
    made, calm = detector(method=method, window=timedelta(days=2)), detector(method=method, window=timedelta(days=2))
    at = fed(made, 600)
    fed(calm, 600)
    judged(made, at, *[10_000.0] * 36)
    judged(calm, at, *[100.0] * 36)
    later = at + 24 * HOUR
    (slot,) = judged(made, later, 10_000.0)
    assert slot.state[0] == State.ANOMALOUS
    assert slot.expected[0] < 5_000.0


@pytest.mark.parametrize("method", METHODS)
def test_a_level_that_came_to_stay_is_adopted_and_the_event_closed(method):
    made = detector(method=method, adopt_after=timedelta(hours=2), window=timedelta(days=7))
    at = fed(made, 800)
    slots = judged(made, at, *[300.0] * 13)
    assert [bool(slot.adopted[0]) for slot in slots] == [False] * 12 + [True]
    after = judged(made, at + 13 * 600.0, 300.0, 300.0)
    assert [slot.state[0] for slot in after] == [State.NORMAL] * 2
    assert after[0].expected[0] == pytest.approx(300.0, rel=0.15)


@pytest.mark.parametrize("method", METHODS)
def test_an_expected_event_is_the_new_level_at_once(method):
    made = detector(method=method, window=timedelta(days=7))
    at = fed(made, 800)
    assert judged(made, at, 300.0, 300.0)[1].state[0] == State.ANOMALOUS
    made.expect(np.array([0]))
    (slot,) = judged(made, at + 1200.0, 300.0)
    assert slot.state[0] == State.NORMAL
    assert slot.expected[0] == pytest.approx(300.0, rel=0.1)
    made.expect(np.array([0]))
    assert judged(made, at + 1800.0, 300.0)[0].expected[0] == pytest.approx(slot.expected[0], rel=0.01)


@pytest.mark.parametrize("method", METHODS)
def test_an_incident_leaves_nothing_behind(method):
    made, calm = detector(method=method), detector(method=method)
    at = fed(made, 400)
    fed(calm, 400)
    judged(made, at, 200.0, 250.0, 100.0)
    made.incident(np.array([0]))
    next_at = at + 6 * HOUR
    (after,), (never,) = judged(made, next_at, 103.0), judged(calm, next_at, 103.0)
    assert after.expected[0] == never.expected[0]
    assert after.strength[0] == never.strength[0]
    assert after.state[0] != State.HELD


def test_an_incident_is_taken_out_when_a_stray_point_came_after_it_too():
    made, calm = detector(method="ewma", points=(2, 3)), detector(method="ewma", points=(2, 3))
    at = fed(made, 400)
    fed(calm, 400)
    slots = judged(made, at, *[10_000.0] * 36, *[100.0] * 12, 10_000.0, 100.0)
    assert [slot.opened[0] for slot in slots].count(True) == [slot.closed[0] for slot in slots].count(True) == 1
    made.incident(np.array([0]))
    (after,), (never,) = judged(made, at + DAY, 100.0), judged(calm, at + DAY, 100.0)
    assert after.expected[0] == pytest.approx(never.expected[0], abs=0.1)


def test_a_young_row_is_warming_and_says_nothing():
    made = detector(method="ewma", warm_up=timedelta(hours=2))
    slots = judged(made, START, *[10.0] * 20, 10_000.0, step=HOUR)
    assert {int(slot.state[0]) for slot in slots} == {int(State.WARMING)}
    at = fed(made, 20, start=START + 21 * HOUR, step=HOUR, level=10.0)
    assert judged(made, at, 1e6)[0].state[0] == State.ANOMALOUS


def test_a_fresh_row_is_judged_by_its_siblings():
    made = detector(rows=20, method="ewma", min_value=50.0)
    values = np.random.default_rng(3).normal(100.0, 1.0, (300, 20))
    values[:, 19] = np.nan
    made.learn(START + 600.0 * np.arange(300), values)
    now = np.full(20, 100.0)
    now[19] = 5_000.0
    slot = made.judge(START + 600.0 * 300, now)
    assert slot.state[19] == State.ANOMALOUS
    assert slot.ruling[19] == Ruling.POOLED
    now[19] = 100.0
    assert made.judge(START + 600.0 * 301, now).score[19] < 1.0


def test_many_rows_at_once_have_one_cause():
    made = detector(rows=60, method="ewma")
    at = fed(made, 400)
    values = np.full(60, 100.0)
    values[:12] = 200.0
    assert not made.judge(at, values).common
    values[:13] = 400.0
    assert made.judge(at + 600.0, values).common


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e200])
def test_what_is_no_measurement_changes_nothing(method, bad):
    made, without = detector(method=method), detector(method=method)
    at = fed(made, 100)
    fed(without, 100)
    slot = made.judge(at, np.array([bad]))
    assert slot.state[0] == State.ABSENT
    assert np.isnan(slot.value[0])
    (one,), (other,) = judged(made, at + 600.0, 103.0), judged(without, at + 600.0, 103.0)
    assert one.score[0] == other.score[0]
    assert one.expected[0] == other.expected[0]


def test_a_point_not_younger_than_the_last_is_left_out():
    made = detector(method="ewma")
    at = fed(made, 400)
    assert judged(made, at - 600.0, 500.0)[0].state[0] == State.ABSENT
    assert judged(made, at - 6000.0, 500.0)[0].state[0] == State.ABSENT


def test_a_freed_row_starts_afresh():
    made = detector(rows=3, method="seasonal")
    at = fed(made, 400)
    made.free(np.array([1]))
    assert made.used.tolist() == [True, False, True]
    assert made.judge(at, np.full(3, 100.0)).state[1] == State.ABSENT
    assert made.add(1).tolist() == [1]
    slot = made.judge(at + 600.0, np.full(3, 100.0))
    assert slot.state[1] == State.WARMING
    assert slot.state[0] == State.NORMAL


def test_rows_added_later_do_not_disturb_the_others():
    alone, joined = detector(rows=1, method="seasonal"), detector(rows=1, method="seasonal")
    at = fed(alone, 300)
    fed(joined, 300)
    joined.add(5)
    values = np.full(joined.rows, 100.0)
    values[0] = 104.0
    assert joined.judge(at, values).score[0] == alone.judge(at, np.array([104.0])).score[0]


def test_news_is_what_is_stronger_than_the_last_half_day():
    made = detector(method="sigma", window=timedelta(days=7))
    at = fed(made, 800)
    slots = judged(made, at, 110.0, 110.0, 140.0, 110.0)
    assert [slot.news[0] > 0.0 for slot in slots] == [True, False, True, False]
    (later,) = judged(made, at + 13 * HOUR, 110.0)
    assert later.news[0] > 0.0


def test_the_false_alert_budget_finds_a_k_that_holds():
    made = detector(rows=200, method="ewma", points=(1, 1), false_alerts_per_week=20.0, k=3.0)
    assert made.k == 3.0
    noise = np.random.default_rng(5).standard_t(4, (4 * 1008, 200)) + 100.0
    made.learn(START + 600.0 * np.arange(3 * 1008), noise[: 3 * 1008])
    assert 5.0 < made.k < 30.0
    at = START + 600.0 * 3 * 1008
    opened = sum(int(made.judge(at + 600.0 * i, row).opened.sum()) for i, row in enumerate(noise[3 * 1008 :]))
    assert 2 <= opened <= 60


def test_without_enough_points_the_budget_is_cautious():
    made = detector(method="ewma", false_alerts_per_week=5.0, k=2.0)
    fed(made, 50)
    assert made.k == 4.0


@pytest.mark.parametrize(
    ("season", "zone"),
    [
        pytest.param("day", "Europe/Berlin", id="day"),
        pytest.param("week", "Europe/Berlin", id="week"),
        pytest.param("day", "America/New_York", id="the other side of the ocean"),
    ],
)
def test_the_day_the_clocks_change_is_a_day_like_any_other(season, zone):
    def busy(at: float) -> float:
        local = datetime.fromtimestamp(at, ZoneInfo(zone))
        return 1000.0 if 9 <= local.hour < 17 else 10.0

    start = datetime(2026, 2, 2, tzinfo=UTC).timestamp()
    times = start + 1800.0 * np.arange(48 * 70)
    noise = np.random.default_rng(2).normal(1.0, 0.02, times.size)
    values = np.array([busy(at) for at in times]) * noise

    def events(made: Detector) -> int:
        return sum(int(made.judge(at, np.array([x])).opened[0]) for at, x in zip(times.tolist(), values, strict=True))

    assert events(detector(method="seasonal", season=season, zone=ZoneInfo(zone), k=3.3)) == 0
    assert events(detector(method="seasonal", season=season, k=3.3)) > 0


def test_auto_finds_the_week_in_a_weekly_job():
    """A job each Monday: after three of them it is expected, on another day it is not."""
    times = START + 1800.0 * np.arange(48 * 7 * 6)
    monday = (times - START) % (7 * DAY) < 8 * HOUR
    values = np.where(monday, 1000.0, 100.0) * np.random.default_rng(4).normal(1.0, 0.03, times.size)
    made = detector(method="seasonal", season="auto", points=(2, 3))
    made.learn(times, values[:, None])
    at = float(times[-1]) + 1800.0
    assert judged(made, at + HOUR, 1000.0, 1000.0, step=1800.0)[1].state[0] == State.NORMAL
    made.learn(at + 1800.0 * np.arange(4, 48 * 3), np.full((48 * 3 - 4, 1), 100.0))
    assert judged(made, at + 3 * DAY + HOUR, 1000.0, 1000.0, step=1800.0)[1].state[0] == State.ANOMALOUS


def test_clocks_of_their_own_give_what_one_clock_gives():
    together, apart = detector(rows=2, method="seasonal"), detector(rows=2, method="seasonal")
    for i, row in enumerate(np.random.default_rng(6).normal(100.0, 5.0, (300, 2))):
        at = START + 600.0 * i
        one, other = together.judge(at, row), apart.judge(np.array([at, at + 60.0 * DAY]), row)
        assert one.score[0] == other.score[0]
    assert other.score[1] == one.score[1]


point = st.one_of(st.just(np.nan), st.floats(-1e12, 1e12), st.just(0.0))
series = st.lists(st.tuples(st.integers(0, 5), st.tuples(point, point)), min_size=1, max_size=60)


def matrix(points: list[tuple[int, tuple[float, float]]]) -> tuple[np.ndarray, np.ndarray]:
    times = START + 3600.0 * np.cumsum([gap + 1 for gap, _ in points])
    return times.astype(np.float64), np.array([values for _, values in points])


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=25, deadline=None)
@given(points=series)
def test_learning_in_chunks_leaves_the_memory_of_judging_point_by_point(method, points):
    times, values = matrix(points)
    one, chunks = (detector(rows=2, method=method, warm_up=timedelta(hours=3), warm_up_points=3) for _ in range(2))
    for at, row in zip(times.tolist(), values, strict=True):
        one.judge(at, row)
    half = len(times) // 2
    chunks.learn(times[:half], values[:half])
    chunks.learn(times[half:], values[half:])
    assert one.dump() == chunks.dump()


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=25, deadline=None)
@given(points=series)
def test_a_loaded_memory_goes_on_as_if_nothing_had_happened(method, points):
    times, values = matrix(points)
    half = len(times) // 2
    made = detector(rows=2, method=method, warm_up=timedelta(hours=3), warm_up_points=3, false_alerts_per_week=5.0)
    made.learn(times[:half], values[:half])
    loaded = Detector.load(made.settings, made.dump())
    for at, row in zip(times[half:].tolist(), values[half:], strict=True):
        one, other = made.judge(at, row), loaded.judge(at, row)
        np.testing.assert_array_equal(one.score, other.score)
        np.testing.assert_array_equal(one.state, other.state)
    for each in (made, loaded):
        each.incident(np.array([0, 1]))
    assert made.dump() == loaded.dump()


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=25, deadline=None)
@given(points=series)
def test_a_row_is_judged_alone_as_beside_others(method, points):
    times, values = matrix(points)
    options = {"method": method, "warm_up": timedelta(hours=3), "warm_up_points": 3}
    alone, beside = detector(rows=1, **options), detector(rows=2, **options)
    for at, row in zip(times.tolist(), values, strict=True):
        one, two = alone.judge(at, row[:1]), beside.judge(at, row)
        if two.ruling[0] != Ruling.POOLED:
            assert one.score[0] == two.score[0]
            assert one.state[0] == two.state[0]


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        pytest.param({"k": 5.0, "min_change": 0.5, "adopt_after": timedelta(days=3)}, True, id="thresholds may change"),
        pytest.param({"method": "ewma"}, False, id="another method"),
        pytest.param({"season": "week"}, False, id="another season"),
        pytest.param({"direction": "both"}, False, id="another direction"),
        pytest.param({"zone": ZoneInfo("Europe/Berlin")}, False, id="another time zone"),
    ],
)
def test_saved_memory_is_taken_over_where_it_means_the_same(change, fits):
    made = detector(method="seasonal", season="day")
    fed(made, 50)
    saved = made.dump()
    changed = DetectorSettings(**{"method": "seasonal", "season": "day", "points": (1, 1), **change})
    if fits:
        assert Detector.load(changed, saved).rows == 1
    else:
        with pytest.raises(SavedStateError, match="of other settings"):
            Detector.load(changed, saved)


def test_a_budget_may_be_set_later():
    made = detector(method="ewma")
    at = fed(made, 50)
    changed = DetectorSettings(method="ewma", window=timedelta(days=1), points=(1, 1), false_alerts_per_week=5.0)
    assert Detector.load(changed, made.dump()).judge(at, np.array([100.0])).k == 3.0


@pytest.mark.parametrize("saved", [b"", b"garbage", b"\x78\x9c\x03\x00\x00\x00\x00\x01"])
def test_damaged_memory_is_refused(saved):
    with pytest.raises(SavedStateError, match="damaged"):
        Detector.load(DetectorSettings(), saved)


def test_points_that_cannot_be_met_are_refused():
    with pytest.raises(ValueError, match="3 of 2"):
        Detector(DetectorSettings(points=(3, 2)))
