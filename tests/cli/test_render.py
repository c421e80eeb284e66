"""`alertd render`: what a receiver is sent, byte for byte."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alertd.cli.alert_file import group_for, read_alerts
from alertd.dispatch.route import Route
from tests.support.builders import T0, a_posted_alert
from tests.support.cli import Ran, run_cli

CONFIG = """
templates: ['*.tmpl']
route:
  receiver: ops
  group_by: [alertname]
  routes:
    - receiver: dba
      matchers: [team="db"]
      group_by: [instance]
receivers:
  - name: ops
    webhook_configs: [{url: 'http://127.0.0.1:1/a'}]
    slack_configs: [{api_url: 'http://127.0.0.1:1/b', channel: '#ops', title: '{{ template "title" . }}'}]
  - name: dba
    webhook_configs: [{url: 'http://127.0.0.1:1/c'}]
  - name: broken
    webhook_configs: [{url: 'http://127.0.0.1:1/d', payload: {text: '{{ .Nothing.Here }}'}}]
"""
TEMPLATE = '{{ define "title" }}{{ .GroupLabels.alertname }} is {{ .Status }}{{ end }}'
ALERT = {"labels": {"alertname": "DiskFull", "team": "db", "instance": "db-1"}, "startsAt": "2026-01-05T12:00:00Z"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "own.tmpl").write_text(TEMPLATE)
    (tmp_path / "alertd.yml").write_text(CONFIG)
    return tmp_path / "alertd.yml"


def render(config: Path, *args: str, stdin: str | None = None) -> Ran:
    return run_cli("render", "--config.file", str(config), *args, stdin=stdin)


def test_one_integration_is_written_as_it_is_sent(config: Path) -> None:
    ran = render(config, "--receiver=dba", "--alert=-", stdin=json.dumps(ALERT))
    assert ran.status == 0, ran.err
    body = ran.json
    assert (body["receiver"], body["status"], body["version"]) == ("dba", "firing", "4")
    assert body["groupLabels"] == {"instance": "db-1"}
    assert body["groupKey"] == '{}/{team="db"}:{instance="db-1"}'


def test_an_end_that_is_past_makes_it_resolved(config: Path) -> None:
    ended = [ALERT | {"endsAt": "2026-01-05T13:00:00Z"}]
    assert render(config, "--receiver=dba", "--alert=-", stdin=json.dumps(ended)).json["status"] == "resolved"


def test_own_templates_are_used_and_one_integration_can_be_chosen(config: Path) -> None:
    ran = render(config, "--receiver=ops", "--as=slack")
    assert ran.json["attachments"][0]["title"] == "HighErrorRate is firing"


def test_several_integrations_each_have_a_heading(config: Path) -> None:
    ran = render(config, "--receiver=ops")
    assert [line for line in ran.lines if line.startswith("#")] == [
        "# ops/webhook[0] application/json",
        "# ops/slack[0] application/json",
    ]


def test_json_says_the_same_with_where_it_goes(config: Path) -> None:
    ran = render(config, "--receiver=ops", "--output=json")
    assert [one["receiver"] for one in ran.json] == ["ops/webhook[0]", "ops/slack[0]"]
    assert json.loads(ran.json[1]["body"])["channel"] == "#ops"


def test_a_template_that_fails_is_status_1_and_the_plain_message_is_shown(config: Path) -> None:
    ran = render(config, "--receiver=broken")
    assert ran.status == 1
    assert "could not render the configured template" in ran.json["text"]


@pytest.mark.parametrize(
    ("args", "stdin", "status", "said"),
    [
        pytest.param(["--receiver=opps"], None, 4, 'no receiver "opps"; did you mean "ops"', id="no such receiver"),
        pytest.param(["--receiver=ops", "--as=email"], None, 4, "it has: webhook[0], slack[0]", id="no such kind"),
        pytest.param(["--receiver=ops", "--as=slack[1]"], None, 4, "no integration", id="no such number"),
        pytest.param(["--receiver=ops", "--alert=-"], "[]", 1, "there is no alert in it", id="an empty list"),
        pytest.param(["--receiver=ops", "--alert=-"], "{", 1, "give alerts as the API has them", id="no JSON"),
        pytest.param(["--receiver=ops", "--alert=-"], '{"a": 1}', 1, "labels", id="no alert"),
        pytest.param(["--receiver=ops", "--alert=nowhere.json"], None, 2, "nowhere.json", id="no file"),
        pytest.param([], None, 2, "--receiver", id="no receiver named"),
    ],
)
def test_what_cannot_be_rendered_is_told(
    config: Path, args: list[str], stdin: str | None, status: int, said: str
) -> None:
    ran = render(config, *args, stdin=stdin)
    assert ran.status == status
    assert said in ran.err


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps(ALERT), id="an alert"),
        pytest.param(json.dumps([ALERT]), id="a list"),
        pytest.param(json.dumps({"version": "4", "alerts": [ALERT]}), id="a webhook's payload"),
    ],
)
def test_alerts_are_read_in_every_form_they_are_met_in(text: str) -> None:
    [alert] = read_alerts(text.encode(), at=T0)
    assert (alert.labels.get("alertname"), alert.starts_at, alert.ends_at) == ("DiskFull", T0, None)


def test_go_s_zero_time_means_that_no_end_is_known() -> None:
    ended = ALERT | {"endsAt": "0001-01-01T00:00:00Z"}
    assert read_alerts(json.dumps(ended).encode(), at=datetime(2026, 2, 1, tzinfo=UTC))[0].ends_at is None


def test_without_a_route_to_it_a_receiver_gets_one_group() -> None:
    flush = group_for("ops", None, [a_posted_alert("A"), a_posted_alert("B")], at=T0)
    assert (flush.receiver, dict(flush.labels), len(flush.alerts)) == ("ops", {}, 2)
    assert group_for("ops", Route(receiver="other"), [a_posted_alert()], at=T0).receiver == "ops"
