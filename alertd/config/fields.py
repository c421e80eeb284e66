"""Reads the fields of a rule file's mappings: each scalar is its source text, and every problem is kept, not only the first.

`null`, `~` and an empty value are an absent field. Go's YAML decoder, which Prometheus uses, hands texts over the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from math import isfinite
from typing import TypeVar

from alertd.config.model_problems import DURATION_FIX
from alertd.duration import DurationError, parse_duration
from alertd.yamlio import Items, Node, Problem, Scalar, Severity, Table, Tag, is_null, number, suggestion

Choice = TypeVar("Choice", bound=StrEnum)
LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_INT_MAX = 2**63 - 1


def shape(node: Node) -> str:
    """What a value is, in words."""
    match node:
        case Table():
            return "a mapping"
        case Items():
            return "a list"
        case _:
            return "a single value"


@dataclass(frozen=True, slots=True)
class FieldReader:
    """Reads fields and keeps what is wrong with them; a field that is wrong reads as absent."""

    problems: list[Problem] = field(default_factory=list)

    def wrong(self, node: Node, message: str, fix: str = "") -> None:
        """Keeps an error at `node`."""
        self.problems.append(node.problem(message, fix=fix))

    def keys(self, table: Table, known: Iterable[str], *, remedies: Mapping[str, tuple[str, str]]) -> None:
        """Refuses the keys that are not `known`; `remedies` has message and fix for well-known strangers."""
        for name, entry in table.entries.items():
            if name in known:
                continue
            message, fix = remedies.get(name, (f'unknown field "{name}"', suggestion(name, known)))
            self.wrong(entry.key, message, fix)

    def scalar(self, table: Table, key: str) -> Scalar | None:
        """The single value of `key`."""
        node = table.get(key)
        if node is None or isinstance(node, Scalar):
            return node
        self.wrong(node, f"must be a text, not {shape(node)}")
        return None

    def text(self, table: Table, key: str) -> str:
        """The source text of `key`; "" when absent."""
        scalar = self.scalar(table, key)
        return scalar.text if scalar is not None else ""

    def duration(self, table: Table, key: str) -> timedelta | None:
        """A Prometheus duration; None when absent."""
        scalar = self.scalar(table, key)
        if scalar is None:
            return None
        try:
            return parse_duration(scalar.text)
        except DurationError as error:
            self.wrong(scalar, str(error), DURATION_FIX)
            return None

    def integer(self, table: Table, key: str) -> int | None:
        """A whole number; a fraction is cut off, as Prometheus does it."""
        scalar = self.scalar(table, key)
        if scalar is None:
            return None
        found = None if scalar.style else number(scalar.text)
        if found is not None and isfinite(found) and found <= _INT_MAX:
            return int(found)
        self.wrong(scalar, f'must be a whole number, not "{scalar.text}"', "write it without quotes")
        return None

    def flag(self, table: Table, key: str, *, default: bool) -> bool:
        """`true` or `false`."""
        scalar = self.scalar(table, key)
        if scalar is None:
            return default
        if scalar.tag is not Tag.BOOL:
            self.wrong(scalar, f'must be true or false, not "{scalar.text}"')
        return scalar.text.lower() == "true"

    def choice(self, table: Table, key: str, default: Choice) -> Choice:
        """A member of the default's enumeration."""
        scalar = self.scalar(table, key)
        if scalar is None:
            return default
        choices = type(default)
        if scalar.text not in set(choices):
            self.wrong(scalar, f'"{scalar.text}" is no choice here', suggestion(scalar.text, choices, label="choices"))
            return default
        return choices(scalar.text)

    def table(self, table: Table, key: str) -> Table | None:
        """The mapping of `key`."""
        node = table.get(key)
        if node is None or isinstance(node, Table):
            return node
        self.wrong(node, f"must be a mapping, not {shape(node)}")
        return None

    def items(self, table: Table, key: str) -> tuple[Node, ...]:
        """The list of `key`; () when absent."""
        node = table.get(key)
        if isinstance(node, Items):
            return node.items
        if node is not None:
            self.wrong(node, f"must be a list, not {shape(node)}")
        return ()

    def tables(self, table: Table, key: str, wanted: str) -> tuple[Table, ...]:
        """The mappings in the list of `key`; `wanted` says what an item must be."""
        items = self.items(table, key)
        for item in items:
            if is_null(item):  # Prometheus passes over it
                self.problems.append(item.problem("an empty item", fix="remove it", severity=Severity.WARNING))
            elif not isinstance(item, Table):
                self.wrong(item, wanted)
        return tuple(item for item in items if isinstance(item, Table))

    def texts(self, table: Table, key: str, *, noun: str) -> dict[str, Scalar]:
        """Texts by label name; null is the empty text. `noun` (label, annotation) is for the messages."""
        found = self.table(table, key)
        texts: dict[str, Scalar] = {}
        for name, entry in found.entries.items() if found is not None else ():
            if LABEL_NAME.fullmatch(name) is None or (name == "__name__" and noun == "label"):
                self.wrong(entry.key, f"invalid {noun} name: {name}", "use letters, digits and _ only, no digit first")
            elif isinstance(entry.value, Scalar):
                texts[name] = entry.value
            else:
                self.wrong(entry.value, f"must be a text, not {shape(entry.value)}")
        return texts


def text_of(scalar: Scalar) -> str:
    """The text of a label or annotation: null is empty."""
    return "" if is_null(scalar) else scalar.text
