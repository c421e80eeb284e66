"""The results of unit tests as text for people: what failed, when, what was expected and what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alertd.duration import format_duration
from alertd.replay.compare import Difference, Part, series_text
from alertd.replay.results import CheckResult, FileResult, GroupResult, RuleFailure

_STYLES = {"red": "31", "green": "32", "yellow": "33", "bold": "1"}


@dataclass(frozen=True, slots=True)
class TextReport:
    """Writes results as lines; `colours` for a terminal."""

    colours: bool = False

    def lines(self, results: Sequence[FileResult], *, seconds: float) -> Iterator[str]:
        """Every file, its failures below it, and the sum at the end."""
        for result in results:
            yield from self._file(result)
        yield self._sum(results, seconds)

    def _file(self, result: FileResult) -> Iterator[str]:
        verdict = self._styled("ok  ", "green") if result.passed else self._styled("FAIL", "red")
        yield f"{verdict} {result.path}"
        for warning in result.warnings:
            yield f"  {self._styled('warning', 'yellow')}: {warning}"
        for line in result.error.splitlines():
            yield f"  {line}"
        for group in result.groups:
            if not group.passed:
                yield from self._group(result, group)

    def _group(self, result: FileResult, group: GroupResult) -> Iterator[str]:
        if group.error:
            yield f"  {self._styled(group.name, 'bold')}: {group.error}"
        for failure in group.failures:
            yield f"  {self._styled(group.name, 'bold')}: {failure_text(failure)}"
        if group.failures and (unmade := group.planned - len(group.checks)):
            yield f"    checks not made because of that: {unmade}"
        for check in group.checks:
            if not check.passed:
                yield f"  {self._styled(group.name, 'bold')}: {check_text(check)} ({result.path}:{check.line})"
                yield from self._check(check)

    def _check(self, check: CheckResult) -> Iterator[str]:
        if check.error:
            yield f"    cannot be evaluated: {check.error}"
        for difference in check.differences:
            yield f"    {difference_text(difference, check.kind)}"
            if difference.part is not Part.EXTRA:
                yield self._styled(f"      - expected  {_shown(difference.expected)}", "red")
            if difference.part is not Part.MISSING:
                yield self._styled(f"      + found     {_shown(difference.found)}", "green")

    def _sum(self, results: Sequence[FileResult], seconds: float) -> str:
        checks = [check for result in results for check in result.checks()]
        failed_files = sum(not result.passed for result in results)
        failed_checks = sum(not check.passed for check in checks)
        files, made = _count(len(results), "file"), _count(len(checks), "check")
        text = f"{files}, {failed_files} failed; {made}, {failed_checks} failed; {seconds:.1f} s"
        return self._styled(text, "red" if failed_files else "green")

    def _styled(self, text: str, style: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colours else text


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def check_text(check: CheckResult) -> str:
    """`alert A at 1m`, `expression up at 30s`."""
    return f"{check.kind} {check.subject} at {format_duration(check.at)}"


def failure_text(failure: RuleFailure) -> str:
    """`rule A failed at 1m: ...`."""
    return f"rule {failure.rule} failed at {format_duration(failure.at)}: {failure.error}"


def difference_text(difference: Difference, kind: str) -> str:
    """In which part, in words; `kind` is that of the check."""
    noun = "alert" if kind == "alert" else "sample"
    match difference.part:
        case Part.MISSING:
            return f"{noun} missing"
        case Part.EXTRA:
            return f"{noun} not expected"
        case Part.VALUE:
            note = ", NaN equals nothing" if difference.expected == difference.found == "NaN" else ""
            return f"value of {series_text(difference.item.labels)} differs{note}"
        case Part.NOTIFICATION:
            return "notification differs"
        case part:
            return f"{part} {difference.name} of {series_text(difference.item.labels)} differs"


def _shown(text: str | None) -> str:
    if text is None:
        return "(none)"
    return text.replace("\n", "\\n") if text else '""'
