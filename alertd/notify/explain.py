"""`Explanation`: all there is to say about one alert, and why somebody was, or was not, told of it. Pure.

The command line, the API and the pages show the same facts: these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from alertd.dispatch.mutes import Mutes
from alertd.dispatch.silences import Silence
from alertd.notify.history import Event, EventKind, place_of
from alertd.notify.log import LogEntry
from alertd.notify.outbox import FINAL, Delivery, DeliveryState


class _Facts(msgspec.Struct, frozen=True, rename="camel"):
    """Written as JSON in camel case; a key may be added, none is taken away."""


class RuleFacts(_Facts, frozen=True):
    """The rule behind an alert, at its newest evaluation; `value` is the one at its end where the alert has ended."""

    name: str
    group: str
    file: str
    expr: str
    hold_seconds: float
    health: str
    last_error: str
    evaluated_at: datetime | None
    active_at: datetime
    value: float | None
    threshold: float | None
    unit: str


class SilenceFacts(_Facts, frozen=True):
    id: str
    created_by: str
    comment: str
    ends_at: datetime


class InhibitionFacts(_Facts, frozen=True):
    """Who inhibits, by its fingerprint, and by which rule."""

    fingerprint: str
    rule: str


class MuteFacts(_Facts, frozen=True):
    """Everything that holds an alert back on one route; `stage` is the first reason, "" when nothing does."""

    stage: str = ""
    silenced_by: list[SilenceFacts] = []
    inhibited_by: list[InhibitionFacts] = []
    muted_by: list[str] = []
    outside_of: list[str] = []


class ToldFacts(_Facts, frozen=True):
    """What an integration was told of this alert last: `firing`, `resolved`, or `firing, perhaps` (no answer came)."""

    receiver: str
    at: datetime
    says: str


class RouteFacts(_Facts, frozen=True):
    """One route the alert takes, and its aggregation group there; `next_flush_at` None: it is in no group now."""

    receiver: str
    route: str
    group_key: str
    group_labels: dict[str, str]
    next_flush_at: datetime | None
    mutes: MuteFacts
    told: list[ToldFacts]


class AttemptFacts(_Facts, frozen=True):
    at: datetime
    attempt: int
    outcome: str
    answer: str
    seconds: float


class DeliveryFacts(_Facts, frozen=True):
    """A notification that speaks of the alert; `next_at` while it is to be tried again.

    changes   what was new in it: `2 new, 1 resolved, 3 still firing`; "" where that is no longer known
    """

    id: str
    group_key: str
    receiver: str
    reason: str
    state: str
    created_at: datetime
    next_at: datetime | None
    last_error: str
    attempts: list[AttemptFacts]
    changes: str = ""


class EventFacts(_Facts, frozen=True):
    at: datetime
    kind: str
    what: str
    why: str
    receiver: str
    value: float | None = None


class Explanation(_Facts, frozen=True):
    """One alert.

    state        `pending`, `firing`, `resolved`
    why          in sentences: what became of it on each route
    rule         None for an alert that somebody posted
    deliveries   newest first; history: newest first
    """

    fingerprint: str
    labels: dict[str, str]
    annotations: dict[str, str]
    state: str
    starts_at: datetime | None
    ends_at: datetime | None
    why: list[str]
    rule: RuleFacts | None
    routes: list[RouteFacts]
    deliveries: list[DeliveryFacts]
    history: list[EventFacts]


def mute_facts(mutes: Mutes, silences: Mapping[str, Silence]) -> MuteFacts:
    """`silences` by id: those that `mutes` names."""
    return MuteFacts(
        stage=mutes.stage.value if mutes.stage else "",
        silenced_by=[
            SilenceFacts(id=one.id, created_by=one.created_by, comment=one.comment, ends_at=one.ends_at)
            for one in (silences[silence_id] for silence_id in mutes.silenced_by if silence_id in silences)
        ],
        inhibited_by=[InhibitionFacts(fingerprint=one.source, rule=one.rule) for one in mutes.inhibited_by],
        muted_by=list(mutes.muted_by),
        outside_of=list(mutes.inactive),
    )


def told_facts(entries: Iterable[LogEntry], fingerprint: str) -> list[ToldFacts]:
    """What these log entries say about the alert."""
    found = []
    for entry in entries:
        words = (("firing", entry.firing), ("resolved", entry.resolved), ("firing, perhaps", entry.perhaps))
        says = next((word for word, told in words if any(one.fingerprint == fingerprint for one in told)), "")
        if says:
            found.append(ToldFacts(receiver=place_of(entry.stream), at=entry.at, says=says))
    return sorted(found, key=lambda told: told.receiver)


def delivery_facts(deliveries: Iterable[Delivery], events: Iterable[Event], fingerprint: str) -> list[DeliveryFacts]:
    """Those of the deliveries that speak of the alert, each with its attempts among `events`."""
    attempts: dict[str, list[AttemptFacts]] = {}
    changes: dict[str, str] = {}
    for event in events:
        if event.kind is EventKind.ATTEMPT:
            attempts.setdefault(event.delivery, []).append(_attempt(event))
        elif "changes" in event.facts:
            changes[event.delivery] = str(event.facts["changes"])
    return [
        DeliveryFacts(
            id=one.id,
            group_key=one.stream.group_key,
            receiver=place_of(one.stream),
            reason=one.reason.value,
            state=one.state.value,
            created_at=one.created_at,
            next_at=None if one.state in FINAL else one.next_at,
            last_error=one.last_error,
            attempts=sorted(attempts.get(one.id, []), key=lambda attempt: attempt.at),
            changes=changes.get(one.id, ""),
        )
        for one in deliveries
        if any(episode.fingerprint == fingerprint for episode in one.entry.firing | one.entry.resolved)
    ]


def _attempt(event: Event) -> AttemptFacts:
    number, seconds = event.facts.get("attempt"), event.facts.get("seconds")
    return AttemptFacts(
        at=event.at,
        attempt=number if isinstance(number, int) else 0,
        outcome=event.what,
        answer=event.why,
        seconds=float(seconds) if isinstance(seconds, int | float) else 0.0,
    )


def event_facts(events: Iterable[Event]) -> list[EventFacts]:
    """Events as they are shown."""
    return [
        EventFacts(
            at=event.at,
            kind=event.kind.value,
            what=event.what,
            why=event.why,
            receiver=event.receiver,
            value=_number(event.facts.get("value")),
        )
        for event in events
    ]


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def reasons(
    state: str, rule: RuleFacts | None, routes: Sequence[RouteFacts], deliveries: Sequence[DeliveryFacts]
) -> Iterator[str]:
    """Why somebody was told, or not: a sentence about the alert, then about each route."""
    if state == "pending" and rule is not None:
        yield f"pending: it fires once it has been true for {rule.hold_seconds:.0f} s"
        return
    if rule is not None and rule.health == "err":
        yield f"its rule fails, so its state is as it was: {rule.last_error}"
    for route in routes:
        yield from _reasons_of_route(route, deliveries)


def _reasons_of_route(route: RouteFacts, deliveries: Sequence[DeliveryFacts]) -> Iterator[str]:
    own = _newest(one for one in deliveries if one.group_key == route.group_key)
    for held in _held_back(route.mutes):
        yield f"{route.receiver} is not told: {held}"
    for told in route.told:
        yield f"{told.receiver} was told at {_time(told.at)}: {told.says}"
    for one in own:
        if one.state == DeliveryState.CONDENSED:
            yield f"{one.receiver} is being told by a digest, with others: many notifications were waiting"
        elif one.state == DeliveryState.DEAD:
            yield f"{one.receiver} could not be told at {_time(one.created_at)}: {one.last_error}"
        elif one.next_at is not None:
            trouble = f" after: {one.last_error}" if one.last_error else ""
            yield f"{one.receiver} is to be told at {_time(one.next_at)}{trouble}"
    if not route.mutes.stage and not route.told and not own:
        when = f"; its group is looked at next at {_time(route.next_flush_at)}" if route.next_flush_at else ""
        yield f"{route.receiver} was not told yet{when}"


def _newest(deliveries: Iterable[DeliveryFacts]) -> list[DeliveryFacts]:
    """The first to each integration: what was before it is history."""
    by_receiver: dict[str, DeliveryFacts] = {}
    for one in deliveries:
        by_receiver.setdefault(one.receiver, one)
    return list(by_receiver.values())


def _held_back(mutes: MuteFacts) -> Iterator[str]:
    for inhibition in mutes.inhibited_by:
        yield f"alert {inhibition.fingerprint} inhibits it ({inhibition.rule})"
    if mutes.outside_of:
        yield f"outside of the active time intervals {', '.join(mutes.outside_of)}"
    if mutes.muted_by:
        yield f"within the mute time intervals {', '.join(mutes.muted_by)}"
    for one in mutes.silenced_by:
        yield f"silence {one.id} of {one.created_by or 'nobody'} until {_time(one.ends_at)} ({one.comment})"


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ")
