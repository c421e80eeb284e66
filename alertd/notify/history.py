"""History: what became of alerts, and of what was to be told of them, each with its reason. Kept to be looked up.

Events are written in the very transactions that change what they speak of; an evaluation, a tick or a repeated post that
changes nothing has none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from alertd.alerts.alert import Alert, State
from alertd.alerts.posted import PostedAlert
from alertd.dispatch.grouping import GroupFlush
from alertd.dispatch.mutes import MutedAlert, Mutes
from alertd.labels import LabelSet
from alertd.notify.attempt import Record
from alertd.notify.log import LogEntry, Stream
from alertd.notify.outbox import Delivered, Delivery, Outcome
from alertd.notify.plan import FlushPlan


class EventKind(StrEnum):
    TRANSITION = "transition"  # an alert changed its state
    DECISION = "decision"  # what a tick led to: a notification was queued, or is not owed any more
    ATTEMPT = "attempt"  # an attempt to deliver ended
    FEEDBACK = "feedback"  # an operator said what an alert was


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened.

    what          the new state (`firing`), what was decided (`queued`), what an attempt came to (`delivered`)
    why           the reason in words; "" where `what` says it all
    fingerprint   of the alert, for a transition, and where it alone is held back
    group_key     of the aggregation group, for decisions and attempts
    receiver      `ops/slack[0]`, for decisions and attempts
    delivery      its id, for decisions and attempts about one
    facts         more about it by name: labels, value, seconds; JSON-like
    """

    at: datetime
    kind: EventKind
    what: str
    why: str = ""
    fingerprint: str = ""
    group_key: str = ""
    receiver: str = ""
    delivery: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


class History(Protocol):
    async def events(
        self,
        *,
        fingerprint: str = "",
        group_keys: Collection[str] = (),
        since: datetime | None = None,
        limit: int = 100,
    ) -> Sequence[Event]:
        """The newest events, newest first: about this alert or these groups; without either, all."""
        ...


class HistoryWrites(Protocol):
    def add_events(self, events: Sequence[Event]) -> None: ...

    def expire_events(self, before: datetime) -> None:
        """Forget what happened before `before`."""
        ...


def transitions(
    before: Mapping[LabelSet, Alert],
    *,
    changed: Iterable[Alert],
    dropped: Iterable[LabelSet],
    external_labels: Mapping[str, str],
    at: datetime,
) -> list[Event]:
    """The changes of state in one evaluation of a rule.

    before           the alerts as they were
    changed          those that are new or differ; dropped: labels of those that are no more
    external_labels  added to an alert when it is handed on: everybody else knows it by them
    """
    events = []
    for alert in changed:
        old = before.get(alert.labels)
        if (old.state if old else State.INACTIVE) is not alert.state:
            events.append(_transition(alert, external_labels, at))
    for labels in dropped:
        if before[labels].state is State.PENDING:
            why = "no longer true before it had held for long enough"
            events.append(_event(before[labels], external_labels, "inactive", why, at))
    return events


_WORDS = {State.PENDING: "pending", State.FIRING: "firing", State.INACTIVE: "resolved"}


def _transition(alert: Alert, external_labels: Mapping[str, str], at: datetime) -> Event:
    return _event(alert, external_labels, _WORDS[alert.state], str(alert.resolution or ""), at)


def _event(alert: Alert, external_labels: Mapping[str, str], what: str, why: str, at: datetime) -> Event:
    labels = LabelSet({**external_labels, **alert.labels}) if external_labels else alert.labels
    facts: dict[str, object] = {"labels": dict(labels), "value": alert.value}
    if "Threshold" in alert.evidence:
        facts["threshold"] = alert.evidence["Threshold"]
    if what == "resolved":
        facts["value"] = alert.resolved_value
    return Event(
        at=at, kind=EventKind.TRANSITION, what=what, why=why, fingerprint=labels.fingerprint, facts=facts
    )  # fmt: skip


def posted_transition(before: PostedAlert | None, after: PostedAlert, *, at: datetime) -> Event | None:
    """The change of state of an alert that somebody posted; None where it merely goes on."""
    fired = before is not None and not before.resolved(at)
    ended = after.resolved(at)
    same_episode = before is not None and after.starts_at <= before.starts_at
    if ended and not fired:
        return None
    if not ended and fired and same_episode:
        return None
    return Event(
        at=at,
        kind=EventKind.TRANSITION,
        what="resolved" if ended else "firing",
        why=after.resolution if ended else "",
        fingerprint=after.fingerprint,
        facts={"labels": after.labels.to_dict()},
    )


