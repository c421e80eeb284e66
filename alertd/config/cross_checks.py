"""What the parts of the files say of each other: names that are used must be defined, and defined once.

Checked on the files' values, so that a file with other faults is checked as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from alertd.config.alert_labels import AlertLabels
from alertd.config.configuration_lint import Subject, lint_configuration
from alertd.config.keys import WITHOUT_EFFECT
from alertd.config.reading import Reading
from alertd.config.routing_names import RoutingNames, names, not_unique
from alertd.config.rule_files import RuleFile
from alertd.rules.rule import AlertingRule, RecordingRule
from alertd.yamlio import Items, Node, Problem, Scalar, Severity, Table, suggestion


def cross_problems(reading: Reading, files: Iterable[RuleFile]) -> Iterator[Problem]:
    """Names and rule files."""
    root = reading.root
    yield from not_unique(names(root.get("prometheus")), "source")
    yield from RoutingNames(root).problems()
    yield from _without_effect(root)
    yield from check_rule_files(root, files, matched=reading.matched)


def probable_slips(reading: Reading, files: Iterable[RuleFile]) -> list[Problem]:
    """What is probably not meant in alertd.yml; asked where nothing is surely wrong, else it only repeats that."""
    return lint_configuration(Subject(reading.root, tuple(_alerts(reading.root, files))))


def _without_effect(root: Table) -> Iterator[Problem]:
    for key, why in WITHOUT_EFFECT.items():
        if key in root:
            yield root.entries[key].key.problem(
                f'"{key}" has no effect: {why}', fix="remove it", severity=Severity.WARNING
            )


def _alerts(root: Table, files: Iterable[RuleFile]) -> Iterator[AlertLabels]:
    evaluation = root.get("evaluation")
    labels = evaluation.get("external_labels") if isinstance(evaluation, Table) else None
    external = frozenset(labels.entries) if isinstance(labels, Table) else frozenset[str]()
    for file in files:
        for group in file.groups:
            for rule in group.rules:
                if isinstance(rule, AlertingRule):
                    yield AlertLabels(rule, external)


def check_rule_files(root: Table, files: Iterable[RuleFile], *, matched: dict[str, bool]) -> Iterator[Problem]:
    """Sources that groups name, and patterns without a file; `matched` says of each pattern whether it has one."""
    patterns = root.get("rule_files")
    for pattern in patterns.items if isinstance(patterns, Items) else ():
        if isinstance(pattern, Scalar) and not matched.get(pattern.text, True):
            yield pattern.problem(
                f'no file matches "{pattern.text}"',
                fix="check the path; it is relative to the folder of this file",
                severity=Severity.WARNING,
            )
    yield from _recorded_nowhere(root, files)
    sources = root.get("prometheus")
    if sources is None and any(file.loaded for file in files):
        at: Node = patterns or root.get("packs") or root
        yield at.problem("rules need a Prometheus to ask", fix="add prometheus: {url: http://localhost:9090}")
        return
    known = {name.text for name in names(sources)} or {"default"}
    users = [*_packs(root), *(loaded.node for file in files for loaded in file.loaded)]
    for user in users:
        used = user.get("source")
        if isinstance(used, Scalar) and used.text not in known:
            yield used.problem(
                f'source "{used.text}" is not defined', fix=suggestion(used.text, known, label="defined")
            )


def _packs(root: Table) -> list[Table]:
    packs = root.get("packs")
    return [pack for pack in packs.items if isinstance(pack, Table)] if isinstance(packs, Items) else []


def _recorded_nowhere(root: Table, files: Iterable[RuleFile]) -> Iterator[Problem]:
    """A warning at the first recording rule, where its series are written nowhere."""
    targets = root.get("remote_write")
    if isinstance(targets, Items) and targets.items:
        return
    recording = (
        node
        for file in files
        for loaded in file.loaded
        for rule, node in loaded.rules()
        if isinstance(rule, RecordingRule)
    )
    for node in islice(recording, 1):
        yield node.problem(
            "recorded series are written nowhere: only later rules of the same group see them",
            fix="add remote_write, such as remote_write: [{url: http://localhost:9090/api/v1/write}]",
            severity=Severity.WARNING,
        )
