"""Rules and rule groups as the evaluator sees them: validated, in file order, templates compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from alertd.labels import LabelSet

if TYPE_CHECKING:
    from alertd.rules.kind import Kind
    from alertd.template.prometheus import RuleTemplate


class Policy(StrEnum):
    """What becomes of a rule's alerts when there is no data, or an error."""

    OK = "ok"  # as if not breached
    KEEP = "keep"  # states stay as they are
    ALERT = "alert"  # an alert of its own, label alertd_reason says why


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertingRule:
    """One `alert:` of a rule file.

    labels, annotations   templates by name; labels are the alert's identity, annotations follow the newest value
    static_labels         the label texts as written (group labels included): the rule's identity over a reload, with its name
    """

    name: str
    expr: str
    kind: Kind
    hold: timedelta = timedelta()
    keep_firing_for: timedelta = timedelta()
    labels: Mapping[str, RuleTemplate] = field(default_factory=dict)
    annotations: Mapping[str, RuleTemplate] = field(default_factory=dict)
    static_labels: LabelSet = LabelSet()  # noqa: RUF009 - immutable
    annotation_texts: Mapping[str, str] = field(default_factory=dict)
    label_texts: Mapping[str, str] = field(default_factory=dict)
    on_no_data: Policy = Policy.OK
    on_error: Policy = Policy.KEEP
    unit: str = ""
    limit: int = 0
    line: int = 0

    @property
    def identity(self) -> str:
        """Name and static labels: what makes it the same rule after a reload, whatever its expression."""
        return f"alert/{self.name}{self.static_labels!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRule:
    """One `record:` of a rule file; labels are plain text, an empty one removes the label."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)
    limit: int = 0
    line: int = 0

    @property
    def name(self) -> str:
        return self.record

    @property
    def identity(self) -> str:
        return f"record/{self.record}{LabelSet(self.labels)!r}"


Rule = AlertingRule | RecordingRule


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGroup:
    """Rules evaluated one after the other at the same slots.

    interval      distance of slots; already the global one where the file names none
    query_offset  how far before its slot an expression is evaluated
    source        name of the Prometheus that is asked
    """

    file: str
    name: str
    interval: timedelta
    rules: tuple[Rule, ...]
    query_offset: timedelta = timedelta()
    limit: int = 0
    source: str = "default"
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """`FILE;NAME`, as Prometheus names a group."""
        return f"{self.file};{self.name}"