def decisions(flush: GroupFlush, plan: FlushPlan, *, at: datetime) -> Iterator[Event]:
    """What one flush of a group led to."""
    for queued in plan.queued:
        delivery = queued.delivery
        yield _decision(
            delivery.stream,
            "queued",
            delivery.reason.value,
            at,
            delivery=delivery.id,
            facts={"tick": flush.tick.isoformat(), **_counts(delivery.entry), "changes": queued.changes},
        )
    for entry in plan.entries:
        yield _decision(
            entry.stream, "not sent", "send_resolved is off: nobody wants to hear that it is over", at,
            facts={"tick": flush.tick.isoformat(), **_counts(entry)},
        )  # fmt: skip
    for void in plan.superseded:
        yield Event(
            at=at, kind=EventKind.DECISION, what="superseded", why="nothing is left to tell",
            group_key=flush.group_key, delivery=void,
        )  # fmt: skip


def mute_texts(muted: Iterable[MutedAlert]) -> dict[LabelSet, str]:
    """What holds each alert back, in words that stay the same as long as the reasons do."""
    return {held.alert.labels: _mute_text(held.why) for held in muted}


def mute_changes(
    before: Mapping[LabelSet, str], after: Mapping[LabelSet, str], flush: GroupFlush, *, at: datetime
) -> list[Event]:
    """Alerts of a group that are held back from now on, or for another reason, or not any more; see `mute_texts`."""
    present = {alert.labels for alert in flush.alerts}
    held = [(labels, "held back", why) for labels, why in after.items() if before.get(labels) != why]
    freed = [(labels, "let through", "") for labels in before if labels not in after and labels in present]
    return [
        Event(
            at=at, kind=EventKind.DECISION, what=what, why=why, fingerprint=labels.fingerprint,
            receiver=flush.receiver, facts={"labels": dict(labels)},
        )
        for labels, what, why in (*held, *freed)
    ]  # fmt: skip


def _mute_text(mutes: Mutes) -> str:
    reasons = {
        "inhibited by": dict.fromkeys(one.rule for one in mutes.inhibited_by),
        "outside of": mutes.inactive,
        "muted in": mutes.muted_by,
        "silenced by": mutes.silenced_by,
    }
    return "; ".join(f"{word} {', '.join(by)}" for word, by in reasons.items() if by)


def _decision(
    stream: Stream, what: str, why: str, at: datetime, *, delivery: str = "", facts: Mapping[str, object]
) -> Event:
    return Event(
        at=at, kind=EventKind.DECISION, what=what, why=why, group_key=stream.group_key, receiver=place_of(stream),
        delivery=delivery, facts=facts,
    )  # fmt: skip


def attempt(record: Record, outcome: Outcome, *, seconds: float, at: datetime) -> Event:
    """One attempt to deliver, and what the receiver said."""
    delivery = record.delivery
    facts: dict[str, object] = {"attempt": delivery.attempts, "seconds": round(seconds, 3)}
    if not isinstance(outcome, Delivered):
        facts["cause"] = outcome.cause.value
    return Event(
        at=at,
        kind=EventKind.ATTEMPT,
        what=type(record.event).__name__.lower(),
        why=outcome.answer if isinstance(outcome, Delivered) else outcome.why,
        group_key=delivery.stream.group_key,
        receiver=place_of(delivery.stream),
        delivery=delivery.id,
        facts=facts,
    )


def lost_attempt(delivery: Delivery, *, at: datetime) -> Event:
    """An attempt whose end nobody knows."""
    return Event(
        at=at, kind=EventKind.ATTEMPT, what="leaselost", why="the end of the attempt is not known: made again",
        group_key=delivery.stream.group_key, receiver=place_of(delivery.stream), delivery=delivery.id,
        facts={"attempt": delivery.attempts},
    )  # fmt: skip


def passed_on(dead: Delivery, instead: Delivery, *, at: datetime) -> Event:
    """The fallback receiver is told that a delivery is dead."""
    return _decision(
        dead.stream, "passed on", f"to {place_of(instead.stream)}: {dead.last_error}", at, delivery=instead.id,
        facts={"dead": dead.id},
    )  # fmt: skip


def condensed(delivery: Delivery, digest: Delivery, *, at: datetime) -> Event:
    """A digest tells what this delivery would have said."""
    return _decision(
        delivery.stream, "condensed", "many notifications were waiting: a digest tells it", at, delivery=delivery.id,
        facts={"digest": digest.id},
    )  # fmt: skip


def after_digest(delivery: Delivery, digest: Delivery, *, why: str, at: datetime) -> Event:
    """What became of a condensed delivery with its digest."""
    return Event(
        at=at, kind=EventKind.DECISION, what=delivery.state.value, why=why or "by a digest",
        group_key=delivery.stream.group_key, receiver=place_of(delivery.stream), delivery=delivery.id,
        facts={"digest": digest.id},
    )  # fmt: skip


def place_of(stream: Stream) -> str:
    """`ops/slack[0]`: an integration as people write it."""
    return place(stream.receiver, stream.integration, stream.index)


def place(receiver: str, integration: str, index: int) -> str:
    """See `place_of`."""
    return f"{receiver}/{integration}[{index}]"


def _counts(entry: LogEntry) -> dict[str, object]:
    return {"firing": len(entry.firing), "resolved": len(entry.resolved)}
