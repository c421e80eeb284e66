"""What is new in a notification since the last one of its stream, and the numbers beside an alert, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from alertd.alerts.posted import PostedAlert
from alertd.notify.log import LogEntry, episodes, untold
from alertd.template.humanize import humanize, humanize_duration, humanize_percentage

_READABLE = 1e-3, 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What the integration was not told before, as fingerprints; `still_firing`: how many it was told of before.

    Alerts whose end it was told of are in none of these.
    """

    new: frozenset[str] = frozenset()
    resolved: frozenset[str] = frozenset()
    still_firing: int = 0

    def __str__(self) -> str:
        """`2 new, 1 resolved, 3 still firing`; "" when there is nothing at all."""
        words = ((len(self.new), "new"), (len(self.resolved), "resolved"), (self.still_firing, "still firing"))
        return ", ".join(f"{count} {word}" for count, word in words if count)


def changes(known: LogEntry | None, alerts: Iterable[PostedAlert]) -> Changes:
    """What a message about `alerts` says that is not in `known`, the last one; an alert with `ends_at` is resolved."""
    alerts = tuple(alerts)
    firing = episodes(alert for alert in alerts if alert.ends_at is None)
    resolved = episodes(alert for alert in alerts if alert.ends_at is not None)
    told_firing, told_resolved = (known.firing, known.resolved) if known else (frozenset(), frozenset())
    new = untold(firing, told_firing)
    return Changes(
        new=frozenset(one.fingerprint for one in new),
        resolved=frozenset(one.fingerprint for one in untold(resolved, told_resolved)),
        still_firing=len(firing) - len(new),
    )


def duration(alert: PostedAlert, *, at: datetime) -> timedelta:
    """How long it has fired, or had when it ended; a start in the future counts as now."""
    return max((alert.ends_at or at) - alert.starts_at, timedelta(0))


def value_text(alert: PostedAlert, *, at: datetime) -> str:
    """`value 7.2 USD, threshold 5 USD, for 12m 0s`, `value 4 USD at its end, peak 7.2 USD, ...`; "" of an alert without a value."""
    ended = alert.ends_at is not None
    value = alert.resolved_value if ended else alert.value
    numbers = (
        ("value {} at its end" if ended else "value {}", value),
        ("peak {}", alert.peak if ended else None),
        ("threshold {}", alert.threshold),
    )
    words = [text.format(_amount(number, alert.unit)) for text, number in numbers if number is not None]
    if not words:
        return ""
    took = humanize_duration(float(int(duration(alert, at=at).total_seconds())))
    return ", ".join([*words, f"{'after' if ended else 'for'} {took}"])


def _amount(value: float, unit: str) -> str:
    """`1,234.57 USD`; `4.112%` of a ratio; `1.235M` for what is too large or too small to be read."""
    if unit == "ratio":
        return humanize_percentage(value)
    least, most = _READABLE
    text = f"{value:,.6g}" if value == 0 or least <= abs(value) < most else humanize(value)
    return f"{text} {unit}".rstrip()
