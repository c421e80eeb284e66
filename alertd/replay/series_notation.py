"""promtool's notation for the values of a series: `0+10x60 _x5 stale`.

All in one line, as promtool reads it. An item, items being separated by spaces, is one of

    5  -2  .5  1e3  NaN  Inf      one sample
    a+bxn  a-bxn                  a, a+b, ... a+n*b: n + 1 samples
    axn                           n + 1 times a
    _  _xn                        one missing sample, n missing samples
    stale                         a stale marker: the series ends here

source   Prometheus promql/parser (series descriptions); errors are worded as there
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

MAX_SAMPLES = 10_000_000
"""What one text may expand to; more is a slip of the keyboard and would fill the memory."""

_UINT64_DIGITS = 20


class NotationError(ValueError):
    """The text is not in the notation; `offset` is the character at fault, counted from 0."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(f"{message} (character {offset + 1})")
        self.offset = offset


class Stale:
    """The type of `STALE`."""

    def __repr__(self) -> str:
        return "stale"


STALE: Final = Stale()
"""A stale marker among values."""

Value = float | Stale | None
"""One interval of a series: a sample, a stale marker, or no sample."""


def expand(text: str) -> list[Value]:
    """One entry per interval; raises NotationError.

    Steps are added one after the other, so rounding errors add up as they do in promtool: `0.1+0.1x2` ends at
    0.30000000000000004.
    """
    return list(chain.from_iterable(item.values() for item in _items(text)))


@dataclass(frozen=True, slots=True)
class _Item:
    first: Value
    count: int = 1
    step: float | None = None

    def values(self) -> Iterator[Value]:
        value = self.first
        for _ in range(self.count):
            yield value
            if self.step is not None and isinstance(value, float):
                value += self.step


def _items(text: str) -> list[_Item]:
    tokens = _Tokens(text)
    items: list[_Item] = []
    total = 0
    while not tokens.skip_spaces().is_end:
        offset = tokens.next.offset
        items.append(_item(tokens))
        total += items[-1].count
        if total > MAX_SAMPLES:
            raise NotationError(f"more than {MAX_SAMPLES:,} samples in one series", offset)
        if not tokens.next.is_end and tokens.next.kind != "space":
            raise NotationError(f"unexpected {tokens.next}", tokens.next.offset)
    return items


def _item(tokens: _Tokens) -> _Item:
    if tokens.accept("blank"):
        return _Item(None, _repetitions(tokens)) if tokens.accept("times") else _Item(None)
    if tokens.next.kind == "word" and tokens.next.text == "stale":
        tokens.take()
        return _Item(STALE)
    first = _number(tokens, expected=', expected number or "stale"')
    if tokens.next.is_end or tokens.next.kind == "space":
        return _Item(first)
    step = _number(tokens) if tokens.next.kind == "sign" else None
    if not tokens.accept("times"):
        raise tokens.unexpected()
    return _Item(first, _repetitions(tokens) + 1, step)


def _number(tokens: _Tokens, *, expected: str = "") -> float:
    """A number with at most one sign right before it."""
    sign = tokens.take().text if tokens.next.kind == "sign" else "+"
    token = tokens.next
    if token.kind == "word" and token.text.lower() in {"nan", "inf"}:
        value = float(token.text)
    elif token.kind == "number":
        value = _value(token.text)
        if math.isinf(value):
            raise NotationError(f'number "{token.text}" is out of range', token.offset)
    else:
        raise tokens.unexpected(expected if token.kind == "word" else "")
    tokens.take()
    if tokens.next.kind in {"word", "blank", "number"}:
        raise NotationError(f'bad number syntax: "{token.text}"', token.offset)
    return -value if sign == "-" else value


def _value(text: str) -> float:
    """Go reads a whole number that begins with 0 as octal: `010` is 8."""
    try:
        return float(int(text, 8)) if re.fullmatch(r"0[0-7]+", text) else float(text)
    except OverflowError:
        return math.inf


def _repetitions(tokens: _Tokens) -> int:
    token = tokens.next
    if token.kind != "number":
        raise tokens.unexpected()
    if not token.text.isdecimal() or len(token.text) > _UINT64_DIGITS:
        why = "value out of range" if token.text.isdecimal() else "invalid syntax"
        raise NotationError(
            f'invalid repetition in series values: strconv.ParseUint: parsing "{token.text}": {why}', token.offset
        )
    return int(tokens.take().text)


_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+) | (?P<sign>[+-]) | (?P<times>x) | (?P<blank>_) | (?P<histogram>\{\{)
    | (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?) | (?P<word>[A-Za-z][A-Za-z0-9_:]*)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    offset: int

    @property
    def is_end(self) -> bool:
        return self.kind == "end"

    def __str__(self) -> str:
        match self.kind:
            case "end":
                return "end of input"
            case "sign":
                return f"<op:{self.text}>"
            case "number":
                return f'number "{self.text}"'
            case "word":
                return f'identifier "{self.text}"'
            case _:
                return f'"{self.text}"'


class _Tokens:
    """The tokens of a text, one at a time; `next` is the one not yet taken."""

    def __init__(self, text: str) -> None:
        self._text = text.rstrip(" \t\r\n")
        self._offset = 0
        self.next = self._read()

    def _read(self) -> _Token:
        offset = self._offset
        if offset == len(self._text):
            return _Token("end", "", offset)
        match = _TOKEN.match(self._text, offset)
        if match is None and self._text[offset] == "\n":
            raise NotationError(
                "a second line in series values, which promtool does not read: use >- to fold it", offset
            )
        if match is None:
            raise NotationError(f"unexpected character in series sequence: {self._text[offset]!r}", offset)
        kind = match.lastgroup or ""
        if kind == "histogram":
            raise NotationError("native histograms are not supported in series values", offset)
        self._offset = match.end()
        return _Token(kind, match[0], offset)

    def take(self) -> _Token:
        taken, self.next = self.next, self._read()
        return taken

    def accept(self, kind: str) -> bool:
        if self.next.kind == kind:
            self.take()
            return True
        return False

    def skip_spaces(self) -> _Token:
        self.accept("space")
        return self.next

    def unexpected(self, expected: str = "") -> NotationError:
        return NotationError(f"unexpected {self.next} in series values{expected}", self.next.offset)
