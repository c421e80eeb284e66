"""Digests as each kind of integration renders them."""

from __future__ import annotations

import email
from collections.abc import AsyncIterator
from email.policy import SMTP
from typing import Any

import aiohttp
import msgspec
import pytest

from alertd.notify.digest import Digest, Tally
from alertd.notify.log import episodes
from alertd.receivers.base import BaseIntegration
from alertd.receivers.registry import ReceiverSettings, integrations
from tests.support.builders import T0, a_delivery, a_log_entry, a_posted_alert, a_stream
from tests.support.receivers import some_tools

ALERT = a_posted_alert("Errors <!channel>", severity="critical", model="@everyone")
BOT: dict[str, Any] = {"app_token": "xoxb-1", "app_url": "http://slack.example.com/api/chat.postMessage"}
MAIL = {"to": "ops@example.com", "from": "alertd@example.com", "smarthost": "mail.example.com:25"}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def an_integration(session: aiohttp.ClientSession, kind: str, **settings: Any) -> BaseIntegration[Any]:
    receiver = ReceiverSettings.model_validate({"name": "ops", kind: [settings]})
    (made,) = integrations(receiver, some_tools(session))
    return made


def a_digest() -> Digest:
    tally = Tally()
    for number in range(30):
        stream = a_stream(group_key=f'{{}}:{{alertname="Errors <!channel>", n="{number}"}}')
        tally.add(a_delivery(entry=a_log_entry(firing=episodes([ALERT]), stream=stream)), [ALERT], send_resolved=True)
    return tally.digest("ops", external_url="http://am.example.org", at=T0)


async def test_slack_gets_counts_and_a_link_for_each_group_and_nobody_is_called(session: aiohttp.ClientSession) -> None:
    slack = an_integration(session, "slack_configs", api_url="http://slack.example.com/x", channel="#ops")
    body = msgspec.json.decode(slack.render_digest(a_digest()).body)
    (attachment,) = body["attachments"]
    assert (body["channel"], attachment["color"]) == ("#ops", "danger")
    assert attachment["title"] == "[DIGEST] 30 notifications: 30 firing"
    assert attachment["title_link"] == "http://am.example.org/#/alerts?receiver=ops"
    lines = attachment["text"].splitlines()
    assert lines[1:3] == ["Firing by severity: critical 30", "Firing by name: Errors &lt;!channel&gt; 30"]
    assert lines[3].startswith("<http://am.example.org/#/alerts?receiver=ops&filter=%7Balertname%3D")
    assert lines[3].endswith('|{alertname="Errors &lt;!channel&gt;", n="0"}>: 1 firing')
    assert "<!" not in attachment["text"]


async def test_mail_has_the_text_and_the_headers_of_any_other(session: aiohttp.ClientSession) -> None:
    digest = a_digest()
    mail = email.message_from_bytes(
        an_integration(session, "email_configs", **MAIL).render_digest(digest).body, policy=SMTP
    )
    assert (mail["To"], mail["Subject"]) == ("ops@example.com", digest.title)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().replace("\r\n", "\n") == f"{digest.text}\n"


async def test_apprise_gets_title_and_text_and_nobody_is_called(session: aiohttp.ClientSession) -> None:
    apprise = an_integration(session, "apprise_configs", url="json://localhost/x")
    body = msgspec.json.decode(apprise.render_digest(a_digest()).body)
    assert (body["title"], body["type"], body["format"]) == ("[DIGEST] 30 notifications: 30 firing", "failure", "text")


async def test_pagerduty_makes_one_incident_of_what_is_passed_on(session: aiohttp.ClientSession) -> None:
    pager = an_integration(session, "pagerduty_configs", routing_key="k", url="http://pd.example.com/")
    event = msgspec.json.decode(pager.render_digest(a_digest()).body)
    assert (event["event_action"], len(event["dedup_key"])) == ("trigger", 64)
    assert "30 notifications: 30 firing" in event["payload"]["custom_details"]["firing"]


@pytest.mark.parametrize(
    ("kind", "settings", "digests"),
    [
        pytest.param("slack_configs", {"api_url": "http://s.example.com/x"}, True, id="slack"),
        pytest.param("slack_configs", BOT | {"update_message": True}, False, id="slack that changes its messages"),
        pytest.param("slack_configs", BOT | {"post_updates_to_thread": True}, False, id="slack that answers them"),
        pytest.param(
            "slack_configs", BOT | {"channel": "#{{ .GroupLabels.team }}"}, False, id="slack, each group elsewhere"
        ),
        pytest.param("email_configs", MAIL, True, id="email"),
        pytest.param(
            "email_configs", MAIL | {"to": "{{ .CommonLabels.owner }}"}, False, id="email, each group to another one"
        ),
        pytest.param("apprise_configs", {"url": "json://localhost/x"}, True, id="apprise"),
        pytest.param("pagerduty_configs", {"routing_key": "k"}, False, id="pagerduty: an incident per group"),
        pytest.param("webhook_configs", {"url": "http://w.example.com/"}, False, id="webhook: programs want all"),
    ],
)
async def test_who_has_digests(
    session: aiohttp.ClientSession, kind: str, settings: dict[str, Any], digests: bool
) -> None:
    assert an_integration(session, kind, **settings).digests is digests
