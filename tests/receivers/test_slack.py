"""Slack over real HTTP: plain messages, and a bot that changes and answers what it wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import msgspec
import pytest

from alertd.http import new_session
from alertd.labels import LabelSet
from alertd.notify.message import Message
from alertd.notify.outbox import Delivered, Delivery, DeliveryState, Leased, Outcome, Rejected, Retry, step
from alertd.notify.reason import Reason
from alertd.receivers.place import Place
from alertd.receivers.slack import Slack
from alertd.receivers.slack_settings import SlackSettings
from alertd.store.memory import MemoryStore
from tests.support.builders import T0, a_posted_alert, after
from tests.support.receiver_server import Answer, ReceiverServer, receiver_server
from tests.support.receivers import a_delivery_of, a_message, some_tools

JSON = {"Content-Type": "application/json"}
POST, UPDATE = "/api/chat.postMessage", "/api/chat.update"
OK = Answer(body=b"ok")
FIRING = a_posted_alert("A")
RESOLVED = a_posted_alert("A", ends_at=after(minutes=1))


def answered(**body: object) -> Answer:
    return Answer(headers=JSON, body=msgspec.json.encode(body))


@pytest.fixture
async def server() -> AsyncIterator[ReceiverServer]:
    async with receiver_server() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with new_session() as running:
        yield running


def message(reason: Reason = Reason.FIRST_NOTIFICATION) -> Message:
    alert = RESOLVED if reason is Reason.ALL_RESOLVED else FIRING
    return a_message(alert, labels=LabelSet({"alertname": "A"}), reason=reason)


class Bot:
    """A bot, its store, and a Slack that knows one message, `C1 1.2`, once it was posted."""

    def __init__(self, server: ReceiverServer, session: aiohttp.ClientSession, **settings: Any) -> None:
        self.server = server
        self.store = MemoryStore()
        given = {"app_token": "xoxb-1", "app_url": f"{server.url}{POST}", "channel": "#c"} | settings
        self.slack = Slack(Place("ops", 0), SlackSettings.model_validate(given), some_tools(session, log=self.store))
        server.always(POST, answered(ok=True, channel="C1", ts="1.2"))
        server.always(UPDATE, answered(ok=True, channel="C1", ts="1.2"))

    async def tell(self, reason: Reason = Reason.FIRST_NOTIFICATION) -> Outcome:
        """As the deliverer does: lease, send, record."""
        queued = a_delivery_of(self.slack, message(reason))
        delivery = step(queued, Leased(owner="me", until=after(minutes=1)))
        outcome = await self.slack.send(delivery, at=T0)
        if isinstance(outcome, Delivered):
            await self._record(delivery, outcome)
        return outcome

    async def _record(self, delivery: Delivery, outcome: Delivered) -> None:
        assert delivery.state is DeliveryState.LEASED
        async with self.store.transaction() as tx:
            tx.put_log_entry(replace(delivery.entry, reference=outcome.reference))

    @property
    def requests(self) -> list[tuple[str, dict[str, Any]]]:
        """Method and the keys that say which message is meant."""
        keys = ("channel", "ts", "thread_ts", "reply_broadcast")
        return [
            (one.path.rpartition(".")[2], {key: one.json[key] for key in keys if key in one.json})
            for one in self.server.received
        ]


class TestABot:
    async def test_it_shows_its_token_and_keeps_what_slack_calls_the_message(
        self, server: ReceiverServer, session: aiohttp.ClientSession
    ) -> None:
        bot = Bot(server, session, update_message=True)
        assert await bot.tell() == Delivered("C1 1.2")
        [request] = server.received
        assert request.headers["Authorization"] == "Bearer xoxb-1"
        assert request.headers["Content-Type"] == "application/json; charset=utf-8"

    async def test_it_changes_its_message(self, server: ReceiverServer, session: aiohttp.ClientSession) -> None:
        bot = Bot(server, session, update_message=True)
        for reason in (Reason.FIRST_NOTIFICATION, Reason.NEW_ALERTS, Reason.ALL_RESOLVED):
            assert await bot.tell(reason) == Delivered("C1 1.2")
        assert bot.requests == [
            ("postMessage", {"channel": "#c"}),
            ("update", {"channel": "C1", "ts": "1.2"}),
            ("update", {"channel": "C1", "ts": "1.2"}),
        ]
        assert server.received[-1].json["attachments"][0]["color"] == "good"

    async def test_it_answers_in_the_thread_and_tells_the_end_to_the_channel_too(
        self, server: ReceiverServer, session: aiohttp.ClientSession
    ) -> None:
        bot = Bot(server, session, post_updates_to_thread=True)
        for reason in (Reason.FIRST_NOTIFICATION, Reason.SOME_RESOLVED, Reason.ALL_RESOLVED):
            assert await bot.tell(reason) == Delivered("C1 1.2")
        thread = {"channel": "C1", "thread_ts": "1.2"}
        assert bot.requests[1:] == [
            ("postMessage", thread | {"reply_broadcast": False}),
            ("postMessage", thread | {"reply_broadcast": True}),
        ]

    async def test_it_can_do_both(self, server: ReceiverServer, session: aiohttp.ClientSession) -> None:
        bot = Bot(server, session, update_message=True, post_updates_to_thread=True)
        await bot.tell()
        assert await bot.tell(Reason.NEW_ALERTS) == Delivered("C1 1.2")
        assert [method for method, _ in bot.requests] == ["postMessage", "update", "postMessage"]

    async def test_the_next_episode_is_a_new_message(
        self, server: ReceiverServer, session: aiohttp.ClientSession
    ) -> None:
        bot = Bot(server, session, update_message=True)
        await bot.tell()
        await bot.tell(Reason.ALL_RESOLVED)
        await bot.tell()
        assert [method for method, _ in bot.requests] == ["postMessage", "update", "postMessage"]

    @pytest.mark.parametrize("error", ["message_not_found", "cant_update_message", "edit_window_closed"])
    async def test_a_message_that_is_gone_is_posted_again(
        self, server: ReceiverServer, session: aiohttp.ClientSession, error: str
    ) -> None:
        bot = Bot(server, session, update_message=True)
        await bot.tell()
        server.always(UPDATE, answered(ok=False, error=error))
        server.always(POST, answered(ok=True, channel="C1", ts="3.4"))
        assert await bot.tell(Reason.NEW_ALERTS) == Delivered("C1 3.4")

    async def test_a_thread_that_is_gone_is_begun_again(
        self, server: ReceiverServer, session: aiohttp.ClientSession
    ) -> None:
        bot = Bot(server, session, post_updates_to_thread=True)
        await bot.tell()
        server.script(POST, answered(ok=False, error="thread_not_found"), answered(ok=True, channel="C1", ts="5.6"))
        assert await bot.tell(Reason.NEW_ALERTS) == Delivered("C1 5.6")

    async def test_what_fails_is_tried_again_as_a_whole(
        self, server: ReceiverServer, session: aiohttp.ClientSession
    ) -> None:
        bot = Bot(server, session, update_message=True, post_updates_to_thread=True)
        await bot.tell()
        server.script(UPDATE, Answer(status=429, headers={"Retry-After": "3"}))
        throttled = await bot.tell(Reason.NEW_ALERTS)
        assert isinstance(throttled, Retry)
        assert throttled.after == timedelta(seconds=3)
        assert [method for method, _ in bot.requests] == ["postMessage", "update"], "no answer before the change"

    async def test_a_url_of_the_web_api_with_an_authorization_makes_a_bot_too(
        self, server: ReceiverServer, session: aiohttp.ClientSession
    ) -> None:
        authorized = {"authorization": {"credentials": "xoxb-2"}}
        bot = Bot(
            server, session, app_token=None, api_url=f"{server.url}{POST}", http_config=authorized, update_message=True
        )
        await bot.tell()
        await bot.tell(Reason.NEW_ALERTS)
        assert [method for method, _ in bot.requests] == ["postMessage", "update"]
        assert {one.headers["Authorization"] for one in server.received} == {"Bearer xoxb-2"}


class TestAMalformedMessage:
    """Slack refuses it: what it is about is told all the same."""

    async def test_its_fallback_is_sent_once(self, server: ReceiverServer, session: aiohttp.ClientSession) -> None:
        settings = SlackSettings.model_validate({"api_url": f"{server.url}/hook", "channel": "#c"})
        slack = Slack(Place("ops", 0), settings, some_tools(session))
        server.script("/hook", Answer(status=400, body=b"invalid_payload"), OK)
        assert await slack.send(a_delivery_of(slack, message()), at=T0) == Delivered()
        plain = server.received[1].json
        assert plain["channel"] == "#c"
        assert plain["text"].startswith("[FIRING:1] A  | http://am.example.org/#/alerts?receiver=ops (the configured")
        assert "invalid_payload" in plain["text"]
        assert "attachments" not in plain

    async def test_when_that_is_refused_too_it_ends(
        self, server: ReceiverServer, session: aiohttp.ClientSession
    ) -> None:
        bot = Bot(server, session)
        server.always(POST, answered(ok=False, error="invalid_blocks"))
        assert isinstance(await bot.tell(), Rejected)
        assert len(server.received) == 2


async def test_a_template_that_fails_leaves_the_channel_as_it_is(session: aiohttp.ClientSession) -> None:
    given = {"api_url": "http://a.example.com", "channel": "#{{ .Status }}", "text": "{{ .Nope }}"}
    slack = Slack(Place("ops", 0), SlackSettings.model_validate(given), some_tools(session))
    payload = slack.render(message())
    assert payload.is_fallback
    body = msgspec.json.decode(payload.body)
    assert body["channel"] == "#firing"
    assert "could not render the configured template" in body["text"]
    broken = Slack(
        Place("ops", 0), SlackSettings.model_validate(given | {"channel": "{{ .Nope }}"}), some_tools(session)
    )
    assert "channel" not in msgspec.json.decode(broken.render(message()).body)


@pytest.mark.parametrize(("allowed", "calls"), [(False, False), (True, True)])
async def test_annotations_call_people_only_where_they_may(
    session: aiohttp.ClientSession, allowed: bool, calls: bool
) -> None:
    given = {"api_url": "http://a.example.com", "text": "{{ .CommonAnnotations.s }} <!here>", "allow_mentions": allowed}
    slack = Slack(Place("ops", 0), SlackSettings.model_validate(given), some_tools(session))
    payload = slack.render(a_message(a_posted_alert("A", annotations={"s": "<!channel>"})))
    text = msgspec.json.decode(payload.body)["attachments"][0]["text"]
    assert ("<!channel>" in text) is calls
    assert text.endswith("<!here>"), "a template may call whom it wants"


@pytest.mark.parametrize(
    ("channel", "gone"),
    [
        pytest.param("#c", True, id="its webhook was revoked"),
        pytest.param('{{ "#c" }}', False, id="a template names other channels"),
    ],
)
async def test_what_is_gone(server: ReceiverServer, session: aiohttp.ClientSession, channel: str, gone: bool) -> None:
    server.script("/hook", Answer(status=404, body=b"channel_not_found"))
    settings = SlackSettings.model_validate({"api_url": f"{server.url}/hook", "channel": channel})
    slack = Slack(Place("ops", 0), settings, some_tools(session))
    outcome = await slack.send(a_delivery_of(slack, message()), at=T0)
    assert isinstance(outcome, Rejected)
    assert outcome.gone is gone
