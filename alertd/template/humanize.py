"""Numbers for people, as Prometheus prints them: SI and binary prefixes, durations, percentages, timestamps.

Rounding is %.4g on the value after scaling and never carries to the next prefix: 999.99 prints `1000`, not `1k`.
"""

from __future__ import annotations

import math

from alertd.template.constants import parse_float
from alertd.template.errors import CallFailed
from alertd.template.gotime import Duration, Time, float_to_int64
from alertd.template.numbers import format_float, format_four_digits, special
from alertd.template.values import Int64, Uint, type_of

_LARGE = ("k", "M", "G", "T", "P", "E", "Z", "Y")
_SMALL = ("m", "u", "n", "p", "f", "a", "z", "y")
_BINARY = ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")


def to_float(value: object) -> float:
    """A template value as a number; CallFailed for what Prometheus cannot convert."""
    kind = type(value)
    if kind is float:
        return value  # type: ignore[return-value]
    if kind is str:
        try:
            return parse_float(value)  # type: ignore[arg-type]
        except ValueError as error:
            raise CallFailed(str(error)) from None
    if isinstance(value, Duration):
        return value.seconds()
    if kind in (int, Int64, Uint):
        return float(value)  # type: ignore[arg-type]
    name = "<nil>" if value is None else type_of(value).name
    raise CallFailed(f"can't convert {name} to float")


def humanize(value: object) -> str:
    """1234567 -> 1.235M, 0.5 -> 500m."""
    number = to_float(value)
    if number == 0 or not math.isfinite(number):
        return format_four_digits(number)
    number, prefix = _scaled(number)
    return format_four_digits(number) + prefix


def _scaled(number: float) -> tuple[float, str]:
    prefix = ""
    if abs(number) >= 1:
        for candidate in _LARGE:
            if abs(number) < 1000:
                break
            prefix = candidate
            number /= 1000
        return number, prefix
    return _scaled_down(number)


def _scaled_down(number: float) -> tuple[float, str]:
    prefix = ""
    for candidate in _SMALL:
        if abs(number) >= 1:
            break
        prefix = candidate
        number *= 1000
    return number, prefix


def humanize1024(value: object) -> str:
    """1536 -> 1.5ki; up to 1 as it is."""
    number = to_float(value)
    if abs(number) <= 1 or not math.isfinite(number):
        return format_four_digits(number)
    prefix = ""
    for candidate in _BINARY:
        if abs(number) < 1024:
            break
        prefix = candidate
        number /= 1024
    return format_four_digits(number) + prefix


def humanize_duration(value: object) -> str:
    """Seconds: 90 -> 1m 30s, 0.0123 -> 12.3ms."""
    number = to_float(value)
    if not math.isfinite(number):
        return format_four_digits(number)
    if number == 0:
        return format_four_digits(number) + "s"  # -0s, too
    if abs(number) < 1:
        number, prefix = _scaled_down(number)
        return f"{format_four_digits(number)}{prefix}s"
    return _long_duration(number)


def _long_duration(number: float) -> str:
    sign, number = ("-", -number) if number < 0 else ("", number)
    whole = float_to_int64(number)
    # Go divides towards zero: beyond int64 all parts come out negative, and so do ours.
    days, hours = _quotient(whole, 86400), _rest(_quotient(whole, 3600), 24)
    minutes, seconds = _rest(_quotient(whole, 60), 60), _rest(whole, 60)
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {seconds}s"
    if minutes:
        return f"{sign}{minutes}m {seconds}s"
    return f"{sign}{format_four_digits(number)}s"


def _quotient(value: int, divisor: int) -> int:
    return value // divisor if value >= 0 else -(-value // divisor)


def _rest(value: int, divisor: int) -> int:
    return value - _quotient(value, divisor) * divisor


def humanize_percentage(value: object) -> str:
    """0.1234567 -> 12.35%."""
    return format_four_digits(to_float(value) * 100) + "%"


def humanize_timestamp(value: object) -> str:
    """Unix seconds -> `2015-06-23 13:19:44.128 +0000 UTC`."""
    number = to_float(value)
    if unusual := special(number):
        return unusual
    text = Time.go_methods["String"].invoke(_time_of(number))
    return str(text)


def to_time(value: object) -> Time:
    """Unix seconds -> a Time, cut to milliseconds; CallFailed for NaN, infinities and what int64 nanoseconds lack."""
    number = to_float(value)
    if special(number):
        raise CallFailed("value is NaN or Inf")
    return _time_of(number)


def _time_of(number: float) -> Time:
    nanos = number * 1e9
    if not -(2.0**63) <= nanos < 2.0**63:
        raise CallFailed(
            f"{format_float(number)} cannot be represented as a nanoseconds timestamp since it overflows int64"
        )
    millis = _quotient(int(nanos), 10**6)
    return Time.of_unix_nanos(millis * 10**6)
