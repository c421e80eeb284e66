"""`email_configs`: one mail per group, handed to a mail server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import aiosmtplib

from alertd.http import HttpError
from alertd.http.credentials import reveal
from alertd.http.settings import TlsSettings
from alertd.http.tls import TlsContexts
from alertd.notify.digest import Digest
from alertd.notify.message import Message
from alertd.notify.outbox import Cause, Delivery, Outcome, Payload, Rejected
from alertd.receivers.base import BaseIntegration
from alertd.receivers.destination import destination
from alertd.receivers.email_address import Envelope, Mailbox, parse_addresses
from alertd.receivers.email_auth import Credentials, SmtpUnusableError
from alertd.receivers.email_charts import CHART_LIMIT, charts_of
from alertd.receivers.email_headers import Addresses, mail_headers, plain_headers
from alertd.receivers.email_message import CONTENT_TYPE, InlineImage, with_id, with_images, write_mail
from alertd.receivers.email_outcome import of_failure, of_replies, settled
from alertd.receivers.email_session import Server, Step
from alertd.receivers.email_sessions import Sessions
from alertd.receivers.email_settings import EmailSettings, host_and_port
from alertd.receivers.outcome import of_error
from alertd.receivers.place import Place
from alertd.receivers.rendering import Text, plain_text, templated
from alertd.receivers.tools import Tools
from alertd.secret import Secret


class Email(BaseIntegration[EmailSettings]):
    """Sends by one mail server to one list of recipients. Implements `engine.ports.Integration`.

    The payload is the mail without its Message-ID, which is the delivery's id; its address is an `Envelope`.
    """

    integration = "email"

    def __init__(self, place: Place, settings: EmailSettings, tools: Tools) -> None:
        super().__init__(place, settings, tools)
        # Where a template makes the addresses, each mail may go to somebody else.
        self.digests = not any(map(templated, (settings.to, settings.headers.get("Bcc", ""))))
        self._tls = TlsContexts(settings.tls_config or TlsSettings())
        self._sessions = Sessions(_server(settings), limit=self.timeout)
        tools.closing.callback(self._sessions.close)
        self._chart = tools.chart
        self.destination = destination("email", settings.smarthost, settings.auth_username)

    @staticmethod
    def identify(settings: EmailSettings) -> str:
        """A digest of whom it sends to, by whichever server: what tells it from the receiver's others."""
        return destination("email", settings.to)

    def render(self, message: Message) -> Payload:
        text = self._rendering.text(message)
        addresses = self._addresses(text)
        return self._rendering.payload(
            message,
            place=self._place,
            kind=self.integration,
            write=lambda: self._write(message, addresses, text),
            write_plain=lambda plain: self._write_plain(message, addresses, plain),
        )

    def render_digest(self, digest: Digest) -> Payload:
        message = digest.message
        addresses = self._addresses(self._rendering.text(message))
        headers = plain_headers(self._settings, message, addresses, subject=digest.title)
        return _payload(write_mail(headers, text=f"{digest.text}\n", html=""), addresses)

    def _write(self, message: Message, addresses: Addresses, text: Text) -> Payload:
        settings = self._settings
        headers = mail_headers(settings, message, addresses, text)
        html = self._rendering.html(message)(settings.html)
        return _payload(write_mail(headers, text=text(settings.plain_text), html=html), addresses)

    def _write_plain(self, message: Message, addresses: Addresses, plain: str) -> Payload:
        headers = plain_headers(self._settings, message, addresses, subject=plain_text(message))
        return _payload(write_mail(headers, text=plain, html=""), addresses)

    def _addresses(self, text: Text) -> Addresses:
        settings = self._settings
        try:
            sender = self._mailboxes("from", settings.from_, text)
            to = self._mailboxes("to", settings.to, text)
            hidden = self._mailboxes("Bcc", settings.headers.get("Bcc", ""), text)
        except ValueError as error:
            return Addresses(problem=str(error))
        if len(sender) != 1:
            return Addresses(problem=f"from must be one address, not {len(sender)}")
        return Addresses(sender=sender[0], to=to, hidden=hidden, problem="" if to else "to gives no address")

    def _mailboxes(self, key: str, given: str, text: Text) -> tuple[Mailbox, ...]:
        if templated(given):
            given = self._rendering.address(given, text, place=self._place, kind=self.integration)
        try:
            return parse_addresses(given)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None

    async def send(self, delivery: Delivery, *, at: datetime) -> Outcome:
        envelope = Envelope.decode(delivery.payload.address)
        if envelope.problem:
            return Rejected(why=envelope.problem, cause=Cause.CLIENT_ERROR)
        return settled(await self._attempt(delivery, envelope), delivery, envelope, at=at)

    async def _attempt(self, delivery: Delivery, envelope: Envelope) -> Outcome:
        try:
            credentials = await self._credentials()
            context = await self._tls.current()
        except HttpError as error:
            return of_error(error)
        hide = tuple(credentials.spellings())
        mail = with_id(delivery.payload.body, f"{delivery.id}@{envelope.domain}")
        charts = await self._charts(delivery)
        illustrated = await asyncio.to_thread(with_images, mail, charts) if charts else mail
        session = self._sessions.take(context, credentials)
        try:
            async with asyncio.timeout(self.timeout.total_seconds()):
                replies = await session.deliver(envelope.sender, envelope.recipients, illustrated, mail)
        except SmtpUnusableError as error:
            return Rejected(why=str(error), cause=Cause.AUTH_ERROR if session.step is Step.AUTH else Cause.CLIENT_ERROR)
        except (aiosmtplib.SMTPException, OSError) as error:
            return of_failure(error, step=session.step, hide=hide)
        finally:
            self._sessions.put(session)
        return of_replies(replies, envelope, hide=hide)

    async def _charts(self, delivery: Delivery) -> Sequence[InlineImage]:
        """Those that can be had in time; a mail is not kept back for them."""
        shown = self._settings.charts
        if not shown:
            return ()
        newest = sorted(
            delivery.entry.firing, key=lambda episode: (episode.starts_at, episode.fingerprint), reverse=True
        )
        fingerprints = [episode.fingerprint for episode in newest[:shown]]
        return await charts_of(fingerprints, self._chart, unique=delivery.id, within=min(CHART_LIMIT, self.timeout))

    async def _credentials(self) -> Credentials:
        """Raises HttpError when a file cannot be read."""
        settings = self._settings
        if not settings.auth_username:
            return Credentials()
        return Credentials(
            username=settings.auth_username,
            password=await reveal(
                settings.auth_password or settings.auth_password_file or Secret(), "auth_password_file"
            ),
            secret=await reveal(settings.auth_secret or settings.auth_secret_file or Secret(), "auth_secret_file"),
            identity=settings.auth_identity,
        )


def _server(settings: EmailSettings) -> Server:
    host, port = host_and_port(settings.smarthost)
    return Server(
        host=host,
        port=port,
        implicit_tls=settings.implicit_tls,
        require_tls=settings.require_tls is not False,
        server_name=(settings.tls_config and settings.tls_config.server_name) or host,
        hello=settings.hello or "localhost",
    )


def _payload(mail: bytes, addresses: Addresses) -> Payload:
    return Payload(body=mail, content_type=CONTENT_TYPE, address=addresses.envelope().encode())
