"""`Matcher`: what one label must be. Routes, silences, inhibition rules and filters are made of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from alertd.labels.quoting import quote
from alertd.labels.regex import accepted_values, full_match

SPACE = "\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""Go's unicode.IsSpace, as part of a character class."""
_RESERVED = re.compile(rf"[{SPACE}{{}}!=~,\\\"'`]")
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


class Op(StrEnum):
    """How a value is compared, in the order in which matchers are sorted."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


_RANK = {op: rank for rank, op in enumerate(Op)}


class Matcher:
    """A name, an operator and a value; immutable, sorted by name, value and operator as Alertmanager does.

    A label that is absent has the value "". Regular expressions match whole values. Raises RegexError.

    accepts  tells whether a value is accepted
    values   all values it accepts, where these can be listed; else None
    """

    __slots__ = ("accepts", "name", "op", "value", "values")

    def __init__(self, name: str, op: Op, value: str) -> None:
        self.name = name
        self.op = op
        self.value = value
        self.accepts: Callable[[str], bool] = _TESTS[op](value)
        self.values: frozenset[str] | None = _LISTS[op](value)

    def matches(self, labels: Mapping[str, str]) -> bool:
        return self.accepts(labels.get(self.name, ""))

    def __str__(self) -> str:
        """As routes and silences print it: `a=~"1|3"`; a name that could not be read back is quoted.

        source   Alertmanager pkg/labels Matcher.String
        """
        if _RESERVED.search(self.name):
            return f"{quote(self.name)}{self.op}{quote(self.value)}"
        return f'{self.name}{self.op}"{self.value.translate(_ESCAPES)}"'

    def __repr__(self) -> str:
        return f"Matcher({self})"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Matcher):
            return (self.name, self.op, self.value) == (other.name, other.op, other.value)
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, self.op, self.value))

    def __lt__(self, other: Matcher) -> bool:
        return (self.name, self.value, _RANK[self.op]) < (other.name, other.value, _RANK[other.op])


Matchers = tuple[Matcher, ...]
"""All of them must match; none match everything."""


def all_match(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether every matcher matches."""
    for matcher in matchers:  # noqa: SIM110 - three times as fast as all() over a generator, and asked for every alert
        if not matcher.accepts(labels.get(matcher.name, "")):
            return False
    return True


def matchers_text(matchers: Iterable[Matcher]) -> str:
    """`{a=~"1|3",b="2"}`, in the given order: a route's part of a group key, and what a parser reads back."""
    return "{" + ",".join(map(str, matchers)) + "}"


def _no_match(pattern: str) -> Callable[[str], bool]:
    matches = full_match(pattern)
    return lambda text: not matches(text)


_TESTS: dict[Op, Callable[[str], Callable[[str], bool]]] = {
    Op.EQUAL: lambda value: value.__eq__,
    Op.NOT_EQUAL: lambda value: value.__ne__,
    Op.REGEX: full_match,
    Op.NOT_REGEX: _no_match,
}
_LISTS: dict[Op, Callable[[str], frozenset[str] | None]] = {
    Op.EQUAL: lambda value: frozenset({value}),
    Op.NOT_EQUAL: lambda value: None,
    Op.REGEX: accepted_values,
    Op.NOT_REGEX: lambda value: None,
}
