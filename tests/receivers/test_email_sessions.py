"""Several mails in one conversation: nothing is lost or said twice, whatever becomes of it between two of them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from alertd.notify.outbox import Delivered, Outcome, Rejected, Retry
from alertd.receivers.email import Email
from alertd.receivers.email_auth import Credentials
from alertd.receivers.email_session import Server
from alertd.receivers.email_sessions import Sessions
from alertd.receivers.email_settings import EmailSettings
from alertd.receivers.place import Place
from alertd.receivers.tools import Tools
from tests.support.builders import T0, a_posted_alert
from tests.support.receivers import a_delivery_of, a_message, some_tools
from tests.support.smtp_server import PASSWORD, USER, Answer, Certificate, SmtpServer, Trouble, smtp_server
from tests.support.waiting import until

MAIL = b"Subject: x\r\n\r\nhello\r\n"


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    async with smtp_server() as running:
        yield running


@pytest.fixture
def tools() -> Tools:
    return some_tools(cast(Any, None))


def email(server: SmtpServer, tools: Tools, **keys: Any) -> Email:
    own = {"to": "ops@example.com", "from": "alerts@example.com", "smarthost": server.address, "require_tls": False}
    return Email(Place("ops", 0), EmailSettings.model_validate({**own, "timeout": "5s", **keys}), tools)


async def sent(made: Email, name: str = "A") -> Outcome:
    return await made.send(a_delivery_of(made, a_message(a_posted_alert(name))), at=T0)


def sessions(server: SmtpServer, *, limit: timedelta = timedelta(seconds=5), **more: timedelta) -> Sessions:
    where = Server(
        host="127.0.0.1", port=str(server.port), implicit_tls=False, require_tls=False, server_name="", hello="me"
    )
    return Sessions(where, limit=limit, **more)


def told(server: SmtpServer) -> list[str]:
    """The alerts of the mails that were taken."""
    return [mail.parsed["Subject"].split()[1].strip("()") for mail in server.received]


async def test_one_mail_after_the_other_needs_one_connection(server: SmtpServer, tools: Tools) -> None:
    made = email(server, tools)
    for name in "ABC":
        assert isinstance(await sent(made, name), Delivered)
    assert (told(server), server.connections) == (["A", "B", "C"], 1)


async def test_mails_at_once_need_one_each_and_those_after_them_none(server: SmtpServer, tools: Tools) -> None:
    made = email(server, tools)
    await asyncio.gather(*(sent(made, name) for name in "ABCDE"))
    await asyncio.gather(*(sent(made, name) for name in "FGHIJ"))
    assert sorted(told(server)) == list("ABCDEFGHIJ")
    assert server.connections == 5


async def test_it_stays_encrypted_and_logged_in(tmp_path: Path, tools: Tools) -> None:
    certificate = Certificate.make(tmp_path)
    async with smtp_server(starttls=certificate.context(), mechanisms=["PLAIN"]) as server:
        keys = {"tls_config": {"ca_file": str(certificate.cert)}, "auth_username": USER, "auth_password": PASSWORD}
        made = email(server, tools, require_tls=True, **keys)
        assert all([isinstance(await sent(made), Delivered) for _ in range(3)])
    assert [(mail.is_encrypted, mail.user) for mail in server.received] == [(True, USER)] * 3
    assert (server.connections, server.attempts) == (1, ["PLAIN"])


async def test_another_password_is_another_conversation(tmp_path: Path, tools: Tools) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    async with smtp_server(mechanisms=["PLAIN"]) as server:
        made = email(server, tools, auth_username=USER, auth_password_file=str(file))
        assert isinstance(await sent(made), Delivered)
        file.write_text("changed")
        assert not isinstance(await sent(made), Delivered), "what was let in before is not what lets in now"
    assert (server.connections, len(server.received)) == (2, 1)


BROKEN: list[tuple[str, Answer]] = [
    *((step, Trouble.HANG_UP) for step in ("RSET", "MAIL", "RCPT")),
    *((step, "421 4.7.0 closing") for step in ("RSET", "MAIL", "RCPT")),
    *((step, "452 4.5.3 too many mails in this session") for step in ("RSET", "MAIL")),
    *((step, "503 5.5.1 what") for step in ("RSET", "MAIL")),
]


@pytest.mark.parametrize(("at_step", "answer"), BROKEN, ids=str)
async def test_one_that_breaks_before_the_mail_is_begun_again(
    server: SmtpServer, tools: Tools, at_step: str, answer: Answer
) -> None:
    made = email(server, tools)
    await sent(made, "A")
    server.script(at_step, answer)
    assert isinstance(await sent(made, "B"), Delivered)
    assert (told(server), server.connections) == (["A", "B"], 2)
    await until(lambda: server.open_connections == 1)


async def test_but_once(server: SmtpServer, tools: Tools) -> None:
    made = email(server, tools)
    await sent(made, "A")
    server.always("MAIL", "421 4.3.2 closing")
    outcome = await sent(made, "B")
    assert isinstance(outcome, Retry)
    assert "MAIL FROM: 421 4.3.2 closing" in outcome.why
    assert (server.connections, server.reached["MAIL"]) == (2, 3)


async def test_what_the_server_says_in_a_new_one_counts(server: SmtpServer, tools: Tools) -> None:
    made = email(server, tools)
    await sent(made, "A")
    server.always("MAIL", "550 5.7.1 not you")
    assert isinstance(await sent(made, "B"), Rejected)


@pytest.mark.parametrize("at_step", ["DATA", "END"])
async def test_once_the_mail_is_on_its_way_it_is_not_sent_twice(server: SmtpServer, tools: Tools, at_step: str) -> None:
    made = email(server, tools)
    await sent(made, "A")
    server.script(at_step, Trouble.HANG_UP)
    outcome = await sent(made, "B")
    assert isinstance(outcome, Retry)
    assert not outcome.answered
    assert (server.connections, server.reached["MAIL"]) == (1, 2)


async def test_a_server_that_refuses_everybody_is_asked_in_another_one(server: SmtpServer, tools: Tools) -> None:
    made = email(server, tools)
    await sent(made, "A")
    server.script("RCPT", "452 4.5.3 too many recipients in this session")
    assert isinstance(await sent(made, "B"), Retry)
    assert isinstance(await sent(made, "B"), Delivered)
    assert (told(server), server.connections) == (["A", "B"], 2)


async def test_a_mail_that_was_too_large_is_shortened_there_too(server: SmtpServer, tools: Tools) -> None:
    made = email(server, tools)
    await sent(made, "A")
    server.script("END", "552 5.3.4 too large")
    assert isinstance(await sent(made, "B"), Delivered)
    assert (server.connections, len(server.received)) == (1, 2)


async def test_a_server_that_has_gone_silent_costs_one_short_wait(server: SmtpServer) -> None:
    kept = sessions(server, limit=timedelta(milliseconds=200))
    for _ in range(2):
        server.script("RSET", Trouble.HANG)
        session = kept.take(ssl.create_default_context(), Credentials())
        await session.deliver("a@example.com", ["b@example.com"], MAIL)
        await session.deliver("a@example.com", ["b@example.com"], MAIL)
        session.close()
    assert (server.connections, len(server.received)) == (4, 4)


async def test_it_ends_when_no_further_mail_comes(server: SmtpServer) -> None:
    kept = sessions(server, idle=timedelta(milliseconds=20))
    context = ssl.create_default_context()
    session = kept.take(context, Credentials())
    await session.deliver("a@example.com", ["b@example.com"], MAIL)
    kept.put(session)
    await until(lambda: not server.open_connections)
    assert kept.take(context, Credentials()) is not session


async def test_only_with_the_same_keys_it_goes_on(server: SmtpServer) -> None:
    kept, context = sessions(server), ssl.create_default_context()
    session = kept.take(context, Credentials())
    await session.deliver("a@example.com", ["b@example.com"], MAIL)
    kept.put(session)
    assert kept.take(ssl.create_default_context(), Credentials()) is not session
    assert kept.take(context, Credentials(username="ann")) is not session
    assert kept.take(context, Credentials()) is session
    assert kept.take(context, Credentials()) is not session, "it is for one mail at a time"
    session.close()


async def test_a_new_configuration_ends_those_that_wait(server: SmtpServer, tools: Tools) -> None:
    made = email(server, tools)
    await sent(made)
    assert server.open_connections == 1
    tools.closing.close()
    await until(lambda: not server.open_connections)


async def test_and_those_under_way_once_their_mail_is_sent(server: SmtpServer, tools: Tools) -> None:
    made = email(server, tools)
    tools.closing.close()
    assert isinstance(await sent(made), Delivered)
    await until(lambda: not server.open_connections)
    assert len(server.received) == 1
