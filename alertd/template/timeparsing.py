"""Reads a time written after one of Go's layouts. Source: documentation and errors of Go's time.Parse."""

from __future__ import annotations

import re

from alertd.template.calendar import MONTHS, WEEKDAYS, civil_from_days, days_from_civil
from alertd.template.errors import CallFailed
from alertd.template.gotime import UTC_ZONE, Time, Zone, fixed_zone
from alertd.template.quoting import go_quote
from alertd.template.timelayout import tokens_of

_NUMBERS = {  # token -> field, pattern, allowed values
    "2006": ("year", r"\d{4}", (0, 9999)),
    "06": ("short_year", r"\d{2}", (0, 99)),
    "01": ("month", r"\d{2}", (1, 12)),
    "1": ("month", r"\d{1,2}", (1, 12)),
    "02": ("day", r"\d{2}", (0, 99)),
    "_2": ("day", r" ?\d{1,2}", (0, 99)),
    "2": ("day", r"\d{1,2}", (0, 99)),
    "002": ("yearday", r"\d{3}", (0, 999)),
    "__2": ("yearday", r" {0,2}\d{1,3}", (0, 999)),
    "15": ("hour", r"\d{1,2}", (0, 23)),
    "03": ("hour", r"\d{2}", (0, 12)),
    "3": ("hour", r"\d{1,2}", (0, 12)),
    "04": ("minute", r"\d{2}", (0, 59)),
    "4": ("minute", r"\d{1,2}", (0, 59)),
    "05": ("second", r"\d{2}", (0, 59)),
    "5": ("second", r"\d{1,2}", (0, 59)),
}
_FRACTION = re.compile(r"[.,]\d+")
_HOURS = r"[+-]0*(?:2[0-3]|1?\d)(?!\d)"
_ZONE_NAME = re.compile(
    rf"UTC|ChST|MeST|GMT(?:{_HOURS})?|{_HOURS}|(?:WITA|[A-Z]{{3,4}}T|[A-Z]{{3}})(?![A-Z])", re.ASCII
)
_OFFSETS = {
    "07:00:00": r"[+-]\d\d:\d\d:\d\d",
    "070000": r"[+-]\d{6}",
    "07:00": r"[+-]\d\d:\d\d",
    "0700": r"[+-]\d{4}",
    "07": r"[+-]\d\d",
}


def parse_time(layout: str, text: str) -> Time:
    """time.Parse; CallFailed with Go's words where the text does not follow the layout."""
    return _Parsing(layout, text).run()


