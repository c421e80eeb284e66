"""How one series is written: `up{job="gateway", instance='a:1'}`, as Prometheus' parser.ParseMetric reads it."""

from __future__ import annotations

import re

from alertd.labels import LabelSet
from alertd.labels.labelset import METRIC_NAME
from alertd.replay.series_notation import NotationError

_NAME = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*(\{)?\s*")
_LABEL = re.compile(
    r"""([a-zA-Z_][a-zA-Z0-9_]*) \s* = \s*
    ("(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' | `[^`]*`) \s*""",
    re.VERBOSE,
)
_SEPARATOR = re.compile(r",\s*")
_END = re.compile(r"\}\s*")
_ESCAPE = re.compile(
    r"""\\(?: (?P<simple>[abfnrtv\\'"]) | x(?P<hex>[0-9a-fA-F]{2}) | (?P<octal>[0-3][0-7]{2})
    | u(?P<short>[0-9a-fA-F]{4}) | U(?P<long>[0-9a-fA-F]{8}) | (?P<unknown>.) )""",
    re.VERBOSE,
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def parse_series(text: str) -> LabelSet:
    """The labels of a series, its name as `__name__`; raises NotationError.

    `{a="b"}` and `{}` are valid, a comma may follow the last label, an empty value is an absent label.
    """
    start = _NAME.match(text)
    assert start is not None  # every part of it is optional
    name, brace = start.groups()
    labels: dict[str, str] = {METRIC_NAME: name} if name else {}
    position = start.end()
    if brace:
        position = _labels(text, position, labels)
    if position < len(text) or not (name or brace):
        raise NotationError('expected a series such as up{job="x"}', position)
    return LabelSet(labels)


def _labels(text: str, position: int, labels: dict[str, str]) -> int:
    """Read what stands between the braces into `labels`; the position after them."""
    while (end := _END.match(text, position)) is None:
        label = _LABEL.match(text, position)
        if label is None:
            raise NotationError('expected name="value" or }', position)
        if label[1] in labels:
            raise NotationError(f"label {label[1]} is given twice", position)
        labels[label[1]] = _unquoted(label[2], label.start(2))
        position = label.end()
        if separator := _SEPARATOR.match(text, position):
            position = separator.end()
        elif _END.match(text, position) is None:
            raise NotationError("expected , or }", position)
    return end.end()


def _unquoted(literal: str, offset: int) -> str:
    r"""The text of a Go string literal; bytes written as `\xHH` may together be one character."""
    body = literal[1:-1]
    if literal[0] == "`" or "\\" not in body:
        return body

    def character(escape: re.Match[str]) -> str:
        match escape.lastgroup, escape[escape.lastgroup or 0]:
            case "simple", letter:
                return _SIMPLE.get(letter, letter)
            case "hex", digits:
                return _byte(int(digits, 16))
            case "octal", digits:
                return _byte(int(digits, 8))
            case (("short" | "long"), digits) if int(digits, 16) <= 0x10FFFF:
                return chr(int(digits, 16))
        raise NotationError(f"unknown escape sequence {escape[0]}", offset + 1 + escape.start())

    return _ESCAPE.sub(character, body).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _byte(value: int) -> str:
    return chr(value) if value < 0x80 else chr(0xDC00 + value)  # how surrogateescape writes a single byte
