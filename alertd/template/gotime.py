"""Go's time.Time, Duration, Month and Weekday as templates see them: nanoseconds, zones, methods.

`datetime` has neither nanoseconds nor years beyond 9999, so a Time counts seconds since 1970 and nanoseconds itself.
Layouts are in `timelayout`. Local time is UTC: a daemon's output must not depend on the machine it runs on.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from alertd.template import gotypes as t
from alertd.template.calendar import MONTHS, WEEKDAYS, Parts, days_from_civil
from alertd.template.errors import CallFailed
from alertd.template.functions import Function
from alertd.template.gotypes import GoType
from alertd.template.timelayout import format_parts
from alertd.template.values import Int64, Object, Pointer, Uint64

NANOSECOND, MICROSECOND, MILLISECOND, SECOND = 1, 10**3, 10**6, 10**9
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_ZERO_SECONDS = -62135596800  # 0001-01-01T00:00:00Z


def wrap64(value: int) -> int:
    """An integer as int64 arithmetic leaves it."""
    return (value + 2**63) % 2**64 - 2**63


def float_to_int64(value: float) -> int:
    """Go's conversion of a float to int64 on amd64: out of range and NaN give the smallest int64."""
    return int(value) if -(2.0**63) <= value < 2.0**63 else _INT_MIN


