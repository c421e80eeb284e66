"""`Alert`: one label set of one rule, and since when it has been true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from alertd.labels import EMPTY, LabelSet


class State(StrEnum):
    INACTIVE = "inactive"  # resolved, kept for a while so that its end is told and re-told
    PENDING = "pending"
    FIRING = "firing"


class Resolution(StrEnum):
    """Why an alert ended."""

    CLEARED = "condition no longer true"
    NO_DATA = "no data any more"
    RULE_GONE = "rule deleted or disabled"
    LIMIT = "rule exceeded its limit of alerts"
    ERROR = "evaluation failed and the rule's on_error is ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One label set of one rule. All times are UTC-aware slot times.

    labels             identity: series labels, rule labels, alertname
    series             labels of the series it came from, `__name__` included
    value              value at the newest evaluation that breached
    active_at          first breach of this episode
    fired_at           when `for` was reached; set when, and only when, it fires or has fired
    resolved_at        when it stopped firing; set when, and only when, INACTIVE
    keep_firing_since  first evaluation without a breach, while keep_firing_for holds it
    last_sent_at       last time it was handed on
    peak               largest magnitude of `value` in this episode
    told_once          nobody needs to hear of it again while it lasts
    resolved_value     value of the series at resolved_at, where it could be seen
    """

    labels: LabelSet
    annotations: Mapping[str, str]
    value: float
    state: State
    active_at: datetime
    series: LabelSet = EMPTY
    evidence: Mapping[str, object] = field(default_factory=dict)
    fired_at: datetime | None = None
    resolved_at: datetime | None = None
    resolution: Resolution | None = None
    resolved_value: float | None = None
    keep_firing_since: datetime | None = None
    last_sent_at: datetime | None = None
    peak: float | None = None
    told_once: bool = False
