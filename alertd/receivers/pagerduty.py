"""`pagerduty_configs`: an incident per group, triggered and resolved under one key."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urljoin

import msgspec
import structlog

from alertd.http import HttpAnswer, HttpError
from alertd.http.credentials import reveal
from alertd.notify.message import Message
from alertd.notify.outbox import Cause, Delivery, Outcome, Payload, Rejected
from alertd.receivers.base import BaseIntegration, http_client
from alertd.receivers.destination import destination
from alertd.receivers.outcome import of_answer, of_error
from alertd.receivers.pagerduty_payload import addressed, event_v1, event_v2, plain_event, slimmed
from alertd.receivers.pagerduty_settings import PagerdutySettings
from alertd.receivers.place import Place
from alertd.receivers.rendering import Text, templated
from alertd.receivers.tools import Tools
from alertd.secret import Secret

log = structlog.get_logger(__name__)

EVENTS_V1 = "/generic/2010-04-15/create_event.json"
TOO_LARGE = 413
_V1_PASSES = {403: Cause.RATE_LIMITED}
"""The older API says 403 when it is asked too often."""


class _Refusal(msgspec.Struct):
    message: str = ""
    errors: list[str] = []


class PagerDuty(BaseIntegration[PagerdutySettings]):
    """Sends events with one key. Implements `engine.ports.Integration`."""

    integration = "pagerduty"

    def __init__(self, place: Place, settings: PagerdutySettings, tools: Tools) -> None:
        super().__init__(place, settings, tools)
        self._key = settings.key or Secret()
        self._url = _url(settings)
        self._unknown_severities: set[str] = set()
        self._client = http_client(tools, settings.http_config, timeout=settings.timeout)

    @staticmethod
    def identify(settings: PagerdutySettings) -> str:
        return destination("pagerduty", _url(settings), settings.key or Secret())

    def render(self, message: Message) -> Payload:
        text = self._rendering.text(message)
        address = self._rendering.address(self._key.value, text, place=self._place, kind=self.integration)
        return self._rendering.payload(
            message,
            place=self._place,
            kind=self.integration,
            write=lambda: Payload(body=self._write(message, text), address=address),
            write_plain=lambda plain: Payload(body=plain_event(self._settings, message, plain), address=address),
        )

    def _write(self, message: Message, text: Text) -> bytes:
        written = (event_v1 if self._settings.is_v1 else event_v2)(self._settings, message, text)
        word = written.unknown_severity
        if word and word not in self._unknown_severities:
            self._unknown_severities.add(word)
            log.warning(
                "severity_unknown",
                receiver=self.receiver,
                severity=word,
                sent_as=self._settings.default_severity.value,
                fix="let severity give critical, error, warning or info, or set default_severity",
            )
        return written.body

    async def send(self, delivery: Delivery, *, at: datetime) -> Outcome:
        try:
            key = await self._reveal_key(delivery.payload)
            if not key:
                name = self._key_name.replace("_", " ")
                return Rejected(why=f"{name} cannot be empty", cause=Cause.CLIENT_ERROR)
            answer = await self._post(delivery.payload.body, key)
            if answer.status == TOO_LARGE:
                answer = await self._post(slimmed(delivery.payload.body), key)
        except HttpError as error:
            return of_error(error)
        passes = _V1_PASSES if self._settings.is_v1 else {}
        return of_answer(answer, at=at, hide=[key], says=_says(answer), retried=passes)

    @property
    def _key_name(self) -> str:
        return "service_key" if self._settings.is_v1 else "routing_key"

    async def _reveal_key(self, payload: Payload) -> str:
        if templated(self._key.value):
            return payload.address
        return await reveal(self._key, f"{self._key_name}_file")

    async def _post(self, body: bytes, key: str) -> HttpAnswer:
        return await self._client.request(
            "POST",
            self._url,
            data=addressed(body, name=self._key_name, key=key),
            headers={"Content-Type": "application/json"},
        )


def _says(answer: HttpAnswer) -> str | None:
    """`Event object is invalid: Length of 'routing_key' is incorrect`; None when the body is none of PagerDuty's."""
    try:
        refusal = msgspec.json.decode(answer.body, type=_Refusal)
    except msgspec.DecodeError:
        return None
    return ": ".join(filter(None, (refusal.message, ", ".join(refusal.errors)))) or None


def _url(settings: PagerdutySettings) -> str:
    return urljoin(settings.url or "", EVENTS_V1) if settings.is_v1 else settings.url or ""
