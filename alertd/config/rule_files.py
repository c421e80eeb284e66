"""Rule files: Prometheus' format with alertd's keys, and PrometheusRule manifests of Kubernetes.

Of a Prometheus rule file only the first YAML document is read, as Prometheus does it; of manifests all are.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from alertd.config.fields import FieldReader, shape
from alertd.config.packs_parameters import KEY as PARAMETERS
from alertd.config.packs_parameters import Parameters
from alertd.config.rule_groups import GroupReader, LoadedGroup
from alertd.config.rule_keys import MANIFEST_KEYS
from alertd.rules.rule import RuleGroup
from alertd.rules.settings import EvaluationSettings
from alertd.yamlio import Documents, Entry, Node, Problem, Severity, Source, Table, is_null

_DEFAULTS = EvaluationSettings.model_validate({})
_GROUP = "a group must be a mapping with name and rules"
_LISTS = ("List", "PrometheusRuleList")


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One rule file: the groups that could be read, and what is wrong with the rest.

    name        what its groups call it
    source      its path as problems show it, and its text
    unread_at   line and column where a second YAML document begins, which is not read
    """

    name: str
    source: Source
    loaded: tuple[LoadedGroup, ...] = ()
    problems: tuple[Problem, ...] = ()
    unread_at: tuple[int, int] | None = None

    @property
    def groups(self) -> tuple[RuleGroup, ...]:
        return tuple(loaded.group for loaded in self.loaded)

    @property
    def rules(self) -> int:
        """How many rules it has."""
        return sum(len(group.rules) for group in self.groups)


def load_rule_file(
    text: str,
    *,
    file: str,
    shown: str = "",
    evaluation: EvaluationSettings | None = None,
    source: str = "default",
    values: Mapping[str, Entry] = MappingProxyType({}),
) -> RuleFile:
    """The groups of one rule file.

    file        its name: what the groups call it, the same wherever alertd is started
    shown       its path as problems show it, where that is another one
    evaluation  what groups do that do not say otherwise
    source      the Prometheus that answers groups that name none
    values      of its parameters, where they are not the defaults
    """
    documents = Documents(text, file=shown or file)
    fields = FieldReader(documents.problems)
    loaded: list[LoadedGroup] = []
    for name, nodes in _group_lists(documents, file, fields, values):
        loaded += GroupReader(name, fields, evaluation or _DEFAULTS, source).read(nodes)
    return RuleFile(file, documents.source, tuple(loaded), tuple(fields.problems), documents.more_at())


def load_rule_files(
    patterns: Iterable[str], *, base: Path, evaluation: EvaluationSettings | None = None, source: str = "default"
) -> tuple[RuleFile, ...]:
    """Every file a pattern names, once, sorted; patterns are relative to the folder `base`.

    Groups call a file by its name under `base`, problems show its path with `base`. One that cannot be read is a
    RuleFile with that problem and no groups.
    """
    return tuple(
        read_rule_file(name, base=base, evaluation=evaluation, source=source)
        for name in rule_file_names(patterns, base=base)
    )


def rule_file_names(patterns: Iterable[str], *, base: Path) -> list[str]:
    """The files the patterns name, relative to `base` as the patterns are."""
    return sorted({name for pattern in patterns for name in glob.glob(pattern, root_dir=base, recursive=True)})


def read_rule_file(
    name: str, *, base: Path, evaluation: EvaluationSettings | None = None, source: str = "default"
) -> RuleFile:
    """The file `name` under the folder `base`."""
    shown = str(base / name)
    try:
        text = (base / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return RuleFile(name, Source(shown, ""), problems=(unreadable(shown, error),))
    return load_rule_file(text, file=name, shown=shown, evaluation=evaluation, source=source)


def unreadable(name: str, error: OSError | UnicodeDecodeError) -> Problem:
    """Why a file could not be read."""
    if isinstance(error, UnicodeDecodeError):
        return Problem(file=name, message=f"not UTF-8: {error.reason} at byte {error.start}", fix="save it as UTF-8")
    return Problem(file=name, message=f"cannot be read: {error.strerror or error}", fix=_REMEDIES.get(type(error), ""))


_REMEDIES: Mapping[type[OSError | UnicodeDecodeError], str] = {
    FileNotFoundError: "check the path; alertd init writes files to start from",
    IsADirectoryError: "name a file in it",
    PermissionError: "alertd must be allowed to read it",
}
"""What to do, by kind of failure."""


def _group_lists(
    documents: Documents, file: str, fields: FieldReader, values: Mapping[str, Entry]
) -> Iterator[tuple[str, tuple[Table, ...]]]:
    """For each file or manifest the name its groups go by, and their nodes."""
    root = documents.read()
    if root is None or is_null(root):
        return
    if isinstance(root, Table) and is_manifest(root):
        yield from _of_manifest(root, file, fields)
        for document in documents:
            yield from _of_manifest(document, file, fields)
        return
    if isinstance(root, Table):
        fields.keys(root, ("groups", PARAMETERS), remedies={})
        yield file, fields.tables(_with_values(root, fields, values, file), "groups", _GROUP)
    else:
        fields.wrong(root, f"a rule file must be a mapping with groups, not {shape(root)}")


def _with_values(root: Table, fields: FieldReader, values: Mapping[str, Entry], file: str) -> Table:
    """The file with its parameters filled in; a file without any is left as it is."""
    if PARAMETERS not in root and not values:
        return root
    parameters = Parameters(root, fields, values, owner=file)
    groups = root.entries.get("groups")
    if groups is None:
        return root
    return replace(root, entries={"groups": Entry(groups.key, parameters.fill(groups.value))})


def is_manifest(root: Table) -> bool:
    """Whether a document is a Kubernetes object."""
    return "groups" not in root and any(key in root for key in ("kind", "apiVersion", "spec"))


def _of_manifest(root: Node, file: str, fields: FieldReader) -> Iterator[tuple[str, tuple[Table, ...]]]:
    if is_null(root):
        return
    if not isinstance(root, Table):
        fields.wrong(root, f"a manifest must be a mapping, not {shape(root)}")
        return
    kind = fields.text(root, "kind")
    if kind in _LISTS:
        for item in fields.items(root, "items"):
            yield from _of_manifest(item, file, fields)
    elif kind in ("PrometheusRule", ""):
        yield from _of_prometheus_rule(root, file, fields)
    else:
        fields.problems.append(root.problem(f'kind "{kind}" holds no rules and is skipped', severity=Severity.WARNING))


def _of_prometheus_rule(root: Table, file: str, fields: FieldReader) -> Iterator[tuple[str, tuple[Table, ...]]]:
    fields.keys(root, MANIFEST_KEYS, remedies={})
    spec = fields.table(root, "spec")
    if spec is None:
        fields.wrong(root, "a PrometheusRule needs spec.groups")
        return
    fields.keys(spec, ("groups",), remedies={})
    metadata = root.get("metadata")
    parts = [fields.text(metadata, key) for key in ("namespace", "name")] if isinstance(metadata, Table) else []
    name = "/".join(part for part in parts if part)
    yield f"{file}#{name}" if name else file, fields.tables(spec, "groups", _GROUP)
