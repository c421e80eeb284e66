"""`${VAR}`, `${VAR:-default}` and `${file:/path}` in the values of alertd.yml.

`$$` is a `$`. Everything else stays as it is: `$labels` and `$value` of templates, `${1}` of regular expressions.
Keys and rule files are never touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from alertd.yamlio import Entry, Items, Node, Problem, Scalar, Table, Tag, is_null

_REFERENCE = re.compile(r"\$\$|\$\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEFAULT = ":-"

_TEXTS_BY_NAME = frozenset({
    "match", "match_re", "source_match", "source_match_re", "target_match", "target_match_re", "labels", "headers",
    "external_labels",
})  # fmt: skip
"""Mappings of any names to texts: there null is the empty text, as in Go; a matcher must not get lost."""


class Variables:
    """Fills references in; `problems` has those that name nothing, `files` what was read."""

    def __init__(self, environment: Mapping[str, str], *, base: Path) -> None:
        self._environment = environment
        self._base = base
        self.problems: list[Problem] = []
        self.files: dict[Path, bytes] = {}

    def fill(self, node: Node) -> Node:
        """The same values with every reference filled in; nothing in it is null, for null means absent,
        or the empty text where names are free."""
        match node:
            case Scalar() if "$" in node.text:
                return replace(node, text=self._filled(node), tag=Tag.STR)
            case Items():
                return replace(node, items=tuple(self.fill(item) for item in node.items if not is_null(item)))
            case Table():
                return replace(node, entries=dict(self._entries(node)))
        return node

    def _entries(self, table: Table) -> Iterator[tuple[str, Entry]]:
        for key, entry in table.entries.items():
            value = entry.value
            if key in _TEXTS_BY_NAME and isinstance(value, Table):
                value = _without_null(value)
            if not is_null(value):
                yield key, Entry(entry.key, self.fill(value))

    def _filled(self, scalar: Scalar) -> str:
        def one(match: re.Match[str]) -> str:
            if match[0] == "$$":
                return "$"
            value = self._value(match[1], scalar, match.start())
            return match[0] if value is None else value

        return _REFERENCE.sub(one, scalar.text)

    def _value(self, reference: str, scalar: Scalar, offset: int) -> str | None:
        """What a reference stands for; None where it stands for itself."""
        if reference.isdigit():
            return None
        if reference.startswith("file:"):
            return self._file(reference.removeprefix("file:"), scalar, offset)
        name, has_default, default = reference.partition(_DEFAULT)
        if not _NAME.fullmatch(name):
            self._wrong(
                scalar, offset, f"${{{reference}}} is no reference", f"write $${{{reference}}} for the plain text"
            )
            return None
        value = self._environment.get(name, "")
        if value or (name in self._environment and not has_default):
            return value
        if has_default:
            return default
        self._wrong(
            scalar,
            offset,
            f'environment variable "{name}" is not set',
            f"set it, or write ${{{name}:-default}}; $${{{name}}} is the plain text",
        )
        return None

    def _file(self, name: str, scalar: Scalar, offset: int) -> str | None:
        path = self._base / name
        try:
            content = path.read_bytes()
            text = content.decode()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            self._wrong(scalar, offset, f'file "{name}" cannot be read: {reason}', "check its path and permissions")
            return None
        self.files[path] = content
        return text.strip()

    def _wrong(self, scalar: Scalar, offset: int, message: str, fix: str) -> None:
        self.problems.append(scalar.problem(message, fix=fix, at=scalar.place(offset)))


def _without_null(table: Table) -> Table:
    """The same mapping with empty texts in place of null."""
    entries = {
        key: Entry(entry.key, replace(entry.value, text="", tag=Tag.STR))
        if isinstance(entry.value, Scalar) and entry.value.is_null
        else entry
        for key, entry in table.entries.items()
    }
    return replace(table, entries=entries)
