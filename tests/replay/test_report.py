"""The results of unit tests as text, JSON and JUnit's XML."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from alertd.labels import LabelSet
from alertd.replay.compare import Item, compare
from alertd.replay.report import TextReport
from alertd.replay.report_data import as_json, as_junit
from alertd.replay.results import CheckResult, FileResult, GroupResult, RuleFailure


def check(expected: list[Item], found: list[Item], *, error: str = "") -> CheckResult:
    return CheckResult(
        kind="alert", subject="A", at=timedelta(seconds=90), line=7, error=error,
        expected=tuple(expected), found=tuple(found), differences=tuple(compare(expected, found)),
    )  # fmt: skip


def alert(**annotations: str) -> Item:
    return Item(labels=LabelSet({"alertname": "A"}), annotations=annotations)


GOOD = check([alert()], [alert()])
WRONG = check([alert(text="a\nb <&> \x00")], [alert(text="")])
MISSING = check([alert()], [])
UNKNOWN = check([], [], error="1:2: parse error")
FAILED = RuleFailure(rule="R", at=timedelta(minutes=1), error="exceeded limit of 1 with 2 alerts")

RESULTS = [
    FileResult(path=Path("good.yml"), groups=(GroupResult(name="g", line=1, planned=1, checks=(GOOD,)),)),
    FileResult(
        path=Path("bad.yml"),
        warnings=("rule_files: no file matches x",),
        groups=(
            GroupResult(name="one", line=1, planned=4, checks=(GOOD, WRONG, MISSING, UNKNOWN), seconds=0.5),
            GroupResult(name="two", line=9, planned=3, checks=(GOOD,), failures=(FAILED,), seconds=0.25),
            GroupResult(name="three", line=20, planned=1, error="Prometheus refused samples"),
        ),
    ),
    FileResult(path=Path("broken.yml"), error="broken.yml:1:1: first problem\nbroken.yml:2:1: second problem"),
]


def test_text_says_what_failed_when_and_how() -> None:
    text = "\n".join(TextReport().lines(RESULTS, seconds=1.25))
    assert text == (
        "ok   good.yml\n"
        "FAIL bad.yml\n"
        "  warning: rule_files: no file matches x\n"
        "  one: alert A at 1m30s (bad.yml:7)\n"
        '    annotation text of {alertname="A"} differs\n'
        "      - expected  a\\nb <&> \x00\n"
        '      + found     ""\n'
        "  one: alert A at 1m30s (bad.yml:7)\n"
        "    alert missing\n"
        '      - expected  {alertname="A"}\n'
        "  one: alert A at 1m30s (bad.yml:7)\n"
        "    cannot be evaluated: 1:2: parse error\n"
        "  two: rule R failed at 1m: exceeded limit of 1 with 2 alerts\n"
        "    checks not made because of that: 2\n"
        "  three: Prometheus refused samples\n"
        "FAIL broken.yml\n"
        "  broken.yml:1:1: first problem\n"
        "  broken.yml:2:1: second problem\n"
        "3 files, 2 failed; 6 checks, 3 failed; 1.2 s"
    )


def test_colours_are_for_terminals_only() -> None:
    assert "\x1b[31m" in "\n".join(TextReport(colours=True).lines(RESULTS, seconds=0))
    assert "\x1b" not in "\n".join(TextReport().lines(RESULTS, seconds=0))


def test_json_has_every_check() -> None:
    data = json.loads(json.dumps(as_json(RESULTS, seconds=1.25)))
    assert data["passed"] is False
    assert [file["passed"] for file in data["files"]] == [True, False, False]
    one, two, three = data["files"][1]["groups"]
    assert [check["passed"] for check in one["checks"]] == [True, False, False, False]
    assert one["checks"][2] == {
        "kind": "alert",
        "subject": "A",
        "time": "1m30s",
        "line": 7,
        "passed": False,
        "error": "",
        "expected": ['{alertname="A"}'],
        "found": [],
        "differences": [
            {"part": "missing", "name": "", "of": '{alertname="A"}', "expected": '{alertname="A"}', "found": None}
        ],
    }
    assert two["rule_failures"] == [{"rule": "R", "time": "1m", "error": "exceeded limit of 1 with 2 alerts"}]
    assert three["error"] == "Prometheus refused samples"


def test_junit_is_well_formed_and_its_sums_are_right() -> None:
    root = ElementTree.fromstring(as_junit(RESULTS, seconds=1.25))
    assert root.tag == "testsuites"
    for totals in (root, *root):
        cases = list(totals.iter("testcase"))
        assert totals.get("tests") == str(len(cases))
        for total, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert totals.get(total) == str(sum(case.find(tag) is not None for case in cases))
    assert [(suite.get("name"), suite.get("time")) for suite in root] == [
        ("good.yml", "0.000"),
        ("bad.yml", "0.750"),
        ("broken.yml", "0.000"),
    ]
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == ("12", "4", "2", "3")


@pytest.mark.parametrize(
    ("name", "tag", "message"),
    [
        ("alert A at 1m30s", "failure", 'annotation text of {alertname="A"} differs: expected a'),
        ("rule R at 1m", "failure", "rule R failed at 1m: exceeded limit of 1 with 2 alerts"),
        ("test group", "error", "Prometheus refused samples"),
        ("file", "error", "broken.yml:1:1: first problem"),
    ],
)
def test_junit_says_why(name: str, tag: str, message: str) -> None:
    root = ElementTree.fromstring(as_junit(RESULTS, seconds=0))
    messages = [case.find(tag).get("message") for case in root.iter("testcase") if case.find(tag) is not None and case.get("name") == name]  # type: ignore[union-attr]  # fmt: skip
    assert message in messages
