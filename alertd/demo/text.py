"""Notifications as people read them in a terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import click
import msgspec

from alertd.duration import format_duration

_COLOURS = {"firing": "red", "resolved": "green"}
_TOLD_ELSEWHERE = {"alertname", "severity"}
_INDENT = " " * 10


class NotifiedAlert(msgspec.Struct, rename="camel"):
    """One alert of a notification; of Alertmanager's webhook payload version 4, what is shown."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime


class Notification(msgspec.Struct):
    """What Alertmanager's webhook receivers are sent (payload version 4)."""

    status: str
    alerts: list[NotifiedAlert]


def describe(alert: NotifiedAlert) -> str:
    """A few lines about one alert: what, where, how bad, since when. Styled; `click.echo` takes colours off for files."""
    ended = alert.status == "resolved"
    state = click.style(f"{alert.status.upper():<9}", fg=_COLOURS.get(alert.status), bold=True)
    name = click.style(alert.labels.get("alertname", "?"), bold=True)
    moment = alert.ends_at if ended else alert.starts_at
    lines = [f"{_clock_time(moment)}  {state} {name}  {_where(alert.labels)}".rstrip()]
    lines += [_INDENT + text for text in (_what(alert.annotations, ended=ended), _when(alert, ended=ended)) if text]
    return "\n".join(lines)


def _where(labels: Mapping[str, str]) -> str:
    severity = labels.get("severity", "")
    pairs = [f"{name}={value}" for name, value in labels.items() if name not in _TOLD_ELSEWHERE]
    return "  ".join(text for text in (severity, *pairs) if text)


def _what(annotations: Mapping[str, str], *, ended: bool) -> str:
    summary, value, limit = (annotations.get(name, "") for name in ("summary", "value", "limit"))
    last = "was " if ended else ""
    measured = f"{last}{value} (limit {limit})" if value and limit else value
    return ": ".join(text for text in (summary, measured) if text)


def _when(alert: NotifiedAlert, *, ended: bool) -> str:
    since = f"since {_clock_time(alert.starts_at)} UTC"
    if not ended:
        return since
    seconds = round((alert.ends_at - alert.starts_at).total_seconds())
    return f"{since}, for {format_duration(timedelta(seconds=seconds))}"


def _clock_time(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}"
