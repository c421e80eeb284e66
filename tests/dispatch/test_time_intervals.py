"""Time intervals: what they contain, by the clock on the wall, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alertd.dispatch.time_intervals import TimeIntervalSettings

BERLIN = ZoneInfo("Europe/Berlin")
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))
LOCATIONS = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])


def interval(*items: dict[str, Any]) -> TimeIntervalSettings:
    return TimeIntervalSettings.model_validate({"name": "t", "time_intervals": list(items)})


def times(start: str, end: str) -> dict[str, Any]:
    return {"times": [{"start_time": start, "end_time": end}]}


def at(text: str, zone: ZoneInfo | None = None) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone or UTC).astimezone(UTC)


@pytest.mark.parametrize(
    ("items", "inside", "outside"),
    [
        pytest.param(
            [times("09:00", "17:00")],
            ["2026-01-05T09:00:00", "2026-01-05T16:59:59.999"],
            ["2026-01-05T08:59:59", "2026-01-05T17:00:00"],
            id="the start is part of it, the end is not",
        ),
        pytest.param([times("23:00", "24:00")], ["2026-01-05T23:59:59"], ["2026-01-06T00:00:00"], id="until midnight"),
        pytest.param(
            [{"weekdays": ["Monday:friday", "SUNDAY"]}],
            ["2026-01-05T00:00", "2026-01-09T23:59", "2026-01-11T12:00"],
            ["2026-01-10T12:00"],
            id="weekdays in any case",
        ),
        pytest.param(
            [{"days_of_month": ["1:2", "-2:-1"]}],
            ["2026-02-01T00:00", "2026-02-27T00:00", "2026-02-28T23:59", "2028-02-29T12:00"],
            ["2026-02-03T00:00", "2026-02-26T23:59", "2028-02-27T12:00"],
            id="days from the start and the end of the month",
        ),
        pytest.param([{"days_of_month": ["30:31"]}], ["2026-03-31T12:00"], ["2026-02-28T12:00"], id="no such day"),
        pytest.param([{"days_of_month": ["-31:-28"]}], ["2026-02-01T12:00"], ["2026-02-02T12:00"], id="long before"),
        pytest.param(
            [{"months": ["december", "6:8"]}],
            ["2026-12-31T23:59", "2026-07-01T00:00"],
            ["2026-05-31T23:59"],
            id="months",
        ),
        pytest.param([{"years": [2026, "2028:2030"]}], ["2026-06-01", "2030-06-01"], ["2027-06-01"], id="years"),
        pytest.param(
            [{**times("09:00", "17:00"), "weekdays": ["monday"]}],
            ["2026-01-05T12:00"],
            ["2026-01-06T12:00", "2026-01-05T08:00"],
            id="everything an item names must hold",
        ),
        pytest.param(
            [times("09:00", "10:00"), {"weekdays": ["monday"]}],
            ["2026-01-06T09:30", "2026-01-05T12:00"],
            ["2026-01-06T12:00"],
            id="one item suffices",
        ),
        pytest.param([{"weekdays": []}], [], ["2026-01-05T12:00"], id="an empty list is never"),
        pytest.param([{"weekdays": None, "location": None}], ["2026-01-05T12:00"], [], id="null is not named"),
        pytest.param([{}], ["2026-01-05T12:00"], [], id="an empty item is always"),
        pytest.param([], [], ["2026-01-05T12:00"], id="no items are never"),
        pytest.param([{"months": ["13"]}], [], ["2026-12-05T12:00"], id="month 13 never comes"),
    ],
)
def test_contains(items: list[dict[str, Any]], inside: list[str], outside: list[str]) -> None:
    settings = interval(*items)
    assert [text for text in inside + outside if settings.contains(at(text))] == inside


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        pytest.param("2026-01-05T08:00:00", True, id="nine o'clock in winter"),
        pytest.param("2026-07-06T08:00:00", True, id="ten o'clock in summer"),
        pytest.param("2026-07-06T07:00:00", True, id="nine o'clock in summer"),
        pytest.param("2026-07-06T06:59:00", False, id="not yet nine in summer"),
        pytest.param("2026-01-05T07:59:00", False, id="not yet nine in winter"),
    ],
)
def test_the_clock_on_the_wall_counts(moment: str, inside: bool) -> None:
    assert interval({**times("09:00", "17:00"), "location": "Europe/Berlin"}).contains(at(moment)) is inside


def test_days_on_which_the_clocks_change() -> None:
    night = interval({**times("02:00", "03:00"), "location": "Europe/Berlin"})

    def minutes(day: str) -> int:
        start = at(f"{day}T00:00", BERLIN)
        return sum(night.contains(start + timedelta(minutes=minute)) for minute in range(20 * 60))

    assert [minutes(day) for day in ("2026-03-28", "2026-03-29", "2026-10-25")] == [60, 0, 120]


def test_months_have_their_own_length_where_the_clocks_change() -> None:
    last = interval({"days_of_month": ["-1"], "location": "Europe/Berlin"})
    assert last.contains(at("2026-03-31T00:00", BERLIN))
    assert not last.contains(at("2026-03-30T23:59", BERLIN))
    assert last.contains(at("2026-10-31T23:59", BERLIN))


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        pytest.param(times("9:00", "17:00"), "couldn't parse timestamp 9:00, invalid format", id="one digit"),
        pytest.param(times("09:00", "24:01"), "couldn't parse timestamp 24:01, invalid format", id="after midnight"),
        pytest.param(times("09:00", ""), "both start and end times must be provided", id="no end"),
        pytest.param(
            times("17:00", "09:00"), "start time cannot be equal or greater than end time", id="over midnight"
        ),
        pytest.param(times("09:00", "09:00"), "start time cannot be equal or greater than end time", id="no time"),
        pytest.param({"weekdays": ["mon"]}, "mon is not a valid weekday", id="a short name"),
        pytest.param({"weekdays": ["saturday:sunday"]}, "start day cannot be before end day", id="over the weekend"),
        pytest.param({"weekdays": ["monday:friday:sunday"]}, "couldn't parse range", id="three ends"),
        pytest.param({"days_of_month": ["0"]}, "0 is not a valid day of the month: out of range", id="day 0"),
        pytest.param({"days_of_month": ["1:32"]}, "32 is not a valid day of the month: out of range", id="day 32"),
        pytest.param(
            {"days_of_month": ["-1:3"]}, "end day must be negative if start day is negative", id="over the month's end"
        ),
        pytest.param({"days_of_month": ["10:-20"]}, "end day -20 is always before start day 10", id="never"),
        pytest.param({"days_of_month": ["x"]}, "x is not a valid day of the month", id="no number"),
        pytest.param({"months": ["jan"]}, "jan is not a valid month", id="a short month"),
        pytest.param({"months": ["may:april"]}, "end month april is before start month may", id="over new year"),
        pytest.param({"years": ["2027:2026"]}, "end year 2026 is before start year 2027", id="backwards"),
        pytest.param({"location": "Mars/X"}, "unknown time zone Mars/X", id="no such place"),
        pytest.param({"location": "../etc"}, "unknown time zone ../etc", id="no name of a place"),
        pytest.param({"location": "Europe"}, "unknown time zone Europe", id="a continent"),
        pytest.param({"weekday": ["monday"]}, "Extra inputs are not permitted", id="unknown keys are refused"),
    ],
)
def test_what_is_refused(item: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as raised:
        interval(item)
    (detail,) = raised.value.errors()
    assert problem in detail["msg"]
    assert detail["loc"][:2] == ("time_intervals", 0)


def test_an_interval_needs_a_name() -> None:
    with pytest.raises(ValidationError, match="missing name in time interval"):
        TimeIntervalSettings.model_validate({"time_intervals": []})


def test_settings_print_as_they_are_read() -> None:
    written = {
        **times("09:00", "24:00"),
        "weekdays": ["monday:friday", "sunday"],
        "days_of_month": ["1:5", "-1"],
        "months": ["1:2"],
        "years": ["2026"],
        "location": "Europe/Berlin",
    }
    settings = interval(written, {"location": "Local"})
    printed = settings.model_dump(mode="json", exclude_none=True)
    assert printed["time_intervals"] == [written, {"location": "Local"}]
    assert TimeIntervalSettings.model_validate(printed) == settings


def test_local_is_the_machines_own_zone() -> None:
    noon = datetime(2026, 1, 5, 12).astimezone()
    local = interval({**times("12:00", "12:01"), "location": "Local"})
    assert local.contains(noon)
    assert not local.contains(noon + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("item", "moment", "change"),
    [
        pytest.param(times("09:00", "17:00"), "2026-01-05T12:00", "2026-01-05T17:00", id="its end"),
        pytest.param(times("09:00", "17:00"), "2026-01-05T17:00", "2026-01-06T09:00", id="its next start"),
        pytest.param({"weekdays": ["monday"]}, "2026-01-05T12:00", "2026-01-06T00:00", id="midnight"),
        pytest.param({}, "2026-01-05T12:00", None, id="always"),
        pytest.param({"years": ["2030"]}, "2026-01-05T12:00", None, id="not soon"),
        pytest.param(
            {**times("01:30", "02:30"), "location": "Europe/Berlin"},
            "2026-03-29T00:40",
            "2026-03-29T01:00",
            id="the moment the clocks go forward",
        ),
    ],
)
def test_next_change(item: dict[str, Any], moment: str, change: str | None) -> None:
    assert interval(item).next_change(at(moment)) == (at(change) if change else None)


ITEMS = st.fixed_dictionaries(
    {"location": LOCATIONS},
    optional={
        "times": st.just([{"start_time": "01:30", "end_time": "02:45"}, {"start_time": "22:00", "end_time": "24:00"}]),
        "weekdays": st.just(["sunday"]),
        "days_of_month": st.just(["-3:-1"]),
    },
)


@given(st.lists(ITEMS, min_size=1, max_size=2), MOMENTS, st.integers(1, 30 * 60))
def test_nothing_changes_before_the_next_change(items: list[dict[str, Any]], moment: datetime, minutes: int) -> None:
    settings = interval(*items)
    change = settings.next_change(moment)
    later = moment + timedelta(minutes=minutes)
    if change is not None:
        assert settings.contains(change) is not settings.contains(moment)
    if change is None or later < change:
        assert settings.contains(later) is settings.contains(moment)
