"""Rule files that promtool accepts or refuses, and what alertd must make of each: `tests/cases/loader/expected.json`."""

import json
from pathlib import Path
from typing import Any

import pytest

from alertd.config.rule_files import read_rule_file

OURS = Path(__file__).parent.parent / "cases" / "loader"
SHARED = Path(__file__).parents[3] / "shared" / "cases" / "loader"
FOLDERS = [OURS, SHARED] if SHARED.is_dir() else [OURS]


def cases() -> list[Any]:
    return [
        pytest.param(folder, name, case, id=f"{folder.parent.parent.name}-{name.removeprefix('../')}")
        for folder in FOLDERS
        for name, case in json.loads((folder / "expected.json").read_text()).items()
        if "command" not in case
    ]


PLACES = {
    "C04.yml": ["6:10"],
    "C06a.yml": ["6:10"],
    "C06b.yml": ["6:10"],
    "C06c.yml": ["6:10"],
    "C06d.yml": ["6:10"],
    "C11.yml": ["15:85"],
    "C16.yml": ["6:5", "9:5"],
    "C18.yml": ["3:3", "4:3", "9:3", "10:3"],
    "C19.yml": ["5:5", "7:5", "8:5", "9:13", "11:9", "13:3"],
    "C23.yml": ["8:7"],
    "C25.yml": ["5:11"],
    "C27b.yml": ["6:18", "6:43", "6:58", "9:26", "9:56", "9:82", "9:107"],
    "C30.yml": ["6:5", "7:5", "8:5"],
}

CAUSES = {
    "C04.yml": ['not a valid duration string: "5"'],
    "C06a.yml": ['not a valid duration string: "30m1h"'],
    "C06b.yml": ['not a valid duration string: "1m1m"'],
    "C06c.yml": ['not a valid duration string: "1.5h"'],
    "C06d.yml": ['not a valid duration string: "5M"'],
    "C11.yml": ['function "mulScalar" not defined'],
    "C16.yml": ['unknown field "severity"', 'unknown field "label"'],
    "C18.yml": ["vmalert", "vmalert", "Thanos", "Mimir"],
    "C19.yml": [
        "only one of record and alert",
        "one of record or alert must be set",
        "field expr must be set",
        "invalid recording rule name: foo-bar baz",
        'group name "g" is repeated',
        "a group needs a name",
    ],
    "C23.yml": ['key "severity" is given twice, first at line 7'],
    "C25.yml": ["field expr must be set"],
    "C27b.yml": [
        "unclosed action",
        'undefined variable "$nope"',
        "unexpected {{end}}",
        'function "mulScalar" not defined',
        "unexpected EOF",
        'unexpected "/" in command',
        'function "tmpl" not defined',
    ],
    "C30.yml": ["field for belongs to alerts", "field keep_firing_for belongs", "field annotations belongs"],
}


@pytest.mark.parametrize(("folder", "name", "case"), cases())
def test_a_file_is_accepted_or_refused_as_expected(folder: Path, name: str, case: dict[str, Any]) -> None:
    file = read_rule_file(name, base=folder)
    errors = [problem for problem in file.problems if problem.is_error]
    assert (not errors) == case["valid"], [str(error) for error in errors]
    if case["valid"]:
        assert file.rules == case.get("rules", file.rules)


@pytest.mark.parametrize("name", list(PLACES))
def test_every_fault_is_told_with_its_cause_and_its_place(name: str) -> None:
    errors = sorted(read_rule_file(name, base=OURS).problems, key=lambda problem: (problem.line, problem.column))
    assert [f"{error.line}:{error.column}" for error in errors] == PLACES[name]
    for error, cause in zip(errors, CAUSES[name], strict=True):
        assert cause in error.message


def test_every_refused_file_has_its_places_listed() -> None:
    expected = json.loads((OURS / "expected.json").read_text())
    refused = {name for name, case in expected.items() if not case["valid"] and "command" not in case}
    assert refused == set(PLACES) == set(CAUSES)
