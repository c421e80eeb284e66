"""The groups and rules of a rule file: from YAML nodes to what the evaluator runs, with everything that is wrong on the way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from pydantic import ValidationError

from alertd.config.expressions import expression_fault
from alertd.config.fields import FieldReader, text_of
from alertd.config.model_problems import model_problems
from alertd.config.rule_keys import (
    ALERT_ONLY_KEYS,
    FOREIGN_GROUP_KEYS,
    GROUP_KEYS,
    RULE_KEYS,
    STRANGE_RULE_KEYS,
)
from alertd.config.template_places import place_in
from alertd.labels import LabelSet
from alertd.query.split import split
from alertd.rules.kind import Kind
from alertd.rules.promql import PromQL
from alertd.rules.registry import KINDS
from alertd.rules.registry import plain as plain_kind
from alertd.rules.rule import AlertingRule, Policy, RecordingRule, Rule, RuleGroup
from alertd.rules.settings import EvaluationSettings
from alertd.template.errors import ParseError
from alertd.template.prometheus import RuleTemplate, compile_rule_template
from alertd.yamlio import Node, Scalar, Table, is_null, texts

METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
Labels = Mapping[str, Scalar]
_NO_TIME = re.compile("0|(?:0+[a-z]+)+")


@dataclass(frozen=True, slots=True)
class LoadedGroup:
    """A rule group, and beside each of its rules the mapping it was read from."""

    group: RuleGroup
    node: Table
    rule_nodes: tuple[Table, ...]

    def rules(self) -> Iterator[tuple[Rule, Table]]:
        return zip(self.group.rules, self.rule_nodes, strict=True)


class GroupReader:
    """Reads the groups of one file; `fields.problems` has what is wrong."""

    def __init__(self, file: str, fields: FieldReader, evaluation: EvaluationSettings, source: str) -> None:
        self._file = file
        self._source = source
        self._fields = fields
        self._evaluation = evaluation
        self._names: dict[str, int] = {}  # first line of each
        self._faulty: set[Scalar] = set()

    def read(self, nodes: Iterable[Table]) -> list[LoadedGroup]:
        """One group for each mapping."""
        return [self._group(node) for node in nodes]

    def _group(self, node: Table) -> LoadedGroup:
        fields = self._fields
        fields.keys(node, GROUP_KEYS, remedies=FOREIGN_GROUP_KEYS)
        labels = fields.texts(node, "labels", noun="label")
        limit = fields.integer(node, "limit") or 0
        interval = fields.duration(node, "interval") or self._evaluation.interval
        rules = [
            (rule, rule_node)
            for rule_node in fields.tables(node, "rules", "a rule must be a mapping with alert or record, and expr")
            if (rule := self._rule(rule_node, labels, limit, interval)) is not None
        ]
        offset = fields.duration(node, "query_offset")
        group = RuleGroup(
            file=self._file,
            name=self._name(node),
            interval=interval,
            query_offset=self._evaluation.query_offset if offset is None else offset,
            limit=limit,
            source=fields.text(node, "source") or self._source,
            labels=texts_of(labels),
            rules=tuple(rule for rule, _ in rules),
        )
        return LoadedGroup(group, node, tuple(rule_node for _, rule_node in rules))

    def _name(self, node: Table) -> str:
        name = self._fields.text(node, "name")
        at: Node = node.get("name") or node
        if not name:
            self._fields.wrong(at, "a group needs a name", "add name: some-name")
        elif name in self._names:
            self._fields.wrong(
                at, f'group name "{name}" is repeated in the same file, first at line {self._names[name]}', "rename it"
            )
        self._names.setdefault(name, at.line)
        return name

    def _rule(self, node: Table, group_labels: Labels, group_limit: int, interval: timedelta) -> Rule | None:
        """The rule; None when something is wrong with it, or it is switched off."""
        fields = self._fields
        before = len(fields.problems)
        fields.keys(node, RULE_KEYS, remedies=STRANGE_RULE_KEYS)
        alert, record = fields.text(node, "alert"), fields.text(node, "record")
        if alert and record:
            fields.wrong(node.entries["alert"].key, "only one of record and alert must be set", "make them two rules")
        elif not alert and not record:
            fields.wrong(node, "one of record or alert must be set", "name the rule")
        expr = "" if self._asks_itself(node) else self._expr(node)
        limit = fields.integer(node, "limit")
        enabled = fields.flag(node, "enabled", default=True)
        limit = group_limit if limit is None else limit
        if record and not alert:
            rule: Rule = self._recording(node, record, expr, group_labels, limit)
        else:
            rule = self._alerting(node, alert, expr, group_labels, limit, interval)
        return rule if enabled and len(fields.problems) == before else None

    def _expr(self, node: Table) -> str:
        """The expression, without white space around it."""
        entry = node.entries.get("expr")
        scalar = self._fields.scalar(node, "expr")
        if entry is None or is_null(entry.value):
            at: Node = node if entry is None else entry.value
            self._fields.wrong(at, "field expr must be set in a rule", "write the PromQL expression there")
            return ""
        if scalar is None:
            return ""
        fault = expression_fault(scalar.text)
        if fault is not None:
            self._fields.problems.append(scalar.problem(fault.message, fix=fault.fix, at=scalar.place(fault.offset)))
        return scalar.text.strip()

    def _recording(self, node: Table, record: str, expr: str, group_labels: Labels, limit: int) -> RecordingRule:
        fields = self._fields
        for key in ALERT_ONLY_KEYS:
            entry = node.entries.get(key)
            if entry is not None and not _says_nothing(entry.value):
                fields.wrong(entry.key, f"field {key} belongs to alerts, not to a recording rule", "remove it")
        if METRIC_NAME.fullmatch(record) is None:
            fields.wrong(
                node.entries["record"].value,
                f"invalid recording rule name: {record}",
                "use letters, digits, _ and : only, no digit first",
            )
        labels = {**group_labels, **fields.texts(node, "labels", noun="label")}
        return RecordingRule(record=record, expr=expr, labels=texts_of(labels), limit=limit, line=node.line)

    def _alerting(
        self, node: Table, alert: str, expr: str, group_labels: Labels, limit: int, interval: timedelta
    ) -> AlertingRule:
        fields = self._fields
        labels = {**group_labels, **fields.texts(node, "labels", noun="label")}
        annotations = fields.texts(node, "annotations", noun="annotation")
        runbook = fields.scalar(node, "runbook_url")
        if runbook is not None:
            annotations.setdefault("runbook_url", runbook)
        unit = fields.text(node, "unit")
        kind = self._kind(node, expr, unit, interval)
        return AlertingRule(
            name=alert,
            expr=kind.query,
            kind=kind,
            hold=fields.duration(node, "for") or timedelta(),
            keep_firing_for=fields.duration(node, "keep_firing_for") or timedelta(),
            labels=self._templates(labels, alert),
            annotations=self._templates(annotations, alert),
            static_labels=LabelSet(texts_of(labels)),
            label_texts=texts_of(labels),
            annotation_texts=texts_of(annotations),
            on_no_data=self._on_no_data(node, kind, expr),
            on_error=fields.choice(node, "on_error", Policy.KEEP),
            unit=unit,
            limit=limit,
            line=node.line,
        )

    def _asks_itself(self, node: Table) -> bool:
        """Whether the rule's kind makes its own query, so that an expr would be asked in vain."""
        key = next((key for key, entry in KINDS.items() if entry.asks_itself and node.get(key) is not None), None)
        if key is not None and node.get("expr") is not None:
            self._fields.wrong(node.entries["expr"].key, f"{key} makes its own query", "remove expr")
        return key is not None

    def _kind(self, node: Table, expr: str, unit: str, interval: timedelta) -> Kind:
        """What the one key of a kind says; without such a key a plain Prometheus rule."""
        given = [key for key in KINDS if node.get(key) is not None]
        for key in given[1:]:
            self._fields.wrong(
                node.entries[key].key, f"a rule is of one kind, and {given[0]} is given", "keep one of them"
            )
        if not given:
            return plain_kind(expr)
        entry, value = KINDS[given[0]], node.entries[given[0]].value
        try:
            settings = entry.settings.model_validate(texts(value))
            return entry.build(expr, settings, unit, interval)
        except ValidationError as error:
            self._fields.problems.extend(model_problems(error, model=entry.settings, node=value))
        except ValueError as error:
            self._fields.wrong(value, str(error))
        return plain_kind(expr)

    def _on_no_data(self, node: Table, kind: Kind, expr: str) -> Policy:
        """What no data mean; an empty answer must not mean "not breached" at the same time."""
        policy = self._fields.choice(node, "on_no_data", Policy.OK)
        if policy is not Policy.OK and isinstance(kind, PromQL) and expr and split(expr) is None:
            self._fields.wrong(
                node.entries["on_no_data"].value,
                "cannot tell no data from not breached here",
                "give the limit as threshold:, or end the expression with a comparison with a number",
            )
        return policy

    def _templates(self, texts: Labels, alert: str) -> dict[str, RuleTemplate]:
        """The texts, compiled; one that does not parse is told once, however many rules share it."""
        templates: dict[str, RuleTemplate] = {}
        for name, scalar in texts.items():
            try:
                templates[name] = compile_rule_template(text_of(scalar), alert=alert)
            except ParseError as error:
                if scalar not in self._faulty:
                    self._fields.problems.append(scalar.problem(str(error), fix=error.fix, at=place_in(scalar, error)))
                self._faulty.add(scalar)
        return templates


def _says_nothing(value: Node) -> bool:
    """Whether a field is as good as absent: null, no entries, or no time (`for: 0s`)."""
    if isinstance(value, Table):
        return not value.entries
    return is_null(value) or (isinstance(value, Scalar) and _NO_TIME.fullmatch(value.text) is not None)


def texts_of(labels: Labels) -> dict[str, str]:
    """Label or annotation texts by name."""
    return {name: text_of(scalar) for name, scalar in labels.items()}
