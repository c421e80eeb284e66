"""`when:`: an integration that is there only where its environment is."""

from pathlib import Path

import pytest

from alertd.config.load import Examined, examine
from alertd.yamlio import Severity

OPS = """\
route: {receiver: ops}
receivers:
  - name: ops
    webhook_configs:
      - {url: 'http://localhost:1/'}
    slack_configs:
      - {when: '${SLACK:-}', api_url: '${SLACK}', channel: '#a'}
"""


def examined(folder: Path, text: str = OPS, **environment: str) -> Examined:
    (folder / "alertd.yml").write_text(text)
    return examine(folder / "alertd.yml", environment=environment)


def integrations(found: Examined) -> int:
    assert found.config is not None, found.problems
    receiver = found.config.receivers[0]
    return len(receiver.webhook_configs) + len(receiver.slack_configs)


@pytest.mark.parametrize("value", ["", "false", "FALSE", "no", "off", "0", " "])
def test_these_switch_it_off(tmp_path: Path, value: str) -> None:
    assert integrations(examined(tmp_path, SLACK=value)) == 1


def test_anything_else_switches_it_on(tmp_path: Path) -> None:
    found = examined(tmp_path, SLACK="https://hooks.slack.com/services/x")
    assert integrations(found) == 2
    assert found.problems == ()


def test_references_of_what_is_off_may_name_nothing_and_it_is_told(tmp_path: Path) -> None:
    (problem,) = examined(tmp_path).problems
    assert problem.severity is Severity.NOTE
    assert (problem.line, problem.column) == (7, 10)
    assert problem.message == "${SLACK:-} is empty or false, which switches 1 of the integrations and packs off"


def test_a_variable_without_a_default_must_be_set(tmp_path: Path) -> None:
    found = examined(tmp_path, OPS.replace("${SLACK:-}", "${SLACK}"))
    assert found.config is None
    assert found.problems[0].message == 'environment variable "SLACK" is not set'


def test_a_receiver_that_is_left_with_nothing_is_told(tmp_path: Path) -> None:
    alone = OPS.replace("    webhook_configs:\n      - {url: 'http://localhost:1/'}\n", "")
    warnings = [one for one in examined(tmp_path, alone).problems if one.severity is Severity.WARNING]
    assert [str(one).partition("alertd.yml:")[2] for one in warnings] == [
        '3:11 receivers[0].name: warning: receiver "ops" tells nobody: every integration of it is switched off; '
        "set what their when: asks for"
    ]


def test_a_problem_behind_what_is_off_keeps_its_place(tmp_path: Path) -> None:
    text = OPS + "      - {api_url: 'https://hooks.slack.com/x', channel: '#b', colour: red}\n"
    errors = [one for one in examined(tmp_path, text).problems if one.is_error]
    assert [(one.line, one.path) for one in errors] == [(8, "receivers[0].slack_configs[1].colour")]


def test_the_api_shows_nothing_of_it(tmp_path: Path) -> None:
    for environment in ({}, {"SLACK": "https://hooks.slack.com/services/x"}):
        config = examined(tmp_path, **environment).config
        assert config is not None
        assert "when" not in config.original
