"""`alertd test` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from alertd.cli import main

CASES = Path(__file__).parents[1] / "cases/rules"
PASSING, FAILING = str(CASES / "P01.test.yml"), str(CASES / "P01.mutant.test.yml")


def alertd_test(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["test", *arguments])


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        pytest.param([PASSING], 0, id="all passed"),
        pytest.param([PASSING, FAILING], 1, id="one failed"),
        pytest.param(["no-such-file.yml"], 1, id="a file that is not there"),
        pytest.param([], 2, id="no file"),
        pytest.param([PASSING, "--output", "xml"], 2, id="an unknown output"),
        pytest.param([PASSING, "--run", "("], 2, id="a pattern that is none"),
        pytest.param([FAILING, "--run", "^P02$"], 0, id="nothing left to run"),
        pytest.param([FAILING, "--run", "P0[0-3]"], 1, id="a test group chosen by its name"),
    ],
)
def test_exit_status(arguments: list[str], status: int) -> None:
    assert alertd_test(*arguments).exit_code == status


@pytest.mark.parametrize(
    ("case", "status"),
    [
        pytest.param("C01", 0, id="an empty annotation is there, an empty label is not"),
        pytest.param("C12", 1, id="annotations are always compared"),
        pytest.param("C13", 0, id="a label whose template is empty is not there"),
    ],
)
def test_loader_cases(case: str, status: int) -> None:
    assert alertd_test(str(CASES.parent / f"loader/{case}.test.yml")).exit_code == status


def test_text_shows_the_difference() -> None:
    assert alertd_test(FAILING).stdout.splitlines()[:5] == [
        f"FAIL {FAILING}",
        f"  P01: alert A at 2m ({FAILING}:20)",
        '    annotation d of {a="b", alertname="A", sev="page"} differs',
        "      - expected  b is 6",
        "      + found     b is 7",
    ]


def test_a_folder_is_all_its_files(tmp_path: Path) -> None:
    for name in ("P01.test.yml", "P01.rules.yml", "P02.test.yml", "P02.rules.yml"):
        folder = tmp_path / name.partition(".")[2].partition(".")[0]
        folder.mkdir(exist_ok=True)
        text = (CASES / name).read_text().replace("rule_files: [", "rule_files: [../rules/")
        (folder / name).write_text(text)
    data = json.loads(alertd_test(str(tmp_path / "test"), "--output", "json").output)
    assert [Path(file["file"]).name for file in data["files"]] == ["P01.test.yml", "P02.test.yml"]


def test_a_missing_file_is_named() -> None:
    assert "no-such-file.yml:1:1 cannot be read: No such file or directory" in alertd_test("no-such-file.yml").stdout


def test_json_is_all_that_is_printed() -> None:
    data = json.loads(alertd_test(PASSING, FAILING, "--output", "json").output)
    assert [(Path(file["file"]).name, file["passed"]) for file in data["files"]] == [
        ("P01.test.yml", True),
        ("P01.mutant.test.yml", False),
    ]


def test_junit_is_all_that_is_printed() -> None:
    root = ElementTree.fromstring(alertd_test(PASSING, FAILING, "--output", "junit").output)
    assert [suite.get("failures") for suite in root] == ["0", "1"]


def test_rule_files_are_relative_to_the_test_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert alertd_test(PASSING).exit_code == 0


def test_problems_of_rule_files_are_all_told(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text("groups: [{name: g, rules: [{alert: A}, {record: r, expr: 'sum('}]}]")
    path = tmp_path / "rules.test.yml"
    path.write_text("{rule_files: [rules.yml], tests: [{}]}")
    run = alertd_test(str(path))
    assert run.exit_code == 1
    assert run.stdout.count(f"{tmp_path / 'rules.yml'}:1:") == 2


def test_without_prometheus_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    run = alertd_test(PASSING)
    assert run.exit_code == 2
    assert "apt-get install prometheus" in run.stderr
    assert run.stdout == ""


def test_help_documents_the_extension() -> None:
    assert "match: subset" in " ".join(alertd_test("--help").stdout.split())
