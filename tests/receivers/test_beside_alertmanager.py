"""Slack messages and PagerDuty events beside those a real Alertmanager sends for the same alerts, byte for byte."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from alertd.alerts.posted import PostedAlert
from alertd.clock import SystemClock
from alertd.http import HttpClient, new_session
from alertd.labels import LabelSet
from alertd.notify.message import Message
from alertd.receivers.mentions import harmless_in_slack
from alertd.receivers.pagerduty_payload import addressed, event_v2
from alertd.receivers.pagerduty_settings import PagerdutySettings
from alertd.receivers.slack_payload import message_body
from alertd.receivers.slack_settings import SlackSettings
from tests.support.builders import a_posted_alert
from tests.support.receiver_server import Answer, receiver_server
from tests.support.receivers import a_message, a_rendering
from tests.support.servers import alertmanager

TEMPLATES = """
{{ define "slack.default.footer" }}{{ template "__alertmanager" . }} {{ .Status | title }}{{ end }}
{{ define "slack.default.title" }}{{ .Status | title }}: {{ .GroupLabels.SortedPairs.Values | join "/" }}{{ end }}
{{ define "my.text" -}}
{{ range $i, $a := .Alerts -}}
{{ if $i }}, {{ end }}{{ $a.Labels.instance }}{{ with $a.Annotations.runbook }} <{{ . }}|runbook>{{ end }}
{{- end }}
{{- range (.CommonLabels.Remove (stringSlice "alertname")).SortedPairs }}
{{ .Name }}={{ .Value | reReplaceAll "^(.)" "<$1>" }}
{{- end }}
{{- end }}
"""

RENDERING = a_rendering(("my.tmpl", TEMPLATES))
GROUP_KEY = '{}:{alertname="Disk full"}'

SLACK: Mapping[str, dict[str, Any]] = {
    "with every default": {"channel": "#c"},
    "with templates of a file": {"channel": "#c", "text": '{{ template "my.text" . }}', "icon_emoji": ":fire:"},
    "with every field": {
        "channel": "#team-{{ .CommonLabels.team }}",
        "username": "am {{ .Receiver }}",
        "color": '{{ if eq .Status "firing" }}#d00{{ else }}#0d0{{ end }}',
        "title": "{{ .GroupLabels.alertname | toUpper }} on {{ len .Alerts }} <host> & more \u2028",
        "title_link": "http://run.example.org/{{ .CommonLabels.team | urlquery }}",
        "pretext": "{{ .CommonAnnotations.summary }}",
        "text": "{{ range .Alerts }}*{{ .Labels.instance }}* {{ .StartsAt.Format `2006-01-02T15:04:05` }}\n{{ end }}",
        "fallback": "{{ .Status }} & {{ .CommonLabels.team }}",
        "callback_id": "cb",
        "footer": "{{ .ExternalURL }}",
        "icon_url": "http://i.example.org/{{ .Status }}.png",
        "image_url": "http://img.example.org",
        "thumb_url": "http://thumb.example.org",
        "link_names": True,
        "mrkdwn_in": ["text"],
        "short_fields": True,
        "fields": [
            {"title": "team", "value": "{{ .CommonLabels.team }}"},
            {"title": "n", "value": "{{ .Alerts.Firing | len }}", "short": False},
            {"title": "none", "value": "{{ .CommonLabels.nothing }}"},
        ],
        "actions": [
            {
                "type": "button",
                "text": "Go {{ .Status }}",
                "url": "http://x.example.org/?q={{ .GroupLabels.alertname }}",
                "style": "danger",
                "name": "ignored",
                "value": "ignored",
                "confirm": {"text": "ignored"},
            },
            {
                "type": "button",
                "text": "ask",
                "name": "n1",
                "value": "v {{ .Status }}",
                "confirm": {"text": "sure", "title": "t", "ok_text": "y", "dismiss_text": "n"},
            },
        ],
    },
    "with a title that is too long": {"channel": "#c", "title": "é" * 1030},
    "with empty texts": dict.fromkeys(
        ("channel", "username", "title", "title_link", "fallback", "color", "icon_emoji"), ""
    ),
}

PAGERDUTY: Mapping[str, dict[str, Any]] = {
    "with every default": {"routing_key": "rk"},
    "with every field": {
        "routing_key": "{{ .CommonLabels.team }}-key",
        "client": "cl {{ .Receiver }}",
        "client_url": "http://c.example.org/{{ .Status }}",
        "description": "{{ .CommonAnnotations.summary }}",
        "severity": '{{ if eq .CommonLabels.severity "page" }}critical{{ else }}warning{{ end }}',
        "class": "cls",
        "component": "{{ .GroupLabels.alertname }}",
        "group": "g",
        "details": {"team": "{{ .CommonLabels.team }}", "num_firing": "{{ .Alerts.Firing | len }} of many", "a": ""},
        "images": [{"src": "http://s.example.org/{{ .Status }}.png", "alt": "a", "href": "h"}, {"alt": "no source"}],
        "links": [{"href": "http://l.example.org/", "text": "t {{ .Status }}"}, {"text": "leads nowhere"}],
    },
    "with a summary that is too long": {"routing_key": "rk", "description": "é" * 1030},
    "with details that are too large": {"routing_key": "rk", "details": {"large": "x" * 520_000}},
}


def alerts(now: datetime) -> list[PostedAlert]:
    notes = {"summary": "p99 > 1s & rising", "runbook": "http://r.example.org/1"}
    labels = {"job": "node", "team": "core db", "severity": "page"}
    start = now.replace(microsecond=120_000)
    return [
        a_posted_alert("Disk full", instance="h:1", starts_at=start, annotations=notes, **labels),
        a_posted_alert(
            "Disk full", instance="h:2", starts_at=start, annotations={"summary": notes["summary"]}, **labels
        ),
    ]


def path(kind: str, name: str) -> str:
    return f"/{kind}/{name.replace(' ', '-')}"


def config(url: str, folder: Path) -> str:
    slack = [one | {"api_url": url + path("slack", name), "send_resolved": True} for name, one in SLACK.items()]
    pagerduty = [one | {"url": url + path("pagerduty", name)} for name, one in PAGERDUTY.items()]
    receiver = {"name": "a (b)", "slack_configs": slack, "pagerduty_configs": pagerduty}
    receiver["webhook_configs"] = [{"url": f"{url}/end"}]
    route = {"receiver": "a (b)", "group_by": ["alertname"], "group_wait": "1s", "group_interval": "1s"}
    return json.dumps({"route": route, "receivers": [receiver], "templates": [f"{folder}/*.tmpl"]})


def posted(alert: PostedAlert) -> dict[str, object]:
    ends = {} if alert.ends_at is None else {"endsAt": alert.ends_at.isoformat()}
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": alert.starts_at.isoformat(),
        **ends,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a real Alertmanager sent, by path: the firing message, then the resolved one; and what it sent it about."""

    firing: list[PostedAlert]
    resolved: list[PostedAlert]
    external_url: str
    bodies: Mapping[str, list[bytes]]

    def messages(self, receiver: str) -> list[Message]:
        labels = LabelSet({"alertname": "Disk full"})
        made = [a_message(*several, receiver=receiver, labels=labels) for several in (self.firing, self.resolved)]
        return [replace(one, external_url=self.external_url, group_key=GROUP_KEY) for one in made]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("templates")
    (folder / "my.tmpl").write_text(TEMPLATES)
    return asyncio.run(record(folder))


