"""`apprise_configs`: any service the library apprise knows; its calls block, so they run in threads of their own."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from alertd.http import HttpError
from alertd.http.credentials import reveal
from alertd.notify.digest import Digest
from alertd.notify.message import Message, Status
from alertd.notify.outbox import Cause, Delivered, Delivery, Outcome, Payload, Rejected, Retry
from alertd.receivers.apprise_library import load_apprise
from alertd.receivers.apprise_settings import AppriseSettings, BodyFormat
from alertd.receivers.base import BaseIntegration
from alertd.receivers.destination import destination
from alertd.receivers.go_json import encode
from alertd.receivers.mentions import harmless
from alertd.receivers.outcome import of_error, redact
from alertd.receivers.place import Place
from alertd.receivers.rendering import Text
from alertd.receivers.tools import Tools
from alertd.secret import Secret

MOST_THREADS = 4
_SHOWN = 300


class AppriseMessage(msgspec.Struct, kw_only=True):
    """What is told; `type` is apprise's word for how bad it is."""

    title: str
    body: str
    type: str
    format: BodyFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """known: whether the URL makes sense; said: what apprise has to say about a failure."""

    taken: bool
    known: bool = True
    said: str = ""


class Apprise(BaseIntegration[AppriseSettings]):
    """Sends to one service. Implements `engine.ports.Integration`."""

    integration = "apprise"
    digests = True

    def __init__(self, place: Place, settings: AppriseSettings, tools: Tools) -> None:
        super().__init__(place, settings, tools)
        self._url = settings.url or settings.url_file or Secret()
        self._threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix=self.destination)

    @staticmethod
    def identify(settings: AppriseSettings) -> str:
        return destination("apprise", settings.url or settings.url_file or Secret())

    def render(self, message: Message) -> Payload:
        text = self._rendering.text(message, safe=harmless)
        page = self._rendering.html(message)
        return self._rendering.payload(
            message,
            place=self._place,
            kind=self.integration,
            write=lambda: self._write(message, text, page),
            write_plain=lambda plain: _payload(message.status, title=plain, body=plain, body_format=BodyFormat.TEXT),
        )

    def render_digest(self, digest: Digest) -> Payload:
        title, body = harmless(digest.title), harmless(digest.text)
        return _payload(digest.status, title=title, body=body, body_format=BodyFormat.TEXT)

    def _write(self, message: Message, text: Text, page: Text) -> Payload:
        body = page if self._settings.format is BodyFormat.HTML else text
        return _payload(
            message.status,
            title=text(self._settings.title),
            body=body(self._settings.body),
            body_format=self._settings.format,
        )

    async def send(self, delivery: Delivery, *, at: datetime) -> Outcome:
        message = msgspec.json.decode(delivery.payload.body, type=AppriseMessage)
        loop = asyncio.get_running_loop()
        try:
            url = await reveal(self._url, "url_file")
            async with asyncio.timeout(self.timeout.total_seconds()):
                result = await loop.run_in_executor(self._threads, _notify, url, message, self.timeout)
        except HttpError as error:
            return of_error(error)
        except TimeoutError:
            return Retry(why="no answer in time", cause=Cause.TIMEOUT, answered=False)
        if result.taken:
            return Delivered()
        if not result.known:
            return Rejected(why="apprise does not understand the URL", cause=Cause.CLIENT_ERROR)
        # Apprise does not tell a service that refused from one that did not answer.
        why = redact(f"apprise could not deliver: {result.said or 'no reason given'}", [url])[:_SHOWN]
        return Retry(why=why, cause=Cause.OTHER, answered=False)


def _payload(status: Status, *, title: str, body: str, body_format: BodyFormat) -> Payload:
    kind = "success" if status is Status.RESOLVED else "failure"
    return Payload(body=encode(AppriseMessage(title=title, body=body.strip(), type=kind, format=body_format)))


def _notify(url: str, message: AppriseMessage, timeout: timedelta) -> _Result:
    """One attempt, in a thread; apprise's own retries are off."""
    apprise = load_apprise()
    asset = apprise.AppriseAsset(app_id="alertd", async_mode=False, http_redirects=False, allow_templates=False)
    service = apprise.Apprise.instantiate(url, asset=asset)
    if service is None:
        return _Result(taken=False, known=False)
    caller = apprise.Apprise(asset=asset)
    caller.add(service)
    result = caller.notify(
        message.body or message.title,
        title=message.title,
        notify_type=message.type,
        body_format=message.format.value,
        timeout=timeout.total_seconds(),
    )
    return _Result(taken=bool(result), said="; ".join(entry.message for entry in result.logs()))
