"""The one state machine of alerts, live and replayed: `step()`.

source   Prometheus rules.AlertingRule.Eval; where it says better than that, the text says so
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alertd.alerts.alert import Alert, Resolution, State
from alertd.labels import EMPTY, LabelSet
from alertd.rules.finding import REASON_LABEL

RESOLVED_RETENTION = timedelta(minutes=15)
"""How long a resolved alert is kept, so that its end is told again to receivers that were away."""

Alerts = Mapping[LabelSet, Alert]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An alert that the rule says is true at this slot, before its history is looked at.

    held   true only for an alert that fires already (hysteresis)
    """

    labels: LabelSet
    annotations: Mapping[str, str]
    value: float
    series: LabelSet = EMPTY
    evidence: Mapping[str, object] = field(default_factory=dict)
    held: bool = False
    told_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """How long a rule waits before it fires (`for`), and before it resolves (`keep_firing_for`)."""

    hold: timedelta = timedelta()
    keep_firing_for: timedelta = timedelta()


def step(alerts: Alerts, candidates: Iterable[Candidate], *, holds: Holds, at: datetime) -> dict[LabelSet, Alert]:
    """The alerts of one rule after a successful evaluation at `at`.

    alerts       those before it, resolved ones that are still kept included
    candidates   at most one per label set
    returns      the same objects where nothing changed
    """
    present = {candidate.labels: candidate for candidate in candidates}
    after: dict[LabelSet, Alert] = {}
    for labels in alerts.keys() - present.keys():
        if (gone := _absent(alerts[labels], holds, at)) is not None:
            after[labels] = gone
    for labels, candidate in present.items():
        before = alerts.get(labels)
        alert = _absent(before, holds, at) if _holds_nothing(before, candidate) else _present(before, candidate, at)
        if alert is not None:
            after[labels] = _fire_if_due(alert, holds, at)
    return after


def _holds_nothing(before: Alert | None, candidate: Candidate) -> bool:
    return candidate.held and (before is None or before.state is not State.FIRING)


def _present(before: Alert | None, candidate: Candidate, at: datetime) -> Alert:
    """The alert with what is new of it; a new episode when there was none, or it had ended."""
    value = candidate.value
    if before is None or before.state is State.INACTIVE:
        return Alert(
            labels=candidate.labels, annotations=candidate.annotations, value=value, state=State.PENDING, active_at=at,
            series=candidate.series, evidence=candidate.evidence, peak=value, told_once=candidate.told_once,
        )  # fmt: skip
    if _same(before, candidate):
        return before
    peak = value if before.peak is None or abs(value) > abs(before.peak) else before.peak
    return replace(
        before, value=value, annotations=candidate.annotations, series=candidate.series, evidence=candidate.evidence,
        peak=peak, keep_firing_since=None,
    )  # fmt: skip


def _same(alert: Alert, candidate: Candidate) -> bool:
    both_nan = alert.value != alert.value and candidate.value != candidate.value
    return (
        (alert.value == candidate.value or both_nan)
        and alert.keep_firing_since is None
        and alert.annotations == candidate.annotations
        and alert.series == candidate.series
        and alert.evidence == candidate.evidence
    )


def _fire_if_due(alert: Alert, holds: Holds, at: datetime) -> Alert:
    if alert.state is State.PENDING and at - alert.active_at >= holds.hold:
        return replace(alert, state=State.FIRING, fired_at=at)
    return alert


def _absent(alert: Alert | None, holds: Holds, at: datetime) -> Alert | None:
    """What becomes of an alert the rule no longer says is true; None once it is forgotten."""
    if alert is None or alert.state is State.PENDING:
        return None
    if alert.state is State.INACTIVE:
        expired = alert.resolved_at is not None and at - alert.resolved_at > RESOLVED_RETENTION
        return None if expired else alert
    since = alert.keep_firing_since or at
    if at - since < holds.keep_firing_for:
        return alert if alert.keep_firing_since else replace(alert, keep_firing_since=since)
    return resolve(alert, Resolution.CLEARED, at=at)


def resolve(alert: Alert, why: Resolution, *, at: datetime) -> Alert:
    """A firing alert, ended."""
    return replace(alert, state=State.INACTIVE, resolved_at=at, resolution=why, keep_firing_since=None)


def resolve_all(alerts: Alerts, why: Resolution, *, at: datetime) -> dict[LabelSet, Alert]:
    """Every alert ended: firing ones are kept as resolved so that their end is told, pending ones are forgotten.

    Prometheus forgets firing ones silently when a rule is deleted or exceeds its limit.
    """
    return {
        labels: resolve(alert, why, at=at) if alert.state is State.FIRING else alert
        for labels, alert in alerts.items()
        if alert.state is not State.PENDING
    }


def active(alerts: Alerts) -> list[Alert]:
    """Pending and firing alerts: what Prometheus calls active."""
    return [alert for alert in alerts.values() if alert.state is not State.INACTIVE]


def set_aside(alerts: Alerts, labels: Collection[LabelSet]) -> tuple[dict[LabelSet, Alert], dict[LabelSet, Alert]]:
    """Alerts to step on with, and those of `labels` whose truth is unknown: they stay exactly as they are."""
    unknown = {key: alert for key, alert in alerts.items() if key in labels}
    return {key: alert for key, alert in alerts.items() if key not in unknown}, unknown


def explain_ends(before: Alerts, after: Alerts, value_of: Callable[[LabelSet], float | None]) -> dict[LabelSet, Alert]:
    """`after`, each alert that ended in this step with the value its series has now, or with the reason that it has none.

    One that is about no series has cleared, whatever the data are.
    """
    return {
        labels: alert
        if REASON_LABEL in labels or not _ended(before.get(labels), alert)
        else _explained(alert, value_of(alert.series))
        for labels, alert in after.items()
    }


def _ended(before: Alert | None, after: Alert) -> bool:
    return after.state is State.INACTIVE and before is not None and before.state is State.FIRING


def _explained(alert: Alert, value: float | None) -> Alert:
    return replace(alert, resolved_value=value, resolution=Resolution.NO_DATA if value is None else alert.resolution)
