"""What saved alerts are worth after alertd was down.

Prometheus restores only the `for` of rules with `for` >= 10 m, and forgets firing and resolved alerts. Here everything is
restored; only time that alertd did not watch is not counted toward `for`, once it was longer than the grace period.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from alertd.alerts.alert import Alert, State
from alertd.labels import LabelSet


def restore(
    saved: Iterable[Alert], *, evaluated_at: datetime, at: datetime, grace: timedelta, tolerance: timedelta
) -> dict[LabelSet, Alert]:
    """The alerts to go on with at `at`, when `evaluated_at` was the last evaluation.

    grace       down for no longer than this, and a pending alert goes on as over missed slots; longer, and the outage does
                not count toward its `for`
    tolerance   down for longer than this, and pending alerts start afresh
    """
    outage = max(at - evaluated_at, timedelta())
    restored = (_after(not_after(alert, at), outage, grace, tolerance) for alert in saved)
    return {alert.labels: alert for alert in restored if alert is not None}


def _after(alert: Alert, outage: timedelta, grace: timedelta, tolerance: timedelta) -> Alert | None:
    if alert.state is not State.PENDING or outage <= grace:
        return alert
    return None if outage > tolerance else replace(alert, active_at=alert.active_at + outage)


def not_after(alert: Alert, at: datetime) -> Alert:
    """The alert as it goes on when the clock was set back to `at`: no wait begins, and nothing ended, later than now.

    The start of one that fires stays as it was told: it is the identity of the episode.
    """
    if alert.state is State.PENDING:
        return replace(alert, active_at=at) if alert.active_at > at else alert
    clamped = replace(
        alert,
        keep_firing_since=_no_later(alert.keep_firing_since, at),
        resolved_at=_no_later(alert.resolved_at, at),
        last_sent_at=_no_later(alert.last_sent_at, at),
    )
    return alert if clamped == alert else clamped  # the same object: nothing to save


def _no_later(time: datetime | None, at: datetime) -> datetime | None:
    return time if time is None else min(time, at)
