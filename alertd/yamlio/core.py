"""YAML 1.2's core schema: which plain scalars are numbers, booleans or null, and values as plain Python.

`17:00`, `on`, `yes`, `2026-01-01` and `1h30m` are texts; YAML 1.1 (PyYAML's own loaders) takes them for other things.
Source: YAML 1.2.2, section 10.3.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from alertd.yamlio.node import Items, Node, Scalar, Table, Tag

PATTERNS: tuple[tuple[Tag, str, str], ...] = (
    (Tag.BOOL, r"true|True|TRUE|false|False|FALSE", "tTfF"),
    (Tag.NULL, r"null|Null|NULL|~|", "nN~\0"),
    (Tag.INT, r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        Tag.FLOAT,
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
)
"""Tag, pattern of the whole text, possible first characters (NUL: the empty text). The first match counts."""

_BY_FIRST: dict[str, list[tuple[Tag, re.Pattern[str]]]] = {}
for _tag, _pattern, _firsts in PATTERNS:
    for _first in _firsts:
        _BY_FIRST.setdefault(_first, []).append((_tag, re.compile(_pattern)))


def resolve(text: str) -> Tag:
    """What a plain scalar is."""
    for tag, pattern in _BY_FIRST.get(text[:1] or "\0", ()):
        if pattern.fullmatch(text):
            return tag
    return Tag.STR


def _integer(text: str) -> int:
    return int(text, 0) if text[:2] in {"0x", "0o"} else int(text)


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


_OCTAL = re.compile(r"^([-+]?0)(?=[0-7]+$)")


def number(text: str) -> int | float | None:
    """A number as Go's YAML decoder reads it, `1_000`, `0b11` and octal `017` included; None for anything else."""
    digits = text.replace("_", "")
    if not text.isascii() or text.startswith("_"):
        return None
    try:
        return int(_OCTAL.sub(r"\1o", digits), 0)
    except ValueError:
        return _float(digits) if resolve(digits) in (Tag.INT, Tag.FLOAT) else None


_READ: dict[Tag, Callable[[str], Any]] = {
    Tag.STR: str,
    Tag.INT: _integer,
    Tag.FLOAT: _float,
    Tag.BOOL: lambda text: text.lower() == "true",
    Tag.NULL: lambda _: None,
}


def plain(node: Node) -> Any:
    """The value as dict, list, str, int, float, bool or None."""
    match node:
        case Scalar():
            return _READ[node.tag](node.text)
        case Items():
            return [plain(item) for item in node.items]
        case Table():
            return {key: plain(entry.value) for key, entry in node.entries.items()}
    raise TypeError(f"no YAML value: {node!r}")


def texts(node: Node) -> Any:
    """The value as dict, list, str or None: every scalar as it was written, for readers that know what they want.

    `password: 12345` and `shard: 1.50` are then texts where a text is wanted, as in Go.
    """
    match node:
        case Scalar():
            return None if node.is_null else node.text
        case Items():
            return [texts(item) for item in node.items]
        case Table():
            return {key: texts(entry.value) for key, entry in node.entries.items()}
    raise TypeError(f"no YAML value: {node!r}")


def typed(scalar: Scalar) -> Scalar:
    """A scalar whose text was changed, taken for what that text is; in quotes it stays a text."""
    if scalar.style or scalar.tag is not Tag.STR:
        return scalar
    return replace(scalar, tag=resolve(scalar.text))
