from datetime import timedelta
from pathlib import Path

import pytest

from alertd.config.keys import TOP_LEVEL_KEYS
from alertd.config.load import Config, digest, examine, load
from alertd.config.settings import AlertdFile
from alertd.dispatch.route import Route
from alertd.yamlio import ConfigError

MINIMAL = "route: {receiver: ops}\nreceivers: [{name: ops}]\n"
WEBHOOK = "receivers: [{name: ops, webhook_configs: [{url: 'http://localhost:1/'}]}]\n"
RULES = "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]\n"


@pytest.fixture
def write(tmp_path: Path):
    """Writes files into one folder and gives the path of its alertd.yml."""

    def files(alertd: str, **others: str) -> Path:
        (tmp_path / "alertd.yml").write_text(alertd)
        for name, text in others.items():
            (tmp_path / f"{name}.rules.yml").write_text(text)
        return tmp_path / "alertd.yml"

    return files


def told(path: Path) -> list[str]:
    """Problems, without the folder."""
    return [str(problem).replace(f"{path.parent}/", "") for problem in examine(path, environment={}).problems]


@pytest.mark.parametrize(
    ("alertd", "expected"),
    [
        pytest.param(
            "",
            [
                "alertd.yml:1:1 route: no route provided in config; say who is told, such as route: {receiver: ops}, "
                "or list alertmanagers that are sent the alerts"
            ],
            id="an empty file",
        ),
        pytest.param(
            "- a\n", ["alertd.yml:1:1 must be a mapping, such as route: {receiver: ops}"], id="a list on top"
        ),
        pytest.param(
            "route: {receiver: [\n",
            [
                "alertd.yml:2:1 not YAML: did not find expected node content while parsing a flow node; "
                "check indentation and quotes"
            ],
            id="not YAML: nothing else is said",
        ),
        pytest.param(
            "route: {receiver: slak}\nreceivers: [{name: slack}, {name: email}]\n",
            [
                'alertd.yml:1:19 route.receiver: undefined receiver "slak" used in route; '
                'did you mean "slack"? defined: email, slack'
            ],
            id="a receiver that is not defined",
        ),
        pytest.param(
            "route: {receiver: slack}\nreceivers: [{name: slack}]\nfallback_receiver: slak\n",
            [
                'alertd.yml:3:20 fallback_receiver: undefined receiver "slak" used in fallback_receiver; '
                'did you mean "slack"? defined: slack'
            ],
            id="a fallback receiver that is not defined",
        ),
        pytest.param(
            "route: {receiver: ops}\n",
            ['alertd.yml:1:19 route.receiver: undefined receiver "ops" used in route; define it under receivers'],
            id="no receivers at all",
        ),
        pytest.param(
            "route: {receiver: a}\nreceivers:\n- name: a\n- name: a\n",
            ['alertd.yml:4:9 receivers[1].name: notification config name "a" is not unique: it is given at line 3; rename one of them'],
            id="a receiver defined twice",
        ),
        pytest.param(
            MINIMAL + "prometheus:\n- {name: eu, url: 'http://a'}\n- {name: eu, url: 'http://b'}\n",
            ['alertd.yml:5:10 prometheus[1].name: source "eu" is not unique: it is given at line 4; rename one of them'],
            id="a source defined twice",
        ),
        pytest.param(
            MINIMAL + "prometheus: {uri: 'http://a'}\n",
            [
                "alertd.yml:3:13 prometheus.url: must be given",
                'alertd.yml:3:14 prometheus.uri: field uri not found in type prometheus; did you mean "url"?',
            ],
            id="one source, not in a list",
        ),
        pytest.param(
            MINIMAL + "reciever: x\n",
            ['alertd.yml:3:1 reciever: field reciever not found in type AlertdFile; did you mean "receivers"?'],
            id="an unknown key",
        ),
        pytest.param(
            "route: {receiver: a}\nreceivers:\n- name: a\n  telegram_configs: [{chat_id: 1}]\n",
            ["alertd.yml:4:3 receivers[0].telegram_configs: alertd itself has no telegram_configs; "
             'use apprise_configs: [{url: "tgram://<bot token>/<chat id>"}], after pip install "alertd[apprise]"'],
            id="a kind of receiver that only Alertmanager has",
        ),
        pytest.param(
            MINIMAL + "tracing: {endpoint: x}\n",
            ['alertd.yml:3:1 tracing: warning: "tracing" has no effect: alertd writes no traces; remove it'],
            id="a key without effect",
        ),
        pytest.param(
            "route: {receiver: a}\nreceivers:\n- name: a\n  slack_configs: [{channel: x}, {api_url: 'http://x/', update_message: true}]\n",
            ["alertd.yml:4:19 receivers[0].slack_configs[0]: no global Slack API URL set either inline or in a file; "
             "give api_url or api_url_file here, or global: slack_api_url",
             "alertd.yml:4:33 receivers[0].slack_configs[1]: update_message can only be used with bot tokens: set app_token, "
             "or api_url to https://slack.com/api/chat.postMessage"],
            id="what a receiver lacks even with what it inherits",
        ),
        pytest.param(
            "route: {receiver: a, routes: [{matchers: ['c!']}]}\nreceivers: [{name: a}]\n",
            ["alertd.yml:1:43 route.routes[0].matchers[0]: bad matcher format: c!; "
             'write name="value", or != for not, =~ and !~ for regular expressions'],
            id="a matcher that is none",
        ),
        pytest.param(
            MINIMAL + "web: {external_url: '${NOPE}'}\n",
            ['alertd.yml:3:22 web.external_url: environment variable "NOPE" is not set; set it, or write '
             "${NOPE:-default}; $${NOPE} is the plain text"],
            id="a variable that is not set is told once",
        ),
        pytest.param(
            MINIMAL + "route: {receiver: ops}\n",
            ['alertd.yml:3:1 route: key "route" is given twice, first at line 1; keep one of them'],
            id="a key given twice",
        ),
        pytest.param(
            MINIMAL + "evaluation: {interval: 0}\nglobal: {resolve_timeout: 5}\n",
            ["alertd.yml:3:24 evaluation.interval: must be longer than 0",
             'alertd.yml:4:27 global.resolve_timeout: not a valid duration string: "5"; '
             "write a number and a unit, large units first, such as 30s, 5m or 1h30m"],
            id="several at once",
        ),
        pytest.param(
            MINIMAL + "rule_files: [none/*.yml]\n",
            ['alertd.yml:3:14 rule_files[0]: warning: no file matches "none/*.yml"; '
             "check the path; it is relative to the folder of this file"],
            id="a pattern that matches nothing",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_in_alertd_yml(write, alertd: str, expected: list[str]) -> None:
    assert told(write(alertd)) == expected


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    assert told(tmp_path / "alertd.yml") == [
        "alertd.yml:1:1 cannot be read: No such file or directory; check the path; alertd init writes files to start from"
    ]


def test_problems_of_all_files_are_told_at_once(write) -> None:
    path = write(
        "route: {receiver: x}\nprometheus: {url: 'http://a'}\nrule_files: ['*.rules.yml']\nevaluation: {interval: x}\n",
        a="groups: [{name: g, source: eu, rules: [{alert: A}]}]\n",
        b="groups: 5\n",
        c="groups: []\n---\n",
    )
    assert told(path) == [
        "a.rules.yml:1:28 groups[0].source: source \"eu\" is not defined; defined: default",
        "a.rules.yml:1:40 groups[0].rules[0]: field expr must be set in a rule; write the PromQL expression there",
        'alertd.yml:1:19 route.receiver: undefined receiver "x" used in route; define it under receivers',
        'alertd.yml:4:24 evaluation.interval: not a valid duration string: "x"; '
        "write a number and a unit, large units first, such as 30s, 5m or 1h30m",
        "b.rules.yml:1:9 groups: must be a list, not a single value",
        "c.rules.yml:2:1 warning: another YAML document begins here; only the first one of a rule file is read; "
        "join their groups, or make it a file of its own [AL006]",
    ]  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        load(path, environment={})
    assert len(caught.value.problems) == 6


def test_recorded_series_without_a_place_to_be_written_to(write) -> None:
    text = MINIMAL + "prometheus: {url: 'http://a'}\nrule_files: ['*.rules.yml']\n"
    rules = "groups: [{name: g, rules: [{record: a, expr: up}, {record: b, expr: up}]}]\n"
    assert told(write(text, a=rules)) == [
        "a.rules.yml:1:28 groups[0].rules[0]: warning: recorded series are written nowhere: only later rules of the same "
        "group see them; add remote_write, such as remote_write: [{url: http://localhost:9090/api/v1/write}]"
    ]
    assert told(write(text + "remote_write: [{url: 'http://a/w'}]\n", a=rules)) == []


def test_rules_need_a_prometheus(write) -> None:
    assert told(write(MINIMAL + "rule_files: [a.rules.yml]\n", a=RULES)) == [
        "alertd.yml:3:13 rule_files: rules need a Prometheus to ask; add prometheus: {url: http://localhost:9090}"
    ]


def test_a_plain_alertmanager_configuration_is_a_configuration(write) -> None:
    config = load(write("global:\nroute: {receiver: ops, group_by: [alertname]}\n" + WEBHOOK))
    assert config.groups == ()
    assert config.sources == ()
    assert config.route is not None
    assert Route.from_settings(config.route).repeat_interval == timedelta(hours=4)
    assert [receiver.name for receiver in config.receivers] == ["ops"]
    assert config.defaults.resolve_timeout == timedelta(minutes=5)
    assert config.warnings == ()


def test_alerts_may_go_to_alertmanagers_alone(write) -> None:
    config = load(write("alertmanagers: [{static_configs: [{targets: ['localhost:9093']}]}]\n"))
    assert config.route is None
    assert len(config.alertmanagers) == 1


def full(write) -> Config:
    text = (
        MINIMAL.replace("receivers: [{name: ops}]\n", WEBHOOK)
        + "prometheus:\n- {name: us, url: 'http://${HOST}'}\n- {name: eu, url: 'http://b', basic_auth: "
        "{username: u, password: 12345, }}\n"
        "rule_files: ['*.rules.yml', a.rules.yml]\n"
        "evaluation: {interval: 30s, external_labels: {replica: 1, on: 1.50}}\n"
        "storage: {path: state}\nweb: {external_url: 'http://alertd/x/'}\n"
        "global: {http_config: {follow_redirects: false}}\n"
    )
    path = write(text, a=RULES, b=RULES.replace("g,", "g, source: eu, interval: 1h,"))
    return load(path, environment={"HOST": "a:9090"})


def test_everything_that_is_said_is_in_the_configuration(write) -> None:
    config = full(write)
    assert [(source.name, source.url) for source in config.sources] == [("us", "http://a:9090"), ("eu", "http://b")]
    assert [(group.key, group.source, group.interval.seconds) for group in config.groups] == [
        ("a.rules.yml;g", "us", 30),
        ("b.rules.yml;g", "eu", 3600),
    ]
    assert config.evaluation.external_labels == {"replica": "1", "on": "1.50"}
    assert config.web.external_url == "http://alertd/x"
    assert [path.name for path in config.files] == ["alertd.yml", "a.rules.yml", "b.rules.yml"]


def test_the_global_http_config_is_that_of_receivers_without_one(write) -> None:
    config = full(write)
    assert config.receivers[0].webhook_configs[0].http_config == config.defaults.http_config
    assert config.defaults.http_config is not None


def test_no_secret_is_in_the_configuration_as_it_prints(write) -> None:
    assert "12345" not in repr(full(write))


def test_the_digest_changes_with_every_file_that_was_read(write, tmp_path: Path) -> None:
    (tmp_path / "host").write_text("a")
    path = write(MINIMAL + "prometheus: {url: 'http://${file:host}'}\nrule_files: ['*.rules.yml']\n", a=RULES)
    seen = [load(path).digest]
    assert digest(path) == seen[0]
    for name, text in [("host", "b"), ("a.rules.yml", RULES + "#"), ("b.rules.yml", RULES)]:
        (tmp_path / name).write_text(text)
        seen.append(digest(path))
    path.write_text(path.read_text() + "#")
    seen.append(digest(path))
    assert len(set(seen)) == len(seen)


def test_the_keys_on_top_are_those_of_the_model() -> None:
    fields = AlertdFile.model_fields.items()
    assert {field.alias or name for name, field in fields} == TOP_LEVEL_KEYS


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in AlertdFile.model_fields.items() if not field.description] == []
