"""`slack_configs`: messages by incoming webhook, or by a bot that changes and answers what it wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import msgspec

from alertd.errors import StoreError
from alertd.http import HttpClient, HttpError
from alertd.http.credentials import reveal
from alertd.notify.digest import Digest
from alertd.notify.message import Message
from alertd.notify.outbox import Cause, Delivered, Delivery, Outcome, Payload, Rejected, Retry
from alertd.notify.reason import Reason
from alertd.receivers.base import BaseIntegration, http_client
from alertd.receivers.chart_links import chart_link
from alertd.receivers.destination import destination
from alertd.receivers.go_json import encode
from alertd.receivers.mentions import harmless_in_slack
from alertd.receivers.outcome import of_error
from alertd.receivers.place import Place
from alertd.receivers.rendering import Text, templated
from alertd.receivers.slack_answer import SlackAnswer, Verdict, understand
from alertd.receivers.slack_payload import SlackMessage, digest_body, message_body, plain_body, unescape
from alertd.receivers.slack_settings import POST_MESSAGE, SlackSettings
from alertd.receivers.tools import Tools
from alertd.secret import Secret
from alertd.template.errors import TemplateError

UPDATE = "/chat.update"


class Slack(BaseIntegration[SlackSettings]):
    """Sends to one webhook, or as one bot. Implements `engine.ports.Integration`."""

    integration = "slack"

    def __init__(self, place: Place, settings: SlackSettings, tools: Tools) -> None:
        super().__init__(place, settings, tools)
        # Who changes or answers messages wants each group in its place, and a template may send each elsewhere.
        self.digests = not self._follows_up and not templated(settings.channel)
        self._log = tools.log
        self._token = settings.token
        self._url = settings.api_url or settings.api_url_file or Secret()
        self._client = http_client(tools, settings.http_config, timeout=settings.timeout, needs_body=True)

    @property
    def _follows_up(self) -> bool:
        return self._settings.update_message or self._settings.post_updates_to_thread

    @staticmethod
    def identify(settings: SlackSettings) -> str:
        where = settings.token or settings.api_url or settings.api_url_file or Secret()
        return destination("slack", where, settings.channel)

    def render(self, message: Message) -> Payload:
        settings = self._settings
        safe = None if settings.allow_mentions else harmless_in_slack(link_names=settings.link_names)
        text = self._rendering.text(message, safe=safe)
        return self._rendering.payload(
            message,
            place=self._place,
            kind=self.integration,
            write=lambda: Payload(body=message_body(settings, text, chart=_chart(settings, message))),
            write_plain=lambda plain: Payload(body=plain_body(plain, channel=_channel(settings, text))),
        )

    def render_digest(self, digest: Digest) -> Payload:
        return Payload(body=digest_body(digest, channel=self._settings.channel))

    async def send(self, delivery: Delivery, *, at: datetime) -> Outcome:
        try:
            attempt = await self._attempt(at)
            root = await self._root(delivery)
            if root:
                return await self._follow_up(attempt, delivery, root)
            return self._of_this_message(await attempt.post(delivery.payload.body))
        except HttpError as error:
            return of_error(error)
        except StoreError as error:
            return Retry(why=f"what Slack calls the last message is not known: {error}", cause=Cause.OTHER)

    def _of_this_message(self, outcome: Outcome) -> Outcome:
        """Where a template names channels, it is but one of them that is gone."""
        if isinstance(outcome, Rejected) and templated(self._settings.channel):
            return replace(outcome, gone=False)
        return outcome

    async def _attempt(self, at: datetime) -> _Attempt:
        if self._token is None:
            return _Attempt(self._client, await reveal(self._url, "api_url_file"), "", at)
        token = await reveal(self._token, "app_token_file")
        return _Attempt(self._client, self._settings.app_url or "", token, at)

    async def _root(self, delivery: Delivery) -> str:
        """Channel and ts of the message about this group that is to be changed or answered; "": there is none."""
        if not self._follows_up or delivery.reason is Reason.FIRST_NOTIFICATION:
            return ""
        entries = await self._log.log_entries([delivery.stream.group_key])
        return next((entry.reference for entry in entries if entry.stream == delivery.stream), "")

    async def _follow_up(self, attempt: _Attempt, delivery: Delivery, root: str) -> Outcome:
        """Change the message first: doing that again, when the answer in the thread fails, changes nothing."""
        if self._settings.update_message:
            changed = await attempt.update(delivery.payload.body, root)
            if changed.verdict is Verdict.GONE:
                return await attempt.post(delivery.payload.body)
            if changed.outcome is not None:
                return changed.outcome
        if self._settings.post_updates_to_thread:
            broadcast = delivery.reason is Reason.ALL_RESOLVED
            return await attempt.reply(delivery.payload.body, root, broadcast=broadcast)
        return Delivered(root)


class _Attempt:
    """The requests of one attempt."""

    def __init__(self, client: HttpClient, url: str, token: str, at: datetime) -> None:
        self._client = client
        self._url = url
        self._token = token
        self._at = at

    async def post(self, body: bytes) -> Outcome:
        """A new message."""
        answer = await self._ask(self._url, body)
        if answer.verdict is Verdict.MALFORMED:
            answer = await self._ask(self._url, _plain(body, answer))
        return answer.outcome or Delivered(answer.reference, answer.said)

    async def update(self, body: bytes, root: str) -> SlackAnswer:
        """The message `root` says something else."""
        channel, ts = root.split(" ")
        url = self._url.removesuffix(POST_MESSAGE) + UPDATE
        return await self._ask(url, _with(body, channel=channel, ts=ts))

    async def reply(self, body: bytes, root: str, *, broadcast: bool) -> Outcome:
        """An answer in the thread of `root`, with `broadcast` in the channel too."""
        channel, ts = root.split(" ")
        answer = await self._ask(self._url, _with(body, channel=channel, thread_ts=ts, reply_broadcast=broadcast))
        if answer.verdict is Verdict.GONE:
            return await self.post(body)
        return answer.outcome or Delivered(root, answer.said)

    async def _ask(self, url: str, body: bytes) -> SlackAnswer:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers = {"Content-Type": "application/json; charset=utf-8", "Authorization": f"Bearer {self._token}"}
        answer = await self._client.request("POST", url, data=body, headers=headers)
        return understand(answer, at=self._at, hide=[url, self._token])


def _with(body: bytes, **keys: object) -> bytes:
    return encode(msgspec.json.decode(body) | keys)


def _chart(settings: SlackSettings, message: Message) -> str:
    """The URL of the picture; "": there is none."""
    link = chart_link(message) if settings.charts else None
    return link.url if link else ""


def _channel(settings: SlackSettings, text: Text) -> str:
    """The channel of the plain message; a webhook without one has a channel of its own."""
    try:
        return text(settings.channel)
    except TemplateError:
        return ""


def _plain(body: bytes, refused: SlackAnswer) -> bytes:
    """Slack refused the message: what its fallback says, and why there is no more."""
    message = msgspec.json.decode(body, type=SlackMessage)
    said = message.attachments[0].fallback if message.attachments else message.text
    why = getattr(refused.outcome, "why", "")
    return plain_body(f"{unescape(said)} (the configured message was refused: {why})", channel=message.channel)
