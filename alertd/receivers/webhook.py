"""`webhook_configs`: notifications as JSON by POST."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus

from alertd.http import HttpError
from alertd.http.credentials import reveal
from alertd.notify.message import Message
from alertd.notify.outbox import Cause, Delivery, Outcome, Payload, Rejected
from alertd.receivers.base import BaseIntegration, http_client
from alertd.receivers.destination import destination
from alertd.receivers.go_json import encode
from alertd.receivers.http_settings import http_url
from alertd.receivers.outcome import of_answer, of_error
from alertd.receivers.place import Place
from alertd.receivers.rendering import Text, fill, templated
from alertd.receivers.signing import key_of, signature_headers
from alertd.receivers.tools import Tools
from alertd.receivers.webhook_payload import alertmanager_payload, simple_payload
from alertd.receivers.webhook_settings import SigningSettings, WebhookFormat, WebhookSettings
from alertd.secret import Secret


class Webhook(BaseIntegration[WebhookSettings]):
    """Sends to one URL. Implements `engine.ports.Integration`.

    Its messages are never condensed: who reads them is a program that wants every alert.
    """

    integration = "webhook"

    def __init__(self, place: Place, settings: WebhookSettings, tools: Tools) -> None:
        super().__init__(place, settings, tools)
        self.per_alert = settings.format is WebhookFormat.SIMPLE
        self.send_resolved = not self.per_alert if settings.send_resolved is None else settings.send_resolved
        self.max_alerts = settings.max_alerts
        self._url = settings.url or settings.url_file or Secret()
        self._client = http_client(tools, settings.http_config, timeout=settings.timeout)

    @staticmethod
    def identify(settings: WebhookSettings) -> str:
        return destination("webhook", settings.url or settings.url_file or Secret())

    def render(self, message: Message) -> Payload:
        if self.per_alert:
            body = simple_payload(
                message, include_labels=self._settings.include_labels, send_resolved=self.send_resolved
            )
            return Payload(body=body, address=self._address(message))
        if self._settings.payload is None:
            body = alertmanager_payload(message, extended=self._settings.extended)
            return Payload(body=body, address=self._address(message))
        return self._render_own(message, self._rendering.text(message))

    def _render_own(self, message: Message, text: Text) -> Payload:
        address = self._address(message)
        return self._rendering.payload(
            message,
            place=self._place,
            kind=self.integration,
            write=lambda: Payload(body=encode(fill(self._settings.payload, text)), address=address),
            write_plain=lambda plain: Payload(body=encode({"text": plain}), address=address),
        )

    def _address(self, message: Message) -> str:
        if not templated(self._url.value):
            return ""
        return self._rendering.address(
            self._url.value, self._rendering.text(message), place=self._place, kind=self.integration
        )

    async def send(self, delivery: Delivery, *, at: datetime) -> Outcome:
        payload = delivery.payload
        headers = {"Content-Type": payload.content_type, "Idempotency-Key": delivery.id}
        try:
            url = await self._reveal_url(payload)
            headers |= await self._signature(delivery, at)
            answer = await self._client.request("POST", url, data=payload.body, headers=headers)
        except HttpError as error:
            return of_error(error)
        except ValueError as error:
            return Rejected(why=str(error), cause=Cause.OTHER)
        outcome = of_answer(answer, at=at, hide=[url])
        # Where a template makes addresses, it is but one of them that is gone.
        gone = answer.status == HTTPStatus.GONE and not payload.address
        return replace(outcome, gone=True) if gone and isinstance(outcome, Rejected) else outcome

    async def _reveal_url(self, payload: Payload) -> str:
        if not templated(self._url.value):
            return await reveal(self._url, "url_file")
        if not payload.address:
            raise ValueError("the template of url failed, or gave nothing")
        return http_url(payload.address)

    async def _signature(self, delivery: Delivery, at: datetime) -> Mapping[str, str]:
        signing = self._settings.signing
        if signing is None:
            return {}
        keys = [key_of(await reveal(secret, "secret_files")) for secret in _secrets(signing)]
        return signature_headers(keys, delivery_id=delivery.id, body=delivery.payload.body, at=at)


def _secrets(signing: SigningSettings) -> tuple[Secret, ...]:
    return (*signing.secrets, *signing.secret_files)
