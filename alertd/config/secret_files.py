"""Relative paths of files that receivers read: beside the configuration, or where Alertmanager would look for them.

alertd takes every relative path from the folder of its configuration file. Alertmanager does so for `http_config` and
`templates` only, and opens `api_url_file`, `routing_key_file` and their like from the folder it was started in.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from alertd.yamlio import Entry, Items, Node, Problem, Scalar, Severity, Table

_ENDING = "_file"


class SecretFiles:
    """Finds the files of `global` and of receivers; `problems` has those that are not where they were looked for first.

    base   folder of the configuration file
    here   folder alertd was started in
    """

    def __init__(self, *, base: Path, here: Path) -> None:
        self._base = base
        self._here = here
        self.problems: list[Problem] = []

    def resolve(self, root: Table) -> Table:
        """The same configuration, with the path of each file that was found in the second place made absolute."""
        entries = {
            key: Entry(entry.key, self._resolved(entry.value)) if key in ("global", "receivers") else entry
            for key, entry in root.entries.items()
        }
        return replace(root, entries=entries)

    def _resolved(self, node: Node) -> Node:
        match node:
            case Items():
                return replace(node, items=tuple(self._resolved(item) for item in node.items))
            case Table():
                return replace(node, entries=dict(self._entries(node)))
        return node

    def _entries(self, table: Table) -> Iterator[tuple[str, Entry]]:
        for key, entry in table.entries.items():
            value = entry.value
            is_path = key.endswith(_ENDING) and isinstance(value, Scalar)
            yield key, Entry(entry.key, self._path(value) if is_path else self._resolved(value))

    def _path(self, node: Node) -> Node:
        if not isinstance(node, Scalar) or not node.text or os.path.exists(self._base / node.text):
            return node
        elsewhere = self._here / node.text
        if not os.path.exists(elsewhere):  # unlike Path.exists, false where a folder may not be entered
            self._warn(node, f'file "{node.text}" is not there', "it is read at each use: create it, or mend the path")
            return node
        self._warn(
            node,
            f'file "{node.text}" is taken from the folder alertd was started in, as Alertmanager would',
            "write its whole path, or one relative to the folder of this file",
        )
        return replace(node, text=str(elsewhere))

    def _warn(self, node: Scalar, message: str, fix: str) -> None:
        self.problems.append(node.problem(message, fix=fix, severity=Severity.WARNING))
