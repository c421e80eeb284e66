"""Apprise, with the real library and a real server."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from alertd.http import new_session
from alertd.notify.message import Message
from alertd.notify.outbox import Cause, Delivered, Outcome, Rejected, Retry
from alertd.notify.reason import Reason
from alertd.receivers.apprise import Apprise
from alertd.receivers.apprise_library import require_apprise
from alertd.receivers.apprise_settings import AppriseSettings
from alertd.receivers.place import Place
from tests.support.builders import T0, a_posted_alert, after
from tests.support.receiver_server import Answer, ReceiverServer, receiver_server
from tests.support.receivers import a_delivery_of, a_message, some_tools

CANARY = "c4n4ry-t0ken"
FIRING = a_message(a_posted_alert("A", model="@everyone", annotations={"summary": "p99 > 1s & @here"}))
RESOLVED = a_message(a_posted_alert("A", ends_at=after(minutes=1)), reason=Reason.ALL_RESOLVED)


@pytest.fixture
async def server() -> AsyncIterator[ReceiverServer]:
    async with receiver_server() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with new_session() as running:
        yield running


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """What reaches the root logger from libraries, as it would in the daemon at `--log.level=debug`."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name != "aiohttp.access":  # of the test's own server
                lines.append(f"{record.name} {record.getMessage()}")

    root, handler = logging.getLogger(), Keep()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.setLevel(level)
    root.removeHandler(handler)


def url(server: ReceiverServer, path: str = "hook") -> str:
    return server.url.replace("http://", "json://") + "/" + path


def apprise(session: aiohttp.ClientSession, **given: Any) -> Apprise:
    return Apprise(Place("ops", 0), AppriseSettings.model_validate(given), some_tools(session))


async def send(integration: Apprise, message: Message = FIRING) -> Outcome:
    return await integration.send(a_delivery_of(integration, message), at=T0)


async def test_a_message_has_a_title_a_text_and_a_type(server: ReceiverServer, session: aiohttp.ClientSession) -> None:
    integration = apprise(session, url=url(server), body="{{ .CommonAnnotations.summary }}")
    assert await send(integration) == Delivered()
    assert await send(integration, RESOLVED) == Delivered()
    firing, resolved = (one.json for one in server.received)
    assert firing["title"] == "[FIRING:1]  (A @\u200beveryone)"
    assert (firing["message"], firing["type"]) == ("p99 > 1s & @\u200bhere", "failure")
    assert resolved["type"] == "success"


@pytest.mark.parametrize(
    ("body_format", "body"),
    [("text", "<b>a</b> p99 > 1s & @\u200bhere"), ("html", "<b>a</b> p99 &gt; 1s &amp; @here")],
)
async def test_a_page_is_escaped(
    server: ReceiverServer, session: aiohttp.ClientSession, body_format: str, body: str
) -> None:
    given = {"format": body_format, "body": "<b>a</b> {{ .CommonAnnotations.summary }}"}
    await send(apprise(session, url=url(server) + f"?format={body_format}", **given))
    assert server.received[0].json["message"] == body


@pytest.mark.parametrize("answer", [Answer(status=500), Answer(status=404), Answer(reset=True)])
async def test_what_fails_is_tried_again_later_and_not_within_the_attempt(
    server: ReceiverServer, session: aiohttp.ClientSession, answer: Answer
) -> None:
    server.always("/hook", answer)
    result = await send(apprise(session, url=url(server)))
    assert isinstance(result, Retry)
    assert (result.cause, result.answered) == (Cause.OTHER, False)
    assert result.why.startswith("apprise could not deliver: ")
    assert len(server.received) == 1


async def test_a_service_that_does_not_answer_holds_nobody_up(
    server: ReceiverServer, session: aiohttp.ClientSession
) -> None:
    server.always("/hook", Answer(hold=True))
    result = await send(apprise(session, url=url(server), timeout="200ms"))
    assert isinstance(result, Retry)
    assert not result.answered
    server.release()


async def test_the_file_of_the_url_is_read_at_each_attempt(
    server: ReceiverServer, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    file = tmp_path / "url"
    integration = apprise(session, url_file=str(file))
    assert isinstance(await send(integration), Retry), "there is no file yet"
    file.write_text("nonsense://x\n")
    assert isinstance(await send(integration), Rejected)
    file.write_text(url(server) + "\n")
    assert await send(integration) == Delivered()


async def test_the_url_is_in_no_text_that_anybody_sees(
    server: ReceiverServer, session: aiohttp.ClientSession, logged: list[str]
) -> None:
    server.always(f"/{CANARY}", Answer(status=500, body=CANARY.encode()))
    given = url(server, CANARY)
    integration = apprise(session, url=given)
    shown = [repr(integration), integration.destination, repr(await send(integration))]
    settings = AppriseSettings.model_validate({"url": given})
    shown += [repr(settings), settings.model_dump_json(), *logged]
    assert not [text for text in shown if CANARY in text]


async def test_a_template_that_fails_still_tells(server: ReceiverServer, session: aiohttp.ClientSession) -> None:
    assert await send(apprise(session, url=url(server), body="{{ .Nope }}")) == Delivered()
    assert server.received[0].json["message"].startswith("[FIRING:1] A (alertd could not render")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        pytest.param({}, "one of url or url_file must be configured", id="no URL"),
        pytest.param({"url": "json://a", "url_file": "f"}, "at most one of url & url_file", id="two URLs"),
        pytest.param(
            {"url": f"nonsense://{CANARY}"}, "apprise does not understand this URL", id="no service of apprise"
        ),
        pytest.param({"url": "json://a", "colour": "red"}, "Extra inputs are not permitted", id="an unknown key"),
    ],
)
def test_bad_settings_are_refused_without_showing_the_url(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem) as caught:
        AppriseSettings.model_validate(given)
    assert CANARY not in "".join(error["msg"] for error in caught.value.errors())


def test_without_the_library_the_error_says_how_to_get_it() -> None:
    with pytest.raises(ValueError, match=r'pip install "alertd\[apprise\]"'):
        require_apprise(lambda name: None)
    require_apprise(lambda name: name)
