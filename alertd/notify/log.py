"""The notification log: what each integration was told last about each group."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alertd.alerts.posted import PostedAlert


@dataclass(frozen=True, slots=True, order=True)
class Episode:
    """One firing of one alert: the same labels with a new start are a new episode, see `untold`."""

    fingerprint: str
    starts_at: datetime


def episodes(alerts: Iterable[PostedAlert]) -> frozenset[Episode]:
    return frozenset(Episode(alert.fingerprint, alert.starts_at) for alert in alerts)


def untold(episodes: frozenset[Episode], told: frozenset[Episode]) -> frozenset[Episode]:
    """Those of `episodes` that `told` says nothing of.

    An episode whose start was corrected to an earlier one is the same: a sender that overlaps with another, or was started
    again, may well post it.
    """
    if not (others := episodes - told):
        return others
    latest: dict[str, datetime] = {}
    for one in told:
        latest[one.fingerprint] = max(one.starts_at, latest.get(one.fingerprint, one.starts_at))
    return frozenset(one for one in others if one.fingerprint not in latest or latest[one.fingerprint] < one.starts_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """All notifications of one integration about one group: sent one at a time and in order, a newer one replaces an older.

    receiver, integration, index   `ops`, `webhook`, 0: the integration, see `notify.numbering`
    part                           fingerprint, for an integration that is told of each alert by itself; else ""
    """

    receiver: str
    integration: str
    index: int
    group_key: str
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """What the last delivered notification of a stream said.

    at         the tick it was decided at
    firing     episodes it told as firing; of these "resolved" is owed
    resolved   episodes it told as resolved
    perhaps    episodes told as firing, but not for sure by what is on record: the attempt ended without an answer, or the
               last notification left them out because they were muted; of these "resolved" is owed too
    reference  what the receiver calls the message, where it can be changed or answered later: Slack's channel and ts
    """

    stream: Stream
    at: datetime
    firing: frozenset[Episode] = frozenset()
    resolved: frozenset[Episode] = frozenset()
    perhaps: frozenset[Episode] = frozenset()
    reference: str = ""


class NotificationLog(Protocol):
    """Reads of the log. It is written together with the outbox, see `notify.outbox.OutboxWrites`."""

    async def log_entries(self, group_keys: Collection[str]) -> Sequence[LogEntry]:
        """Every entry about these groups."""
        ...


class NotificationLogWrites(Protocol):
    def put_log_entry(self, entry: LogEntry) -> None:
        """Set the entry of its stream."""
        ...

    def expire_log(self, before: datetime) -> None:
        """Forget entries older than `before` of groups that have ended. A living group's entry never expires."""
        ...
