"""Mail from the alert to the mailbox: the loops, a store on disk and a real mail server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from alertd.engine.leases import DeliveryLimits
from alertd.receivers.email import Email
from alertd.receivers.email_settings import EmailSettings
from alertd.receivers.place import Place
from alertd.store.settings import StorageSettings
from alertd.store.sqlite import SqliteStore
from tests.support.builders import T0, a_posted_alert, a_route
from tests.support.pipeline import Pipeline, pipeline
from tests.support.receivers import some_tools
from tests.support.smtp_server import SmtpServer, smtp_server
from tests.support.waiting import until

ROUTE = a_route(
    group_wait=timedelta(seconds=10), group_interval=timedelta(minutes=5), repeat_interval=timedelta(hours=4)
)
ALERT = a_posted_alert("A")


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    async with smtp_server() as running:
        yield running


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(StorageSettings(path=tmp_path))
    yield opened
    await opened.close()


def email(server: SmtpServer) -> Email:
    settings = EmailSettings.model_validate(
        {
            "to": "ops@example.com, night@example.com", "from": "alerts@example.com", "smarthost": server.address,
            "require_tls": False, "send_resolved": True,
        }
    )  # fmt: skip
    return Email(Place("ops", 0), settings, some_tools(cast(Any, None)))


def told(server: SmtpServer) -> list[tuple[str, str]]:
    return [(mail.parsed["X-Alertd-Status"], ", ".join(mail.recipients)) for mail in server.received]


async def attempted(run: Pipeline, **later: float) -> str:
    """What the next attempt comes to, after this much time; while it lasts, no time passes."""
    before = len(run.counted.outcomes)
    await run.advance(**later)
    await until(lambda: len(run.counted.outcomes) > before)
    return run.counted.outcomes[-1][0]


async def test_greylisting_delays_one_recipient_and_repeats_nothing(server: SmtpServer, store: SqliteStore) -> None:
    server.script("RCPT night@example.com", "451 4.7.1 greylisted", "451 4.7.1 greylisted")
    async with pipeline(email(server), store=store, route=ROUTE) as run:
        await run.post(ALERT)
        assert await attempted(run, seconds=10) == "retry"
        assert await attempted(run, seconds=62) == "retry"
        assert told(server) == [("firing", "ops@example.com")]
        assert await attempted(run, seconds=62) == "delivered"
        assert told(server)[1:] == [("firing", "night@example.com")]
        await run.resolve(ALERT)
        assert await attempted(run, minutes=5) == "delivered"
        assert told(server)[2:] == [("resolved", "ops@example.com, night@example.com")]
    first, second, third = (mail.parsed["Message-ID"] for mail in server.received)
    assert first == second != third


async def test_a_mailbox_that_stays_full_does_not_repeat_the_mail_to_the_others(
    server: SmtpServer, store: SqliteStore
) -> None:
    server.always("RCPT night@example.com", "452 4.2.2 mailbox full")
    async with pipeline(email(server), store=store, route=ROUTE) as run:
        await run.post(ALERT)
        outcome = await attempted(run, seconds=10)
        while outcome == "retry":
            outcome = await attempted(run, seconds=62)
        assert outcome == "delivered"
        assert run.clock.now() - T0 > timedelta(minutes=13), "it was tried for as long as there was time"
        await run.advance(minutes=20)
    assert told(server) == [("firing", "ops@example.com")]
    [entry] = await store.log_entries(["{}:{}"])
    assert {episode.fingerprint for episode in entry.firing} == {ALERT.fingerprint}


async def test_a_burst_needs_no_more_connections_than_mails_at_once(server: SmtpServer, store: SqliteStore) -> None:
    alerts = [a_posted_alert("A", x=str(number)) for number in range(40)]
    each_by_itself = a_route(group_by=None, group_wait=timedelta(seconds=10))
    async with pipeline(email(server), store=store, route=each_by_itself) as run:
        await run.post(*alerts)
        await run.advance(seconds=10)
        await until(lambda: len(run.counted.outcomes) == len(alerts))
    assert len({mail.parsed["X-Alertd-Group"] for mail in server.received}) == len(server.received) == len(alerts)
    assert server.connections <= DeliveryLimits().per_destination
