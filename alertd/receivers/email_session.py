"""One conversation with a mail server: connect, TLS, log in, hand over one mail after another."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

import aiosmtplib

from alertd.receivers.email_auth import Credentials, SmtpUnusableError, log_in
from alertd.receivers.email_message import shortened

TOO_LARGE = 552
CLOSING = 421
_CONNECT = timedelta(seconds=10)
_COMMAND = timedelta(seconds=30)
_DATA = timedelta(seconds=60)
_STILL_THERE = timedelta(seconds=5)


class Step(StrEnum):
    """How far a conversation has come."""

    CONNECT = "connecting"
    TLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where to, and how.

    implicit_tls   TLS from the first byte; else STARTTLS where `require_tls`, or no TLS
    server_name    whose certificate is expected
    hello          our name
    """

    host: str
    port: str
    implicit_tls: bool
    require_tls: bool
    server_name: str
    hello: str

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said: `550`, `5.1.1 no such user`."""

    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """What became of one mail.

    taken     recipients it was taken for
    refused   the others, and why
    answer    what the server said to the mail itself; None when no recipient was taken, so that it was not sent
    """

    taken: Sequence[str] = ()
    refused: Mapping[str, Reply] = field(default_factory=dict)
    answer: Reply | None = None


class Session:
    """For one mail at a time. Whoever made it closes it; `step` says where it was when something failed."""

    def __init__(self, server: Server, context: ssl.SSLContext, credentials: Credentials, *, limit: timedelta) -> None:
        """`limit`: no wait is longer; waits have limits of their own besides."""
        self.step = Step.CONNECT
        self._server = server
        self._context = context
        self._credentials = credentials
        self._limit = limit
        self._client: aiosmtplib.SMTP | None = None
        self._ended_well = False

    def is_for(self, context: ssl.SSLContext, credentials: Credentials) -> bool:
        """Whether it is the same conversation that would be begun with these."""
        return self._context is context and self._credentials == credentials

    @property
    def goes_on(self) -> bool:
        """Whether another mail may follow: the server has taken those before it, and is still there."""
        return self._ended_well and self._client is not None and self._client.is_connected

    async def deliver(self, sender: str, recipients: Sequence[str], *mails: bytes) -> Replies:
        """Hand over the first of these mails that the server does not call too large, at last the beginning of the last.

        A conversation that goes on and breaks before DATA is begun again, once: the server has taken nothing yet, and may
        have had enough of it, or forgotten it, since the mail before.

        Raises SmtpUnusableError, aiosmtplib.SMTPException, OSError (TimeoutError, ssl.SSLError).
        """
        goes_on, self._ended_well = self.goes_on, False
        replies = await self._follow_up(sender, recipients, mails) if goes_on else None
        if replies is None:
            self.close()
            replies = await self._hand_over(await self._begin(), sender, recipients, mails)
        self._ended_well = bool(replies.taken)  # a server that refuses everybody may be tired of us
        return replies

    async def _begin(self) -> aiosmtplib.SMTP:
        client = await self._open()
        await self._secure(client)
        self.step = Step.AUTH
        await log_in(client, self._credentials, host=self._server.host)
        return client

    async def _follow_up(self, sender: str, recipients: Sequence[str], mails: Sequence[bytes]) -> Replies | None:
        """None: the conversation broke before DATA."""
        assert self._client is not None
        self.step = Step.MAIL
        try:
            await self._client.rset(timeout=self._seconds(_STILL_THERE))
            return await self._hand_over(self._client, sender, recipients, mails)
        except (aiosmtplib.SMTPException, OSError):
            if self.step is Step.DATA:
                raise
        return None

    async def _hand_over(
        self, client: aiosmtplib.SMTP, sender: str, recipients: Sequence[str], mails: Sequence[bytes]
    ) -> Replies:
        limit = _size_limit(client)
        for mail in dict.fromkeys(mails):
            if limit and len(mail) > limit:
                continue
            try:
                return await self._transfer(client, sender, recipients, mail)
            except aiosmtplib.SMTPResponseException as error:
                if error.code != TOO_LARGE:
                    raise
        return await self._transfer(client, sender, recipients, shortened(mails[-1]))

    def close(self) -> None:
        """End the conversation without waiting for the server to say goodbye."""
        client, self._client = self._client, None
        if client is None:
            return
        if client.is_connected and client.protocol is not None:
            client.protocol.write(b"QUIT\r\n")
        client.close()

    async def _open(self) -> aiosmtplib.SMTP:
        server = self._server
        self.step = Step.CONNECT
        self._client = client = aiosmtplib.SMTP(
            hostname=server.server_name,
            use_tls=server.implicit_tls,
            start_tls=False,
            tls_context=self._context,
            local_hostname=server.hello,
            timeout=self._seconds(_COMMAND),
        )
        # Left to itself it would take the certificate's name for the host to connect to.
        await client.connect(sock=await _connected(server, self._seconds(_CONNECT)))
        return client

    async def _secure(self, client: aiosmtplib.SMTP) -> None:
        await client.ehlo()
        server = self._server
        if server.implicit_tls or not server.require_tls:
            return
        self.step = Step.TLS
        if not client.supports_extension("starttls"):
            raise SmtpUnusableError(
                f"'require_tls' is true (default) but \"{server.address}\" does not advertise the STARTTLS extension; "
                "require_tls: false sends in clear text"
            )
        await client.starttls()
        await client.ehlo()

    async def _transfer(self, client: aiosmtplib.SMTP, sender: str, recipients: Sequence[str], mail: bytes) -> Replies:
        self.step = Step.MAIL
        await client.mail(sender, options=[f"SIZE={len(mail)}"] if client.supports_extension("size") else [])
        self.step = Step.RCPT
        taken, refused = [], {}
        for recipient in recipients:
            try:
                await client.rcpt(recipient)
                taken.append(recipient)
            except aiosmtplib.SMTPRecipientRefused as error:
                if error.code == CLOSING:
                    raise
                refused[recipient] = Reply(error.code, error.message)
        if not taken:
            return Replies(refused=refused)
        self.step = Step.DATA
        answer = await client.data(mail, timeout=self._seconds(_DATA))
        return Replies(taken=taken, refused=refused, answer=Reply(answer.code, answer.message))

    def _seconds(self, limit: timedelta) -> float:
        return min(limit, self._limit).total_seconds()


def _size_limit(client: aiosmtplib.SMTP) -> int:
    """The largest mail the server takes, in bytes; 0: it does not say."""
    said = client.esmtp_extensions.get("size", "").strip()
    return int(said) if said.isdecimal() else 0


async def _connected(server: Server, seconds: float) -> socket.socket:
    """A connection to the first address of the host that answers; raises OSError."""
    loop = asyncio.get_running_loop()
    failure: OSError = ConnectionError("no address")
    async with asyncio.timeout(seconds):
        for family, kind, protocol, _, address in await loop.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM
        ):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.setblocking(False)
                await loop.sock_connect(sock, address)
            except OSError as error:
                sock.close()
                failure = error
            except BaseException:
                sock.close()
                raise
            else:
                return sock
    raise failure
