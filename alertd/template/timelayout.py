"""Go's time layouts: `2006-01-02T15:04:05.000Z07:00` says by example how a time is written.

A layout is cut into tokens once; formatting and parsing (`timeparsing`) walk the tokens. Longest token first, everything else is
literal. Source: the constants documented in Go's package time.
"""

from __future__ import annotations

import re
from functools import lru_cache

from alertd.template.calendar import MONTHS, WEEKDAYS, Parts

_TOKEN = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|15|002|0[1-6]|__2|_2(?!006)|1|2|3|4|5|PM|pm"
    r"|[-Z](?:07:00:00|070000|07:00|0700|07)|[.,](?:0+|9+)(?![0-9])"
)


@lru_cache(maxsize=256)
def tokens_of(layout: str) -> tuple[tuple[str, bool], ...]:
    """The pieces of a layout and whether each is a token (or literal text)."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for match in _TOKEN.finditer(layout):
        if match.start() > end:
            pieces.append((layout[end : match.start()], False))
        pieces.append((match[0], True))
        end = match.end()
    if end < len(layout):
        pieces.append((layout[end:], False))
    return tuple(pieces)


def format_parts(parts: Parts, layout: str) -> str:
    """A time as the layout shows it."""
    return "".join(_written(piece, parts) if is_token else piece for piece, is_token in tokens_of(layout))


def _written(token: str, parts: Parts) -> str:
    writer = _WRITERS.get(token)
    if writer is not None:
        return writer(parts)
    if token[0] in ".,":
        digits = f"{parts.nanos:09d}"[: len(token) - 1]
        if token[1] == "9":
            digits = digits.rstrip("0")
        return token[0] + digits if digits or token[1] == "0" else ""
    return _offset(token, parts.offset)


def _offset(token: str, offset: int) -> str:
    if token[0] == "Z" and offset == 0:
        return "Z"
    minutes = int(offset / 60)
    sign, minutes, seconds = "-" if minutes < 0 else "+", abs(minutes), abs(offset) % 60
    shape = token[1:]
    text = f"{sign}{minutes // 60:02d}"
    if shape == "07":
        return text
    colon = ":" if ":" in shape else ""
    text += f"{colon}{minutes % 60:02d}"
    return text + (f"{colon}{seconds:02d}" if shape.count("0") > 3 else "")


def _zone_name(parts: Parts) -> str:
    if parts.name:
        return parts.name
    minutes = int(parts.offset / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"


def _year(parts: Parts) -> str:
    return f"{parts.year:04d}" if parts.year >= 0 else f"-{-parts.year:04d}"


_WRITERS = {
    "2006": _year,
    "06": lambda parts: f"{parts.year % 100:02d}",
    "01": lambda parts: f"{parts.month:02d}",
    "1": lambda parts: str(parts.month),
    "Jan": lambda parts: MONTHS[parts.month - 1][:3],
    "January": lambda parts: MONTHS[parts.month - 1],
    "02": lambda parts: f"{parts.day:02d}",
    "_2": lambda parts: f"{parts.day:2d}",
    "2": lambda parts: str(parts.day),
    "002": lambda parts: f"{parts.yearday:03d}",
    "__2": lambda parts: f"{parts.yearday:3d}",
    "Mon": lambda parts: WEEKDAYS[parts.weekday][:3],
    "Monday": lambda parts: WEEKDAYS[parts.weekday],
    "15": lambda parts: f"{parts.hour:02d}",
    "03": lambda parts: f"{(parts.hour - 1) % 12 + 1:02d}",
    "3": lambda parts: str((parts.hour - 1) % 12 + 1),
    "04": lambda parts: f"{parts.minute:02d}",
    "4": lambda parts: str(parts.minute),
    "05": lambda parts: f"{parts.second:02d}",
    "5": lambda parts: str(parts.second),
    "PM": lambda parts: "PM" if parts.hour >= 12 else "AM",
    "pm": lambda parts: "pm" if parts.hour >= 12 else "am",
    "MST": _zone_name,
}
