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
from alertd.receivers.signing import key_of, signature_headers
from alertd.receivers.webhook import Webhook
from alertd.receivers.webhook_settings import WebhookFormat, WebhookSettings
from tests.support.builders import T0, a_delivery, a_posted_alert, after
from tests.support.receiver_server import Answer, ReceiverServer, receiver_server
from tests.support.receivers import a_delivery_of, a_message, some_tools

CANARY = "c4n4ry-t0ken"
MESSAGE = a_message(a_posted_alert("A"))


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


@pytest.mark.parametrize(
    ("status", "url", "gone"),
    [
        pytest.param(410, "{}/hook", True, id="410 Gone"),
        pytest.param(404, "{}/hook", False, id="404 may be a mistake that is mended"),
        pytest.param(410, '{}/{{{{ "hook" }}}}', False, id="a template makes other addresses"),
    ],
)
async def test_what_is_gone(
    server: ReceiverServer, session: aiohttp.ClientSession, status: int, url: str, gone: bool
) -> None:
    server.script("/hook", Answer(status=status))
    hook = webhook(session, url=url.format(server.url))
    outcome = await hook.send(a_delivery_of(hook, a_message(a_posted_alert())), at=T0)
    assert isinstance(outcome, Rejected)
    assert outcome.gone is gone


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


class TestATemplateInTheUrl:
    async def test_it_decides_where_each_message_goes(
        self, server: ReceiverServer, session: aiohttp.ClientSession
    ) -> None:
        hook = webhook(session, url=f"{server.url}/{{{{ .CommonLabels.team }}}}?key=1")
        for team in ("core", "search"):
            assert await hook.send(a_delivery_of(hook, a_message(a_posted_alert("A", team=team))), at=T0) == Delivered()
        assert [one.path for one in server.received] == ["/core", "/search"]

    @pytest.mark.parametrize("template", ["{{ .Nope }}", "{{ .CommonLabels.nothing }}", "ftp://{{ .Status }}"])
    async def test_what_is_no_url_is_not_asked(self, session: aiohttp.ClientSession, template: str) -> None:
        hook = webhook(session, url=template)
        assert isinstance(await hook.send(a_delivery_of(hook, MESSAGE), at=T0), Rejected)


class TestAPayloadOfItsOwn:
    async def test_its_texts_are_templates(self, server: ReceiverServer, session: aiohttp.ClientSession) -> None:
        payload = {"text": "{{ .Status }}", "{{ .Receiver }}": [1, {"labels": "{{ .CommonLabels | toJson }}"}]}
        hook = webhook(session, url=f"{server.url}/hook", payload=payload)
        assert await hook.send(a_delivery_of(hook, MESSAGE), at=T0) == Delivered()
        assert server.received[0].json == {"text": "firing", "ops": [1, {"labels": {"alertname": "A"}}]}

    async def test_a_template_that_fails_still_tells(self, session: aiohttp.ClientSession) -> None:
        payload = webhook(session, url="http://a/", payload={"text": "{{ .Nope }}"}).render(MESSAGE)
        assert payload.is_fallback
        assert b"[FIRING:1] A (alertd could not render" in payload.body


class TestSigning:
    SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    async def test_each_attempt_is_signed_anew_under_the_same_id(
        self, server: ReceiverServer, session: aiohttp.ClientSession
    ) -> None:
        hook = webhook(session, url=f"{server.url}/hook", signing={"secrets": [self.SECRET]})
        delivery = a_delivery()
        for at in (T0, after(seconds=30)):
            await hook.send(delivery, at=at)
        first, second = (one.headers for one in server.received)
        assert first["webhook-id"] == second["webhook-id"] == f"msg_{delivery.id}"
        assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 30
        for headers, at in ((first, T0), (second, after(seconds=30))):
            expected = signature_headers(
                [key_of(self.SECRET)], delivery_id=delivery.id, body=delivery.payload.body, at=at
            )
            assert headers["webhook-signature"] == expected["webhook-signature"]

    async def test_secrets_in_files_are_read_at_each_attempt(
        self, server: ReceiverServer, session: aiohttp.ClientSession, tmp_path: Path
    ) -> None:
        file = tmp_path / "secret"
        hook = webhook(session, url=f"{server.url}/hook", signing={"secret_files": [str(file)]})
        assert isinstance(await hook.send(a_delivery(), at=T0), Retry), "there is no file yet"
        file.write_text("whsec_c4n4ry!")
        refused = await hook.send(a_delivery(), at=T0)
        assert isinstance(refused, Rejected)
        assert "c4n4ry" not in refused.why
        file.write_text(self.SECRET)
        assert await hook.send(a_delivery(), at=T0) == Delivered()

    @pytest.mark.parametrize(
        ("signing", "problem"),
        [
            pytest.param({}, "signing needs one of secrets or secret_files", id="no secret"),
            pytest.param({"secrets": ["whsec_YzRuNHJ5"]}, "a signing secret holds 24 to 64 bytes", id="too short"),
            pytest.param({"secrets": ["c4n4ry!"]}, "a signing secret is whsec_ and base64", id="no base64"),
        ],
    )
    def test_bad_secrets_are_refused(self, signing: dict[str, object], problem: str) -> None:
        with pytest.raises(ValidationError, match=problem) as caught:
            WebhookSettings.model_validate({"url": "http://a/", "signing": signing})
        assert "c4n4ry" not in "".join(error["msg"] for error in caught.value.errors())


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        pytest.param(
            {"payload": {}, "format": "simple"}, "payload has no meaning", id="a payload in the simple format"
        ),
        pytest.param(
            {"extended": True, "format": "simple"}, "extended adds to", id="an extension of the simple format"
        ),
        pytest.param(
            {"extended": True, "payload": {}}, "extended adds to", id="an extension of a payload of one's own"
        ),
    ],
)
def test_what_does_not_go_together_is_refused(settings: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        WebhookSettings.model_validate({"url": "http://a/"} | settings)
