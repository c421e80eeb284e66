"""`webhook_configs`: notifications as JSON by POST."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from pydantic import Field, field_validator, model_validator

from alertd.http import HttpClient, HttpError, HttpSettings
from alertd.http.credentials import reveal
from alertd.notify.message import Message
from alertd.notify.outbox import Delivery, Outcome, Payload
from alertd.receivers.outcome import of_answer, of_error
from alertd.receivers.place import Place
from alertd.receivers.webhook_payload import alertmanager_payload, simple_payload
from alertd.secret import HIDDEN, Secret
from alertd.settings import Duration, SecretFile, SecretText, Settings

_LONGEST_ANSWER_BYTES = 4096


class WebhookFormat(StrEnum):
    ALERTMANAGER = "alertmanager"
    SIMPLE = "simple"


class WebhookSettings(Settings):
    """One entry of `webhook_configs`."""

    url: SecretText | None = Field(
        default=None, description="Where to POST; never shown, since it often holds a token."
    )
    url_file: SecretFile | None = Field(default=None, description="File that holds the URL, read at each attempt.")
    http_config: HttpSettings | None = Field(
        default=None, description="Authentication, TLS, proxy, headers. Redirects are followed only if it says so."
    )
    send_resolved: bool | None = Field(
        default=None, description="Tell when alerts resolve; default true, for `format: simple` false."
    )
    max_alerts: int = Field(default=0, ge=0, description="How many alerts one message may hold; 0: all.")
    timeout: Duration = Field(default=timedelta(seconds=10), description="How long one attempt may take.")
    format: WebhookFormat = Field(
        default=WebhookFormat.ALERTMANAGER,
        description="`alertmanager`: version 4, a message per group; `simple`: alert, severity, message, timestamp, metadata; a message per alert.",
    )
    include_labels: bool = Field(
        default=False, description="With `format: simple`: labels, fingerprint and group key in metadata."
    )

    @field_validator("url")
    @classmethod
    def _http_url(cls, url: Secret | None) -> Secret | None:
        if url is None or url.value == HIDDEN:
            return url
        parts = urlsplit(url.value)
        if parts.scheme not in ("http", "https"):
            raise ValueError(f'unsupported scheme "{parts.scheme}" for URL; use http or https')
        if not parts.hostname:
            raise ValueError("missing host for URL")
        return url

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.url and not self.url_file:
            raise ValueError("one of url or url_file must be configured")
        if self.url and self.url_file:
            raise ValueError("at most one of url & url_file must be configured")
        if not self.timeout:
            raise ValueError("timeout cannot be zero")
        if self.include_labels and self.format is not WebhookFormat.SIMPLE:
            raise ValueError("include_labels needs format: simple")
        if self.max_alerts and self.format is WebhookFormat.SIMPLE:
            raise ValueError("max_alerts has no meaning with format: simple, which sends each alert by itself")
        return self


class Webhook:
    """Sends to one URL. Implements `engine.ports.Integration`."""

    integration = "webhook"

    def __init__(self, place: Place, settings: WebhookSettings, session: aiohttp.ClientSession) -> None:
        self.receiver = place.receiver
        self.index = place.index
        self.per_alert = settings.format is WebhookFormat.SIMPLE
        self.send_resolved = not self.per_alert if settings.send_resolved is None else settings.send_resolved
        self.max_alerts = settings.max_alerts
        self.timeout = settings.timeout
        self._url = settings.url or settings.url_file or Secret()
        self.destination = _destination(self._url)
        self._include_labels = settings.include_labels
        self._client = HttpClient(
            session, _without_redirects(settings.http_config), timeout=settings.timeout, max_bytes=_LONGEST_ANSWER_BYTES
        )

    def render(self, message: Message) -> Payload:
        if not self.per_alert:
            return Payload(body=alertmanager_payload(message))
        body = simple_payload(message, include_labels=self._include_labels, send_resolved=self.send_resolved)
        return Payload(body=body)

    async def send(self, delivery: Delivery, *, at: datetime) -> Outcome:
        headers = {"Content-Type": delivery.payload.content_type, "Idempotency-Key": delivery.id}
        try:
            url = await reveal(self._url, "url_file")
            answer = await self._client.request("POST", url, data=delivery.payload.body, headers=headers)
        except HttpError as error:
            return of_error(error)
        return of_answer(answer, at=at, hide=url)


def _destination(url: Secret) -> str:
    """A name for where it goes that gives nothing away: a digest of the URL, or of the path of its file."""
    text = url.value or str(url.file)
    return "webhook:" + hashlib.sha256(text.encode()).hexdigest()[:16]


def _without_redirects(settings: HttpSettings | None) -> HttpSettings:
    """A redirect would carry the message somewhere nobody configured: followed only where it is asked for."""
    settings = settings or HttpSettings()
    if "follow_redirects" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"follow_redirects": False})
