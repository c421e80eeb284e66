"""The body of `POST /api/v2/alerts` -> alerts as they were posted.

What well-behaved clients send is decoded in one go. Anything else is read again step by step, to find what Alertmanager
says about it, or that it does not mind: a null, a short form of a time, half a surrogate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec

from alertd.alerts.ingest import RawAlert
from alertd.api.openapi_errors import (
    BAD_FORMAT,
    REQUIRED,
    Field,
    check_types,
    decode_json,
    invalid,
    malformed,
    mistyped,
)
from alertd.api.parameters import ZERO_TIME, given_time, is_uri, parse_time
from alertd.labels.quoting import quote

NAME = "alerts"
FIELDS = (
    Field(name="annotations", place=".annotations", kind="models.LabelSet"),
    Field(name="endsAt", place=".endsAt"),
    Field(name="startsAt", place=".startsAt"),
    Field(name="generatorURL", place="Alert.generatorURL"),
    Field(name="labels", place="Alert.labels", kind="models.LabelSet"),
)

Time = Annotated[datetime, msgspec.Meta(tz=True)]


class _Post(msgspec.Struct, gc=False):
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    startsAt: Time = ZERO_TIME  # noqa: N815 - Alertmanager's spelling
    endsAt: Time = ZERO_TIME  # noqa: N815
    generatorURL: str = ""  # noqa: N815


_decode = msgspec.json.Decoder(list[_Post]).decode

_ROUNDED_UP = re.compile(rb"\.\d{3}999[5-9]")
"""In a time, msgspec would make the next millisecond of it; Go leaves off what is below microseconds."""


def decode_alerts(body: bytes) -> list[RawAlert]:
    """The alerts of a body; raises ApiError."""
    try:
        posts = _decode_slowly(body) if _ROUNDED_UP.search(body) else _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        posts = _decode_slowly(body)
    return [_raw(number, post) for number, post in enumerate(posts)]


def _raw(number: int, post: _Post) -> RawAlert:
    if post.generatorURL and not is_uri(post.generatorURL):
        text = quote(post.generatorURL)
        raise invalid(f"{number}.generatorURL in body must be of type uri: {text}", BAD_FORMAT)
    return RawAlert(
        labels=post.labels,
        annotations=post.annotations,
        starts_at=given_time(post.startsAt),
        ends_at=given_time(post.endsAt),
        generator_url=post.generatorURL,
    )


def _decode_slowly(body: bytes) -> list[_Post]:
    alerts = decode_json(body, NAME)
    if alerts is None:
        return []
    if not isinstance(alerts, list):
        raise mistyped(alerts, NAME, "value of type models.PostableAlerts")
    for alert in alerts:
        check_types(alert, FIELDS, body=NAME, kind="models.PostableAlert")
    return [_checked(number, alert) for number, alert in enumerate(alerts)]


def _checked(number: int, alert: Mapping[str, Any]) -> _Post:
    post = _Post(
        labels=_texts(alert.get("labels")),
        annotations=_texts(alert.get("annotations")),
        startsAt=_time(alert.get("startsAt")),
        endsAt=_time(alert.get("endsAt")),
        generatorURL=alert.get("generatorURL") or "",
    )
    _raw(number, post)  # an address that is none is told before labels that are missing
    if alert.get("labels") is None:
        raise invalid(f"{number}.labels in body is required", REQUIRED)
    return post


def _texts(given: Mapping[str, str | None] | None) -> dict[str, str]:
    return {name: text or "" for name, text in (given or {}).items()}


def _time(given: str | None) -> datetime:
    try:
        return ZERO_TIME if given is None else parse_time(given)
    except ValueError as error:
        raise malformed(NAME, str(error)) from None
