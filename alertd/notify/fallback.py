"""The fallback receiver: it is told once that an integration did not take a notification, why, and what about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alertd.alerts.posted import PostedAlert
from alertd.dispatch.grouping import GroupFlush
from alertd.dispatch.route import Route
from alertd.labels import LabelSet
from alertd.notify import retry
from alertd.notify.history import place_of
from alertd.notify.log import Episode, LogEntry, Stream
from alertd.notify.message import Message, compose
from alertd.notify.outbox import Delivery, DeliveryState, Kind
from alertd.notify.passed_on import ALERT_NAME, part_instead_of
from alertd.notify.plan import Channel
from alertd.notify.reason import Reason
from alertd.notify.told import Told

TOGETHER = timedelta(seconds=10)
"""For how long what is to be told after the first is collected: a receiver that takes nothing at all makes one digest."""

_ALERTS_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """Passes on what stays undeliverable, to all integrations of one receiver.

    receiver   its name; what it is told itself is not passed on: its integrations have all been told
    new_id     makes ids for deliveries
    """

    receiver: str
    channels: Sequence[Channel]
    new_id: Callable[[datetime], str]
    external_url: str

    def takes(self, delivery: Delivery) -> bool:
        """Whether a delivery is to be passed on; one that was passed on before is not."""
        dead = delivery.state is DeliveryState.DEAD
        about_a_group = delivery.kind not in (Kind.FALLBACK, Kind.DIGEST)
        return dead and about_a_group and delivery.stream.receiver != self.receiver

    def deliveries(
        self,
        dead: Delivery,
        alerts: Iterable[PostedAlert],
        told: Mapping[Stream, Told],
        *,
        at: datetime,
        next_at: datetime,
    ) -> list[Delivery]:
        """What to queue about a dead delivery of which `takes` is true: at most one for each channel.

        A channel that was told of an earlier one of the same stream is left alone until the stream's integration takes
        a message again.

        alerts   those of the group, as far as they are known
        told     what is known of the group's streams
        next_at  when it is to be told
        """
        streams = {_stream(channel, dead.stream): channel for channel in self.channels}
        alerts = tuple(alerts)
        return [
            self._delivery(channel, stream, dead, alerts, at=at, next_at=next_at)
            for stream, channel in streams.items()
            if not _knows(stream, dead.stream, told)
        ]

    def _delivery(
        self,
        channel: Channel,
        stream: Stream,
        dead: Delivery,
        alerts: Sequence[PostedAlert],
        *,
        at: datetime,
        next_at: datetime,
    ) -> Delivery:
        message = self._message(channel, dead, alerts, at)
        return Delivery(
            id=self.new_id(at),
            # The tick of what was passed on: whatever the integration takes of later ticks is news.
            entry=LogEntry(stream=stream, at=dead.entry.at, firing=dead.entry.firing, resolved=dead.entry.resolved),
            kind=Kind.FALLBACK,
            reason=message.reason,
            payload=channel.render(message),
            destination=channel.destination,
            created_at=at,
            next_at=next_at,
            deadline=next_at + retry.SHORTEST_LIFE,
            longest_delay=retry.LONGEST_DELAY,
        )

    def _message(self, channel: Channel, dead: Delivery, alerts: Sequence[PostedAlert], at: datetime) -> Message:
        """One alert of a group of its own, so that it touches no incident, thread or message of the real group."""
        alert = self._alert(dead, alerts, at)
        route = Route(receiver=channel.receiver, key=f'{{}}/{{alertd_undelivered="{place_of(dead.stream)}"}}')
        flush = GroupFlush(
            group_key=f"{route.key}:{alert.labels}", labels=alert.labels, route=route, alerts=(alert,), tick=at
        )
        return compose(
            flush,
            Reason.FIRST_NOTIFICATION,
            send_resolved=channel.send_resolved,
            external_url=self.external_url,
        )

    def _alert(self, dead: Delivery, alerts: Sequence[PostedAlert], at: datetime) -> PostedAlert:
        stream, entry = dead.stream, dead.entry
        summary = f"{place_of(stream)} did not take a notification: {dead.last_error}"
        known = {alert.fingerprint: alert for alert in alerts}
        lines = [
            summary,
            f"Group {stream.group_key}",
            *_lines("firing", entry.firing, known),
            *_lines("resolved", entry.resolved, known),
            f"Nothing more is passed on about this group until {place_of(stream)} takes a message again.",
        ]
        description = "\n".join(lines)
        return PostedAlert(
            labels=LabelSet(
                {
                    "alertname": ALERT_NAME,
                    "severity": "critical",
                    "receiver": stream.receiver,
                    "integration": f"{stream.integration}[{stream.index}]",
                    "group": stream.group_key,
                }
                | ({"part": stream.part} if stream.part else {})
            ),
            annotations={"summary": summary, "description": description, "message": description},
            starts_at=at,
            ends_at=None,
            updated_at=at,
            generator_url=self.external_url,
        )


def _stream(channel: Channel, failed: Stream) -> Stream:
    """In the failed one's group, so that it is kept in the log for as long; its part tells it from the group's own."""
    return Stream(
        receiver=channel.receiver,
        integration=channel.integration,
        index=channel.index,
        group_key=failed.group_key,
        part=part_instead_of(place_of(failed), failed.part),
    )


def _knows(stream: Stream, failed: Stream, told: Mapping[Stream, Told]) -> bool:
    """Whether `stream` was told, or is being told, that `failed` takes nothing, and that still holds."""
    if stream in told and told[stream].open:
        return True
    passed_on, taken = _last_taken(stream, told), _last_taken(failed, told)
    return passed_on is not None and (taken is None or taken <= passed_on)


def _last_taken(stream: Stream, told: Mapping[Stream, Told]) -> datetime | None:
    """The tick of the last message that was surely taken."""
    entry = told[stream].entry if stream in told else None
    return entry.at if entry is not None and (entry.firing or entry.resolved) else None


def _lines(state: str, episodes: Iterable[Episode], known: Mapping[str, PostedAlert]) -> list[str]:
    """An alert per line; one that is in no group any more by its fingerprint."""
    prints = sorted(episode.fingerprint for episode in episodes)
    shown = [str(known[one].labels) if one in known else f"fingerprint {one}" for one in prints[:_ALERTS_SHOWN]]
    more = len(prints) - _ALERTS_SHOWN
    return [f"{state}: {text}" for text in shown] + ([f"{state}: {more} more"] if more > 0 else [])
