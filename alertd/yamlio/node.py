"""The values of a YAML file, each knowing its path and its place.

A scalar keeps its source text and what YAML 1.2's core schema takes it for; who reads it decides which of the two counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence as Sized
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from alertd.yamlio.problem import Problem, Severity

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what libyaml counts as the end of a line


class Source:
    """A file's name, as it is shown, and its text."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    @cached_property
    def lines(self) -> list[str]:
        return _BREAK.split(self.text)

    def line(self, number: int) -> str:
        """The text of line `number` (from 1); "" past the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


class Tag(Enum):
    """What the core schema of YAML 1.2 takes a scalar for."""

    STR = "str"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    NULL = "null"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """A value: where it stands (line and column from 1), and its path from the top, such as `groups[0].name`."""

    source: Source
    path: str
    line: int
    column: int

    @property
    def line_text(self) -> str:
        """The whole line of the file it begins on."""
        return self.source.line(self.line)

    def problem(
        self,
        message: str,
        *,
        fix: str = "",
        severity: Severity = Severity.ERROR,
        code: str = "",
        at: tuple[int, int] | None = None,
        path: str | None = None,
    ) -> Problem:
        """What is wrong with this value; `at` and `path` where a place inside it is meant."""
        line, column = at or (self.line, self.column)
        return Problem(
            file=self.source.name,
            line=line,
            column=column,
            path=self.path if path is None else path,
            message=message,
            fix=fix,
            severity=severity,
            code=code,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scalar(Node):
    """A single value. `text` is what was written, without quotes; `style` one of "" (plain) ' " | >."""

    text: str
    tag: Tag
    style: str = ""

    @property
    def is_null(self) -> bool:
        return self.tag is Tag.NULL

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column in the file of character `offset` of the text; the value's start where that is not known.

        Known for literal blocks (`|`) and for single-line texts without escapes, which is nearly all of them.
        """
        if self.style == "|":
            return self._place_in_block(offset)
        start = self.column + (1 if self.style in {"'", '"'} else 0)
        if self.line_text[start - 1 :].startswith(self.text[: offset + 1]):
            return self.line, start + offset
        return self.line, self.column

    def _place_in_block(self, offset: int) -> tuple[int, int]:
        before = self.text[:offset]
        row = before.count("\n")
        line = self.line + 1 + row
        written = self.source.line(line)
        content = self.text.split("\n", row + 1)[row]
        if not written.endswith(content):
            return self.line, self.column
        indent = len(written) - len(content)
        return line, indent + 1 + offset - (before.rfind("\n") + 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Items(Node):
    """A sequence."""

    items: tuple[Node, ...]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.items)


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value` of a mapping."""

    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table(Node):
    """A mapping; keys are texts. Merge keys (`<<`) are already resolved, a key given twice keeps its first value."""

    entries: dict[str, Entry]

    def get(self, key: str) -> Node | None:
        """The value of `key`; None where it is absent or null."""
        entry = self.entries.get(key)
        if entry is None or is_null(entry.value):
            return None
        return entry.value

    def __contains__(self, key: str) -> bool:
        return key in self.entries


def is_null(node: Node | None) -> bool:
    """Whether nothing was given: no node at all, `null`, `~` or an empty value."""
    return node is None or (isinstance(node, Scalar) and node.is_null)


def locate(root: Node, loc: Sized[str | int]) -> tuple[Node, int]:
    """The deepest value on the way `loc` from `root`, and how many steps of `loc` led to it.

    Steps that name nothing in the file are passed over: validators add steps of their own (the member of a union).
    """
    node, used = root, 0
    for position, step in enumerate(loc):
        if isinstance(node, Table) and isinstance(step, str) and step in node.entries:
            node, used = node.entries[step].value, position + 1
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node.items):
            node, used = node.items[step], position + 1
    return node, used