async def record(folder: Path) -> Recorded:
    firing = alerts(SystemClock().now())
    paths = [path("slack", name) for name in SLACK] + [path("pagerduty", name) for name in PAGERDUTY]
    async with receiver_server() as server, alertmanager(config(server.url, folder)) as url, new_session() as session:
        for one in paths:
            server.always(one, Answer(body=b"ok"))
        await post(session, url, firing)
        await server.wait_for(len(paths) + 1)
        now = SystemClock().now()
        resolved = [replace(alert, ends_at=now - timedelta(milliseconds=1)) for alert in firing]
        await post(session, url, resolved)
        await server.wait_for(2 * (len(paths) + 1))
        [end, *_] = server.to("/end")
        return Recorded(
            firing=firing,
            resolved=resolved,
            external_url=end.json["externalURL"],
            bodies={one: [received.body for received in server.to(one)] for one in paths},
        )


async def post(session: aiohttp.ClientSession, url: str, several: list[PostedAlert]) -> None:
    body = msgspec.json.encode([posted(alert) for alert in several])
    headers = {"Content-Type": "application/json"}
    answer = await HttpClient(session).request("POST", f"{url}/api/v2/alerts", data=body, headers=headers)
    assert answer.ok, answer.excerpt()


@pytest.mark.parametrize("name", SLACK)
def test_a_slack_message_is_the_same(recorded: Recorded, name: str) -> None:
    settings = SlackSettings.model_validate(SLACK[name])
    for message, theirs in zip(recorded.messages("a (b)"), recorded.bodies[path("slack", name)], strict=True):
        text = RENDERING.text(message, safe=harmless_in_slack(link_names=settings.link_names))
        assert message_body(settings, text) == theirs


@pytest.mark.parametrize("name", PAGERDUTY)
def test_a_pagerduty_event_is_the_same(recorded: Recorded, name: str) -> None:
    settings = PagerdutySettings.model_validate(PAGERDUTY[name])
    for message, theirs in zip(recorded.messages("a (b)"), recorded.bodies[path("pagerduty", name)], strict=True):
        text = RENDERING.text(message)
        body = event_v2(settings, message, text).body
        assert addressed(body, name="routing_key", key=text(PAGERDUTY[name]["routing_key"])) == theirs
