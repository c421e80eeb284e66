"""Budget periods: time zones, clock changes, billing days."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.ledger.periods import Calendar, PeriodKind, Span, parse_period

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "Pacific/Auckland",
)
CALENDAR_KINDS = [kind for kind in PeriodKind if kind is not PeriodKind.ROLLING]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("calendar", "at", "start", "end"),
    [
        pytest.param({"kind": "hour"}, "2026-03-10T14:59:59", "2026-03-10T14:00", "2026-03-10T15:00", id="hour"),
        pytest.param({"kind": "day"}, "2026-03-10T00:00", "2026-03-10T00:00", "2026-03-11T00:00", id="its start belongs to a day"),
        pytest.param({"kind": "week"}, "2026-03-08T23:00", "2026-03-02T00:00", "2026-03-09T00:00", id="weeks begin on Monday"),
        pytest.param({"kind": "week", "week_start": 6}, "2026-03-08T23:00", "2026-03-08T00:00", "2026-03-15T00:00", id="or on Sunday"),
        pytest.param({"kind": "month"}, "2026-02-28T12:00", "2026-02-01T00:00", "2026-03-01T00:00", id="month"),
        pytest.param({"kind": "month", "billing_day": 15}, "2026-02-14T12:00", "2026-01-15T00:00", "2026-02-15T00:00", id="billing day 15"),
        pytest.param({"kind": "month", "billing_day": 31}, "2026-02-27T12:00", "2026-01-31T00:00", "2026-02-28T00:00", id="billing day 31 is clamped"),
        pytest.param({"kind": "month", "billing_day": 31}, "2026-03-01T12:00", "2026-02-28T00:00", "2026-03-31T00:00", id="and springs back"),
        pytest.param({"kind": "month", "billing_day": 31}, "2024-02-29T00:00", "2024-02-29T00:00", "2024-03-31T00:00", id="leap year"),
        pytest.param({"kind": "quarter"}, "2026-05-01T00:00", "2026-04-01T00:00", "2026-07-01T00:00", id="quarter"),
        pytest.param({"kind": "year", "billing_day": 6}, "2026-01-05T00:00", "2025-01-06T00:00", "2026-01-06T00:00", id="year with a billing day"),
    ],
)  # fmt: skip
def test_periods_in_utc(calendar: dict[str, object], at: str, start: str, end: str) -> None:
    kind = PeriodKind(str(calendar.pop("kind")))
    assert Calendar(kind=kind, **calendar).period(utc(at)) == Span(utc(start), utc(end))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("zone", "noon", "hours"),
    [
        pytest.param("Europe/Berlin", "2026-03-29T12:00", 23, id="clocks go forward"),
        pytest.param("Europe/Berlin", "2026-10-25T12:00", 25, id="clocks go back"),
        pytest.param("Africa/Cairo", "2026-04-24T12:00", 23, id="the skipped hour is the one of midnight"),
        pytest.param("America/Havana", "2026-11-01T12:00", 25, id="midnight comes twice"),
    ],
)
def test_days_on_which_clocks_change(zone: str, noon: str, hours: int) -> None:
    day = Calendar(kind=PeriodKind.DAY, zone=ZoneInfo(zone)).period(local(noon, zone))
    assert day.length == timedelta(hours=hours)


def test_a_local_month_begins_at_local_midnight() -> None:
    month = Calendar(kind=PeriodKind.MONTH, zone=ZoneInfo("Asia/Kolkata")).period(utc("2026-01-31T19:00"))
    assert month.start == utc("2026-01-31T18:30")


def test_a_rolling_window_ends_now() -> None:
    at = utc("2026-03-10T12:34")
    calendar = Calendar(kind=PeriodKind.ROLLING, rolling=timedelta(days=30))
    assert calendar.period(at) == Span(at - timedelta(days=30), at)


@given(
    at=st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from([*ZONES, "Australia/Lord_Howe", "America/Havana"]),
    kind=st.sampled_from(CALENDAR_KINDS),
    week_start=st.integers(0, 6),
    billing_day=st.integers(1, 31),
)
def test_periods_follow_each_other_without_gap_or_overlap(
    at: datetime, zone: str, kind: PeriodKind, week_start: int, billing_day: int
) -> None:
    calendar = Calendar(kind=kind, zone=ZoneInfo(zone), week_start=week_start, billing_day=billing_day)
    period = calendar.period(at)
    tick = timedelta(microseconds=1)
    assert period.start <= at < period.end
    assert calendar.period(period.start) == period == calendar.period(period.end - tick)
    assert calendar.period(period.end).start == period.end
    assert calendar.period(period.start - tick).end == period.start


@pytest.mark.parametrize(
    ("text", "kind", "length"),
    [
        pytest.param("month", PeriodKind.MONTH, timedelta(), id="month"),
        pytest.param("rolling 30d", PeriodKind.ROLLING, timedelta(days=30), id="rolling"),
    ],
)
def test_parse_period(text: str, kind: PeriodKind, length: timedelta) -> None:
    assert parse_period(text) == (kind, length)


@pytest.mark.parametrize("text", ["fortnight", "rolling", "rolling 5m", "rolling x", "30d", ""])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_period(text)
