"""How Go prints floats: shortest digits (%v), %e %f %g with a precision, hexadecimal and binary exponents."""

from __future__ import annotations

import math


def special(value: float) -> str:
    """`NaN`, `+Inf`, `-Inf`, or "" for an ordinary number."""
    if value != value:
        return "NaN"
    if value in (math.inf, -math.inf):
        return "+Inf" if value > 0 else "-Inf"
    return ""


def format_float(value: float) -> str:
    """%v: the shortest digits that read back, exponent form iff the decimal exponent is < -4 or > 5.

    0.0001 -> 0.0001, 0.00001 -> 1e-05, 999999 -> 999999, 1000000 -> 1e+06 (measured on Go; Python's repr differs).
    """
    if -1e6 < value < 1e6 and value == (whole := int(value)) and (value or math.copysign(1, value) > 0):
        return str(whole)
    if unusual := special(value):
        return unusual
    sign, digits, exponent = shortest_digits(value)
    if exponent < -4 or exponent > 5:
        return sign + with_exponent(digits, exponent)
    return sign + without_exponent(digits, exponent)


def shortest_digits(value: float) -> tuple[str, str, int]:
    """Sign, significant digits without trailing zeros, and decimal exponent of the first digit."""
    text = repr(value)
    sign = "-" if text[0] == "-" else ""
    mantissa, _, power = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return sign, "0", 0
    leading = len(whole + fraction) - len(digits)
    exponent = int(power or 0) + len(whole) - 1 - leading
    return sign, digits.rstrip("0") or "0", exponent


def with_exponent(digits: str, exponent: int, letter: str = "e") -> str:
    """`1.25e-07` from digits and exponent."""
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}{letter}{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def without_exponent(digits: str, exponent: int) -> str:
    """`0.000125` or `125000` from digits and exponent."""
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    if len(digits) <= exponent + 1:
        return digits + "0" * (exponent + 1 - len(digits))
    return digits[: exponent + 1] + "." + digits[exponent + 1 :]


def format_verb(value: float, verb: str, precision: int) -> str:
    """strconv.FormatFloat for the verbs b e E f g G x X; precision -1 asks for the shortest digits."""
    if unusual := special(value):
        return unusual
    if verb in "xX":
        text = _hexadecimal(value, precision)
        return text.upper() if verb == "X" else text
    if verb == "b":
        return _binary(value)
    if precision >= 0:
        return format(value, f".{precision}{verb}")
    sign, digits, exponent = shortest_digits(value)
    if verb == "f":
        return sign + without_exponent(digits, exponent)
    if verb in "eE":
        return sign + with_exponent(digits, exponent, verb)
    text = format_float(value)
    return text.upper() if verb == "G" else text


def format_four_digits(value: float) -> str:
    """%.4g, as humanize prints; C and Go agree on it."""
    return special(value) or f"{value:.4g}"


def _binary(value: float) -> str:
    if value == 0:
        return ("-" if math.copysign(1, value) < 0 else "") + "0p-1074"
    exponent = max(math.frexp(value)[1] - 53, -1074)
    return f"{int(math.ldexp(value, -exponent))}p{exponent:+d}"


def _hexadecimal(value: float, precision: int) -> str:
    sign = "-" if math.copysign(1, value) < 0 else ""
    value = abs(value)
    if value == 0:
        return f"{sign}0x0{'.' + '0' * precision if precision > 0 else ''}p+00"
    mantissa, exponent = math.frexp(value)
    bits, exponent = int(math.ldexp(mantissa, 53)), exponent - 1
    if 0 <= precision < 13:
        drop = 4 * (13 - precision)
        bits = _round_half_even(bits, drop) << drop
        if bits >> 53:
            bits, exponent = bits >> 1, exponent + 1
    digits = f"{bits & (2**52 - 1):013x}"
    digits = digits.rstrip("0") if precision < 0 else digits[:precision].ljust(precision, "0")
    return f"{sign}0x1{'.' + digits if digits else ''}p{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _round_half_even(bits: int, drop: int) -> int:
    kept, rest, half = bits >> drop, bits & ((1 << drop) - 1), 1 << (drop - 1)
    return kept + (rest > half or (rest == half and kept & 1))
