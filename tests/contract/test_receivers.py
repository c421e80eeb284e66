"""What every receiver that speaks HTTP does alike, whatever it sends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertd.engine.ports import Integration
from alertd.http import new_session
from alertd.labels import LabelSet
from alertd.notify.message import Message
from alertd.notify.outbox import Cause, Delivered, Outcome, Rejected, Retry
from alertd.notify.reason import Reason
from alertd.receivers.pagerduty_payload import EVENT_BYTES
from alertd.receivers.registry import ReceiverSettings, integrations, with_defaults
from alertd.receivers.tools import Tools
from tests.support.builders import T0, a_posted_alert, after
from tests.support.receiver_server import Answer, ReceiverServer, receiver_server
from tests.support.receivers import a_delivery_of, a_message, some_tools

CANARY = "c4n4ry-t0ken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """A `global` that says nothing but where the services are."""

    http_config: None = None
    slack_api_url: None = None
    slack_api_url_file: None = None
    slack_app_token: None = None
    slack_app_token_file: None = None
    slack_app_url: str = ""
    pagerduty_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One way to send.

    settings   of its entry in the configuration, given the server's URL
    path       where it sends
    taken      an answer that says it was
    """

    key: str
    settings: Callable[[str], Mapping[str, Any]]
    path: str
    taken: Answer

    def make(self, url: str, tools: Tools, **more: Any) -> Integration:
        receiver = ReceiverSettings.model_validate({"name": "ops", self.key: [{**self.settings(url), **more}]})
        [entry] = getattr(receiver, self.key)
        defaults = Defaults(slack_app_url=f"{url}/api/chat.postMessage", pagerduty_url=f"{url}/v2/enqueue")
        filled = with_defaults(self.key, entry, defaults)
        [made] = integrations(receiver.model_copy(update={self.key: (filled,)}), tools)
        return made


