"""What loads but is probably not meant: one small function per finding, in a table.

A comment `# alertd: ignore AL003` on the line of the finding or of its rule, or in the comment lines right above them,
silences it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from alertd.config.expressions import syntax_tree, walk
from alertd.config.lint_comments import is_silenced
from alertd.config.promql_functions import RATES
from alertd.config.promql_labels import Labels, fires_on_data, labels_of
from alertd.config.rule_files import RuleFile
from alertd.deferred import deferred
from alertd.duration import format_duration
from alertd.labels import LabelSet
from alertd.rules.promql import PromQL
from alertd.rules.rule import AlertingRule, Rule, RuleGroup
from alertd.template.prometheus import labels_used
from alertd.yamlio import Node, Problem, Scalar, Severity, Source, Table

if TYPE_CHECKING:
    from alertd.rules import anomaly, threshold
    from alertd.rules import anomaly_noise as noise
else:
    anomaly, noise = deferred("alertd.rules.anomaly"), deferred("alertd.rules.anomaly_noise")
    threshold = deferred("alertd.rules.threshold")

_NAMED_LABEL = re.compile(r"""[lL]abels\.(\w+)|[lL]abels\s+["`](\w+)""")
_PAGING = frozenset({"page", "critical"})
_SUMMARIES = frozenset({"summary", "description", "message", "title"})
_RUNBOOKS = frozenset({"runbook_url", "runbook", "runbook_link"})


@dataclass(frozen=True, slots=True)
class Subject:
    """A rule with where it stands and the syntax tree of its expression (None where it is not understood)."""

    rule: Rule
    group: RuleGroup
    node: Table
    tree: Any

    def problem(self, at: Node, message: str, fix: str, *, offset: int = 0) -> Problem:
        place = at.place(offset) if isinstance(at, Scalar) else None
        return at.problem(message, fix=fix, severity=Severity.WARNING, at=place)

    @property
    def expr(self) -> Scalar:
        node = self.node.get("expr")
        if not isinstance(node, Scalar):
            raise TypeError("a loaded rule has an expression")
        return node


@dataclass(frozen=True, slots=True)
class LintedFile:
    """A rule file and its rules, their expressions parsed once for all findings."""

    file: RuleFile
    subjects: tuple[Subject, ...]
    scrape_interval: timedelta | None

    def alerts(self) -> Iterator[tuple[Subject, AlertingRule]]:
        for subject in self.subjects:
            if isinstance(subject.rule, AlertingRule):
                yield subject, subject.rule


def duplicate_rules(linted: LintedFile) -> Iterator[Problem]:
    """The same name and the same labels twice in a file, whatever the expressions."""
    first: dict[tuple[str, LabelSet], int] = {}
    for subject in linted.subjects:
        rule = subject.rule
        labels = rule.static_labels if isinstance(rule, AlertingRule) else LabelSet(rule.labels)
        line = first.setdefault((rule.name, labels), subject.node.line)
        if line != subject.node.line:
            yield subject.problem(
                subject.node,
                f'"{rule.name}" with the labels {labels!r} is there already, at line {line}',
                "give them different names or labels, or their alerts and series collide",
            )


def label_aggregated_away(linted: LintedFile) -> Iterator[Problem]:
    """A template shows a label that the expression's result cannot have: it renders as nothing."""
    for subject, rule in linted.alerts():
        if subject.tree is None:
            continue
        labels = labels_of(subject.tree)
        for at, text in _templates(subject.node, rule):
            for name in _missing_labels(text, labels):
                yield subject.problem(
                    at,
                    f'the expression aggregates the label "{name}" away, so it is always empty here',
                    f'keep it in the expression, such as "by ({name})", or take it out of the text',
                    offset=_where_named(text, name),
                )


def comparison_missing(linted: LintedFile) -> Iterator[Problem]:
    """An alert that fires as soon as its series exist, whatever their values."""
    for subject, rule in linted.alerts():
        if isinstance(rule.kind, PromQL) and subject.tree is not None and fires_on_data(subject.tree):
            yield subject.problem(
                subject.expr,
                "fires for every series, whatever its value",
                'compare with a limit, such as "> 0"; with bool a comparison leaves nothing out',
            )


def short_window(linted: LintedFile) -> Iterator[Problem]:
    """A rate over a window that often holds fewer than two samples: gaps, and alerts that start over."""
    for subject in linted.subjects:
        scrape = linted.scrape_interval or subject.group.interval
        for call in walk(subject.tree):
            if type(call).__name__ != "Call" or call.func.name not in RATES:
                continue
            window = call.args[0].range if type(call.args[0]).__name__ == "MatrixSelector" else None
            if window is not None and window < 2 * scrape:
                shown = format_duration(window)
                yield subject.problem(
                    subject.expr,
                    f"{call.func.name}() over {shown} needs two samples, and one comes every {format_duration(scrape)}",
                    f"use at least [{format_duration(4 * scrape)}], or give the real --scrape-interval",
                    offset=max(subject.expr.text.find(f"[{shown}"), 0),
                )


