"""PagerDuty over real HTTP: keys, and what its answers mean beside the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import structlog
from pydantic import ValidationError

from alertd.http import new_session
from alertd.notify.message import Message
from alertd.notify.outbox import Cause, Delivered, Rejected, Retry
from alertd.receivers.pagerduty import PagerDuty
from alertd.receivers.pagerduty_settings import PagerdutySettings, with_defaults
from alertd.receivers.place import Place
from tests.support.builders import T0, a_posted_alert
from tests.support.receiver_server import Answer, ReceiverServer, receiver_server
from tests.support.receivers import a_delivery_of, a_message, some_tools

V1 = "/generic/2010-04-15/create_event.json"
MESSAGE = a_message(a_posted_alert("A", team="core"))


@pytest.fixture
async def server() -> AsyncIterator[ReceiverServer]:
    async with receiver_server() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with new_session() as running:
        yield running


def pagerduty(server: ReceiverServer, session: aiohttp.ClientSession, **given: Any) -> PagerDuty:
    settings = PagerdutySettings.model_validate({"url": f"{server.url}/v2/enqueue"} | given)
    return PagerDuty(Place("ops", 0), settings, some_tools(session))


async def send(integration: PagerDuty, message: Message = MESSAGE) -> Any:
    return await integration.send(a_delivery_of(integration, message), at=T0)


async def test_the_key_is_in_the_request_but_not_in_the_outbox(
    server: ReceiverServer, session: aiohttp.ClientSession
) -> None:
    integration = pagerduty(server, session, routing_key="c4n4ry")
    assert b"c4n4ry" not in integration.render(MESSAGE).body
    assert await send(integration) == Delivered()
    assert server.received[0].json["routing_key"] == "c4n4ry"


async def test_a_template_chooses_the_key(server: ReceiverServer, session: aiohttp.ClientSession) -> None:
    integration = pagerduty(server, session, routing_key="{{ .CommonLabels.team }}-key")
    assert await send(integration) == Delivered()
    assert server.received[0].json["routing_key"] == "core-key"


@pytest.mark.parametrize("template", ["{{ .CommonLabels.nothing }}", "{{ .Nope }}"])
async def test_without_a_key_nothing_is_sent(
    server: ReceiverServer, session: aiohttp.ClientSession, template: str
) -> None:
    result = await send(pagerduty(server, session, routing_key=template))
    assert result == Rejected(why="routing key cannot be empty", cause=Cause.CLIENT_ERROR)
    assert not server.received


async def test_a_service_key_goes_before_a_routing_key(server: ReceiverServer, session: aiohttp.ClientSession) -> None:
    integration = pagerduty(server, session, routing_key="rk", service_key="sk")
    assert await send(integration) == Delivered()
    [request] = server.received
    assert (request.path, request.json["service_key"]) == (V1, "sk")
    assert "routing_key" not in request.json


async def test_403_means_too_often_where_a_service_key_is_used(
    server: ReceiverServer, session: aiohttp.ClientSession
) -> None:
    server.always(V1, Answer(status=403))
    result = await send(pagerduty(server, session, service_key="sk"))
    assert isinstance(result, Retry)
    assert result.cause is Cause.RATE_LIMITED


async def test_a_refusal_is_told_in_pagerdutys_words(server: ReceiverServer, session: aiohttp.ClientSession) -> None:
    body = b'{"status":"invalid event","message":"Event object is invalid","errors":["bad key","too long"]}'
    server.always("/v2/enqueue", Answer(status=400, body=body))
    result = await send(pagerduty(server, session, routing_key="c4n4ry"))
    assert result.why == "HTTP 400 Bad Request: Event object is invalid: bad key, too long"


async def test_what_is_too_large_is_sent_again_once_without_details(
    server: ReceiverServer, session: aiohttp.ClientSession
) -> None:
    server.script("/v2/enqueue", Answer(status=413), Answer(status=202))
    assert await send(pagerduty(server, session, routing_key="rk")) == Delivered()
    large, small = server.received
    assert "error" in small.json["payload"]["custom_details"]
    assert small.json["dedup_key"] == large.json["dedup_key"]


async def test_an_unknown_severity_is_told_of_once(server: ReceiverServer, session: aiohttp.ClientSession) -> None:
    integration = pagerduty(server, session, routing_key="rk", severity="purple")
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            integration.render(MESSAGE)
    assert [(entry["event"], entry["severity"], entry["sent_as"]) for entry in logs] == [
        ("severity_unknown", "purple", "error")
    ]


async def test_a_template_that_fails_still_pages(server: ReceiverServer, session: aiohttp.ClientSession) -> None:
    assert await send(pagerduty(server, session, routing_key="rk", description="{{ .Nope }}")) == Delivered()
    [request] = server.received
    assert request.json["payload"]["summary"].startswith("[FIRING:1] A (alertd could not render")
    assert (request.json["routing_key"], request.json["event_action"]) == ("rk", "trigger")


class TestSettings:
    class Defaults:
        http_config = None
        pagerduty_url = "https://events.eu.pagerduty.com/v2/enqueue"

    def test_the_url_is_inherited(self) -> None:
        settings = with_defaults(PagerdutySettings.model_validate({"routing_key": "rk"}), self.Defaults())
        assert settings.url == self.Defaults.pagerduty_url
        own = PagerdutySettings.model_validate({"routing_key": "rk", "url": "http://own.example.com/"})
        assert with_defaults(own, self.Defaults()).url == "http://own.example.com/"

    @pytest.mark.parametrize(
        ("given", "problem"),
        [
            pytest.param({}, "missing service or routing key in PagerDuty config", id="no key"),
            pytest.param({"routing_key": "a", "routing_key_file": "f"}, "at most one of routing_key &", id="two keys"),
            pytest.param(
                {"service_key": "a", "service_key_file": "f"}, "at most one of service_key &", id="two older keys"
            ),
            pytest.param({"routing_key": "a", "url": "ftp://a/"}, 'unsupported scheme "ftp"', id="no HTTP"),
            pytest.param({"routing_key": "a", "default_severity": "page"}, "'critical', 'error'", id="no severity"),
            pytest.param({"routing_key": "a", "colour": "red"}, "Extra inputs are not permitted", id="an unknown key"),
        ],
    )
    def test_bad_ones_are_refused(self, given: dict[str, Any], problem: str) -> None:
        with pytest.raises(ValidationError, match=problem):
            PagerdutySettings.model_validate(given)
