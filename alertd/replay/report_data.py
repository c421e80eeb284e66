"""The results of unit tests for programs: JSON, and JUnit's XML for build servers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from alertd.duration import format_duration
from alertd.replay.compare import Difference
from alertd.replay.report import check_text, difference_text, failure_text
from alertd.replay.results import CheckResult, FileResult, GroupResult, RuleFailure

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_json(results: Sequence[FileResult], *, seconds: float) -> dict[str, Any]:
    """Plain values: `passed`, `seconds`, and per file its test groups with every check."""
    return {
        "passed": all(result.passed for result in results),
        "seconds": round(seconds, 3),
        "files": [_file(result) for result in results],
    }


def _file(result: FileResult) -> dict[str, Any]:
    return {
        "file": str(result.path),
        "passed": result.passed,
        "error": result.error,
        "warnings": list(result.warnings),
        "groups": [_group(group) for group in result.groups],
    }


def _group(group: GroupResult) -> dict[str, Any]:
    return {
        "name": group.name,
        "line": group.line,
        "passed": group.passed,
        "error": group.error,
        "seconds": round(group.seconds, 3),
        "planned_checks": group.planned,
        "rule_failures": [_failure(failure) for failure in group.failures],
        "checks": [_check(check) for check in group.checks],
    }


def _failure(failure: RuleFailure) -> dict[str, Any]:
    return {"rule": failure.rule, "time": format_duration(failure.at), "error": failure.error}


def _check(check: CheckResult) -> dict[str, Any]:
    return {
        "kind": check.kind,
        "subject": check.subject,
        "time": format_duration(check.at),
        "line": check.line,
        "passed": check.passed,
        "error": check.error,
        "expected": [str(item) for item in check.expected],
        "found": [str(item) for item in check.found],
        "differences": [_difference(difference) for difference in check.differences],
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "part": difference.part.value,
        "name": difference.name,
        "of": str(difference.item),
        "expected": difference.expected,
        "found": difference.found,
    }


def as_junit(results: Sequence[FileResult], *, seconds: float) -> str:
    """A test suite per file, a test case per check; a rule that failed is a case of its own, the checks it kept from
    being made are skipped ones.

    source   the schema of Jenkins' xUnit plugin, which GitLab, GitHub and Azure read as well
    """
    root = Element("testsuites", name="alertd test", time=f"{seconds:.3f}")
    for result in results:
        root.append(_suite(result))
    for total in ("tests", "failures", "errors", "skipped"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(result: FileResult) -> Element:
    path = str(result.path)
    suite = Element("testsuite", name=_clean(path), time=f"{sum(group.seconds for group in result.groups):.3f}")
    if result.error:
        _say(_case(suite, path, "file"), "error", result.error)
    for group in result.groups:
        _cases(suite, group)
    cases = list(suite)
    suite.set("tests", str(len(cases)))
    for total, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(total, str(sum(case.find(tag) is not None for case in cases)))
    return suite


def _cases(suite: Element, group: GroupResult) -> None:
    if group.error:
        _say(_case(suite, group.name, "test group"), "error", group.error)
    for failure in group.failures:
        name = f"rule {failure.rule} at {format_duration(failure.at)}"
        _say(_case(suite, group.name, name), "failure", failure_text(failure))
    for check in group.checks:
        case = _case(suite, group.name, check_text(check))
        if not check.passed:
            _say(case, "failure", _why(check))
    for number in range(group.planned - len(group.checks)):
        SubElement(_case(suite, group.name, f"check {number + 1} that was not made"), "skipped")


def _case(suite: Element, group: str, name: str) -> Element:
    return SubElement(suite, "testcase", classname=_clean(group), name=_clean(name))


def _say(case: Element, tag: str, text: str) -> None:
    """The first line as message, all of it as content."""
    SubElement(case, tag, message=_clean(text.partition("\n")[0])).text = _clean(text)


def _why(check: CheckResult) -> str:
    if check.error:
        return check.error
    return "\n".join(
        f"{difference_text(difference, check.kind)}: expected {difference.expected}, found {difference.found}"
        for difference in check.differences
    )


def _clean(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
