"""`--set k=4`: rules as they are in their files, but for one setting. For trying things out: backtests, tuning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from alertd.config.fields import FieldReader
from alertd.config.rule_groups import GroupReader, LoadedGroup
from alertd.rules.registry import KINDS
from alertd.rules.settings import EvaluationSettings
from alertd.yamlio import ConfigError, Documents, Entry, Items, Node, Problem, Scalar, Table, Tag


@dataclass(frozen=True, slots=True)
class Override:
    """One `path=value`: a key of the rule (`for`) or of its kind (`k`, `threshold.above`); the value is YAML."""

    path: tuple[str, ...]
    value: Node

    @classmethod
    def parse(cls, text: str) -> Override:
        """Raises ValueError."""
        path, equals, value = text.partition("=")
        if not equals or not all(path.split(".")):
            raise ValueError(f'"{text}" is not KEY=VALUE, such as k=4 or for=10m')
        documents = Documents(value, file=f"--set {path}")
        node = documents.read()
        if node is None or documents.problems:
            raise ValueError(f'the value of "{text}" is not YAML')
        return cls(tuple(path.split(".")), node)


def overridden(groups: Iterable[LoadedGroup], overrides: Sequence[Override], rule: str | None) -> list[LoadedGroup]:
    """The groups with `overrides` in the rules called `rule`; in every alerting rule where that is None.

    raises   ConfigError: what is wrong with the rules now, or that nothing took a setting
    """
    return [_overridden(group, overrides, rule) for group in groups] if overrides else list(groups)


def _overridden(loaded: LoadedGroup, overrides: Sequence[Override], rule: str | None) -> LoadedGroup:
    rules = loaded.node.entries["rules"]
    assert isinstance(rules.value, Items)
    items = tuple(
        _with(item, overrides) if isinstance(item, Table) and _is_meant(item, rule) else item for item in rules.value
    )
    node = replace(
        loaded.node,
        entries={**loaded.node.entries, "rules": Entry(rules.key, replace(rules.value, items=items))},
    )
    fields = FieldReader()
    group = loaded.group
    defaults = EvaluationSettings.model_validate({"interval": group.interval, "query_offset": group.query_offset})
    (read,) = GroupReader(group.file, fields, defaults, group.source).read([node])
    if errors := [problem for problem in fields.problems if problem.is_error]:
        raise ConfigError(errors)
    return read


def _is_meant(item: Table, rule: str | None) -> bool:
    name = item.get("alert")
    return isinstance(name, Scalar) and rule in (None, name.text)


def _with(item: Table, overrides: Sequence[Override]) -> Table:
    for override in overrides:
        kind = next((key for key in KINDS if isinstance(item.get(key), Table)), None)
        is_of_kind = kind is not None and override.path[0] not in item.entries and override.path[0] != "for"
        path = (kind, *override.path) if kind is not None and is_of_kind else override.path
        item = _put(item, path, override.value)
    return item


def _put(table: Table, path: Sequence[str], value: Node) -> Table:
    known = table.entries.get(path[0])
    key = known.key if known is not None else _key(table, path[0])
    if len(path) == 1:
        return replace(table, entries={**table.entries, path[0]: Entry(key, value)})
    inner = known.value if known is not None else replace(table, entries={})
    if not isinstance(inner, Table):
        raise ConfigError([_no_mapping(inner, path[0])])
    return replace(table, entries={**table.entries, path[0]: Entry(key, _put(inner, path[1:], value))})


def _key(table: Table, name: str) -> Scalar:
    return Scalar(source=table.source, path=table.path, line=table.line, column=table.column, text=name, tag=Tag.STR)


def _no_mapping(node: Node, name: str) -> Problem:
    return node.problem(f'"{name}" holds a single value, nothing can be set in it')
