"""What the API shows as the configuration is read by Debian's amtool (0.25), and holds no secret."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from alertd.config.load import load

FULL = """\
prometheus: {url: 'http://p', basic_auth: {username: u, password: canary}}
storage: {path: data}
global:
  slack_api_url: http://slack/canary
  slack_app_url: http://slack/new
  smtp_smarthost: mail:25
  smtp_from: a@b
  smtp_auth_password: canary
  smtp_auth_secret_file: canary-is-no-secret-here
  opsgenie_api_key: canary
  telegram_bot_token: canary
  resolve_timeout: 90s
  http_config:
    proxy_url: http://user:canary@proxy:1
    authorization: {credentials: canary}
route:
  receiver: wh
  group_by: [alertname, service.name]
  labels: {new: '1'}
  routes:
  - {receiver: two, matchers: ['x="1"'], continue: true, group_interval: 90s, mute_time_intervals: [night]}
  - {receiver: three, match_re: {x: 1|2}, match: {y: on}, routes: [{matchers: ['{"z"!="\\x61", w=~"b.*"}'], active_time_intervals: [old]}]}
inhibit_rules:
- {name: new, source_matchers: [sev=crit], target_matchers: [sev=warn], equal: [alertname]}
- {source_match: {a: b}, target_match_re: {a: c}}
time_intervals:
- name: night
  time_intervals: [{times: [{start_time: 09:00, end_time: 17:00}], weekdays: ['monday:friday'], days_of_month: ['-1'],
                    months: [may, 6], years: [2024], location: Europe/Berlin}]
mute_time_intervals: [{name: old, time_intervals: []}]
templates: ['*.tmpl']
tracing: {endpoint: canary}
receivers:
- name: wh
  webhook_configs:
  - {url: 'http://u:canary@x/canary', format: simple, include_labels: true}
  - {url_file: f, timeout: 5s, payload: {text: canary}, signing: {secrets: [whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5]}}
  - url: http://x/canary
    http_config:
      oauth2: {client_id: i, client_secret: canary, token_url: 'http://u:canary@t/', endpoint_params: {a: canary}}
      http_headers: {X-Key: {secrets: [canary]}}
      tls_config: {insecure_skip_verify: true}
  - {url: 'http://x/canary', http_config: {basic_auth: {username: u, password: canary}}}
  - {url: 'http://x/canary', http_config: {bearer_token: canary, follow_redirects: false}}
- name: two
  slack_configs:
  - {channel: '#c', fields: [{title: a, value: b}], text: '{{ .Status }}', allow_mentions: true, send_resolved: '${RESOLVED}'}
  - {app_token: canary, channel: '123', update_message: true, http_config: {}}
  - {api_url: http://slack/canary, title: "${RESOLVED}"}
  pagerduty_configs:
  - {routing_key: canary, details: {a: b, deep: {c: [d]}}, default_severity: info, class: c, links: [{href: h, text: t}]}
  - {service_key: canary}
- name: three
  email_configs:
  - {to: a@b, auth_username: u, auth_password: canary, auth_secret: canary, threading: {enabled: true}, text: ''}
  - {to: a@b, auth_password_file: f, force_implicit_tls: true, headers: {Subject: s}, tls_config: {key: canary, cert: c}}
  apprise_configs: [{url: 'json://canary@localhost'}]
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("etc")
    path = folder / "alertd.yml"
    path.write_text(FULL)
    (folder / "f").write_text("http://x/canary")
    return load(path, environment={"RESOLVED": "true"}).original


def amtool(*args: str | Path) -> str:
    program = shutil.which("amtool")
    if program is None:
        pytest.fail("amtool is needed: apt-get install prometheus-alertmanager")
    run = subprocess.run([program, *args], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.fixture
def shown_file(shown: str, tmp_path: Path) -> Path:
    (tmp_path / "shown.yml").write_text(shown)
    return tmp_path / "shown.yml"


def test_amtool_reads_it(shown_file: Path) -> None:
    answer = amtool("check-config", shown_file)
    assert re.findall(r" - (.*)", answer) == ["global config", "route", "2 inhibit rules", "3 receivers", "1 templates"]


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        pytest.param(["a=b"], "wh", id="nothing matches"),
        pytest.param(["x=1", "y=on"], "two,three", id="continued"),
        pytest.param(["x=2", "y=on", "w=bc"], "three", id="inherited"),
    ],
)
def test_amtool_routes_by_it(shown_file: Path, labels: list[str], receivers: str) -> None:
    assert amtool("config", "routes", "test", f"--config.file={shown_file}", *labels).strip() == receivers


def test_no_secret_is_in_it(shown: str) -> None:
    assert "canary" not in shown
    assert shown.count("<secret>") >= 10


def test_defaults_are_in_it_and_what_the_file_says_goes_before_them(shown: str) -> None:
    values = yaml.safe_load(shown)
    assert list(values) == [
        *("global", "route", "inhibit_rules", "receivers", "templates", "mute_time_intervals", "time_intervals"),
    ]
    assert values["global"]["resolve_timeout"] == "1m30s"
    assert values["global"]["smtp_require_tls"] is True
    assert values["global"]["http_config"] == {
        "authorization": {"credentials": "<secret>"},
        "proxy_url": "http://proxy:1",
    }
    assert values["route"]["group_by"] == ["alertname"]
    assert values["route"]["continue"] is False
    assert [route["continue"] for route in values["route"]["routes"]] == [True, False]
    assert values["route"]["routes"][0]["group_interval"] == "1m30s"
    inner = values["route"]["routes"][1]["routes"][0]
    assert inner["matchers"] == ['w=~"b.*"', 'z!="a"'], "as every version reads them"
    assert values["inhibit_rules"][0]["source_matchers"] == ['sev="crit"']
    slack = values["receivers"][1]["slack_configs"]
    assert [one["send_resolved"] for one in slack] == [True, False, False]
    assert slack[2]["title"] == "true"


def test_what_alertd_alone_knows_is_not_in_it(shown: str) -> None:
    for key in (
        "prometheus",
        "storage",
        "format",
        "signing",
        "allow_mentions",
        "default_severity",
        "tracing",
        "apprise_configs",
    ):
        assert f"{key}:" not in shown


def test_alertd_reads_it_again(shown_file: Path) -> None:
    config = load(shown_file, environment={})
    assert [receiver.name for receiver in config.receivers] == ["wh", "two", "three"]


def test_without_routes_it_is_a_configuration_nevertheless(tmp_path: Path) -> None:
    path = tmp_path / "alertd.yml"
    path.write_text("alertmanagers: [{static_configs: [{targets: ['localhost:9093']}]}]\n")
    path.write_text(load(path, environment={}).original)
    assert "1 receivers" in amtool("check-config", path)
