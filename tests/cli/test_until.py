"""Points in time as people say them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.cli.until import WEEKDAYS, TimeError, parse_until

MONDAY_NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "when"),
    [
        pytest.param("18:00", "2026-01-05T18:00:00+00:00", id="a time is today's"),
        pytest.param("8:00", "2026-01-06T08:00:00+00:00", id="one that is past is tomorrow's"),
        pytest.param("12:00", "2026-01-06T12:00:00+00:00", id="this very minute is past"),
        pytest.param("mon 18:00", "2026-01-05T18:00:00+00:00", id="a weekday may be today"),
        pytest.param("mon 08:00", "2026-01-12T08:00:00+00:00", id="or in a week"),
        pytest.param("Friday 08:00", "2026-01-09T08:00:00+00:00", id="its whole name, in capitals"),
        pytest.param("sun", "2026-01-11T00:00:00+00:00", id="a day without a time is its beginning"),
        pytest.param("tomorrow 9:30", "2026-01-06T09:30:00+00:00", id="tomorrow"),
        pytest.param("today 23:59", "2026-01-05T23:59:00+00:00", id="today"),
        pytest.param("2026-02-01", "2026-02-01T00:00:00+00:00", id="a date"),
        pytest.param("2026-02-01 10:00", "2026-02-01T10:00:00+00:00", id="a date and a time"),
        pytest.param("2026-02-01T10:00", "2026-02-01T10:00:00+00:00", id="a timestamp without a zone"),
        pytest.param("2026-02-01T10:00:00+02:00", "2026-02-01T10:00:00+02:00", id="a timestamp with a zone"),
    ],
)
def test_a_time_is_the_next_one_that_lies_ahead(text: str, when: str) -> None:
    assert parse_until(text, at=MONDAY_NOON, zone=UTC) == datetime.fromisoformat(when)


@pytest.mark.parametrize(
    ("at", "text", "when"),
    [
        pytest.param("2026-01-05T23:30:00+00:00", "8:00", "2026-01-06T07:00:00+00:00", id="the day of the zone counts"),
        pytest.param("2026-03-27T12:00:00+00:00", "mon 08:00", "2026-03-30T06:00:00+00:00", id="after clocks went on"),
        pytest.param("2026-10-23T12:00:00+00:00", "mon 08:00", "2026-10-26T07:00:00+00:00", id="after they went back"),
        pytest.param("2026-03-28T12:00:00+00:00", "2:30", "2026-03-29T01:30:00+00:00", id="a time that is left out"),
    ],
)
def test_times_are_those_of_the_zone(at: str, text: str, when: str) -> None:
    expected = datetime.fromisoformat(when)
    assert parse_until(text, at=datetime.fromisoformat(at), zone=BERLIN).astimezone(UTC) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "is no time; write it as one of", id="nothing"),
        pytest.param("soon", '"soon" is no time', id="a word that is no day"),
        pytest.param("mon8", "is no time", id="no minutes"),
        pytest.param("mon 25:00", "there is no time 25:00", id="an hour too many"),
        pytest.param("2026-02-30", "is no time", id="a day that does not exist"),
        pytest.param("2025-01-01 08:00", "is past", id="a date that is past"),
        pytest.param("today 08:00", "is past", id="today, but earlier"),
        pytest.param("2h", "is no time", id="a duration"),
    ],
)
def test_what_is_no_time_ahead_is_refused(text: str, said: str) -> None:
    with pytest.raises(TimeError, match=said):
        parse_until(text, at=MONDAY_NOON, zone=UTC)


@given(
    at=st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2035, 1, 1), timezones=st.just(UTC)),
    day=st.sampled_from(["", *WEEKDAYS]),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    zone=st.sampled_from([UTC, BERLIN, ZoneInfo("Asia/Kathmandu")]),
)
def test_a_weekday_and_a_time_name_a_moment_of_the_coming_week(
    at: datetime, day: str, hour: int, minute: int, zone: ZoneInfo
) -> None:
    when = parse_until(f"{day} {hour}:{minute:02}".strip(), at=at, zone=zone).astimezone(zone)
    assert at < when
    assert (when - at).total_seconds() < (8 if day else 2) * 86400
    assert not day or WEEKDAYS[when.weekday()] == day
