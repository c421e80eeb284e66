"""The cases of `tests/cases/rules`: `alertd test` has the same verdicts as promtool, and says why."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from alertd.cli.test import command
from alertd.replay.compare import Part

ROOT = Path(__file__).parents[2]
SHARED = ROOT / "../shared/cases/rules"
CASES = SHARED if SHARED.is_dir() else ROOT / "tests/cases/rules"


def index() -> dict[str, list[str]]:
    """Number of each case -> the other columns of INDEX.md: what, difficulty, wrong in the mutant, error file."""
    rows = re.findall(r"^\| (P\d+) \| (.*) \|$", (CASES / "INDEX.md").read_text(), re.MULTILINE)
    return {case: columns.split(" | ") for case, columns in rows}


INDEX = index()
ERRORS = [path.name.partition(".")[0] for path in sorted(CASES.glob("*.error.test.yml"))]


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    """What `alertd test --output json` says about every case, by file name: one run, as starting costs more than testing."""
    files = sorted(CASES.glob("*.test.yml"))
    run = CliRunner().invoke(command, [*map(str, files), "--output", "json"])
    assert run.exit_code == 1, run.output
    return {Path(file["file"]).name: file for file in json.loads(run.stdout)["files"]}


def failed_checks(file: dict[str, Any]) -> list[dict[str, Any]]:
    return [check for group in file["groups"] for check in group["checks"] if not check["passed"]]


def test_every_case_of_the_index_is_there() -> None:
    assert sorted(path.name.partition(".")[0] for path in CASES.glob("*.rules.yml")) == sorted(INDEX)
    assert len(INDEX) >= 39


@pytest.mark.parametrize("case", INDEX)
def test_the_case_passes(results: dict[str, Any], case: str) -> None:
    file = results[f"{case}.test.yml"]
    assert file["passed"], file
    assert all(len(group["checks"]) == group["planned_checks"] > 0 for group in file["groups"])


PARTS = {
    "annotation": {Part.ANNOTATION},
    "label": {Part.LABEL},
    "time": {Part.MISSING, Part.EXTRA},
    "missing alert": {Part.EXTRA},  # missing in the expectation
    "extra alert": {Part.MISSING},
    "sample": {Part.VALUE, Part.LABEL, Part.MISSING, Part.EXTRA},
}


@pytest.mark.parametrize("case", INDEX)
def test_the_mutant_fails_with_exactly_the_difference_that_was_made(results: dict[str, Any], case: str) -> None:
    file = results[f"{case}.mutant.test.yml"]
    assert not file["passed"]
    (check,) = failed_checks(file)
    wrong = INDEX[case][2]
    assert {difference["part"] for difference in check["differences"]} <= PARTS[wrong.partition(":")[0]]
    if stated := re.search(r"at (\d\w+)", wrong):
        assert check["time"] == stated[1]


@pytest.mark.parametrize("case", ERRORS)
def test_the_error_names_rule_time_and_reason(results: dict[str, Any], case: str) -> None:
    file = results[f"{case}.error.test.yml"]
    assert not file["passed"]
    (group,) = file["groups"]
    (failure,) = group["rule_failures"]
    said = re.fullmatch(r"`rule: (.*), time: (.*), err: (.*)` \|?", INDEX[case][3] + " |")
    assert said is not None
    assert failure["rule"] == said[1]
    assert failure["time"] == said[2].removesuffix("0s")
    assert in_any_order(failure["error"]) == in_any_order(said[3])


def in_any_order(error: str) -> tuple[str, list[str]]:
    """The text, and the series it lists, sorted: their order is by chance."""
    return re.sub(r"\[.*\]", "[]", error), sorted(re.findall(r"\{[^{}]*\}", error))
