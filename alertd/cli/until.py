"""Points in time as people say them: `18:00`, `mon 08:00`, `tomorrow 9:30`, `2026-01-05 12:00`. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EXPRESSION = re.compile(r"(?:(?P<day>[a-z]+|\d{4}-\d{2}-\d{2}) *)?(?P<time>\d{1,2}:\d{2})?", re.IGNORECASE)
EXAMPLES = '18:00, "mon 08:00", "tomorrow 9:30", "2026-01-05 12:00", 2026-01-05T12:00:00Z'


class TimeError(ValueError):
    """The text names no point in time that lies ahead."""


def parse_until(text: str, *, at: datetime, zone: tzinfo) -> datetime:
    """The next time that `text` names, seen from `at`; a time without a zone is one of `zone`. Raises TimeError.

    A weekday is the next one whose time lies ahead, perhaps today; a day without a time is its beginning.
    A time that a change of clocks leaves out is the same time by the old clock.
    """
    when = _timestamp(text, zone) or _expression(text.strip(), at.astimezone(zone), zone)
    if when <= at:
        raise TimeError(f'"{text}" is past: {when.isoformat(timespec="seconds")}')
    return when


def _timestamp(text: str, zone: tzinfo) -> datetime | None:
    if "T" not in text:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=zone)


def _expression(text: str, now: datetime, zone: tzinfo) -> datetime:
    match = _EXPRESSION.fullmatch(text)
    if not text or match is None:
        raise TimeError(f'"{text}" is no time; write it as one of: {EXAMPLES}')
    clock = _clock(match["time"], text)
    day = match["day"]
    first = now.date() if day is None else _first_day(day.lower(), now.date(), text)
    when = datetime.combine(first, clock, zone)
    if when > now:
        return when
    repeats = timedelta(days=1) if day is None else timedelta(weeks=1) if day.lower()[:3] in WEEKDAYS else timedelta()
    return datetime.combine(first + repeats, clock, zone)


def _clock(text: str | None, whole: str) -> time:
    if text is None:
        return time()
    hours, minutes = map(int, text.split(":"))
    if hours > 23 or minutes > 59:
        raise TimeError(f'"{whole}": there is no time {text}')
    return time(hours, minutes)


def _first_day(word: str, today: date, whole: str) -> date:
    if word in ("today", "tomorrow"):
        return today + timedelta(days=word == "tomorrow")
    if word in WEEKDAYS or word in _FULL:
        return today + timedelta(days=(WEEKDAYS.index(word[:3]) - today.weekday()) % 7)
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise TimeError(f'"{whole}" is no time; write it as one of: {EXAMPLES}') from None