JSON = {"Content-Type": "application/json"}
KINDS = {
    "webhook": Kind(
        key="webhook_configs",
        settings=lambda url: {"url": f"{url}/{CANARY}"},
        path=f"/{CANARY}",
        taken=Answer(),
    ),
    "webhook with a template in its URL": Kind(
        key="webhook_configs",
        settings=lambda url: {"url": url + "/{{ .CommonLabels.team }}/" + CANARY},
        path=f"/search/{CANARY}",
        taken=Answer(),
    ),
    "webhook with a body of its own, signed": Kind(
        key="webhook_configs",
        settings=lambda url: {
            "url": f"{url}/{CANARY}",
            "payload": {"text": "{{ .CommonLabels.team }}"},
            "signing": {"secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]},
        },
        path=f"/{CANARY}",
        taken=Answer(),
    ),
    "slack": Kind(
        key="slack_configs",
        settings=lambda url: {"api_url": f"{url}/services/{CANARY}", "channel": "#c"},
        path=f"/services/{CANARY}",
        taken=Answer(body=b"ok"),
    ),
    "slack, as a bot": Kind(
        key="slack_configs",
        settings=lambda url: {"app_token": CANARY, "channel": "#c"},
        path="/api/chat.postMessage",
        taken=Answer(headers=JSON, body=b'{"ok":true,"channel":"C1","ts":"1.2"}'),
    ),
    "pagerduty": Kind(
        key="pagerduty_configs",
        settings=lambda url: {"routing_key": CANARY},
        path="/v2/enqueue",
        taken=Answer(status=202, body=b'{"status":"success"}'),
    ),
    "pagerduty with a template in its key": Kind(
        key="pagerduty_configs",
        settings=lambda url: {"routing_key": "{{ if .CommonLabels.team }}" + CANARY + "{{ end }}"},
        path="/v2/enqueue",
        taken=Answer(status=202),
    ),
    "pagerduty, version 1": Kind(
        key="pagerduty_configs",
        settings=lambda url: {"service_key": CANARY},
        path="/generic/2010-04-15/create_event.json",
        taken=Answer(),
    ),
}
ALERT = a_posted_alert("A", team="search", severity="page", annotations={"summary": "too many errors"})


def message(*, resolved: bool = False) -> Message:
    alert = a_posted_alert("A", team="search", ends_at=after(minutes=1)) if resolved else ALERT
    reason = Reason.ALL_RESOLVED if resolved else Reason.FIRST_NOTIFICATION
    return a_message(alert, labels=LabelSet({"alertname": "A"}), reason=reason)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
async def server() -> AsyncIterator[ReceiverServer]:
    async with receiver_server() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with new_session() as running:
        yield running


@pytest.fixture
def integration(kind: Kind, server: ReceiverServer, session: aiohttp.ClientSession) -> Integration:
    server.always(kind.path, kind.taken)
    return kind.make(server.url, some_tools(session))


async def attempt(integration: Integration) -> Outcome:
    return await integration.send(a_delivery_of(integration, message()), at=T0)


async def test_what_is_taken_is_delivered(kind: Kind, integration: Integration, server: ReceiverServer) -> None:
    assert isinstance(await attempt(integration), Delivered)
    [request] = server.received
    assert request.path == kind.path
    assert request.headers["Content-Type"].startswith("application/json")
    assert request.json, "the body is JSON"


async def test_every_attempt_sends_the_same_bytes(integration: Integration, server: ReceiverServer) -> None:
    delivery = a_delivery_of(integration, message())
    for _ in range(2):
        await integration.send(delivery, at=T0)
    first, second = server.received
    assert first.body == second.body


@pytest.mark.parametrize(
    ("answer", "outcome", "cause"),
    [
        pytest.param(Answer(status=301, headers={"Location": "/elsewhere"}), Rejected, Cause.CLIENT_ERROR, id="301"),
        pytest.param(Answer(status=307, headers={"Location": "/elsewhere"}), Rejected, Cause.CLIENT_ERROR, id="307"),
        pytest.param(Answer(status=400), Rejected, Cause.CLIENT_ERROR, id="400"),
        pytest.param(Answer(status=401), Rejected, Cause.AUTH_ERROR, id="401"),
        pytest.param(Answer(status=404), Rejected, Cause.CLIENT_ERROR, id="404"),
        pytest.param(Answer(status=408), Retry, Cause.CLIENT_ERROR, id="408"),
        pytest.param(Answer(status=410), Rejected, Cause.CLIENT_ERROR, id="410"),
        pytest.param(Answer(status=413), Rejected, Cause.CLIENT_ERROR, id="413"),
        pytest.param(Answer(status=422), Rejected, Cause.CLIENT_ERROR, id="422"),
        pytest.param(Answer(status=425), Retry, Cause.CLIENT_ERROR, id="425"),
        pytest.param(Answer(status=429), Retry, Cause.RATE_LIMITED, id="429"),
        pytest.param(Answer(status=500), Retry, Cause.SERVER_ERROR, id="500"),
        pytest.param(Answer(status=501), Rejected, Cause.SERVER_ERROR, id="501"),
        pytest.param(Answer(status=502), Retry, Cause.SERVER_ERROR, id="502"),
        pytest.param(Answer(status=503), Retry, Cause.SERVER_ERROR, id="503"),
        pytest.param(Answer(status=504), Retry, Cause.SERVER_ERROR, id="504"),
        pytest.param(Answer(status=505), Rejected, Cause.SERVER_ERROR, id="505"),
        pytest.param(Answer(reset=True), Retry, Cause.OTHER, id="the connection is cut"),
    ],
)
async def test_outcomes(
    kind: Kind, integration: Integration, server: ReceiverServer, answer: Answer, outcome: type, cause: Cause
) -> None:
    server.always(kind.path, answer)
    result = await attempt(integration)
    assert isinstance(result, outcome)
    assert result.cause is cause  # type: ignore[attr-defined]
    assert "/elsewhere" not in [one.path for one in server.received], "redirects are not followed"


@pytest.mark.parametrize("name", [name for name in KINDS if name != "pagerduty, version 1"])
async def test_403_is_a_matter_of_rights(name: str, server: ReceiverServer, session: aiohttp.ClientSession) -> None:
    made = KINDS[name].make(server.url, some_tools(session))
    server.always(KINDS[name].path, Answer(status=403))
    result = await attempt(made)
    assert isinstance(result, Rejected)
    assert result.cause is Cause.AUTH_ERROR


async def test_a_wait_the_receiver_asks_for_is_passed_on(
    kind: Kind, integration: Integration, server: ReceiverServer
) -> None:
    server.always(kind.path, Answer(status=429, headers={"Retry-After": "30"}))
    result = await attempt(integration)
    assert isinstance(result, Retry)
    assert (result.after, result.answered) == (timedelta(seconds=30), True)


async def test_nobody_there_is_known_not_to_have_got_it(kind: Kind, session: aiohttp.ClientSession) -> None:
    result = await attempt(kind.make("http://127.0.0.1:1", some_tools(session)))
    assert isinstance(result, Retry)
    assert (result.cause, result.answered) == (Cause.OTHER, True)


async def test_an_answer_of_a_megabyte_is_not_read(
    kind: Kind, integration: Integration, server: ReceiverServer
) -> None:
    server.always(kind.path, Answer(status=500, body=b"x" * 1_000_000))
    result = await attempt(integration)
    assert isinstance(result, Retry)
    assert len(result.why) < 400


async def test_an_attempt_ends_in_time(kind: Kind, server: ReceiverServer, session: aiohttp.ClientSession) -> None:
    server.always(kind.path, Answer(hold=True))
    result = await attempt(kind.make(server.url, some_tools(session), timeout="300ms"))
    assert isinstance(result, Retry)
    assert (result.cause, result.answered) == (Cause.TIMEOUT, False)


async def test_a_body_that_never_ends_does_not_hold_it_up(
    kind: Kind, server: ReceiverServer, session: aiohttp.ClientSession
) -> None:
    server.always(kind.path, Answer(status=200, body=b"{", drip=True))
    result = await attempt(kind.make(server.url, some_tools(session), timeout="2s"))
    needs_the_body = kind.key == "slack_configs"
    assert isinstance(result, Retry if needs_the_body else Delivered)


async def test_what_was_triggered_is_resolved_under_the_same_key(
    kind: Kind, integration: Integration, server: ReceiverServer
) -> None:
    for one in (message(), message(resolved=True)):
        assert isinstance(await integration.send(a_delivery_of(integration, one), at=T0), Delivered)
    bodies = [request.json for request in server.received]
    if kind.key == "pagerduty_configs":
        keys = [body.get("dedup_key") or body["incident_key"] for body in bodies]
        assert keys[0] == keys[1]
        assert [body.get("event_action") or body["event_type"] for body in bodies] == ["trigger", "resolve"]
    else:
        assert bodies[0] != bodies[1] or "payload" in kind.settings("")


class TestSecrets:
    """A canary stands in every secret; a server repeats all it was told."""

    async def test_they_are_in_no_text_that_anybody_sees(
        self, kind: Kind, integration: Integration, server: ReceiverServer
    ) -> None:
        shown = [repr(integration), integration.destination, repr(kind.settings.__name__)]
        with structlog.testing.capture_logs() as logs:
            delivery = a_delivery_of(integration, message())
            for status in (400, 404, 429, 500):
                echo = f"no {server.url}{kind.path}, nor {kind.path}, nor {CANARY}".encode()
                server.always(kind.path, Answer(status=status, body=echo))
                shown.append(repr(await integration.send(delivery, at=T0)))
        shown += [repr(logs), repr(delivery)]
        assert not [text for text in shown if CANARY in text]

    async def test_not_when_nobody_answers_either(self, kind: Kind, session: aiohttp.ClientSession) -> None:
        made = kind.make("http://127.0.0.1:1", some_tools(session))
        assert CANARY not in repr(await attempt(made))

    def test_settings_hide_them(self, kind: Kind) -> None:
        receiver = ReceiverSettings.model_validate({"name": "ops", kind.key: [kind.settings("http://a.example.com")]})
        assert CANARY not in repr(receiver)
        assert CANARY not in receiver.model_dump_json(by_alias=True)

    @pytest.mark.parametrize(
        ("name", "secret", "value"),
        [
            pytest.param("webhook", "url", "{url}/hook", id="a webhook's URL"),
            pytest.param("slack", "api_url", "{url}/hook", id="Slack's webhook"),
            pytest.param("slack, as a bot", "app_token", "xoxb-1", id="a bot's token"),
            pytest.param("pagerduty", "routing_key", "rk", id="a routing key"),
            pytest.param("pagerduty, version 1", "service_key", "sk", id="a service key"),
        ],
    )
    async def test_their_files_are_read_at_each_attempt(
        self,
        name: str,
        secret: str,
        value: str,
        server: ReceiverServer,
        session: aiohttp.ClientSession,
        tmp_path: Path,
    ) -> None:
        kind, file = KINDS[name], tmp_path / "secret"
        given = {key: one for key, one in kind.settings(server.url).items() if key != secret}
        from_file = Kind(
            key=kind.key, settings=lambda url: given | {f"{secret}_file": str(file)}, path="", taken=Answer()
        )
        made = from_file.make(server.url, some_tools(session))
        missing = await attempt(made)
        assert isinstance(missing, Retry)
        assert f"cannot read {secret}_file" in missing.why
        for number in range(2):
            file.write_text(value.format(url=server.url) + f"{number}\n")
            await attempt(made)
        first, second = ((one.path, one.body, one.headers.get("Authorization")) for one in server.received)
        assert first != second


HOSTILE = [
    "<!channel>",
    "<!here>",
    "<@U0123>",
    "</script>",
    "\x00",
    "\r\nBcc: a@b",
    "`" * 9,
    "\u202e",
    "{{ .Nope }}",
    "😀",
]
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(label=texts, annotation=texts, times=st.sampled_from([1, 1, 1, 20_000]))
async def test_no_alert_makes_a_message_that_cannot_be_sent(
    kind: Kind, integration: Integration, label: str, annotation: str, times: int
) -> None:
    label, annotation = (text.encode(errors="ignore").decode() * times for text in (label, annotation))
    alert = a_posted_alert("A", team="search", model=label, annotations={"summary": annotation})
    payload = integration.render(a_message(alert, labels=alert.labels))
    assert not payload.is_fallback
    msgspec.json.decode(payload.body)
    if kind.key == "pagerduty_configs":
        assert len(payload.body) <= EVENT_BYTES
    if kind.key == "slack_configs":
        assert not [call for call in (b"<!", b"<@", b"\\u003c!", b"\\u003c@") if call in payload.body]
