"""Numeric constants and numbers in strings, as Go's scanner and strconv read them."""

from __future__ import annotations

import math
import re

from alertd.template.nodes import Number
from alertd.template.quoting import go_quote, unquote_character

INT_MIN, INT_MAX, UINT_MAX = -(2**63), 2**63 - 1, 2**64 - 1

_INTEGER = re.compile(
    r"(?P<sign>[+-]?)(?:0[xX](?P<hex>(?:_?[0-9a-fA-F])+)|0[bB](?P<bin>(?:_?[01])+)|0[oO](?P<oct>(?:_?[0-7])+)"
    r"|(?P<old>0(?:_?[0-7])*)|(?P<dec>[1-9](?:_?[0-9])*))"
)
_DECIMAL_FLOAT = re.compile(
    r"[+-]?(?:[0-9](?:_?[0-9])*(?:\.(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)"
    r"(?:[eE][+-]?[0-9](?:_?[0-9])*)?"
)
_HEX_FLOAT = re.compile(
    r"[+-]?0[xX]_?(?:[0-9a-fA-F](?:_?[0-9a-fA-F])*\.?(?:[0-9a-fA-F](?:_?[0-9a-fA-F])*)?"
    r"|\.[0-9a-fA-F](?:_?[0-9a-fA-F])*)[pP][+-]?[0-9](?:_?[0-9])*"
)
_INFINITE = re.compile(r"([+-]?)inf(?:inity)?", re.IGNORECASE)
_BASES = {"hex": 16, "bin": 2, "oct": 8, "old": 8, "dec": 10}


def parse_integer(text: str) -> int | None:
    """The value of an integer literal of any base, or None when it is none (range is not checked)."""
    match = _INTEGER.fullmatch(text)
    if match is None:
        return None
    group = str(match.lastgroup)
    value = int(match[group].replace("_", ""), _BASES[group])
    return -value if match["sign"] == "-" else value


def parse_float(text: str) -> float:
    """strconv.ParseFloat(text, 64): `1e3`, `.5`, `0x1p-2`, `1_000`, `inf`, `NaN`; ValueError with Go's text."""
    if _DECIMAL_FLOAT.fullmatch(text):
        value = float(text.replace("_", ""))
    elif _HEX_FLOAT.fullmatch(text):
        value = _hex_float(text)
    elif match := _INFINITE.fullmatch(text):
        return -math.inf if match[1] == "-" else math.inf
    elif text.lower() == "nan":
        return math.nan
    else:
        raise ValueError(f"strconv.ParseFloat: parsing {go_quote(text)}: invalid syntax")
    if math.isinf(value):
        raise ValueError(f"strconv.ParseFloat: parsing {go_quote(text)}: value out of range")
    return value


def _hex_float(text: str) -> float:
    try:
        return float.fromhex(text.replace("_", ""))
    except OverflowError:
        return math.inf


def number_node(pos: int, text: str, *, kind: str) -> Number:
    """The node of a "number", "complex" or "character" token; ValueError with Go's message for a bad one."""
    if kind == "character":
        code = unquote_character(text)
        return Number(pos, text, code, code, float(code))
    if kind == "complex":
        return _complex_number(pos, text)
    if text.endswith("i"):
        try:
            return _simplified(pos, text, complex(0, parse_float(text[:-1])))
        except ValueError:
            pass
    return _real_number(pos, text)


def _complex_number(pos: int, text: str) -> Number:
    split = max(text.rfind("+", 1, len(text)), text.rfind("-", 1, len(text)))
    if text[split - 1] in "eEpP":
        split = max(text.rfind("+", 1, split - 1), text.rfind("-", 1, split - 1))
    try:
        value = complex(parse_float(text[:split]), parse_float(text[split:-1]))
    except ValueError:
        raise ValueError(f"illegal number syntax: {go_quote(text)}") from None
    return _simplified(pos, text, value)


def _simplified(pos: int, text: str, value: complex) -> Number:
    if value.imag:
        return Number(pos, text, value, None, None)
    integer = int(value.real) if value.real.is_integer() and INT_MIN <= value.real < INT_MAX else None
    return Number(pos, text, value, integer, value.real)


def _real_number(pos: int, text: str) -> Number:
    integer = parse_integer(text)
    if integer is not None and INT_MIN <= integer <= INT_MAX:
        return Number(pos, text, integer, integer, float(integer))
    if integer is not None and integer <= UINT_MAX and text[0] not in "+-":
        return Number(pos, text, None, None, float(integer))
    try:
        real = parse_float(text)
    except ValueError:
        raise ValueError(f"illegal number syntax: {go_quote(text)}") from None
    if not set(text) & set(".eEpP"):
        raise ValueError(f"integer overflow: {go_quote(text)}")
    whole = int(real) if real.is_integer() and INT_MIN <= real <= INT_MAX else None
    return Number(pos, text, real, whole, real)
