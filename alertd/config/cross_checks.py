"""What the parts of the files say of each other: names that are used must be defined, and defined once.

Checked on the files' values, so that a file with other faults is checked as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from alertd.config.routing_names import RoutingNames, names, not_unique
from alertd.config.rule_files import RuleFile
from alertd.rules.rule import RecordingRule
from alertd.yamlio import Items, Node, Problem, Scalar, Severity, Table, suggestion


def check_names(root: Table) -> Iterator[Problem]:
    """Receivers, time intervals and sources of alertd.yml."""
    yield from not_unique(names(root.get("prometheus")), "source")
    yield from RoutingNames(root).problems()


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
        at: Node = patterns or root
        yield at.problem("rules need a Prometheus to ask", fix="add prometheus: {url: http://localhost:9090}")
        return
    known = {name.text for name in names(sources)} or {"default"}
    for file in files:
        for loaded in file.loaded:
            used = loaded.node.get("source")
            if isinstance(used, Scalar) and used.text not in known:
                yield used.problem(
                    f'source "{used.text}" is not defined', fix=suggestion(used.text, known, label="defined")
                )


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
