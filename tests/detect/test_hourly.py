"""What is learned by the hour: days that bring a multiple of the usual, and habits of the week."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from alertd.detect import Detector, DetectorSettings, Ruling, Slot, State
from alertd.detect.columns import F64
from alertd.detect.hourly import PARTS
from alertd.detect.memory import pack, unpack

MONDAY = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
STEP = 1800.0
HOUR, DAY = 2, 48
WEEK = 7 * DAY
DEAF = 30.0
"""A k that no point reaches."""


def traffic(days: int, *, seed: int = 5) -> F64:
    """[points, 1]: noisy traffic with quiet nights."""
    rng = np.random.default_rng(seed)
    hour = np.arange(days * DAY) // HOUR % 24
    day = np.where((hour >= 8) & (hour < 20), 1000.0, 200.0)
    return (day * rng.lognormal(0.0, 0.4, len(day)))[:, None]


def slots(values: F64, *, start: float = MONDAY, **options: object) -> list[Slot]:
    """Judge point by point."""
    return run(detector(**options), values, start=start)


def detector(**options: object) -> Detector:
    made = Detector(DetectorSettings(**options))  # type: ignore[arg-type]
    made.add(1)
    return made


def run(made: Detector, values: F64, *, start: float) -> list[Slot]:
    return [made.judge(start + STEP * i, row) for i, row in enumerate(values)]


def opened(told: list[Slot]) -> list[int]:
    """At which points an event began."""
    return [point for point, slot in enumerate(told) if slot.opened[0]]


def test_a_day_at_three_times_the_usual_is_found_though_no_point_is():
    values = traffic(10)
    values[8 * DAY : 9 * DAY] *= 3.0
    told = slots(values, k=DEAF)
    (begun,) = opened(told)
    assert 8 * DAY + 6 * HOUR < begun < 9 * DAY
    slot = told[begun]
    assert slot.ruling[0] == Ruling.SLOW
    assert slot.score[0] >= 1.0
    assert slot.multiple[0] == pytest.approx(2.0, abs=0.3)
    assert opened(slots(values, k=DEAF, slow=0.0)) == []


def test_it_ends_within_hours_of_the_last_high_one():
    values = traffic(11)
    values[8 * DAY : 9 * DAY] *= 3.0
    told = slots(values, k=DEAF)
    high = [point for point, slot in enumerate(told) if slot.state[0] in (State.ANOMALOUS, State.HELD)]
    assert 9 * DAY <= max(high) < 9 * DAY + 12 * HOUR


@pytest.mark.parametrize(
    ("change", "of"),
    [
        pytest.param(1.0, slice(0, 0), id="a day like any other"),
        pytest.param(1.4, slice(0, DAY), id="a day with 40 % more"),
        pytest.param(50.0, slice(12 * HOUR, 13 * HOUR), id="an hour with as much as two days"),
        pytest.param(0.0, slice(0, DAY), id="an idle day, and the one after it"),
    ],
)
def test_what_is_no_slow_multiple(change, of):
    values = traffic(11)
    values[8 * DAY : 9 * DAY][of] *= change
    assert opened(slots(values, k=DEAF)) == []


def test_what_points_have_told_of_is_not_told_again():
    values = traffic(11)
    values[8 * DAY + 9 * HOUR : 8 * DAY + 20 * HOUR] *= 8.0
    (begun,) = opened(slots(values))
    assert begun < 8 * DAY + 10 * HOUR


def test_a_small_excess_does_not_count():
    values = traffic(10)
    values[8 * DAY : 9 * DAY] *= 3.0
    assert opened(slots(values, k=DEAF, min_value=5000.0)) == []


@pytest.mark.parametrize("direction", ["below", "above"])
def test_it_looks_upwards_only(direction):
    values = traffic(10)
    values[8 * DAY : 9 * DAY] *= 1 / 3 if direction == "above" else 3.0
    told = slots(values, k=DEAF, direction=direction)
    assert opened(told) == []


def test_the_first_days_know_no_multiple():
    values = traffic(4)
    values[2 * DAY :] *= 4.0
    told = slots(values, k=DEAF)
    assert np.isnan([slot.multiple[0] for slot in told[: 3 * DAY]]).all()
    assert np.isfinite(told[-1].multiple[0])


def test_hours_nobody_saw_are_neither_little_nor_much():
    values = traffic(12)
    values[8 * DAY : 9 * DAY] *= 3.0
    values[8 * DAY + 8 * HOUR : 11 * DAY] = np.nan
    told = slots(values, k=DEAF)
    assert opened(told) == []
    assert np.isnan(told[11 * DAY + 2 * HOUR].multiple[0]), "of 24 hours, two are known"
    assert told[-1].multiple[0] == pytest.approx(1.0, abs=0.3)


def test_a_level_that_came_to_stay_is_told_once():
    values = traffic(16)
    values[8 * DAY :] *= 3.0
    told = slots(values, k=DEAF)
    assert len(opened(told)) == 1
    assert told[-1].state[0] == State.NORMAL


def test_a_busy_day_of_every_week_is_told_once():
    values = traffic(35)
    for week in range(1, 5):
        values[week * WEEK : week * WEEK + DAY] *= 3.0
    assert [point // WEEK for point in opened(slots(values, k=DEAF))] == [1]


def test_an_incident_is_no_record():
    made = detector(k=DEAF)
    values = traffic(17)
    for day in (8, 15):
        values[day * DAY : (day + 1) * DAY] *= 3.0
    assert len(opened(run(made, values[: 9 * DAY], start=MONDAY))) == 1
    made.incident(np.array([0]))
    told = run(made, values[9 * DAY :], start=MONDAY + 9 * DAY * STEP)
    assert [9 + point // DAY for point in opened(told)] == [15]


def with_a_job(weeks: int, *, skipped: int | None = None, shift: int = 0) -> F64:
    """Two hours of twenty times the usual every Monday morning."""
    values = traffic(7 * weeks)
    for week in range(weeks):
        if week != skipped:
            start = week * WEEK + 3 * HOUR + (shift if week == weeks - 1 else 0)
            values[start : start + 2 * HOUR] += 20_000.0
    return values


@pytest.mark.parametrize(
    ("values", "last"),
    [
        pytest.param(with_a_job(4), False, id="a weekly job is no news any more"),
        pytest.param(with_a_job(4, shift=HOUR), False, id="an hour late neither"),
        pytest.param(with_a_job(4, shift=4 * HOUR), True, id="hours late it is"),
        pytest.param(with_a_job(4) * np.repeat([1.0, 1.0, 1.0, 3.0], WEEK)[:, None], True, id="three times the job is"),
    ],
)
def test_an_hour_of_the_week_has_its_habit(values, last):
    told = opened(slots(values, start=MONDAY))
    assert any(point >= 3 * WEEK for point in told) == last


def test_one_incident_is_no_habit():
    values = traffic(28)
    for week in (2, 3):
        values[week * WEEK + 3 * HOUR : week * WEEK + 5 * HOUR] += 20_000.0
    assert [point // WEEK for point in opened(slots(values))] == [2, 3]


def test_a_habit_is_of_the_local_hour():
    zone = ZoneInfo("Europe/Berlin")  # clocks go forward on 29 March 2026
    start = datetime(2026, 3, 9, tzinfo=zone).timestamp()
    values = np.delete(with_a_job(4), np.arange(2 * WEEK + 6 * DAY + 2 * HOUR, 2 * WEEK + 6 * DAY + 3 * HOUR), axis=0)
    assert not any(point >= 3 * WEEK - HOUR for point in opened(slots(values, start=start, zone=zone)))


def test_memory_of_a_version_without_hours_is_taken_over():
    settings = DetectorSettings()
    made = detector()
    values = traffic(9)
    values[8 * DAY :] *= 20.0  # an event is open, and its row has a copy of what it was before
    run(made, values, start=MONDAY)
    arrays = unpack(settings, made.dump())
    old = {
        name: array for name, array in arrays.items() if name.removeprefix("snapshot.").partition(".")[0] not in PARTS
    }
    assert len(old) < len(arrays)
    loaded = Detector.load(settings, pack(settings, old))
    slot = loaded.judge(MONDAY + len(values) * STEP, np.array([20_000.0]))
    assert slot.state[0] == State.ANOMALOUS
    assert np.isnan(slot.multiple[0])
    loaded.incident(np.array([0]))
    assert loaded.judge(MONDAY + (len(values) + 1) * STEP, np.array([1000.0])).state[0] == State.NORMAL


def test_off_and_on_again_it_knows_what_it_saw():
    made = detector(k=DEAF)
    values = traffic(10)
    values[8 * DAY : 9 * DAY] *= 3.0
    run(made, values[: 4 * DAY], start=MONDAY)
    off = Detector.load(DetectorSettings(k=DEAF, slow=0.0), made.dump())
    run(off, values[4 * DAY : 7 * DAY], start=MONDAY + 4 * DAY * STEP)
    again = Detector.load(DetectorSettings(k=DEAF), off.dump())
    assert len(opened(run(again, values[7 * DAY :], start=MONDAY + 7 * DAY * STEP))) == 1


def test_points_of_ten_minutes_find_what_points_of_half_an_hour_find():
    coarse = traffic(6)
    coarse[4 * DAY : 5 * DAY] *= 3.0
    fine, begun = detector(k=DEAF), []
    for i, row in enumerate(np.repeat(coarse, 3, axis=0)):
        if fine.judge(MONDAY + STEP / 3 * i, row).opened[0]:
            begun.append(i // 3)
    (wanted,) = opened(slots(coarse, k=DEAF))
    assert [abs(point - wanted) <= 1 for point in begun] == [True]
