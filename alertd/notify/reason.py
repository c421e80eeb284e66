"""Is a notification owed, and why."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from alertd.dispatch.grouping import GroupFlush
from alertd.notify.log import LogEntry, episodes, untold


class Reason(StrEnum):
    """Why a notification is sent, in Alertmanager's words where it has them."""

    FIRST_NOTIFICATION = "first notification"
    NEW_ALERTS = "new alerts added"
    SOME_RESOLVED = "some alerts resolved"
    ALL_RESOLVED = "all alerts resolved"
    REPEAT_INTERVAL = "repeat interval elapsed"
    MANY_WAITING = "many notifications waiting"  # of a digest


def needs_update(
    entry: LogEntry | None, flush: GroupFlush, *, send_resolved: bool, repeat_interval: timedelta, at: datetime
) -> Reason | None:
    """Why the integration that was last told `entry` must be told about `flush`; None when it need not.

    Works on episodes: an alert that resolved and fires again between two ticks is a new alert. ALL_RESOLVED does not
    depend on `send_resolved`: what was told is over, even where nobody wants to hear it. As long as something that was
    told still fires, though it is muted now, it is not over: the ends of others wait for it. A group in which only alerts
    fire that are told once is not repeated.
    """
    firing, resolved = episodes(flush.firing), episodes(flush.resolved)
    if entry is None or not (entry.firing or entry.perhaps):
        return Reason.FIRST_NOTIFICATION if firing else None
    if untold(firing, entry.firing):
        return Reason.NEW_ALERTS if entry.firing else Reason.FIRST_NOTIFICATION
    if not firing:
        return Reason.ALL_RESOLVED if flush.alerts and not flush.muted else None
    if send_resolved and untold(resolved, entry.resolved):
        return Reason.SOME_RESOLVED
    if all(alert.told_once for alert in flush.firing):
        return None
    return Reason.REPEAT_INTERVAL if entry.at + repeat_interval <= at else None
