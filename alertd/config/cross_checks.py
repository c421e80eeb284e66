"""What the parts of the files say of each other: names that are used must be defined, and defined once.

Checked on the files' values, so that a file with other faults is checked as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from alertd.config.rule_files import RuleFile
from alertd.rules.rule import RecordingRule
from alertd.yamlio import Items, Node, Problem, Scalar, Severity, Table, suggestion


def check_names(root: Table) -> Iterator[Problem]:
    """Receivers and sources of alertd.yml."""
    receivers = _names(root.get("receivers"))
    yield from _duplicates(receivers, "receiver")
    yield from _duplicates(_names(root.get("prometheus")), "source")
    yield from _route(root)
    defined = {name.text for name in receivers}
    for used in _receivers_of(root.get("route")):
        if used.text not in defined:
            fix = suggestion(used.text, defined, label="defined") or "define it under receivers"
            yield used.problem(f'receiver "{used.text}" is not defined', fix=fix)


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
    names = {name.text for name in _names(sources)} or {"default"}
    for file in files:
        for loaded in file.loaded:
            used = loaded.node.get("source")
            if isinstance(used, Scalar) and used.text not in names:
                yield used.problem(
                    f'source "{used.text}" is not defined', fix=suggestion(used.text, names, label="defined")
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


def _route(root: Table) -> Iterator[Problem]:
    """Alerts must have somewhere to go."""
    if root.get("route") is not None or root.get("alertmanagers") is not None:
        return
    yield root.problem(
        "no route provided",
        path="route",
        fix="say who is told, such as route: {receiver: ops}, or list alertmanagers that are sent the alerts",
    )


def _receivers_of(route: Node | None) -> Iterator[Scalar]:
    """Every `receiver:` of a route and of the routes in it."""
    if not isinstance(route, Table):
        return
    receiver = route.get("receiver")
    if isinstance(receiver, Scalar):
        yield receiver
    inner = route.get("routes")
    for child in inner.items if isinstance(inner, Items) else ():
        yield from _receivers_of(child)


def _names(node: Node | None) -> list[Scalar]:
    """The names of a list of named things, or of one that stands alone."""
    items = node.items if isinstance(node, Items) else (node,)
    names = (item.get("name") for item in items if isinstance(item, Table))
    return [name for name in names if isinstance(name, Scalar)]


def _duplicates(names: Iterable[Scalar], what: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for name in names:
        if name.text in first:
            yield name.problem(
                f'{what} name "{name.text}" is given twice, first at line {first[name.text]}', fix="rename one of them"
            )
        first.setdefault(name.text, name.line)
