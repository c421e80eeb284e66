"""The events of PagerDuty, v2 and v1: Alertmanager's, key by key. The key that addresses them is added when they are sent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from alertd.notify.message import Message, Status
from alertd.receivers.chart_links import chart_link
from alertd.receivers.go_json import encode
from alertd.receivers.limits import cut
from alertd.receivers.pagerduty_settings import DEFAULT_DETAILS, PagerdutySettings
from alertd.receivers.rendering import Text, fill
from alertd.receivers.severity import Severity, severity_of

SUMMARY_CHARACTERS = 1024
EVENT_BYTES = 512_000
_ROOM_FOR_KEY = 512

TOO_LARGE = {"error": "Custom details have been removed because the original event exceeds the maximum size of 512KB"}
"""Details of an event that was too large with its own; Alertmanager's words."""


class Image(msgspec.Struct, kw_only=True):
    src: str
    alt: str
    href: str


class Link(msgspec.Struct, kw_only=True):
    href: str
    text: str


class EventPayload(msgspec.Struct, kw_only=True, omit_defaults=True):
    summary: str
    source: str
    severity: Severity
    class_: str = msgspec.field(default="", name="class")
    component: str = ""
    group: str = ""
    custom_details: dict[str, Any] = {}


class EventV2(msgspec.Struct, kw_only=True, omit_defaults=True):
    dedup_key: str
    event_action: str
    payload: EventPayload
    client: str = ""
    client_url: str = ""
    images: list[Image] = []
    links: list[Link] = []


class EventV1(msgspec.Struct, kw_only=True, omit_defaults=True):
    incident_key: str
    event_type: str
    description: str
    client: str = ""
    client_url: str = ""
    details: dict[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A rendered event; `unknown_severity` is a word that stands for none of the four."""

    body: bytes
    unknown_severity: str = ""


def incident_key(message: Message) -> str:
    """One incident per group: the same for its firing and its resolved messages."""
    return hashlib.sha256(message.group_key.encode()).hexdigest()


def action(message: Message) -> str:
    return "trigger" if message.status is Status.FIRING else "resolve"


def event_v2(settings: PagerdutySettings, message: Message, text: Text) -> Written:
    """The event with every template rendered; raises TemplateError."""
    word = text(settings.severity)
    severity = severity_of(word)
    client = text(settings.client)
    event = EventV2(
        dedup_key=incident_key(message),
        event_action=action(message),
        payload=EventPayload(
            summary=cut(text(settings.description), SUMMARY_CHARACTERS),
            source=text(settings.source) or client,
            severity=severity or settings.default_severity,
            class_=text(settings.class_),
            component=text(settings.component),
            group=text(settings.group),
            custom_details=_details(settings, text),
        ),
        client=client,
        client_url=text(settings.client_url),
        images=[*_images(settings, text), *_charts(settings, message)],
        links=_links(settings, text),
    )
    body = encode(event)
    if _too_large(body):
        event.payload.custom_details = dict(TOO_LARGE)
        body = encode(event)
    return Written(body=body, unknown_severity="" if severity else word)


def event_v1(settings: PagerdutySettings, message: Message, text: Text) -> Written:
    """The event of the older API; raises TemplateError."""
    event = EventV1(
        incident_key=incident_key(message),
        event_type=action(message),
        description=cut(text(settings.description), SUMMARY_CHARACTERS),
        details=_details(settings, text),
    )
    if message.status is Status.FIRING:
        event.client, event.client_url = text(settings.client), text(settings.client_url)
    body = encode(event)
    if _too_large(body):
        event.details = dict(TOO_LARGE)
        body = encode(event)
    return Written(body=body)


def plain_event(settings: PagerdutySettings, message: Message, plain: str) -> bytes:
    """An event of nothing but a summary, for when a template fails."""
    key, kind, summary = incident_key(message), action(message), cut(plain, SUMMARY_CHARACTERS)
    if settings.is_v1:
        return encode(EventV1(incident_key=key, event_type=kind, description=summary))
    payload = EventPayload(summary=summary, source="alertd", severity=settings.default_severity)
    return encode(EventV2(dedup_key=key, event_action=kind, payload=payload))


def addressed(body: bytes, *, name: str, key: str) -> bytes:
    """The event with its key in front, as Alertmanager orders it."""
    return b'{"%s":%s,%s' % (name.encode(), encode(key).rstrip(), body.removeprefix(b"{"))


def slimmed(body: bytes) -> bytes:
    """The event without what makes it large: details and pictures."""
    event: dict[str, Any] = msgspec.json.decode(body)
    event.pop("images", None)
    if "payload" in event:
        event["payload"]["custom_details"] = TOO_LARGE
    else:
        event["details"] = TOO_LARGE
    return encode(event)


def _details(settings: PagerdutySettings, text: Text) -> dict[str, Any]:
    details = fill(DEFAULT_DETAILS | settings.details, text)
    return dict(sorted(details.items())) if isinstance(details, Mapping) else {}


def _too_large(body: bytes) -> bool:
    return len(body) + _ROOM_FOR_KEY > EVENT_BYTES


def _images(settings: PagerdutySettings, text: Text) -> list[Image]:
    images = [Image(src=text(one.src), alt=text(one.alt), href=text(one.href)) for one in settings.images]
    return [one for one in images if one.src]


def _charts(settings: PagerdutySettings, message: Message) -> list[Image]:
    link = chart_link(message) if settings.charts else None
    return [Image(src=link.url, alt=f"chart of {link.name}", href=link.url)] if link else []


def _links(settings: PagerdutySettings, text: Text) -> list[Link]:
    links = [Link(href=text(one.href), text=text(one.text)) for one in settings.links]
    return [one for one in links if one.href]
