"""Mail against a real mail server: TLS, logins, replies, and servers that do not behave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import structlog

from alertd.notify.message import Message
from alertd.notify.outbox import Cause, Delivered, Delivery, Leased, Outcome, Rejected, Retry, step
from alertd.receivers.email import Email
from alertd.receivers.email_address import Envelope
from alertd.receivers.email_message import SHORTENED
from alertd.receivers.email_settings import EmailSettings
from alertd.receivers.place import Place
from tests.support.builders import T0, a_posted_alert, after
from tests.support.receivers import a_delivery_of, a_message, some_tools
from tests.support.smtp_server import (
    PASSWORD,
    SECRET,
    USER,
    Answer,
    Certificate,
    SmtpServer,
    Trouble,
    canned_server,
    encoded,
    smtp_server,
)
from tests.support.waiting import until

BOTH = ("ops@example.com", "night@example.com")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    async with smtp_server() as running:
        yield running


def email(address: str, **keys: Any) -> Email:
    own = {
        "to": ", ".join(BOTH), "from": "alertd <alerts@example.com>", "smarthost": address, "require_tls": False,
        "timeout": "5s",
    }  # fmt: skip
    settings = EmailSettings.model_validate({**own, **keys})
    return Email(Place("ops", 0), settings, some_tools(cast(Any, None)))


def message() -> Message:
    return a_message(a_posted_alert("A", severity="critical", annotations={"summary": "too many errors"}))


async def attempt(address: str, **keys: Any) -> Outcome:
    made = email(address, **keys)
    return await made.send(a_delivery_of(made, message()), at=T0)


async def test_a_mail_arrives_as_it_was_rendered(server: SmtpServer) -> None:
    made = email(server.address, hello="alertd.example.com")
    delivery = a_delivery_of(made, message())
    outcome = await made.send(delivery, at=T0)
    assert isinstance(outcome, Delivered)
    assert outcome.answer == "250 2.0.0 queued as 4711"
    [mail] = server.received
    assert (mail.sender, mail.recipients) == ("alerts@example.com", BOTH)
    assert (mail.hello, mail.is_encrypted, mail.user) == ("alertd.example.com", False, "")
    assert mail.content == f"Message-ID: <{delivery.id}@example.com>\r\n".encode() + delivery.payload.body


async def test_every_attempt_sends_the_same_bytes_under_the_same_id(server: SmtpServer) -> None:
    made = email(server.address)
    delivery = a_delivery_of(made, message())
    for _ in range(2):
        await made.send(delivery, at=T0)
    first, second = server.received
    assert first.content == second.content


async def test_lines_that_begin_with_a_dot_arrive(server: SmtpServer) -> None:
    await attempt(server.address, html="", text=".\n..\n.hidden\nend")
    assert server.received[0].parsed.get_content() == ".\r\n..\r\n.hidden\r\nend\r\n"


REPLIES = [
    # step, reply, outcome, cause, wait
    pytest.param("EHLO", "421 4.3.2 closing", Retry, Cause.SERVER_ERROR, None, id="EHLO 421"),
    pytest.param("EHLO", "502 5.5.1 not implemented", Rejected, Cause.CLIENT_ERROR, None, id="EHLO 502"),
    pytest.param("MAIL", "421 4.7.0 too many connections", Retry, Cause.SERVER_ERROR, None, id="MAIL 421"),
    pytest.param("MAIL", "451 4.3.0 local error", Retry, Cause.SERVER_ERROR, None, id="MAIL 451"),
    pytest.param("MAIL", "452 4.3.1 no space", Retry, Cause.SERVER_ERROR, None, id="MAIL 452"),
    pytest.param("MAIL", "530 5.7.0 authentication required", Rejected, Cause.AUTH_ERROR, None, id="MAIL 530"),
    pytest.param("MAIL", "550 5.7.1 not you", Rejected, Cause.CLIENT_ERROR, None, id="MAIL 550"),
    pytest.param("MAIL", "553 5.7.1 not as this sender", Rejected, Cause.CLIENT_ERROR, None, id="MAIL 553"),
    pytest.param("MAIL", "501 5.1.7 bad address", Rejected, Cause.CLIENT_ERROR, None, id="MAIL 501"),
    pytest.param("RCPT", "421 4.3.2 closing", Retry, Cause.SERVER_ERROR, None, id="RCPT 421"),
    pytest.param("RCPT", "450 4.2.0 busy", Retry, Cause.SERVER_ERROR, None, id="RCPT 450"),
    pytest.param("RCPT", "451 4.7.1 try again", Retry, Cause.RATE_LIMITED, 60, id="RCPT 451 4.7.1"),
    pytest.param("RCPT", "450 4.2.0 Greylisted, see you", Retry, Cause.RATE_LIMITED, 60, id="RCPT 450 greylisted"),
    pytest.param("RCPT", "452 4.2.2 mailbox full", Retry, Cause.SERVER_ERROR, None, id="RCPT 452"),
    pytest.param("RCPT", "550 5.1.1 no such user", Rejected, Cause.CLIENT_ERROR, None, id="RCPT 550"),
    pytest.param("RCPT", "551 5.7.1 not local", Rejected, Cause.CLIENT_ERROR, None, id="RCPT 551"),
    pytest.param("RCPT", "553 5.1.3 bad name", Rejected, Cause.CLIENT_ERROR, None, id="RCPT 553"),
    pytest.param("RCPT", "554 5.7.1 relay denied", Rejected, Cause.CLIENT_ERROR, None, id="RCPT 554"),
    pytest.param("RCPT", "552 5.2.2 over quota", Rejected, Cause.CLIENT_ERROR, None, id="RCPT 552"),
    pytest.param("RCPT", "500 5.5.2 what", Rejected, Cause.CLIENT_ERROR, None, id="RCPT 500"),
    pytest.param("DATA", "451 4.3.0 local error", Retry, Cause.SERVER_ERROR, None, id="DATA 451"),
    pytest.param("DATA", "554 5.5.1 no", Rejected, Cause.CLIENT_ERROR, None, id="DATA 554"),
    pytest.param("END", "421 4.3.2 closing", Retry, Cause.SERVER_ERROR, None, id="end of the mail 421"),
    pytest.param("END", "451 4.7.1 greylisted", Retry, Cause.RATE_LIMITED, 60, id="end of the mail 451"),
    pytest.param("END", "452 4.3.1 no space", Retry, Cause.SERVER_ERROR, None, id="end of the mail 452"),
    pytest.param("END", "550 5.7.1 spam", Rejected, Cause.CLIENT_ERROR, None, id="end of the mail 550"),
    pytest.param("END", "554 5.6.0 content", Rejected, Cause.CLIENT_ERROR, None, id="end of the mail 554"),
]


@pytest.mark.parametrize(("at_step", "reply", "kind", "cause", "wait"), REPLIES)
async def test_replies(
    server: SmtpServer, at_step: str, reply: str, kind: type, cause: Cause, wait: int | None
) -> None:
    server.always(at_step, reply)
    outcome = await attempt(server.address)
    assert isinstance(outcome, kind)
    assert isinstance(outcome, Retry | Rejected)
    assert outcome.cause is cause
    assert reply in outcome.why
    assert server.received == []
    if isinstance(outcome, Retry):
        assert outcome.after == (timedelta(seconds=wait) if wait else None)
        assert outcome.answered, "the server said that it did not take it"
        assert outcome.still_to == ""
        assert outcome.pauses is (wait is None), "greylisting is no reason to hold back other mails"


@pytest.mark.parametrize(
    ("at_step", "reply", "advice"),
    [
        ("MAIL", "530 5.7.0 log in", "set auth_username, require_tls"),
        ("MAIL", "553 5.7.1 not yours", "see from"),
    ],
)
async def test_advice(server: SmtpServer, at_step: str, reply: str, advice: str) -> None:
    server.always(at_step, reply)
    outcome = await attempt(server.address)
    assert isinstance(outcome, Rejected)
    assert outcome.why.endswith(advice)


@pytest.mark.parametrize(
    ("greeting", "kind", "cause"),
    [
        pytest.param(b"421 4.3.2 not now\r\n", Retry, Cause.SERVER_ERROR, id="421"),
        pytest.param(b"554 5.7.1 no service for you\r\n", Rejected, Cause.CLIENT_ERROR, id="554"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", Retry, Cause.OTHER, id="no mail server at all"),
        pytest.param(b"", Retry, Cause.TIMEOUT, id="silence"),
    ],
)
async def test_greetings(greeting: bytes, kind: type, cause: Cause) -> None:
    async with canned_server(greeting) as address:
        outcome = await attempt(address, timeout="300ms")
    assert isinstance(outcome, kind)
    assert isinstance(outcome, Retry | Rejected)
    assert (outcome.cause, getattr(outcome, "answered", True)) == (cause, True)


class TestTroubles:
    """A server that says nothing may have taken the mail only once the mail was on its way."""

    @pytest.mark.parametrize("at_step", ["EHLO", "MAIL", "RCPT", "DATA", "END"])
    @pytest.mark.parametrize("trouble", list(Trouble), ids=lambda trouble: trouble.value)
    async def test_no_answer(self, server: SmtpServer, at_step: str, trouble: Trouble) -> None:
        server.always(at_step, trouble)
        outcome = await attempt(server.address, timeout="400ms")
        assert isinstance(outcome, Retry)
        assert outcome.cause is (Cause.TIMEOUT if trouble is Trouble.HANG else Cause.OTHER)
        assert outcome.answered is (at_step not in ("DATA", "END"))

    async def test_nobody_listens(self) -> None:
        outcome = await attempt("127.0.0.1:1")
        assert isinstance(outcome, Retry)
        assert (outcome.why, outcome.answered) == ("connecting: connection refused", True)

    @pytest.mark.parametrize("address", ["mail.invalid:25", "127.0.0.1:no-such-service"])
    async def test_an_address_nobody_knows(self, address: str) -> None:
        outcome = await attempt(address)
        assert isinstance(outcome, Retry)
        assert outcome.why == "connecting: host name or port is not known"

    async def test_it_can_be_cancelled_at_any_time(self, server: SmtpServer) -> None:
        server.always("END", Trouble.HANG)
        made = email(server.address)
        task = asyncio.create_task(made.send(a_delivery_of(made, message()), at=T0))
        await until(lambda: server.reached["END"])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    @pytest.mark.parametrize("at_step", ["MAIL", "RCPT", "DATA", "END"])
    async def test_an_attempt_that_failed_ends_its_conversation(self, server: SmtpServer, at_step: str) -> None:
        server.always(at_step, "421 4.3.2 closing")
        await attempt(server.address)
        assert server.connections == 1
        await until(lambda: not server.open_connections)

    async def test_after_a_421_the_next_attempt_arrives(self, server: SmtpServer) -> None:
        server.script("MAIL", "421 4.3.2 restarting")
        assert isinstance(await attempt(server.address), Retry)
        assert isinstance(await attempt(server.address), Delivered)


class TestRecipients:
    async def test_one_refused_for_good_does_not_keep_it_from_the_others(self, server: SmtpServer) -> None:
        server.always("RCPT night@example.com", "550 5.1.1 no such user")
        outcome = await attempt(server.address)
        assert isinstance(outcome, Delivered)
        assert outcome.answer == "250 2.0.0 queued as 4711; refused: night@example.com (550 5.1.1 no such user)"
        assert server.received[0].recipients == BOTH[:1]

    async def test_one_refused_for_now_gets_it_later_and_nobody_gets_it_twice(self, server: SmtpServer) -> None:
        server.script("RCPT night@example.com", "451 4.7.1 greylisted")
        made = email(server.address)
        delivery = step(a_delivery_of(made, message()), Leased(owner="me", until=after(seconds=60)))
        first = await made.send(delivery, at=T0)
        assert isinstance(first, Retry)
        assert (first.after, first.pauses, first.answered) == (timedelta(seconds=60), False, False)
        assert "night@example.com" in first.why
        again = step(delivery, first, next_at=after(seconds=60))
        assert isinstance(await made.send(again, at=after(seconds=60)), Delivered)
        assert [mail.recipients for mail in server.received] == [BOTH[:1], BOTH[1:]]
        ids = {mail.parsed["Message-ID"] for mail in server.received}
        assert len(ids) == 1

    async def test_of_two_refused_only_the_one_for_now_is_tried_again(self, server: SmtpServer) -> None:
        server.always("RCPT night@example.com", "452 4.2.2 full")
        server.always("RCPT gone@example.com", "550 5.1.1 no such user")
        outcome = await attempt(server.address, to=", ".join((*BOTH, "gone@example.com")))
        assert isinstance(outcome, Retry)
        assert Envelope.decode(outcome.still_to) == Envelope(
            sender="alerts@example.com", recipients=("night@example.com",), others=1
        )

    async def test_those_who_have_it_already_are_counted(self, server: SmtpServer) -> None:
        server.always("RCPT late@example.com", "452 4.2.2 full")
        made = email(server.address)
        outcome = await made.send(self.partly_taken(made, "night@example.com", "late@example.com"), at=T0)
        assert isinstance(outcome, Retry)
        assert Envelope.decode(outcome.still_to) == Envelope(
            sender="alerts@example.com", recipients=("late@example.com",), others=2
        )

    async def test_as_long_as_nobody_has_it_all_are_tried_again(self, server: SmtpServer) -> None:
        server.always("RCPT ops@example.com", "550 5.1.1 no such user")
        server.always("RCPT night@example.com", "452 4.2.2 full")
        outcome = await attempt(server.address)
        assert isinstance(outcome, Retry)
        assert (outcome.still_to, outcome.answered) == ("", True)

    @pytest.mark.parametrize(
        "reply", [pytest.param("550 5.1.1 no", id="refused"), pytest.param("452 4.2.2 full", id="full for ever")]
    )
    async def test_it_is_delivered_when_the_others_have_it_and_there_is_no_further_attempt(
        self, server: SmtpServer, reply: str
    ) -> None:
        server.always("RCPT night@example.com", reply)
        made = email(server.address)
        delivery = self.partly_taken(made, "night@example.com")
        outcome = await made.send(delivery, at=delivery.deadline - timedelta(seconds=30))
        assert isinstance(outcome, Delivered)
        assert "given up for night@example.com" in outcome.answer
        assert server.received == []

    async def test_without_a_server_it_is_tried_again_as_long_as_there_is_time(self) -> None:
        made = email("127.0.0.1:1")
        delivery = self.partly_taken(made, "night@example.com")
        assert isinstance(await made.send(delivery, at=T0), Retry)
        assert isinstance(await made.send(delivery, at=delivery.deadline), Delivered)

    @staticmethod
    def partly_taken(made: Email, *left: str) -> Delivery:
        delivery = a_delivery_of(made, message())
        rest = Envelope(sender="alerts@example.com", recipients=left, others=1)
        return replace(delivery, payload=replace(delivery.payload, address=rest.encode()))

    async def test_without_addresses_nobody_is_asked(self, server: SmtpServer) -> None:
        outcome = await attempt(server.address, to="{{ .CommonLabels.nobody }}")
        assert outcome == Rejected(why="to gives no address", cause=Cause.CLIENT_ERROR)
        assert server.connections == 0


class TestSizes:
    async def test_a_mail_larger_than_the_server_says_is_shortened(self) -> None:
        async with smtp_server(data_size_limit=3000) as server:
            assert isinstance(await attempt(server.address), Delivered)
        [mail] = server.received
        assert SHORTENED in mail.parsed.get_content()
        assert mail.parsed["Subject"] == "[FIRING:1]  (A critical)"

    async def test_so_is_one_it_refuses_as_too_large(self, server: SmtpServer) -> None:
        server.script("END", "552 5.3.4 too large")
        assert isinstance(await attempt(server.address), Delivered)
        assert SHORTENED in server.received[0].parsed.get_content()
        assert server.connections == 1

    async def test_also_before_it_has_seen_it(self, server: SmtpServer) -> None:
        server.script("MAIL", "552 5.3.4 too large")
        assert isinstance(await attempt(server.address), Delivered)
        assert SHORTENED in server.received[0].parsed.get_content()

    async def test_but_once(self, server: SmtpServer) -> None:
        server.always("END", "552 5.3.4 too large")
        outcome = await attempt(server.address)
        assert isinstance(outcome, Rejected)
        assert server.received == []


class TestTls:
    async def test_starttls_encrypts_the_conversation(self, certificate: Certificate) -> None:
        async with smtp_server(starttls=certificate.context()) as server:
            tls = {"ca_file": str(certificate.cert)}
            assert isinstance(await attempt(server.address, require_tls=True, tls_config=tls), Delivered)
        assert server.received[0].is_encrypted

    async def test_it_is_required_by_default(self, server: SmtpServer) -> None:
        outcome = await attempt(server.address, require_tls=None)
        assert isinstance(outcome, Rejected)
        assert outcome.cause is Cause.CLIENT_ERROR
        assert f'"{server.address}" does not advertise the STARTTLS extension' in outcome.why
        assert server.received == []

    async def test_it_is_not_used_where_it_is_not_wanted(self, certificate: Certificate) -> None:
        async with smtp_server(starttls=certificate.context()) as server:
            assert isinstance(await attempt(server.address, require_tls=False), Delivered)
        assert not server.received[0].is_encrypted

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [("454 4.7.0 not now", Retry), ("500 5.5.1 what", Rejected), (Trouble.HANG_UP, Retry), (Trouble.HANG, Retry)],
        ids=["454", "500", "cut", "silence"],
    )
    async def test_a_server_that_offers_it_and_does_not_do_it(
        self, certificate: Certificate, answer: Answer, kind: type
    ) -> None:
        async with smtp_server(starttls=certificate.context()) as server:
            server.always("STARTTLS", answer)
            outcome = await attempt(server.address, require_tls=True, timeout="500ms")
        assert isinstance(outcome, kind)
        assert server.received == []

    @pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "from the first byte"])
    async def test_a_certificate_nobody_vouches_for_is_not_accepted(
        self, certificate: Certificate, implicit: bool
    ) -> None:
        context = certificate.context()
        tls = {"implicit_tls": context} if implicit else {"starttls": context}
        async with smtp_server(**tls) as server:
            outcome = await attempt(server.address, require_tls=True, force_implicit_tls=implicit)
        assert isinstance(outcome, Retry)
        assert "certificate not accepted: self-signed certificate; see tls_config" in outcome.why
        assert (outcome.after, outcome.answered) == (timedelta(minutes=5), True)
        assert server.received == []

    async def test_unless_it_is_told_to_accept_any(self, certificate: Certificate) -> None:
        async with smtp_server(starttls=certificate.context()) as server:
            tls = {"insecure_skip_verify": True}
            assert isinstance(await attempt(server.address, require_tls=True, tls_config=tls), Delivered)

    async def test_tls_from_the_first_byte_needs_no_starttls(self, certificate: Certificate) -> None:
        async with smtp_server(implicit_tls=certificate.context()) as server:
            tls = {"ca_file": str(certificate.cert)}
            outcome = await attempt(server.address, require_tls=True, force_implicit_tls=True, tls_config=tls)
        assert isinstance(outcome, Delivered)
        assert server.received[0].is_encrypted

    @pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "from the first byte"])
    @pytest.mark.parametrize(
        ("name", "kind"), [("mail.example.org", Delivered), ("other.example.org", Retry)], ids=["the right", "a wrong"]
    )
    async def test_the_certificate_must_have_the_expected_name(
        self, certificate: Certificate, name: str, kind: type, implicit: bool
    ) -> None:
        context = certificate.context()
        tls = {"ca_file": str(certificate.cert), "server_name": name}
        async with smtp_server(**{"implicit_tls" if implicit else "starttls": context}) as server:
            outcome = await attempt(server.address, require_tls=True, force_implicit_tls=implicit, tls_config=tls)
        assert isinstance(outcome, kind)

    async def test_a_server_without_tls_on_a_port_for_it(self, server: SmtpServer) -> None:
        outcome = await attempt(server.address, force_implicit_tls=True, timeout="500ms")
        assert isinstance(outcome, Retry)
        assert outcome.answered

    async def test_certificates_that_cannot_be_read(self, server: SmtpServer, tmp_path: Path) -> None:
        outcome = await attempt(server.address, tls_config={"ca_file": str(tmp_path / "gone.pem")})
        assert isinstance(outcome, Retry)
        assert "tls_config: cannot use" in outcome.why


KEYS = {"auth_username": USER, "auth_password": PASSWORD, "auth_secret": SECRET}


class TestLogin:
    @pytest.mark.parametrize(
        ("offered", "keys", "used"),
        [
            pytest.param(["PLAIN"], KEYS, "PLAIN", id="PLAIN"),
            pytest.param(["LOGIN"], KEYS, "LOGIN", id="LOGIN"),
            pytest.param(["CRAM-MD5"], KEYS, "CRAM-MD5", id="CRAM-MD5"),
            pytest.param(["LOGIN", "PLAIN", "CRAM-MD5"], KEYS, "LOGIN", id="the server's first"),
            pytest.param(["XOAUTH2", "GSSAPI", "PLAIN"], KEYS, "PLAIN", id="the first one we know"),
            pytest.param(["CRAM-MD5", "PLAIN"], {**KEYS, "auth_secret": None}, "PLAIN", id="the first we can"),
            pytest.param(["PLAIN", "CRAM-MD5"], {**KEYS, "auth_password": None}, "CRAM-MD5", id="without a password"),
            pytest.param(["PLAIN"], {**KEYS, "auth_identity": "somebody"}, "PLAIN", id="with an identity"),
        ],
    )
    async def test_mechanisms(self, offered: list[str], keys: dict[str, Any], used: str) -> None:
        async with smtp_server(mechanisms=offered) as server:
            assert isinstance(await attempt(server.address, **keys), Delivered)
        assert server.attempts == [used]
        assert server.received[0].user == USER

    async def test_logging_in_follows_starttls(self, certificate: Certificate) -> None:
        tls = {"ca_file": str(certificate.cert)}
        async with smtp_server(starttls=certificate.context(), mechanisms=["PLAIN"]) as server:
            assert isinstance(await attempt(server.address, require_tls=True, tls_config=tls, **KEYS), Delivered)
        assert (server.received[0].user, server.received[0].is_encrypted) == (USER, True)

    async def test_a_server_without_auth_is_sent_to_all_the_same(self, server: SmtpServer) -> None:
        assert isinstance(await attempt(server.address, **KEYS), Delivered)
        assert server.received[0].user == ""

    async def test_without_a_user_nobody_logs_in(self) -> None:
        async with smtp_server(mechanisms=["PLAIN"]) as server:
            assert isinstance(await attempt(server.address, auth_password=PASSWORD), Delivered)
        assert server.attempts == []

    @pytest.mark.parametrize("offered", ["PLAIN", "LOGIN", "CRAM-MD5"])
    async def test_a_wrong_password_is_a_matter_of_rights(self, offered: str) -> None:
        async with smtp_server(mechanisms=[offered]) as server:
            wrong = {"auth_username": USER, "auth_password": "wr0ng-p4ss", "auth_secret": "wr0ng-s3cr3t"}
            outcome = await attempt(server.address, **wrong)
        assert isinstance(outcome, Rejected)
        assert outcome.cause is Cause.AUTH_ERROR
        assert outcome.why == (
            "AUTH: 535 5.7.8 Authentication credentials invalid; check auth_username and auth_password"
        )
        assert server.received == []

    @pytest.mark.parametrize(
        ("reply", "kind", "cause", "after"),
        [
            pytest.param("454 4.7.0 later", Retry, Cause.AUTH_ERROR, timedelta(minutes=5), id="454"),
            pytest.param("421 4.7.0 closing", Retry, Cause.AUTH_ERROR, timedelta(minutes=5), id="421"),
            pytest.param("530 5.7.0 STARTTLS first", Rejected, Cause.AUTH_ERROR, None, id="530"),
            pytest.param("534 5.7.9 too weak", Rejected, Cause.AUTH_ERROR, None, id="534"),
            pytest.param("535 5.7.8 no", Rejected, Cause.AUTH_ERROR, None, id="535"),
            pytest.param("538 5.7.11 encrypt", Rejected, Cause.AUTH_ERROR, None, id="538"),
        ],
    )
    async def test_replies(self, reply: str, kind: type, cause: Cause, after: timedelta | None) -> None:
        async with smtp_server(mechanisms=["PLAIN"]) as server:
            server.always("AUTH", reply)
            outcome = await attempt(server.address, **KEYS)
        assert isinstance(outcome, kind)
        assert isinstance(outcome, Retry | Rejected)
        assert (outcome.cause, getattr(outcome, "after", None)) == (cause, after)

    async def test_gmail_wants_a_password_of_its_own(self) -> None:
        async with smtp_server(mechanisms=["PLAIN"]) as server:
            server.always("AUTH", "534 5.7.9 Application-specific password required")
            outcome = await attempt(server.address, **KEYS)
        assert isinstance(outcome, Rejected)
        assert "password made for this application" in outcome.why

    @pytest.mark.parametrize(
        ("offered", "keys", "why"),
        [
            (["XOAUTH2"], KEYS, "offers XOAUTH2 to log in, not PLAIN, LOGIN or CRAM-MD5"),
            (["CRAM-MD5"], {**KEYS, "auth_secret": None}, "offers CRAM-MD5 to log in: set auth_secret"),
            (["PLAIN", "CRAM-MD5"], {"auth_username": USER}, "set auth_password or auth_secret"),
        ],
        ids=["nothing we know", "no secret", "nothing at all"],
    )
    async def test_what_is_missing_is_named(self, offered: list[str], keys: dict[str, Any], why: str) -> None:
        async with smtp_server(mechanisms=offered) as server:
            outcome = await attempt(server.address, **keys)
        assert isinstance(outcome, Rejected)
        assert outcome.cause is Cause.AUTH_ERROR
        assert outcome.why.endswith(why)
        assert server.attempts == []

    async def test_a_password_never_goes_in_clear_text_to_another_machine(self) -> None:
        # 0.0.0.0 is this machine too, but by its name nobody can tell.
        async with smtp_server(mechanisms=["PLAIN", "LOGIN"]) as server:
            outcome = await attempt(f"0.0.0.0:{server.port}", **KEYS)
        assert isinstance(outcome, Rejected)
        assert "would send the password in clear text; set require_tls: true" in outcome.why
        assert server.attempts == []

    async def test_encrypted_it_may(self, certificate: Certificate) -> None:
        tls = {"ca_file": str(certificate.cert), "server_name": "mail.example.org"}
        async with smtp_server(starttls=certificate.context(), mechanisms=["PLAIN"]) as server:
            outcome = await attempt(f"0.0.0.0:{server.port}", require_tls=True, tls_config=tls, **KEYS)
        assert isinstance(outcome, Delivered)
        assert server.attempts == ["PLAIN"]

    async def test_cram_md5_may(self) -> None:
        async with smtp_server(mechanisms=["PLAIN", "CRAM-MD5"]) as server:
            assert isinstance(await attempt(f"0.0.0.0:{server.port}", **KEYS), Delivered)
        assert server.attempts == ["CRAM-MD5"]

    @pytest.mark.parametrize(
        ("key", "offered", "right"),
        [("auth_password_file", "PLAIN", PASSWORD), ("auth_secret_file", "CRAM-MD5", SECRET)],
        ids=["a password", "a secret"],
    )
    async def test_files_are_read_at_each_attempt(self, key: str, offered: str, right: str, tmp_path: Path) -> None:
        file = tmp_path / "secret"
        async with smtp_server(mechanisms=[offered]) as server:
            missing = await attempt(server.address, auth_username=USER, **{key: str(file)})
            file.write_text("wrong")
            wrong = await attempt(server.address, auth_username=USER, **{key: str(file)})
            file.write_text(right + "\n")
            taken = await attempt(server.address, auth_username=USER, **{key: str(file)})
        assert isinstance(missing, Retry)
        assert f"cannot read {key}" in missing.why
        assert isinstance(wrong, Rejected)
        assert isinstance(taken, Delivered)


class TestSecrets:
    """A server that repeats all it was told; nothing of it is seen anywhere."""

    CANARIES = (PASSWORD, SECRET, *encoded(PASSWORD, SECRET, f"\0{USER}\0{PASSWORD}"))

    @pytest.mark.parametrize("offered", ["PLAIN", "LOGIN", "CRAM-MD5"])
    @pytest.mark.parametrize("at_step", ["AUTH", "MAIL", "RCPT", "END"])
    @pytest.mark.parametrize("code", ["451", "550", "535"])
    async def test_they_are_in_no_text_that_anybody_sees(self, offered: str, at_step: str, code: str) -> None:
        with structlog.testing.capture_logs() as logs:
            async with smtp_server(mechanisms=[offered]) as server:
                server.always(at_step, f"{code} you said {' '.join(self.CANARIES)}")
                made = email(server.address, **KEYS)
                delivery = a_delivery_of(made, message())
                outcome = await made.send(delivery, at=T0)
        assert "<secret>" in repr(outcome), "the server said something, and it was taken out"
        shown = [repr(outcome), repr(made), repr(delivery), repr(logs), made.destination, delivery.payload.address]
        assert not [canary for canary in self.CANARIES for text in shown if canary in text]
        assert not [canary for canary in self.CANARIES if canary.encode() in delivery.payload.body]

    async def test_one_recipient_refused_with_all_that_was_said(self, server: SmtpServer) -> None:
        server.mechanisms = ["PLAIN"]
        server.always("RCPT night@example.com", f"550 you said {' '.join(self.CANARIES)}")
        outcome = await attempt(server.address, **KEYS)
        assert isinstance(outcome, Delivered)
        assert "<secret>" in outcome.answer
        assert not [canary for canary in self.CANARIES if canary in outcome.answer]

    async def test_bytes_that_are_no_text_can_be_saved(self) -> None:
        async with canned_server(b"554 \xff\xfe no\r\n") as address:
            outcome = await attempt(address)
        assert isinstance(outcome, Rejected)
        outcome.why.encode()


def test_mails_by_one_server_and_user_have_one_destination() -> None:
    one, other = email("m:25", auth_username="a"), email("m:25", auth_username="a", to="x@y")
    assert one.destination == other.destination
    assert one.destination != email("m:25", auth_username="b").destination
