import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alertd.cli import main
from alertd.cli.check import command
from tests.support.cli import run_cli

CASES = Path(__file__).parent.parent / "cases"
LOADER = CASES / "loader"
CONFIG = (
    "route: {receiver: ops}\nreceivers: [{name: ops}]\nprometheus: {url: 'http://a'}\nrule_files: ['*.rules.yml']\n"
    "remote_write: [{url: 'http://a/write'}]\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*args: str | Path) -> Result:
    return CliRunner().invoke(command, [str(arg) for arg in args])


@pytest.mark.parametrize(
    ("args", "status"),
    [
        pytest.param([LOADER / "C12.yml"], 0, id="a rule file without a fault"),
        pytest.param([LOADER / "C19.yml"], 1, id="a rule file with faults"),
        pytest.param([LOADER / "C12.yml", LOADER / "C19.yml"], 1, id="one of two"),
        pytest.param([LOADER / "C07.yml"], 0, id="findings alone are no failure"),
        pytest.param(["--lint-fatal", LOADER / "C07.yml"], 3, id="unless they are fatal"),
        pytest.param(["--lint-fatal", "--lint", "none", LOADER / "C07.yml"], 0, id="no findings wanted"),
        pytest.param(["--lint-fatal", "--lint", "duplicate-rules", LOADER / "C07.yml"], 3, id="one kind wanted"),
        pytest.param(["--lint-fatal", "--lint", "AL002,AL004", LOADER / "C07.yml"], 0, id="other kinds wanted"),
        pytest.param(["--lint-fatal", LOADER / "C07.yml", LOADER / "C04.yml"], 1, id="errors come first"),
        pytest.param(["--lint", "duplicates", LOADER / "C07.yml"], 2, id="an unknown kind"),
        pytest.param(["--scrape-interval", "15", LOADER / "C07.yml"], 2, id="no duration"),
        pytest.param(["nowhere.yml"], 1, id="a file that is not there"),
        pytest.param([LOADER / "C03.yml"], 0, id="an empty file"),
        pytest.param([CASES / "rules" / "P01.test.yml"], 0, id="unit tests of rules"),
    ],
)
def test_the_exit_status(args: list[str | Path], status: int) -> None:
    assert check(*args).exit_code == status


def test_problems_are_printed_sorted_and_summed_up(folder: Path) -> None:
    shutil.copy(LOADER / "C16.yml", "b.yml")
    shutil.copy(LOADER / "C04.yml", "a.yml")
    assert check("b.yml", "a.yml").output.splitlines() == [
        'a.yml:6:10 groups[0].rules[0].for: not a valid duration string: "5"; '
        "write a number and a unit, large units first, such as 30s, 5m or 1h30m",
        'b.yml:6:5 groups[0].rules[0].severity: unknown field "severity"; write it under labels',
        'b.yml:9:5 groups[0].rules[1].label: unknown field "label"; did you mean "labels"?',
        "2 rule files with no rules: 3 errors, no warnings",
    ]


def test_json_is_a_list_of_problems(folder: Path) -> None:
    shutil.copy(LOADER / "C07.yml", "a.yml")
    result = check("--output", "json", "--lint", "duplicate-rules", "a.yml")
    assert json.loads(result.output) == [
        {
            "file": "a.yml",
            "line": 11,
            "column": 5,
            "path": "groups[1].rules[0]",
            "message": '"X" with the labels {s="a"} is there already, at line 4',
            "fix": "give them different names or labels, or their alerts and series collide",
            "severity": "warning",
            "code": "AL001",
        }
    ]


def test_json_of_nothing_wrong_is_an_empty_list() -> None:
    assert json.loads(check("--output", "json", LOADER / "C17.yml").output) == []


def test_without_a_file_alertd_yml_and_all_it_names_is_checked(folder: Path) -> None:
    Path("alertd.yml").write_text(CONFIG)
    shutil.copy(LOADER / "C07.yml", "x.rules.yml")
    result = check("--lint", "duplicate-rules")
    assert result.exit_code == 0
    assert result.output.startswith("x.rules.yml:11:5 groups[1].rules[0]: warning: ")
    assert result.output.endswith("1 configuration, 1 rule file with 3 rules: no errors, 1 warning\n")


def test_without_a_file_and_without_alertd_yml_it_says_so(folder: Path) -> None:
    result = check()
    assert result.exit_code == 1
    assert "alertd.yml:1:1 cannot be read: No such file or directory" in result.output


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        pytest.param("route: {receiver: a}\nreceivers: [{name: a}]\n", "1 configuration:", id="an alertmanager.yml"),
        pytest.param('{"groups": []}', "1 rule file", id="rules as JSON"),
        pytest.param('{"route": {"receiver": "a"}, "receivers": [{"name": "a"}]}', "1 configuration:", id="JSON"),
        pytest.param("kind: PrometheusRule\nspec: {groups: []}\n", "1 rule file", id="a manifest"),
        pytest.param("inhibit_rules: []\n", "1 configuration:", id="a key of Alertmanager only"),
        pytest.param("group: []\n", "1 rule file", id="something else"),
        pytest.param("rule_files: [a.yml]\ntests: []\n", "1 test file:", id="unit tests"),
    ],
)
def test_what_a_file_is_its_content_tells(folder: Path, text: str, summary: str) -> None:
    Path("file").write_text(text)
    assert check("file").output.splitlines()[-1].startswith(summary)


