"""Notifications as people read them in a terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import click
import msgspec

from alertd.charts.scale import short_number
from alertd.duration import format_duration

_COLOURS = {"firing": "red", "resolved": "green"}
_TOLD_ELSEWHERE = {"alertname", "severity"}
_INDENT = " " * 10


class Values(msgspec.Struct, rename="camel"):
    """What alertd adds about one alert; `value` of a resolved one is that at its end."""

    value: float | None = None
    threshold: float | None = None
    peak: float | None = None
    unit: str = ""


class Extension(msgspec.Struct):
    """What alertd adds to a payload that is `extended`: values by fingerprint."""

    values: dict[str, Values] = {}


class NotifiedAlert(msgspec.Struct, rename="camel"):
    """One alert of a notification; of Alertmanager's webhook payload version 4, what is shown."""

    status: str
    fingerprint: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime


class Notification(msgspec.Struct):
    """What Alertmanager's webhook receivers are sent (payload version 4)."""

    status: str
    alerts: list[NotifiedAlert]
    alertd: Extension = msgspec.field(default_factory=Extension)


def describe(alert: NotifiedAlert, values: Values | None = None) -> str:
    """A few lines about one alert: what, where, how bad, since when. Styled; `click.echo` takes colours off for files."""
    ended = alert.status == "resolved"
    state = click.style(f"{alert.status.upper():<9}", fg=_COLOURS.get(alert.status), bold=True)
    name = click.style(alert.labels.get("alertname", "?"), bold=True)
    moment = alert.ends_at if ended else alert.starts_at
    lines = [f"{_clock_time(moment)}  {state} {name}  {_where(alert.labels)}".rstrip()]
    lines += [
        _INDENT + text for text in (_what(alert, values or Values(), ended=ended), _when(alert, ended=ended)) if text
    ]
    return "\n".join(lines)


def _where(labels: Mapping[str, str]) -> str:
    severity = labels.get("severity", "")
    pairs = [f"{name}={value}" for name, value in labels.items() if name not in _TOLD_ELSEWHERE]
    return "  ".join(text for text in (severity, *pairs) if text)


def _what(alert: NotifiedAlert, values: Values, *, ended: bool) -> str:
    limit = "" if values.threshold is None else f" (limit {_number(values.threshold, values.unit)})"
    if ended and values.peak is not None:
        now = "" if values.value is None else f"{_number(values.value, values.unit)} now, "
        return f"{now}{_number(values.peak, values.unit)} at worst{limit}"
    summary = alert.annotations.get("summary", "")
    return f"{summary}{limit}" if summary else limit.strip()


def _number(value: float, unit: str) -> str:
    return f"{value:.1%}" if unit == "ratio" else f"{short_number(value)} {unit}".rstrip()


def _when(alert: NotifiedAlert, *, ended: bool) -> str:
    since = f"since {_clock_time(alert.starts_at)} UTC"
    if not ended:
        return since
    seconds = round((alert.ends_at - alert.starts_at).total_seconds())
    return f"{since}, for {format_duration(timedelta(seconds=seconds))}"


def _clock_time(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}"
