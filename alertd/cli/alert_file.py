"""Alerts out of a file, and the group they make: what `alertd render` renders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from alertd.alerts.ingest import InvalidAlertError, RawAlert, accept
from alertd.alerts.posted import PostedAlert
from alertd.dispatch.grouping import GroupFlush
from alertd.dispatch.order import notification_order
from alertd.dispatch.quoting import group_key
from alertd.dispatch.route import Route

Time = Annotated[datetime, msgspec.Meta(tz=True)]

_UNUSED = timedelta(days=1)
"""An alert without an end fires here, whenever it would be taken for resolved."""


class _Alert(msgspec.Struct):
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    startsAt: Time | None = None  # noqa: N815 - Alertmanager's spelling
    endsAt: Time | None = None  # noqa: N815
    generatorURL: str = ""  # noqa: N815


class _Webhook(msgspec.Struct):
    alerts: list[_Alert]


def read_alerts(text: bytes, *, at: datetime) -> list[PostedAlert]:
    """An alert, a list of them, or a webhook's payload with them, in API v2's JSON; raises ValueError.

    One that has not ended by `at` fires.
    """
    try:
        alerts = [_posted(one, at) for one in _decode(text)]
    except (msgspec.MsgspecError, InvalidAlertError) as error:
        raise ValueError(str(error)) from None
    if not alerts:
        raise ValueError("there is no alert in it")
    return alerts


def group_for(receiver: str, root: Route | None, alerts: Sequence[PostedAlert], *, at: datetime) -> GroupFlush:
    """These alerts as one group of the route on which the first of them would reach the receiver, else of its first route."""
    routes = [*root.match(alerts[0].labels), *root.walk()] if root is not None else []
    route = next((route for route in routes if route.receiver == receiver), Route(receiver=receiver))
    labels = route.group_labels(alerts[0].labels)
    return GroupFlush(
        group_key=group_key(route.id, labels),
        labels=labels,
        route=route,
        alerts=tuple(sorted(alerts, key=notification_order)),
        tick=at,
    )


def _decode(text: bytes) -> list[_Alert]:
    value = msgspec.json.decode(text)
    if isinstance(value, dict) and "alerts" in value:
        return msgspec.convert(value, _Webhook).alerts
    return msgspec.convert(value if isinstance(value, list) else [value], list[_Alert])


def _posted(alert: _Alert, at: datetime) -> PostedAlert:
    raw = RawAlert(
        labels=alert.labels,
        annotations=alert.annotations,
        starts_at=_given(alert.startsAt),
        ends_at=_given(alert.endsAt),
        generator_url=alert.generatorURL,
    )
    posted = accept(raw, at=at, resolve_timeout=_UNUSED)
    return posted if posted.resolved(at) else replace(posted, ends_at=None)


def _given(time: datetime | None) -> datetime | None:
    """Go's zero time means that none was given."""
    return None if time is None or time.year == 1 else time