class Duration(int):
    """Nanoseconds; prints as `1h2m3.5s`."""

    go_type: ClassVar[GoType] = t.named("time.Duration", t.INT64)
    go_methods: ClassVar[dict[str, Function]]

    def text(self) -> str:
        """Duration.String: `1m30.5s`, `1.5ms`, `0s`."""
        value = abs(int(self))
        sign = "-" if self < 0 else ""
        if value == 0:
            return "0s"
        for size, unit in ((MICROSECOND, "ns"), (MILLISECOND, "µs"), (SECOND, "ms")):
            if value < size:
                return sign + _decimal(value, max(1, size // 1000)) + unit
        minutes, rest = divmod(value, MINUTE)
        hours, minutes = divmod(minutes, 60)
        text = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
        return f"{sign}{text}{_decimal(rest, SECOND)}s"

    def seconds(self) -> float:
        """The duration in seconds, rounded as Go's Seconds rounds."""
        return _quotient(self, SECOND)


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    if not rest:
        return str(whole)
    return f"{whole}." + f"{rest:0{len(str(unit)) - 1}d}".rstrip("0")


def _quotient(value: int, unit: int) -> float:
    whole = abs(value) // unit
    return math.copysign(1, value) * (float(whole) + float(abs(value) - whole * unit) / unit)


def _truncate(value: int, unit: int) -> Duration:
    return Duration(value if unit <= 0 else int(math.copysign(1, value)) * (abs(value) // unit * unit))


def _round(value: int, unit: int) -> Duration:
    if unit <= 0:
        return Duration(value)
    whole, rest = divmod(abs(value), unit)
    rounded = (whole + (rest * 2 >= unit)) * unit
    return Duration(max(_INT_MIN, min(_INT_MAX, -rounded if value < 0 else rounded)))


class Month(int):
    """1 to 12; prints as its English name."""

    go_type: ClassVar[GoType] = t.named("time.Month", t.INT)
    go_methods: ClassVar[dict[str, Function]] = {
        "String": Function(lambda month: MONTHS[month - 1] if 1 <= month <= 12 else f"%!Month({int(month)})")
    }


class Weekday(int):
    """0 (Sunday) to 6; prints as its English name."""

    go_type: ClassVar[GoType] = t.named("time.Weekday", t.INT)
    go_methods: ClassVar[dict[str, Function]] = {
        "String": Function(lambda day: WEEKDAYS[day] if 0 <= day <= 6 else f"%!Weekday({int(day)})")
    }


_LOCATION = GoType("struct", "time.Location")


class Zone(Object):
    """A time zone: UTC, an IANA zone or a fixed offset, whose name may be empty."""

    __slots__ = ("name", "offset", "tzinfo")
    go_type: ClassVar[GoType] = t.pointer_to(_LOCATION)
    go_methods: ClassVar[dict[str, Function]] = {"String": Function(lambda zone: zone.name)}

    def __init__(self, name: str, *, tzinfo: ZoneInfo | None = None, offset: int = 0) -> None:
        self.name = name
        self.tzinfo = tzinfo
        self.offset = offset

    def at(self, seconds: int) -> tuple[str, int]:
        """Abbreviation and offset in seconds at a moment."""
        if self.tzinfo is None:
            return self.name, self.offset
        moment = _EPOCH + timedelta(seconds=max(_FIRST, min(_LAST, seconds)))
        local = moment.astimezone(self.tzinfo)
        offset = local.utcoffset() or timedelta()
        return local.tzname() or "", int(offset.total_seconds())

    def is_dst(self, seconds: int) -> bool:
        """Whether daylight saving time is in force at a moment."""
        if self.tzinfo is None:
            return False
        moment = _EPOCH + timedelta(seconds=max(_FIRST, min(_LAST, seconds)))
        return bool(moment.astimezone(self.tzinfo).dst())


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = _ZERO_SECONDS + 172_800, 253_402_128_000
UTC_ZONE = Zone("UTC")


def fixed_zone(offset: int) -> Zone:
    """The zone of an offset in a timestamp; +00:00 is UTC."""
    return Zone("", offset=offset) if offset else UTC_ZONE


def load_zone(name: str) -> Zone:
    """A zone by its IANA name ("" and "Local" are UTC); CallFailed if there is none."""
    if name in ("", "UTC", "Local"):
        return UTC_ZONE
    try:
        return Zone(name, tzinfo=ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        raise CallFailed(f"unknown time zone {name}") from None


class Time(Object):
    """A moment: seconds since 1970, nanoseconds, and the zone it is told in."""

    __slots__ = ("nanos", "seconds", "zone")
    go_type: ClassVar[GoType] = GoType("struct", "time.Time")
    go_methods: ClassVar[dict[str, Function]]

    def __init__(self, seconds: int, nanos: int = 0, zone: Zone = UTC_ZONE) -> None:
        self.seconds = seconds
        self.nanos = nanos
        self.zone = zone

    @classmethod
    def of_datetime(cls, moment: datetime) -> Time:
        """A Time of an aware datetime, in its offset."""
        since = moment - _EPOCH
        offset = moment.utcoffset() or timedelta()
        return cls(
            since.days * 86400 + since.seconds, since.microseconds * 1000, fixed_zone(int(offset.total_seconds()))
        )

    @classmethod
    def of_unix_nanos(cls, nanos: int, zone: Zone = UTC_ZONE) -> Time:
        """A Time of nanoseconds since 1970."""
        seconds, rest = divmod(nanos, SECOND)
        return cls(seconds, rest, zone)

    def to_datetime(self) -> datetime:
        """The datetime in UTC, cut to microseconds; OverflowError beyond the years 1 to 9999."""
        return _EPOCH + timedelta(seconds=self.seconds, microseconds=self.nanos // 1000)

    @property
    def unix_nanos(self) -> int:
        """Nanoseconds since 1970."""
        return self.seconds * SECOND + self.nanos

    @property
    def is_zero(self) -> bool:
        """Whether it is 0001-01-01T00:00:00Z, Go's "never"."""
        return self.seconds == _ZERO_SECONDS and self.nanos == 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Time) and self.unix_nanos == other.unix_nanos and self.zone is other.zone

    def __hash__(self) -> int:
        return hash(self.unix_nanos)

    def go_values(self) -> list[tuple[str, object]]:
        """What a verb such as %d shows: the fields Go keeps a time in."""
        location = Pointer(None, _LOCATION) if self.zone is UTC_ZONE else self.zone
        return [("wall", Uint64(self.nanos)), ("ext", Int64(self.seconds - _ZERO_SECONDS)), ("loc", location)]

    def parts(self) -> Parts:
        """The calendar fields in its zone."""
        name, offset = self.zone.at(self.seconds)
        return Parts(self.seconds, self.nanos, name, offset)

    def format(self, layout: str) -> str:
        """Time.Format: the time as a layout such as `2006-01-02 15:04` shows it."""
        return format_parts(self.parts(), layout)


ZERO_TIME = Time(_ZERO_SECONDS)

_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))")


def parse_rfc3339(text: str) -> Time:
    """A timestamp with up to nine fractional digits; ValueError for anything else."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 timestamp: {text!r}")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    nanos = int((match[7] or "0")[:9].ljust(9, "0"))
    offset = (int(match[9]) * 3600 + int(match[10]) * 60) * (-1 if match[8] == "-" else 1) if match[8] else 0
    seconds = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
    return Time(seconds, nanos, fixed_zone(offset))


# -- methods ----------------------------------------------------------------------------------------------------------


def _three_results(name: str) -> Function:
    return Function(_never, invalid=f"function {name} has 3 return values; should be 1 or 2")


def _second_no_error(name: str, kind: str) -> Function:
    return Function(
        _never, invalid=f"invalid function signature for {name}: second return value should be error; is {kind}"
    )


def _never(*args: object) -> object:
    raise AssertionError("called in spite of its signature")


def _add(time: Time, duration: int) -> Time:
    return Time.of_unix_nanos(time.unix_nanos + duration, time.zone)


def _add_date(time: Time, years: int, months: int, days: int) -> Time:
    parts = time.parts()
    day = days_from_civil(parts.year + years, parts.month + months, parts.day + days)
    return from_civil(day, parts.hour * 3600 + parts.minute * 60 + parts.second, time.nanos, time.zone)


def from_civil(day: int, second_of_day: int, nanos: int, zone: Zone) -> Time:
    """The moment of a local day (since 1970) and second; in a gap or overlap the offset before it decides, as in Go."""
    local = day * 86400 + second_of_day
    _, offset = zone.at(local)
    for guess in (local - offset,):
        _, real = zone.at(guess)
        if real != offset:
            _, again = zone.at(local - real)
            offset = real if again == real else offset
    return Time(local - offset, nanos, zone)


def _sub(time: Time, other: Time) -> Duration:
    return Duration(max(_INT_MIN, min(_INT_MAX, time.unix_nanos - other.unix_nanos)))


def _nearest(time: Time, unit: int, *, up: bool) -> Time:
    if unit <= 0:
        return time
    since_zero = time.unix_nanos - _ZERO_SECONDS * SECOND
    rest = since_zero % unit
    move = unit - rest if up and rest * 2 >= unit else -rest
    return _add(time, move)


def _in(time: Time, zone: Zone) -> Time:
    return Time(time.seconds, time.nanos, zone)


def _compare(time: Time, other: Time) -> int:
    return (time.unix_nanos > other.unix_nanos) - (time.unix_nanos < other.unix_nanos)


def _text(time: Time) -> str:
    return time.format("2006-01-02 15:04:05.999999999 -0700 MST")


def _go_source(time: Time) -> str:
    parts = time.parts()
    zone = "time.UTC" if time.zone is UTC_ZONE else f'time.Location("{time.zone.name}")'
    return (
        f"time.Date({parts.year}, time.{MONTHS[parts.month - 1]}, {parts.day}, {parts.hour}, {parts.minute}, "
        f"{parts.second}, {time.nanos}, {zone})"
    )


def _rfc3339(time: Time) -> str:
    return time.format("2006-01-02T15:04:05.999999999Z07:00")


_INT_METHODS = {
    "Year": "year",
    "Day": "day",
    "Hour": "hour",
    "Minute": "minute",
    "Second": "second",
    "Nanosecond": "nanos",
    "YearDay": "yearday",
}


def _part(name: str) -> Function:
    return Function(lambda time: getattr(time.parts(), name))


Time.go_methods = {
    **{name: _part(part) for name, part in _INT_METHODS.items()},
    "Add": Function(_add, (Duration.go_type,)),
    "AddDate": Function(_add_date, (t.INT, t.INT, t.INT)),
    "After": Function(lambda time, other: time.unix_nanos > other.unix_nanos, (Time.go_type,)),
    "Before": Function(lambda time, other: time.unix_nanos < other.unix_nanos, (Time.go_type,)),
    "Clock": _three_results("Clock"),
    "Compare": Function(_compare, (Time.go_type,)),
    "Date": _three_results("Date"),
    "Equal": Function(lambda time, other: time.unix_nanos == other.unix_nanos, (Time.go_type,)),
    "Format": Function(Time.format, (t.STRING,)),
    "GoString": Function(_go_source),
    "ISOWeek": _second_no_error("ISOWeek", "int"),
    "In": Function(_in, (Zone.go_type,)),
    "IsDST": Function(lambda time: time.zone.is_dst(time.seconds)),
    "IsZero": Function(lambda time: time.is_zero),
    "Local": Function(lambda time: _in(time, UTC_ZONE)),
    "Location": Function(lambda time: time.zone),
    "MarshalJSON": Function(lambda time: f'"{_rfc3339(time)}"'.encode()),
    "MarshalText": Function(lambda time: _rfc3339(time).encode()),
    "Month": Function(lambda time: Month(time.parts().month)),
    "Round": Function(lambda time, unit: _nearest(time, unit, up=True), (Duration.go_type,)),
    "String": Function(_text),
    "Sub": Function(_sub, (Time.go_type,)),
    "Truncate": Function(lambda time, unit: _nearest(time, unit, up=False), (Duration.go_type,)),
    "UTC": Function(lambda time: _in(time, UTC_ZONE)),
    "Unix": Function(lambda time: Int64(time.seconds)),
    "UnixMicro": Function(lambda time: Int64(time.unix_nanos // MICROSECOND)),
    "UnixMilli": Function(lambda time: Int64(time.unix_nanos // MILLISECOND)),
    "UnixNano": Function(lambda time: Int64(wrap64(time.unix_nanos))),
    "Weekday": Function(lambda time: Weekday(time.parts().weekday)),
    "Zone": _second_no_error("Zone", "int"),
}

Duration.go_methods = {
    "Abs": Function(lambda value: Duration(min(abs(value), _INT_MAX))),
    "Hours": Function(lambda value: _quotient(value, HOUR)),
    "Microseconds": Function(lambda value: Int64(int(_truncate(value, MICROSECOND)) // MICROSECOND)),
    "Milliseconds": Function(lambda value: Int64(int(_truncate(value, MILLISECOND)) // MILLISECOND)),
    "Minutes": Function(lambda value: _quotient(value, MINUTE)),
    "Nanoseconds": Function(lambda value: Int64(value)),
    "Round": Function(_round, (Duration.go_type,)),
    "Seconds": Function(lambda value: _quotient(value, SECOND)),
    "String": Function(Duration.text),
    "Truncate": Function(_truncate, (Duration.go_type,)),
}
