"""Time intervals: named times of the week, month and year in which routes are muted, or alone are active.

They are judged by the calendar and the clock on the wall of their location: on the day the clocks go forward, an
interval from 02:00 to 03:00 does not happen; on the day they go back, it happens twice.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, field_validator, model_validator

from alertd.dispatch.time_ranges import DaysOfMonth, Months, Range, Weekdays, Years, parse_minute
from alertd.settings import Settings

MACHINES_OWN = "Local"
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


def _known(location: Any) -> Any:
    if location and not isinstance(location, str):
        return location  # which pydantic refuses
    location = location or "UTC"
    try:
        _zone(location)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # ValueError: no such name can be; OSError: names a folder
        raise ValueError(f"unknown time zone {location}") from None
    return location


def _zone(location: str) -> tzinfo | None:
    """The time zone; None is that of the machine."""
    if location == MACHINES_OWN:
        return None
    return UTC if location == "UTC" else ZoneInfo(location)


class TimesSettings(Settings):
    """From one time of day to another; both are needed, the end is not part of it."""

    start_time: str = Field(default="", description="`09:00`")
    end_time: str = Field(default="", description="`17:30`, at most `24:00`")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.start_time or not self.end_time:
            raise ValueError("both start and end times must be provided")
        if parse_minute(self.start_time) >= parse_minute(self.end_time):
            raise ValueError("start time cannot be equal or greater than end time")
        return self

    @property
    def minutes(self) -> Range:
        """Minutes of the day, both ends included."""
        return Range(parse_minute(self.start_time), parse_minute(self.end_time) - 1)


class PeriodSettings(Settings):
    """One item of a time interval: everything it names must hold. What it does not name is any; an empty list is never."""

    times: tuple[TimesSettings, ...] | None = Field(default=None, description="Times of the day.")
    weekdays: tuple[Weekdays, ...] | None = Field(default=None, description="Days of the week; it begins on Sunday.")
    days_of_month: tuple[DaysOfMonth, ...] | None = Field(
        default=None, description="Days of the month; negative ones count from its end."
    )
    months: tuple[Months, ...] | None = Field(default=None, description="Months, by name or number.")
    years: tuple[Years, ...] | None = Field(default=None, description="Years.")
    location: Annotated[str, BeforeValidator(_known)] = Field(
        default="UTC", description="Time zone in which all of it is meant: `Europe/Berlin`; `Local` is the machine's."
    )

    def contains(self, at: datetime) -> bool:
        local = at.astimezone(self.zone)
        return (
            _holds(self.minutes, local.hour * 60 + local.minute)
            and _holds(self.weekdays, local.isoweekday() % 7)
            and _holds(self.days(local), local.day)
            and _holds(self.months, local.month)
            and _holds(self.years, local.year)
        )

    @property
    def zone(self) -> tzinfo | None:
        """The time zone of its location; None is that of the machine."""
        return _zone(self.location)

    @property
    def minutes(self) -> Sequence[Range] | None:
        """Its times as minutes of the day."""
        return None if self.times is None else [times.minutes for times in self.times]

    def days(self, day: date) -> Sequence[Range] | None:
        """Its days of the month, in the month of `day`."""
        length = calendar.monthrange(day.year, day.month)[1]
        return None if self.days_of_month is None else [days.in_month(length) for days in self.days_of_month]

    def edges(self, day: date) -> Iterator[datetime]:
        """Every moment of that day at which it can begin or end."""
        start, end = (_midnight(one, self.zone) for one in (day, day + _DAY))
        if end - start == _DAY:
            minutes = {0, *(edge for one in self.minutes or () for edge in (one.first, one.last + 1))}
            yield from (start + minute * _MINUTE for minute in minutes)
        else:  # the clocks are changed on this day
            yield from (start + minute * _MINUTE for minute in range((end - start) // _MINUTE))


class TimeIntervalSettings(Settings):
    """A named time interval: it holds when one of its items does; without items it never does."""

    name: str = Field(default="", validate_default=True, description="Name that routes use.")
    time_intervals: tuple[PeriodSettings, ...] = Field(default=(), description="Items, of which one must hold.")

    @field_validator("name")
    @classmethod
    def _named(cls, name: str) -> str:
        if not name:
            raise ValueError("missing name in time interval")
        return name

    def contains(self, at: datetime) -> bool:
        return any(period.contains(at) for period in self.time_intervals)

    def next_change(self, at: datetime, *, within: timedelta = timedelta(days=8)) -> datetime | None:
        """When it next begins or ends after `at`; None when it does not `within` that time."""
        now = self.contains(at)
        edges = {edge for period in self.time_intervals for edge in _edges(period, at, within)}
        return next((edge for edge in sorted(edges) if self.contains(edge) is not now), None)


def _holds(ranges: Sequence[Range] | None, number: int) -> bool:
    return ranges is None or any(number in one for one in ranges)


def _edges(period: PeriodSettings, at: datetime, within: timedelta) -> Iterator[datetime]:
    day, last = (moment.astimezone(period.zone).date() for moment in (at, at + within))
    while day <= last:
        yield from (edge for edge in period.edges(day) if at < edge <= at + within)
        day += _DAY


def _midnight(day: date, zone: tzinfo | None) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
