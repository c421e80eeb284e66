"""A mail server (aiosmtpd) that answers as a test tells it to, and certificates for it."""

from __future__ import annotations

import asyncio
import hmac
import ssl
import subprocess
from base64 import b64encode
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from enum import Enum
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import MISSING, SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.servers import program

USER = "alerts@example.com"
PASSWORD = "c4n4ry-p4ssword"
SECRET = "c4n4ry-s3cret"
CHALLENGE = b"<1896.697170952@mail.example.org>"


class Trouble(Enum):
    """What happens instead of an answer."""

    HANG = "no answer ever comes"
    HANG_UP = "the connection is cut"


Answer = str | Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate that signs itself, for 127.0.0.1, localhost and mail.example.org."""

    cert: Path
    key: Path

    @classmethod
    def make(cls, folder: Path) -> Certificate:
        made = cls(cert=folder / "cert.pem", key=folder / "key.pem")
        subprocess.run(
            [
                program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", str(made.key), "-out", str(made.cert), "-days", "2", "-subj", "/CN=mail.example.org",
                "-addext", "subjectAltName=DNS:mail.example.org,DNS:localhost,IP:127.0.0.1",
            ],
            check=True,
            capture_output=True,
            timeout=30,
        )  # fmt: skip
        return made

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        return context


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail as it came; `user` is who had logged in."""

    sender: str
    recipients: Sequence[str]
    content: bytes
    hello: str
    is_encrypted: bool
    user: str

    @property
    def parsed(self) -> EmailMessage:
        message = message_from_bytes(self.content, policy=default)
        assert isinstance(message, EmailMessage)
        return message


class SmtpServer:
    """Keeps what it received; takes everything unless told otherwise.

    Steps to answer otherwise: EHLO, STARTTLS, AUTH, RSET, MAIL, RCPT, `RCPT bob@example.com`, DATA (before the mail is
    sent), END (after it).
    """

    def __init__(self, *, mechanisms: Sequence[str] = (), keywords: Sequence[str] = ()) -> None:
        """mechanisms: of AUTH, in the order they are offered; keywords: further lines of the answer to EHLO."""
        self.port = 0
        self.received: list[Mail] = []
        self.attempts: list[str] = []
        self.reached: dict[str, int] = defaultdict(int)
        self.connections = 0
        self.open_connections = 0
        self.mechanisms = mechanisms
        self.keywords = keywords
        self._next: dict[str, deque[Answer]] = defaultdict(deque)
        self._always: dict[str, Answer] = {}

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def script(self, step: str, *answers: Answer) -> None:
        """Answer so to the next of these steps, one after the other."""
        self._next[step].extend(answers)

    def always(self, step: str, answer: Answer) -> None:
        """Answer so to every further such step."""
        self._always[step] = answer

    async def answer(self, server: SMTP, *steps: str) -> str | None:
        """The scripted answer to the first of these steps that has one; None: there is none."""
        for step in steps:
            self.reached[step] += 1
            said = self._next[step].popleft() if self._next[step] else self._always.get(step)
            if isinstance(said, str):
                return said
            if said is not None:
                if said is Trouble.HANG_UP:
                    server.transport.abort()
                await asyncio.Event().wait()  # the end of the connection cancels it
        return None

    # The hooks of aiosmtpd.

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, name: str, lines: list[str]
    ) -> list[str]:
        if refusal := await self.answer(server, "EHLO"):
            return [refusal]
        session.host_name = name
        kept = [line for line in lines if not line.startswith("250-AUTH")]
        more = [f"250-{keyword}" for keyword in self.keywords]
        if self.mechanisms:
            more.append(f"250-AUTH {' '.join(self.mechanisms)}")
        return [kept[0], *more, *kept[1:]]

    async def handle_AUTH(self, server: SMTP, session: Session, envelope: Envelope, args: list[str]) -> Any:
        self.attempts.append(args[0])
        return await self.answer(server, "AUTH") or MISSING

    async def handle_RSET(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return await self.answer(server, "RSET") or "250 OK"

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refusal := await self.answer(server, "MAIL"):
            return refusal
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refusal := await self.answer(server, f"RCPT {address}", "RCPT"):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        refusal = await self.answer(server, "END")
        if refusal and not refusal.startswith("2"):
            return refusal
        self.received.append(
            Mail(
                sender=str(envelope.mail_from),
                recipients=tuple(envelope.rcpt_tos),
                content=bytes(envelope.original_content or b""),
                hello=str(session.host_name),
                is_encrypted=server.transport.get_extra_info("sslcontext") is not None,
                user=session.auth_data.login.decode() if session.authenticated else "",
            )
        )
        return refusal or "250 2.0.0 queued as 4711"

    async def auth_CRAM__MD5(self, server: SMTP, args: list[str]) -> AuthResult:
        said = await server.challenge_auth(CHALLENGE)
        digest = hmac.new(SECRET.encode(), CHALLENGE, "md5").hexdigest()
        is_right = said == f"{USER} {digest}".encode()
        return AuthResult(success=is_right, handled=False, auth_data=LoginPassword(USER.encode(), b""))


class _Smtp(SMTP):
    """Steps aiosmtpd has no hook for."""

    def __init__(self, owner: SmtpServer, **options: Any) -> None:
        self._owner = owner
        super().__init__(
            owner,
            authenticator=_is_right,
            auth_require_tls=False,
            timeout=30,
            loop=asyncio.get_running_loop(),
            **options,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.transport is None:  # else it is the same connection, encrypted from now on
            self._owner.open_connections += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._owner.open_connections -= 1
        super().connection_lost(error)

    async def smtp_STARTTLS(self, arg: str) -> None:
        if refusal := await self._owner.answer(self, "STARTTLS"):
            await self.push(refusal)
            return
        await super().smtp_STARTTLS(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if refusal := await self._owner.answer(self, "DATA"):
            await self.push(refusal)
            return
        await super().smtp_DATA(arg)


def _is_right(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: LoginPassword) -> AuthResult:
    is_right = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=False, auth_data=given)


@asynccontextmanager
async def smtp_server(
    *,
    starttls: ssl.SSLContext | None = None,
    implicit_tls: ssl.SSLContext | None = None,
    mechanisms: Sequence[str] = (),
    keywords: Sequence[str] = (),
    **options: Any,
) -> AsyncIterator[SmtpServer]:
    """A running `SmtpServer` on a free port of 127.0.0.1; `options` are aiosmtpd's."""
    owner = SmtpServer(mechanisms=mechanisms, keywords=keywords)
    connected: list[_Smtp] = []

    def connection() -> _Smtp:
        owner.connections += 1
        connected.append(_Smtp(owner, tls_context=starttls, **options))
        return connected[-1]

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0, ssl=implicit_tls)
    owner.port = server.sockets[0].getsockname()[1]
    try:
        yield owner
    finally:
        server.close()
        for one in connected:
            if one.transport is not None:
                one.transport.abort()
        await server.wait_closed()


@asynccontextmanager
async def canned_server(answer: bytes) -> AsyncIterator[str]:
    """The address of a server that says this to everybody who comes, and nothing else."""
    writers: list[asyncio.StreamWriter] = []

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(answer)
        await reader.read()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await server.wait_closed()


def encoded(*secrets: str) -> list[str]:
    """The secrets as they go over the wire."""
    return [b64encode(secret.encode()).decode() for secret in secrets]
