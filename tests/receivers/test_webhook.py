"""The webhook against a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from pydantic import ValidationError

from alertd import __version__
from alertd.http import new_session
from alertd.notify.outbox import Cause, Delivered, Rejected, Retry
from alertd.receivers.place import Place
from alertd.receivers.registry import ReceiverSettings, by_receiver
from alertd.receivers.webhook import Webhook
from alertd.receivers.webhook_settings import WebhookFormat, WebhookSettings
from tests.support.builders import T0, a_delivery
from tests.support.receiver_server import Answer, ReceiverServer, receiver_server
from tests.support.receivers import some_tools

CANARY = "c4n4ry-t0ken"


@pytest.fixture
async def server() -> AsyncIterator[ReceiverServer]:
    async with receiver_server() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with new_session() as running:
        yield running


def webhook(session: aiohttp.ClientSession, **settings: object) -> Webhook:
    return Webhook(Place("ops", 0), WebhookSettings.model_validate(settings), some_tools(session))


async def test_it_posts_the_bytes_with_an_idempotency_key(
    server: ReceiverServer, session: aiohttp.ClientSession
) -> None:
    hook = webhook(session, url=f"{server.url}/hook", http_config={"authorization": {"credentials": "abc"}})
    delivery = a_delivery(body=b'{"receiver":"ops"}\n')
    assert await hook.send(delivery, at=T0) == Delivered()
    assert await hook.send(delivery, at=T0) == Delivered()
    first, second = await server.wait_for(2, "/hook")
    assert first.body == delivery.payload.body
    assert first.headers["Content-Type"] == "application/json"
    assert first.headers["User-Agent"] == f"alertd/{__version__}"
    assert first.headers["Authorization"] == "Bearer abc"
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"] == delivery.id


@pytest.mark.parametrize(
    ("answer", "outcome", "cause"),
    [
        pytest.param(Answer(status=503), Retry, Cause.SERVER_ERROR, id="5xx is retried"),
        pytest.param(Answer(status=429), Retry, Cause.RATE_LIMITED, id="429 is retried"),
        pytest.param(Answer(status=400), Rejected, Cause.CLIENT_ERROR, id="4xx is rejected"),
        pytest.param(Answer(reset=True), Retry, Cause.OTHER, id="a cut connection is retried"),
        pytest.param(
            Answer(status=307, headers={"Location": "/other"}), Rejected, Cause.CLIENT_ERROR, id="no redirects"
        ),
    ],
)
async def test_outcomes(
    server: ReceiverServer, session: aiohttp.ClientSession, answer: Answer, outcome: type, cause: Cause
) -> None:
    server.script("/hook", answer)
    result = await webhook(session, url=f"{server.url}/hook").send(a_delivery(), at=T0)
    assert isinstance(result, outcome)
    assert result.cause is cause
    assert len(server.received) == 1


async def test_redirects_are_followed_where_it_is_asked_for(
    server: ReceiverServer, session: aiohttp.ClientSession
) -> None:
    server.script("/hook", Answer(status=307, headers={"Location": "/other"}))
    hook = webhook(session, url=f"{server.url}/hook", http_config={"follow_redirects": True})
    assert await hook.send(a_delivery(), at=T0) == Delivered()
    assert [one.path for one in server.received] == ["/hook", "/other"]


async def test_a_receiver_that_does_not_answer_may_have_taken_it(
    server: ReceiverServer, session: aiohttp.ClientSession
) -> None:
    server.script("/hook", Answer(hold=True))
    result = await webhook(session, url=f"{server.url}/hook", timeout="100ms").send(a_delivery(), at=T0)
    assert isinstance(result, Retry)
    assert (result.cause, result.answered) == (Cause.TIMEOUT, False)


async def test_retry_after_is_passed_on(server: ReceiverServer, session: aiohttp.ClientSession) -> None:
    server.script("/hook", Answer(status=429, headers={"Retry-After": "30"}))
    result = await webhook(session, url=f"{server.url}/hook").send(a_delivery(), at=T0)
    assert isinstance(result, Retry)
    assert result.after == timedelta(seconds=30)


async def test_the_file_of_the_url_is_read_at_each_attempt(
    server: ReceiverServer, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    file = tmp_path / "url"
    hook = webhook(session, url_file=str(file))
    assert isinstance(await hook.send(a_delivery(), at=T0), Retry), "there is no file yet"
    for path in ("/one", "/two"):
        file.write_text(f"{server.url}{path}\n")
        assert await hook.send(a_delivery(), at=T0) == Delivered()
    assert [one.path for one in server.received] == ["/one", "/two"]


async def test_the_url_is_in_no_text_that_anybody_sees(server: ReceiverServer, session: aiohttp.ClientSession) -> None:
    url = f"{server.url}/{CANARY}"
    server.always(f"/{CANARY}", Answer(status=404, body=f"nothing at {url} or /{CANARY}".encode()))
    hook = webhook(session, url=url)
    shown = [repr(hook), hook.destination, repr(await hook.send(a_delivery(), at=T0))]
    unreachable = webhook(session, url=f"http://127.0.0.1:1/{CANARY}")
    shown += [unreachable.destination, repr(await unreachable.send(a_delivery(), at=T0))]
    settings = WebhookSettings.model_validate({"url": url})
    shown += [repr(settings), settings.model_dump_json()]
    assert not [text for text in shown if CANARY in text]


async def test_the_same_url_is_the_same_destination(session: aiohttp.ClientSession) -> None:
    one, same, other = (webhook(session, url=f"http://example.com/{name}") for name in "aab")
    assert one.destination == same.destination != other.destination


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        pytest.param({}, True, id="alertmanager's format tells the end"),
        pytest.param({"send_resolved": False}, False, id="unless told not to"),
        pytest.param({"format": "simple"}, False, id="the simple format does not"),
        pytest.param({"format": "simple", "send_resolved": True}, True, id="unless told to"),
    ],
)
async def test_send_resolved(session: aiohttp.ClientSession, settings: dict[str, object], told: bool) -> None:
    assert webhook(session, url="http://example.com/", **settings).send_resolved is told


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        pytest.param({}, "one of url or url_file must be configured", id="no URL"),
        pytest.param({"url": "http://a/", "url_file": "f"}, "at most one of url & url_file", id="two URLs"),
        pytest.param({"url": f"ftp://a/{CANARY}"}, 'unsupported scheme "ftp" for URL', id="no HTTP"),
        pytest.param({"url": f"http:///{CANARY}"}, "missing host for URL", id="no host"),
        pytest.param({"url": "http://a/", "max_alerts": -1}, "greater than or equal to 0", id="negative limit"),
        pytest.param({"url": "http://a/", "include_labels": True}, "needs format: simple", id="labels in version 4"),
        pytest.param({"url": "http://a/", "format": "simple", "max_alerts": 1}, "no meaning", id="limit of one"),
        pytest.param({"url": "http://a/", "format": "xml"}, "'alertmanager' or 'simple'", id="unknown format"),
        pytest.param({"url": "http://a/", "colour": "red"}, "Extra inputs are not permitted", id="unknown key"),
    ],
)
def test_bad_settings_are_refused_without_showing_the_url(settings: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem) as caught:
        WebhookSettings.model_validate(settings)
    assert CANARY not in "".join(error["msg"] for error in caught.value.errors())


def test_a_hidden_url_is_accepted_so_that_a_shown_configuration_can_be_read_again() -> None:
    assert WebhookSettings.model_validate({"url": "<secret>"}).url


async def test_every_integration_of_a_receiver_knows_its_place(session: aiohttp.ClientSession) -> None:
    hooks = [WebhookSettings.model_validate({"url": f"http://example.com/{n}"}) for n in range(2)]
    made = by_receiver(
        [ReceiverSettings(name="ops", webhook_configs=tuple(hooks)), ReceiverSettings(name="null")], some_tools(session)
    )
    assert [(one.receiver, one.integration, one.index) for one in made["ops"]] == [
        ("ops", "webhook", 0),
        ("ops", "webhook", 1),
    ]
    assert made["null"] == ()


async def test_the_simple_format_is_told_of_each_alert_by_itself(session: aiohttp.ClientSession) -> None:
    assert webhook(session, url="http://example.com/", format=WebhookFormat.SIMPLE).per_alert
    assert not webhook(session, url="http://example.com/").per_alert