def paging_undocumented(linted: LintedFile) -> Iterator[Problem]:
    """An alert that wakes somebody and does not say what is wrong or what to do."""
    for subject, rule in linted.alerts():
        severities = _severities(rule) & _PAGING
        missing = [
            name
            for name, known in (("summary", _SUMMARIES), ("runbook_url", _RUNBOOKS))
            if not known & {key for key, text in rule.annotation_texts.items() if text}
        ]
        if severities and missing:
            yield subject.problem(
                subject.node,
                f"severity {min(severities)} wakes people, and there is no {' and no '.join(missing)}",
                "write it under annotations",
            )


def anomaly_noise(linted: LintedFile) -> Iterator[Problem]:
    """An anomaly rule that chance alone fires every week, for every series."""
    for subject, rule in linted.alerts():
        if not isinstance(rule.kind, anomaly.Anomaly):
            continue
        settings, interval = rule.kind.settings, subject.group.interval
        if not settings.looks_back or settings.false_alerts_per_week is not None:
            continue
        windows = [node.range for node in walk(subject.tree) if type(node).__name__ == "MatrixSelector"]
        count = noise.expected_per_week(settings, interval, smoothed_over=max(windows, default=timedelta()))
        if count >= 1.0:
            yield subject.problem(
                subject.node.entries["anomaly"].value,
                f"{settings.method} with k {settings.sensitivity:g} at {format_duration(interval)} fires about "
                f"{count:.0f} times a week without a cause, for every series",
                "use false_alerts_per_week instead of k, a k of 4.5 and more, or method: seasonal; add min_impact",
            )


def several_documents(linted: LintedFile) -> Iterator[Problem]:
    """A second YAML document in a rule file: it is not read."""
    if linted.file.unread_at is not None:
        yield unread_document(linted.file.source, linted.file.unread_at)


def unread_document(source: Source, at: tuple[int, int]) -> Problem:
    """The warning of a second YAML document; a start of alertd gives it, too."""
    return Problem(
        file=source.name,
        line=at[0],
        column=at[1],
        message="another YAML document begins here; only the first one of a rule file is read",
        fix="join their groups, or make it a file of its own",
        severity=Severity.WARNING,
        code="AL006",
    )


@dataclass(frozen=True, slots=True)
class Lint:
    """One kind of finding: its name on the command line, and what finds it."""

    name: str
    find: Callable[[LintedFile], Iterator[Problem]]


LINTS: Mapping[str, Lint] = {
    "AL001": Lint("duplicate-rules", duplicate_rules),
    "AL002": Lint("label-aggregated-away", label_aggregated_away),
    "AL003": Lint("comparison-missing", comparison_missing),
    "AL004": Lint("short-window", short_window),
    "AL005": Lint("paging-undocumented", paging_undocumented),
    "AL006": Lint("several-documents", several_documents),
    "AL007": Lint("anomaly-noise", anomaly_noise),
}
"""By code. All are warnings; what is surely wrong, an unknown template function for one, is an error of loading."""


def lint(
    file: RuleFile, *, codes: Iterable[str] = tuple(LINTS), scrape_interval: timedelta | None = None
) -> list[Problem]:
    """The findings of one file that no comment silences.

    scrape_interval  how often samples come; None: as often as the group is evaluated, which is usual
    """
    subjects = tuple(
        Subject(rule, loaded.group, node, syntax_tree(rule.expr))
        for loaded in file.loaded
        for rule, node in loaded.rules()
    )
    linted = LintedFile(file, subjects, scrape_interval)
    return [
        replace(problem, code=code)
        for code in codes
        for problem in LINTS[code].find(linted)
        if not _ignored(problem, code, linted)
    ]


def _ignored(problem: Problem, code: str, linted: LintedFile) -> bool:
    """Whether a comment at the finding, or at the rule it is in, names its code or its name."""
    rule_lines = (subject.node.line for subject in linted.subjects if problem.path.startswith(subject.node.path))
    return is_silenced(linted.file.source, [problem.line, *rule_lines], names=(code, LINTS[code].name))


def _templates(node: Table, rule: AlertingRule) -> Iterator[tuple[Node, str]]:
    """Where each templated text of an alert stands, and the text; a label given by the group stands with the rule."""
    for key, texts in (("labels", rule.label_texts), ("annotations", rule.annotation_texts)):
        written = node.get(key)
        for name, text in texts.items():
            entry = written.entries.get(name) if isinstance(written, Table) else None
            if "{{" in text:
                yield (entry.value if entry is not None else node), text


def _missing_labels(text: str, labels: Labels) -> list[str]:
    """Labels of the alert's own series that a text shows and that are not among `labels`.

    Inside a `range` over the result of a query `.Labels` is another series. Parsing templates takes long, so only texts
    that name a missing label at all are parsed.
    """
    named = {match[1] or match[2] for match in _NAMED_LABEL.finditer(text)}
    if all(name in labels for name in named):
        return []
    used = labels_used(text)
    if "query" in text:
        used = {name for name in used if f"$labels.{name}" in text or f'$labels "{name}"' in text}
    return sorted(name for name in used if name not in labels)


def _where_named(text: str, label: str) -> int:
    named = (match.end() - len(label) for match in _NAMED_LABEL.finditer(text) if label in match.groups())
    return next(named, 0)


def _severities(rule: AlertingRule) -> set[str]:
    levels = rule.kind.levels if isinstance(rule.kind, threshold.Threshold) else ()
    found = {rule.label_texts.get("severity", ""), *(level.labels.get("severity", "") for level in levels)}
    return {severity.lower() for severity in found}