def test_faults_in_unit_tests_are_told(folder: Path) -> None:
    Path("t.yml").write_text("tests:\n- input_series: [{series: up, valuse: '1'}]\n")
    result = check("t.yml")
    assert result.exit_code == 1
    assert result.output.startswith(
        't.yml:2:31 tests[0].input_series[0].valuse: field valuse not found in type input_series; did you mean "values"?'
    )


def test_the_scrape_interval_measures_windows(folder: Path) -> None:
    Path("r.yml").write_text("groups: [{name: g, rules: [{record: r, expr: 'rate(x[1m])'}]}]\n")
    assert "AL004" in check("r.yml").output
    assert "AL004" not in check("--scrape-interval", "15s", "r.yml").output


def test_a_pipe_gets_no_colours_and_a_terminal_none_under_no_color() -> None:
    def run(colour: bool, env: dict[str, str]) -> str:
        return CliRunner(env=env).invoke(main, ["check", str(LOADER / "C04.yml")], color=colour).output

    assert "\x1b[" in run(True, {"NO_COLOR": ""})
    assert "\x1b[" not in run(True, {"NO_COLOR": "1"})
    piped = subprocess.run(
        [sys.executable, "-m", "alertd", "check", LOADER / "C04.yml"], capture_output=True, timeout=60, check=False
    )
    assert (piped.returncode, b"\x1b[" in piped.stdout) == (1, False)


def test_findings_in_a_configuration_are_chosen_like_those_in_rules(folder: Path) -> None:
    Path("alertd.yml").write_text(
        "route: {receiver: a}\nreceivers:\n- {name: a, pagerduty_configs: [{routing_key: k, severity: page}]}\n- {name: b}\n"
    )
    everything = check().output.splitlines()
    assert [line.rpartition(" [")[2] for line in everything[:-1]] == ["AL105]", "AL101]"]
    assert everything[-1] == "1 configuration: no errors, 1 warning, 1 note"
    assert check("--lint", "none").output.splitlines() == ["1 configuration: no errors, no warnings"]
    assert check("--lint", "unused-receiver").output.splitlines()[-1] == "1 configuration: no errors, 1 warning"
    assert check("--lint-fatal").exit_code == 3
    assert check("--lint-fatal", "--lint", "AL105").exit_code == 0


def test_a_template_that_fails_is_an_error_whatever_findings_are_wanted(folder: Path) -> None:
    Path("alertd.yml").write_text(
        "route: {receiver: a}\nreceivers: [{name: a, slack_configs: [{api_url: 'http://x/', text: '{{ .Nope }}'}]}]\n"
    )
    result = check("--lint", "none")
    assert result.exit_code == 1
    assert "receivers[0].slack_configs[0].text: template fails for a firing group" in result.output


def test_a_web_configuration_is_checked_as_one(tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text("rate_limit: {interval: 1s, burst: 5}\n")
    ran = run_cli("check", str(file))
    assert (ran.status, ran.out) == (0, "1 web configuration: no errors, no warnings\n")
    file.write_text("tls_server_config: {cert_file: gone.pem, key_file: gone.key}\nbasic_auth_users: {a: b}\n")
    ran = run_cli("check", str(file))
    assert ran.status == 1
    assert f"{file}:2:23 basic_auth_users.a: this is no bcrypt hash" in ran.out