class _Parsing:
    def __init__(self, layout: str, text: str) -> None:
        self.layout = layout
        self.text = text
        self.rest = text
        self.fields: dict[str, int] = {}
        self.zone: Zone | None = None
        self.half = ""

    def run(self) -> Time:
        pieces = tokens_of(self.layout)
        for place, (piece, is_token) in enumerate(pieces):
            if is_token:
                following = (text for text, is_one in pieces[place + 1 :] if is_one)
                self._token(piece, next(following, ""))
            else:
                self._literal(piece)
        if self.rest:
            self._fail(f": extra text: {go_quote(self.rest)}")
        return self._time()

    def _fail(self, reason: str) -> None:
        raise CallFailed(f"parsing time {go_quote(self.text)}{reason}")

    def _cannot(self, piece: str) -> None:
        self._fail(f" as {go_quote(self.layout)}: cannot parse {go_quote(self.rest)} as {go_quote(piece)}")

    def _literal(self, piece: str) -> None:
        # A blank in the layout matches any number of blanks.
        rest = self.rest
        for position, char in enumerate(piece):
            if char == " ":
                if rest and rest[0] != " ":
                    self._cannot(piece[position:])
                rest = rest.lstrip(" ")
            elif rest[:1] != char:
                self._cannot(piece[position:])
            else:
                rest = rest[1:]
        self.rest = rest

    def _take(self, pattern: str | re.Pattern[str], piece: str) -> str:
        match = re.match(pattern, self.rest, re.ASCII) if isinstance(pattern, str) else pattern.match(self.rest)
        if match is None:
            self._cannot(piece)
            return ""
        self.rest = self.rest[match.end() :]
        return match[0]

    def _token(self, piece: str, following: str) -> None:
        if piece in _NUMBERS:
            self._number(piece, following)
        elif piece in ("Jan", "January", "Mon", "Monday"):
            self._name(piece)
        elif piece in ("PM", "pm"):
            self.half = self._take("[AP]M" if piece == "PM" else "[ap]m", piece).lower()
        elif piece == "MST":
            self._abbreviation(piece)
        elif piece[0] in ".,":
            self._fraction(piece)
        else:
            self._offset(piece)

    def _number(self, token: str, following: str) -> None:
        field, pattern, (least, most) = _NUMBERS[token]
        value = int(self._take(pattern, token))
        if not least <= value <= most:
            self._fail(f": {field} out of range")
        self.fields[field] = value
        # Seconds may carry a fraction that the layout does not mention.
        if field == "second" and not (following[:1] in (".", ",") and following[1:2] in ("0", "9")):
            match = _FRACTION.match(self.rest)
            if match is not None:
                self._set_nanos(match[0][1:])
                self.rest = self.rest[match.end() :]

    def _set_nanos(self, digits: str) -> None:
        self.fields["nanos"] = int(digits[:9].ljust(9, "0"))

    def _name(self, token: str) -> None:
        names = MONTHS if token[0] == "J" else WEEKDAYS
        length = 3 if len(token) == 3 else None
        for number, name in enumerate(names, start=1):
            if self.rest[: len(name[:length])].lower() == name[:length].lower():
                self.rest = self.rest[len(name[:length]) :]
                if token[0] == "J":
                    self.fields["month"] = number
                return
        self._cannot(token)

    def _abbreviation(self, token: str) -> None:
        name = self._take(_ZONE_NAME, token)
        if name == "UTC":
            self.zone = UTC_ZONE
        elif name.startswith("GMT") and len(name) > 3:
            self.zone = Zone(name, offset=int(name[3:]) * 3600)
        else:
            self.zone = Zone(name)

    def _fraction(self, token: str) -> None:
        if token[1] == "9":
            match = _FRACTION.match(self.rest)
            if match is not None:
                self._set_nanos(match[0][1:])
                self.rest = self.rest[match.end() :]
            return
        digits = self._take(rf"[.,]\d{{{len(token) - 1}}}", token)
        self._set_nanos(digits[1:])

    def _offset(self, token: str) -> None:
        if token[0] == "Z" and self.rest.startswith("Z"):
            self.rest = self.rest[1:]
            self.zone = UTC_ZONE
            return
        text = self._take(_OFFSETS[token[1:]], token)
        digits = text[1:].replace(":", "").ljust(6, "0")
        hours, minutes, seconds = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
        if hours > 24 or minutes >= 60 or seconds >= 60:
            self._fail(": time zone offset out of range")
        offset = hours * 3600 + minutes * 60 + seconds
        self.zone = fixed_zone(-offset if text[0] == "-" else offset)

    def _time(self) -> Time:
        fields = self.fields
        day = self._day()
        hour = fields.get("hour", 0)
        if self.half == "pm" and hour < 12:
            hour += 12
        elif self.half == "am" and hour == 12:
            hour = 0
        zone = self.zone if self.zone is not None else UTC_ZONE
        seconds = day * 86400 + hour * 3600 + fields.get("minute", 0) * 60 + fields.get("second", 0)
        return Time(seconds - zone.offset, fields.get("nanos", 0), zone)

    def _day(self) -> int:
        """The day since 1970; what the text leaves out is January, the first, of year 0."""
        fields = self.fields
        short = fields.get("short_year", 0)
        year = (
            fields["year"]
            if "year" in fields
            else short + (1900 if short >= 69 else 2000)
            if "short_year" in fields
            else 0
        )
        if "yearday" in fields:
            day = days_from_civil(year, 1, 1) + fields["yearday"] - 1
            if fields["yearday"] < 1 or civil_from_days(day)[0] != year:
                self._fail(": day-of-year out of range")
            found = civil_from_days(day)
            if fields.get("month", found[1]) != found[1] or fields.get("day", found[2]) != found[2]:
                self._fail(": day-of-year does not match month or day")
            return day
        month, date = fields.get("month", 1), fields.get("day", 1)
        day = days_from_civil(year, month, date)
        if civil_from_days(day) != (year, month, date):
            self._fail(": day out of range")
        return day
