"""`when:` of an integration or of a pack: an entry that is there only where its environment is.

receivers:
  - name: ops
    slack_configs:
      - {when: '${SLACK_WEBHOOK_URL:-}', api_url: '${SLACK_WEBHOOK_URL}', channel: '#alerts'}

An empty text, `false`, `no`, `off` and `0` switch the entry off; of a list every item must be something else. What is
switched off is not looked at, so that its other references may name nothing; that it is off is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from alertd.config.variables import Variables
from alertd.yamlio import Entry, Items, Node, Problem, Scalar, Severity, Table

KEY = "when"
_KINDS = "_configs"
_OFF = frozenset({"", "false", "no", "off", "0"})


class OptionalEntries:
    """Leaves out what is switched off; `problems` says what, and which receivers are left with nothing."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables
        self._off: dict[str, list[Node]] = {}  # by condition
        self.problems: list[Problem] = []

    def resolve(self, root: Table) -> Table:
        """The same configuration without the entries that are off, and without `when`."""
        entries = dict(root.entries)
        if (packs := entries.get("packs")) is not None:
            entries["packs"] = Entry(packs.key, self._chosen(packs.value))
        if (receivers := entries.get("receivers")) is not None and isinstance(receivers.value, Items):
            items = tuple(self._receiver(node) for node in receivers.value)
            entries["receivers"] = Entry(receivers.key, replace(receivers.value, items=items))
        for condition, keys in self._off.items():
            told = f"{condition} is empty or false, which switches {len(keys)} of the integrations and packs off"
            self.problems.append(keys[0].problem(told, severity=Severity.NOTE))
        return replace(root, entries=entries)

    def _receiver(self, node: Node) -> Node:
        if not isinstance(node, Table):
            return node
        kept = {
            key: Entry(entry.key, self._chosen(entry.value)) if key.endswith(_KINDS) else entry
            for key, entry in node.entries.items()
        }
        name = node.get("name")
        if isinstance(name, Scalar) and _integrations(node.entries) and not _integrations(kept):
            self.problems.append(
                name.problem(
                    f'receiver "{name.text}" tells nobody: every integration of it is switched off',
                    fix="set what their when: asks for",
                    severity=Severity.WARNING,
                )
            )
        return replace(node, entries=kept)

    def _chosen(self, node: Node) -> Node:
        if not isinstance(node, Items):
            return node
        return replace(node, items=tuple(self._each(node)))

    def _each(self, items: Items) -> Iterator[Node]:
        for item in items:
            condition = item.get(KEY) if isinstance(item, Table) else None
            if not isinstance(item, Table) or KEY not in item:
                yield item
            elif condition is not None and self._holds(condition):
                yield replace(item, entries={key: entry for key, entry in item.entries.items() if key != KEY})
            else:
                self._off.setdefault(_written(condition), []).append(item.entries[KEY].key)

    def _holds(self, condition: Node) -> bool:
        filled = self._variables.fill(condition)
        parts = filled.items if isinstance(filled, Items) else (filled,)
        return all(isinstance(part, Scalar) and part.text.strip().lower() not in _OFF for part in parts)


def _written(condition: Node | None) -> str:
    """The condition as it stands in the file."""
    if isinstance(condition, Items):
        return " or ".join(_written(item) for item in condition)
    return condition.text if isinstance(condition, Scalar) else KEY


def _integrations(entries: dict[str, Entry]) -> int:
    """How many integrations a receiver has."""
    lists = (entry.value for key, entry in entries.items() if key.endswith(_KINDS))
    return sum(len(several.items) for several in lists if isinstance(several, Items))
