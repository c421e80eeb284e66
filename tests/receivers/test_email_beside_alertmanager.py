"""A mail beside the one a real Alertmanager sends for the same alerts."""

from __future__ import annotations

import json
from datetime import timedelta
from email.message import EmailMessage
from typing import Any, cast

import msgspec
import pytest

from alertd.alerts.posted import PostedAlert
from alertd.clock import SystemClock
from alertd.http import HttpClient, new_session
from alertd.labels import LabelSet
from alertd.receivers.email import Email
from alertd.receivers.email_address import Envelope
from alertd.receivers.email_settings import EmailSettings
from alertd.receivers.place import Place
from tests.support.builders import a_posted_alert
from tests.support.receivers import a_message, some_tools
from tests.support.servers import alertmanager
from tests.support.smtp_server import PASSWORD, USER, Mail, smtp_server
from tests.support.waiting import until

LABELS = {"team": "Größe & <co>", "severity": "critical"}
SETTINGS: dict[str, Any] = {
    "to": "Ops <ops@example.com>, night@example.com",
    "from": "Alerts <alerts@example.com>",
    "require_tls": False,
    "send_resolved": True,
    "auth_username": USER,
    "auth_password": PASSWORD,
    "headers": {"x-team": "{{ .CommonLabels.team }}", "reply-to": "team@example.com"},
    "text": "{{ .Status }}\n.\n{{ range .Alerts }}{{ .Labels.instance }} {{ .Annotations.summary }}\n{{ end }}.end",
    "html": """<p title="{{ .CommonLabels.team }}">{{ .CommonLabels.team }}</p>
<a href="http://x.example.org/?q={{ .CommonLabels.team }}">{{ range .Alerts }}{{ .Annotations.summary }}{{ end }}</a>
<script>var team = {{ .CommonLabels.team }};</script>""",
}


def alerts() -> list[PostedAlert]:
    now = SystemClock().now()
    summary = {"summary": 'over 9 % "</a>'}
    return [
        a_posted_alert("Disk full", starts_at=now, instance=f"h:{number}", annotations=summary, **LABELS)
        for number in (1, 2)
    ]


async def theirs(several: list[PostedAlert]) -> Mail:
    async with smtp_server(mechanisms=["PLAIN"]) as server:
        receiver = {"name": "ops", "email_configs": [{**SETTINGS, "smarthost": server.address}]}
        route = {"receiver": "ops", "group_by": ["alertname"], "group_wait": "1s"}
        config = json.dumps({"route": route, "receivers": [receiver]})
        async with alertmanager(config) as url, new_session() as session:
            http = HttpClient(session)
            body = msgspec.json.encode(
                [
                    {
                        "labels": dict(one.labels),
                        "annotations": dict(one.annotations),
                        "startsAt": one.starts_at.isoformat(),
                        "endsAt": (one.starts_at + timedelta(hours=1)).isoformat(),
                    }
                    for one in several
                ]
            )
            headers = {"Content-Type": "application/json"}
            answer = await http.request("POST", f"{url}/api/v2/alerts", data=body, headers=headers)
            assert answer.ok, answer.excerpt()
            await until(lambda: server.received)
        return server.received[0]


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n").rstrip("\n")


@pytest.fixture
def ours() -> Email:
    settings = EmailSettings.model_validate({**SETTINGS, "smarthost": "127.0.0.1:25"})
    return Email(Place("ops", 0), settings, some_tools(cast(Any, None)))


async def test_a_mail_is_the_same_where_it_can_be(ours: Email) -> None:
    several = alerts()
    their_mail = await theirs(several)
    payload = ours.render(a_message(*several, labels=LabelSet({"alertname": "Disk full"})))
    our_mail = Mail(sender="", recipients=(), content=payload.body, hello="", is_encrypted=False, user="").parsed
    envelope = Envelope.decode(payload.address)
    assert (envelope.sender, envelope.recipients) == (their_mail.sender, their_mail.recipients)
    for name in ("Subject", "From", "To", "X-Team", "Reply-To"):
        assert our_mail[name] == their_mail.parsed[name], name
    assert part(our_mail, "plain") == part(their_mail.parsed, "plain")
    assert part(our_mail, "html") == part(their_mail.parsed, "html")
    assert [one.get_content_type() for one in our_mail.walk()] == [
        one.get_content_type() for one in their_mail.parsed.walk()
    ]
