"""What an integration knows of a group, what is on its way to it, and so what is still to be told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from alertd.dispatch.grouping import GroupFlush
from alertd.dispatch.order import notification_order
from alertd.notify.log import Episode, LogEntry, Stream, episodes, untold
from alertd.notify.outbox import Delivery, DeliveryState
from alertd.notify.reason import Reason, needs_update


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Tell it, for `reason`; `entry` is what the log says once it is delivered, `supersedes` are deliveries made void."""

    reason: Reason
    entry: LogEntry
    supersedes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Something is over that nobody was told of, or wants to hear about: nothing is sent."""

    entry: LogEntry | None
    supersedes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The log entry of a stream, and its open deliveries, oldest first."""

    stream: Stream
    entry: LogEntry | None = None
    open: tuple[Delivery, ...] = ()

    @property
    def queued(self) -> Sequence[Delivery]:
        return [delivery for delivery in self.open if delivery.state is DeliveryState.QUEUED]

    @property
    def leased(self) -> Sequence[Delivery]:
        """What is being told: sent by itself, or within a digest."""
        return [delivery for delivery in self.open if delivery.state is not DeliveryState.QUEUED]

    @property
    def stand_ins(self) -> Sequence[Delivery]:
        """Plain messages that wait in place of one whose template failed: until they go, each tick tries the template again."""
        return [delivery for delivery in self.queued if delivery.payload.is_fallback and not delivery.attempts]

    @property
    def expected(self) -> LogEntry | None:
        """What the log says when everything open has arrived, but for what stands in for something better."""
        arriving = [delivery for delivery in self.open if delivery not in self.stand_ins]
        return arriving[-1].entry if arriving else self.entry

    @property
    def known(self) -> LogEntry | None:
        """What the integration knows, counting what is being sent right now."""
        return self.leased[-1].entry if self.leased else self.entry

    def owes(self, episode: Episode, *, send_resolved: bool) -> bool:
        """Whether anything about this episode is on its way, or its end is still to be told.

        Its end also ends what was told of an earlier episode of the same alert.
        """
        if any(_speaks_of(delivery, episode) for delivery in self.open):
            return True
        return send_resolved and any(told.fingerprint == episode.fingerprint for told in _to_resolve(self.entry))

    def after(self, decision: Notify | Quiet | None, delivery: Delivery | None = None) -> Told:
        """What it is once the decision is saved."""
        if decision is None:
            return self
        kept = tuple(old for old in self.open if old.id not in decision.supersedes)
        entry = decision.entry if isinstance(decision, Quiet) and decision.entry else self.entry
        return Told(stream=self.stream, entry=entry, open=(*kept, delivery) if delivery else kept)


def concerning(told: Told, flush: GroupFlush) -> GroupFlush:
    """The flush as far as it concerns a stream: of the muted alerts only those it was told of.

    Those that ended are told with the others, for their end is owed; those that fire stay muted.
    """
    if not flush.muted:
        return flush
    heard = {episode.fingerprint for entry in (told.known, told.expected) for episode in _to_resolve(entry)}
    muted = [held for held in flush.muted if held.alert.fingerprint in heard]
    ended = (held.alert for held in muted if held.alert.ends_at is not None)
    return flush.of(
        sorted((*flush.alerts, *ended), key=notification_order),
        muted=(held for held in muted if held.alert.ends_at is None),
    )


def decide(told: Told, flush: GroupFlush, *, send_resolved: bool) -> Notify | Quiet | None:
    """What to do about a stream at a flush, as far as it concerns the stream; None: nothing.

    Whether there is news is asked of what is expected to arrive, so that nothing is said twice; which news it is, of
    what the integration really knows, so that it is never told the end of something it never heard of.
    """
    expected, known = told.expected, told.known
    expected_reason = _reason(expected, flush, send_resolved)
    if expected_reason is None:
        void = tuple(delivery.id for delivery in told.stand_ins)
        return Quiet(entry=None, supersedes=void) if void else None
    reason = expected_reason if known is expected else _reason(known, flush, send_resolved)
    if reason is None:
        return Quiet(entry=None, supersedes=superseded(told, frozenset()))
    entry = _entry_after(told, flush)
    if reason is Reason.ALL_RESOLVED and not send_resolved:
        return None if told.leased else Quiet(entry=entry, supersedes=superseded(told, entry.resolved))
    return Notify(reason=reason, entry=entry, supersedes=superseded(told, entry.resolved))


def superseded(told: Told, resolved: frozenset[Episode]) -> tuple[str, ...]:
    """Ids of the queued deliveries that a newer message, which tells the end of `resolved`, makes void."""
    owed = _to_resolve(told.known)
    return tuple(delivery.id for delivery in told.queued if _covered(delivery, resolved, owed))


def overtaken(told: Told, delivery: Delivery) -> bool:
    """Whether a newer queued message makes it needless to try `delivery` again."""
    newer = [other for other in told.queued if other.id > delivery.id]
    return any(_covered(delivery, other.entry.resolved, _to_resolve(told.entry)) for other in newer)


def _covered(delivery: Delivery, resolved: frozenset[Episode], owed: frozenset[Episode]) -> bool:
    """A newer message says it all, unless this one alone tells the end of something that was told as firing."""
    ends = delivery.entry.resolved - untold(delivery.entry.resolved, owed)
    return not untold(ends, resolved)


def unanswered(told: Told, delivery: Delivery) -> LogEntry:
    """The log entry after an attempt without an answer: whoever was perhaps told "firing" is owed "resolved"."""
    entry = told.entry or LogEntry(stream=told.stream, at=delivery.entry.at)
    return replace(entry, perhaps=entry.perhaps | (delivery.entry.firing - entry.firing))


def _reason(entry: LogEntry | None, flush: GroupFlush, send_resolved: bool) -> Reason | None:
    route = flush.route
    return needs_update(entry, flush, send_resolved=send_resolved, repeat_interval=route.repeat_interval, at=flush.tick)


def _entry_after(told: Told, flush: GroupFlush) -> LogEntry:
    return LogEntry(
        stream=told.stream,
        at=flush.tick,
        firing=episodes(flush.firing),
        resolved=episodes(flush.resolved),
        perhaps=_left_out(told.known, flush) if told.known else frozenset(),
    )


def _left_out(known: LogEntry, flush: GroupFlush) -> frozenset[Episode]:
    """What was told before, and a message about this flush says nothing of: it was told perhaps, or is muted now."""
    mentioned = {alert.fingerprint for alert in flush.alerts}
    muted = {held.alert.fingerprint for held in flush.muted}
    return frozenset(
        [
            *(episode for episode in known.perhaps if episode.fingerprint not in mentioned),
            *(episode for episode in known.firing if episode.fingerprint in muted),
        ]
    )


def _speaks_of(delivery: Delivery, episode: Episode) -> bool:
    told = delivery.entry.firing, delivery.entry.resolved
    return any(episode in some or not untold(frozenset([episode]), some) for some in told)


def _to_resolve(entry: LogEntry | None) -> frozenset[Episode]:
    return entry.firing | entry.perhaps if entry else frozenset()


def by_stream(entries: Iterable[LogEntry], deliveries: Iterable[Delivery]) -> dict[Stream, Told]:
    """Log entries and open deliveries put together; a stream with neither is not in it."""
    told = {entry.stream: Told(stream=entry.stream, entry=entry) for entry in entries}
    for delivery in deliveries:
        known = told.get(delivery.stream, Told(stream=delivery.stream))
        told[delivery.stream] = Told(stream=known.stream, entry=known.entry, open=(*known.open, delivery))
    return told
