"""Prometheus durations (`1h30m`) <-> `timedelta`.

Units from large to small, each at most once, whole numbers: y (365 d) w d h m s ms. A lone `0` is valid.
Source: prometheus/common model.ParseDuration and Duration.String.
"""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS_MS = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
_PATTERN = re.compile("".join(f"(?:0*([0-9]{{1,20}}){unit})?" for unit in _UNITS_MS))
_MAX_MS = (2**63 - 1) // 1_000_000  # Go keeps nanoseconds in an int64


class DurationError(ValueError):
    """The text is no duration; the message is worded as Prometheus words it."""


def parse_duration_ms(text: str) -> int:
    """Milliseconds of a duration such as `1h30m`; raises DurationError."""
    if not text:
        raise DurationError("empty duration string")
    if text == "0":
        return 0
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise DurationError(f'not a valid duration string: "{text}"')
    total = sum(int(number) * ms for number, ms in zip(match.groups(), _UNITS_MS.values(), strict=True) if number)
    if total > _MAX_MS:
        raise DurationError("duration out of range")
    return total


def parse_duration(text: str) -> timedelta:
    """A duration such as `1h30m` as a timedelta; raises DurationError."""
    return timedelta(milliseconds=parse_duration_ms(text))


def format_duration(value: timedelta) -> str:
    """The shortest text Prometheus prints for it: `90s` -> `1m30s`, `7d` -> `1w`, 0 -> `0s`."""
    ms = round(value.total_seconds() * 1000)
    if ms == 0:
        return "0s"
    sign, ms = ("-", -ms) if ms < 0 else ("", ms)
    parts = []
    for unit, size in _UNITS_MS.items():
        # Years and weeks only when nothing else is left, as Go prints them: 8d stays 8d.
        if unit in ("y", "w") and ms % size:
            continue
        count, ms = divmod(ms, size)
        if count:
            parts.append(f"{count}{unit}")
    return sign + "".join(parts)
