"""Ranges of weekdays, days, months, years and times of day, as time intervals write them: `monday:friday`, `-3:-1`.

Errors are worded as Alertmanager words them. Nothing wraps around: a range that ends before it begins is refused.
source   Alertmanager timeinterval
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
SHORTEST_MONTH = 28
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00)")


@dataclass(frozen=True, slots=True)
class Range:
    """Whole numbers from `first` to `last`, both included."""

    first: int
    last: int

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last

    def in_month(self, days: int) -> Range:
        """A range of days with the negative ones counted from the end of a month of that many days: -1 is its last."""
        return Range(*(end if end > 0 else days + end + 1 for end in (self.first, self.last)))


def parse_minute(text: str) -> int:
    """Minutes since midnight: `09:30` -> 570, `24:00` -> 1440."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"couldn't parse timestamp {text}, invalid format")
    hour, minute = (int(part) for part in found.groups() if part is not None)
    return hour * 60 + minute


def parse_weekdays(text: str) -> Range:
    """`monday` or `monday:friday`; the week begins on Sunday, which is 0."""
    found = _range(text, _weekday)
    if found.first > found.last:
        raise ValueError("start day cannot be before end day")
    return found


def parse_days(text: str) -> Range:
    """`1:5`, `-1`; checked against the shortest month."""
    found = _range(text, lambda day: _number(day, "day of the month"))
    for day in (found.first, found.last):
        if not 1 <= abs(day) <= 31:
            raise ValueError(f"{day} is not a valid day of the month: out of range")
    if found.first < 0 < found.last:
        raise ValueError("end day must be negative if start day is negative")
    # Without the + 1 of a real month, as Alertmanager reckons here: 28:-1 is refused.
    first, last = (day if day > 0 else SHORTEST_MONTH + day for day in (found.first, found.last))
    if first > last:
        raise ValueError(f"end day {found.last} is always before start day {found.first}")
    return found


def parse_months(text: str) -> Range:
    """`january`, `6:8`."""
    found = _range(text, _month)
    if found.first > found.last:
        raise ValueError(f"end month {_name(MONTHS, found.last)} is before start month {_name(MONTHS, found.first)}")
    return found


def parse_years(text: str) -> Range:
    """`2026`, `2026:2028`."""
    found = _range(text, lambda year: _number(year, "year"))
    if found.first > found.last:
        raise ValueError(f"end year {found.last} is before start year {found.first}")
    return found


def _range(text: str, member: Callable[[str], int]) -> Range:
    text = text.lower()
    parts = text.split(":")
    if len(parts) > 2:
        raise ValueError(f"couldn't parse range {text}, invalid format")
    return Range(member(parts[0]), member(parts[-1]))


def _weekday(text: str) -> int:
    if text not in WEEKDAYS:
        raise ValueError(f"{text} is not a valid weekday")
    return WEEKDAYS.index(text)


def _month(text: str) -> int:
    return MONTHS.index(text) + 1 if text in MONTHS else _number(text, "month")


def _number(text: str, what: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(f"{text} is not a valid {what}")
    return int(text)


def _name(names: tuple[str, ...], number: int) -> str:
    return names[number - 1] if 1 <= number <= len(names) else str(number)


def _read(parse: Callable[[str], Range]) -> BeforeValidator:
    def read(value: Any) -> Range:
        return value if isinstance(value, Range) else parse(str(value))

    return BeforeValidator(read)


def _printed(value: Range) -> str:
    return str(value.first) if value.first == value.last else f"{value.first}:{value.last}"


def _printed_weekdays(value: Range) -> str:
    return ":".join(dict.fromkeys(WEEKDAYS[day] for day in (value.first, value.last)))


def _schema(*examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": ["string", "integer"], "examples": list(examples)})


Weekdays = Annotated[
    Range, _read(parse_weekdays), PlainSerializer(_printed_weekdays), _schema("saturday", "monday:friday")
]
DaysOfMonth = Annotated[Range, _read(parse_days), PlainSerializer(_printed), _schema("1:5", "-1")]
Months = Annotated[Range, _read(parse_months), PlainSerializer(_printed), _schema("december", "6:8")]
Years = Annotated[Range, _read(parse_years), PlainSerializer(_printed), _schema("2026", "2026:2028")]
