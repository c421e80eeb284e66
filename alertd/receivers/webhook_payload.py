"""The two bodies a webhook can send: Alertmanager's version 4 for a group, or the simple one for each alert."""

from __future__ import annotations

import math
from urllib.parse import quote

import msgspec

from alertd.alerts.posted import PostedAlert
from alertd.notify.changes import duration
from alertd.notify.message import Message, Status, status_of
from alertd.receivers.go_json import encode, quote_meta, rfc3339, rfc3339_nano

VERSION = "4"
DEFAULT_SEVERITY = "warning"


class AlertV4(msgspec.Struct, rename="camel"):
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str
    ends_at: str
    generator_url: str = msgspec.field(name="generatorURL")
    fingerprint: str


class Values(msgspec.Struct, rename="camel", kw_only=True):
    """`new`: the last message did not say the same of it; `peak`: the worst value, once it has ended."""

    value: float | None
    threshold: float | None
    unit: str
    peak: float | None
    duration_seconds: float
    new: bool


class Changed(msgspec.Struct, rename="camel", kw_only=True):
    """How many alerts are new, newly resolved, and firing as before, since the last message."""

    new: int
    resolved: int
    still_firing: int


class Extension(msgspec.Struct, kw_only=True):
    """What only alertd knows: values by fingerprint, and where to go next ("" where there is nothing)."""

    values: dict[str, Values]
    changes: Changed
    silence_url: str = msgspec.field(name="silenceURL")
    runbook_url: str = msgspec.field(name="runbookURL")


class PayloadV4(msgspec.Struct, rename="camel"):
    """Alertmanager's webhook payload; keys in its order, `notification_reason` and `routeLabels` as in 0.34."""

    receiver: str
    status: str
    alerts: list[AlertV4]
    notification_reason: str = msgspec.field(name="notification_reason")
    group_labels: dict[str, str]
    common_labels: dict[str, str]
    common_annotations: dict[str, str]
    route_labels: dict[str, str]
    external_url: str = msgspec.field(name="externalURL")
    version: str
    group_key: str
    truncated_alerts: int
    alertd: Extension | msgspec.UnsetType = msgspec.UNSET


def alertmanager_payload(message: Message, *, extended: bool = False) -> bytes:
    """Alertmanager's payload, version 4; `extended`: and `alertd` behind it."""
    payload = PayloadV4(
        receiver=quote_meta(message.receiver),
        status=message.status,
        alerts=[_alert(alert) for alert in message.alerts],
        notification_reason=message.reason,
        group_labels=dict(message.group_labels),
        common_labels=dict(message.common_labels),
        common_annotations=dict(message.common_annotations),
        route_labels=dict(message.route_labels),
        external_url=message.external_url,
        version=VERSION,
        group_key=message.group_key,
        truncated_alerts=message.truncated,
        alertd=_extension(message) if extended else msgspec.UNSET,
    )
    return encode(payload)


def _extension(message: Message) -> Extension:
    return Extension(
        values={alert.fingerprint: _values(alert, message) for alert in message.alerts},
        changes=Changed(
            new=len(message.changes.new),
            resolved=len(message.changes.resolved),
            still_firing=message.changes.still_firing,
        ),
        silence_url=_silence_url(message),
        runbook_url=message.common_annotations.get("runbook_url", ""),
    )


def _values(alert: PostedAlert, message: Message) -> Values:
    ended = alert.ends_at is not None
    return Values(
        value=_number(alert.resolved_value if ended else alert.value),
        threshold=_number(alert.threshold),
        unit=alert.unit,
        peak=_number(alert.peak) if ended else None,
        duration_seconds=duration(alert, at=message.tick).total_seconds(),
        new=alert.fingerprint in (message.changes.resolved if ended else message.changes.new),
    )


def _silence_url(message: Message) -> str:
    """Where a silence of the whole group is made, with its matchers filled in."""
    labels = message.group_labels or message.common_labels
    matchers = ", ".join(f'{name}="{_quoted(value)}"' for name, value in sorted(labels.items()))
    return f"{message.external_url}/#/silences/new?filter={quote('{' + matchers + '}', safe='')}"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _alert(alert: PostedAlert) -> AlertV4:
    return AlertV4(
        status=status_of([alert]),
        labels=dict(alert.labels),
        annotations=dict(sorted(alert.annotations.items())),
        starts_at=rfc3339_nano(alert.starts_at),
        ends_at=rfc3339_nano(alert.ends_at),
        generator_url=alert.generator_url,
        fingerprint=alert.fingerprint,
    )


def simple_payload(message: Message, *, include_labels: bool, send_resolved: bool) -> bytes:
    """One alert in five keys: alert, severity, message, timestamp, metadata; with `send_resolved` its status too.

    The end of an alert of our own rules has its peak and its duration in metadata.
    """
    (alert,) = message.alerts
    name = alert.labels.get("alertname")
    resolved = alert.ends_at is not None
    metadata: dict[str, object] = {"current_value": _number(alert.resolved_value if resolved else alert.value)}
    if alert.threshold is not None:
        metadata["threshold"] = _number(alert.threshold)
    if resolved and alert.peak is not None:
        took = duration(alert, at=message.tick)
        metadata |= {"peak": _number(alert.peak), "duration_seconds": took.total_seconds()}
    if include_labels:
        metadata |= {"labels": dict(alert.labels), "fingerprint": alert.fingerprint, "group_key": message.group_key}
    body: dict[str, object] = {
        "alert": name,
        "severity": alert.labels.get("severity") or DEFAULT_SEVERITY,
        "message": _text(alert) or f"{name} is {message.status}",
        "timestamp": rfc3339(alert.ends_at or alert.starts_at),
        "metadata": metadata,
    }
    if send_resolved and message.status is Status.RESOLVED:
        body["status"] = message.status
    return encode(body)


def _text(alert: PostedAlert) -> str:
    texts = (alert.annotations.get(name, "") for name in ("message", "summary", "description"))
    return next(filter(None, texts), "")


def _number(value: float | None) -> float | None:
    """JSON has no NaN and no infinity: null."""
    return value if value is not None and math.isfinite(value) else None
