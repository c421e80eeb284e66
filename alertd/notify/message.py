"""`Message`: what a receiver renders. The data of Alertmanager's templates, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from alertd.alerts.posted import PostedAlert
from alertd.dispatch.grouping import GroupFlush
from alertd.labels import EMPTY, LabelSet
from alertd.notify.changes import Changes, changes
from alertd.notify.log import LogEntry
from alertd.notify.reason import Reason


class Status(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


def status_of(alerts: Sequence[PostedAlert]) -> Status:
    """Firing as long as one of them fires."""
    return Status.FIRING if any(alert.ends_at is None for alert in alerts) else Status.RESOLVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One notification before it is rendered.

    alerts       in the order of a notification; one with `ends_at` is resolved
    changes      what of this the integration was not told before
    truncated    how many alerts `max_alerts` cut off; everything else here speaks of the alerts that are left
    tick         when it was decided
    """

    receiver: str
    status: Status
    alerts: tuple[PostedAlert, ...]
    reason: Reason
    group_key: str
    tick: datetime
    group_labels: LabelSet = EMPTY
    common_labels: LabelSet = EMPTY
    common_annotations: Mapping[str, str] = field(default_factory=dict)
    route_labels: Mapping[str, str] = field(default_factory=dict)
    external_url: str = ""
    changes: Changes = field(default_factory=Changes)
    truncated: int = 0


def compose(
    flush: GroupFlush,
    reason: Reason,
    *,
    send_resolved: bool,
    external_url: str,
    max_alerts: int = 0,
    known: LogEntry | None = None,
) -> Message:
    """The message about a flush: its firing alerts, with `send_resolved` its resolved ones, the first `max_alerts` of them.

    known   what the integration was told last
    """
    told = flush.alerts if send_resolved else flush.firing
    kept = told[:max_alerts] if max_alerts else told
    return Message(
        receiver=flush.receiver,
        status=status_of(kept),
        alerts=kept,
        reason=reason,
        group_key=flush.shown_key,
        tick=flush.tick,
        group_labels=flush.labels,
        common_labels=LabelSet(_common([alert.labels for alert in kept])),
        common_annotations=_common([alert.annotations for alert in kept]),
        external_url=external_url.rstrip("/"),
        changes=changes(known, kept),
        truncated=len(told) - len(kept),
    )


def _common(sets: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The pairs that all of them share, sorted by name."""
    if not sets:
        return {}
    common = dict(sets[0])
    for other in sets[1:]:
        common = {name: value for name, value in common.items() if other.get(name) == value}
    return dict(sorted(common.items()))
