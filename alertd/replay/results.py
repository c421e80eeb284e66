"""What came of unit tests of rules: per file, test group and check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from alertd.replay.compare import Difference, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One item of `alert_rule_test`, `promql_expr_test` or `exp_notifications`.

    subject      the name of the alert, the expression, or the receiver
    line         where it stands in the file
    differences  empty: as expected
    error        why it could not be checked, such as an expression that does not parse
    """

    kind: str  # "alert", "expression" or "notification"
    subject: str
    at: timedelta
    line: int
    expected: tuple[Item, ...] = ()
    found: tuple[Item, ...] = ()
    differences: tuple[Difference, ...] = ()
    error: str = ""

    @property
    def passed(self) -> bool:
        return not (self.differences or self.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFailure:
    """A rule whose evaluation failed; the test group ended there."""

    rule: str
    at: timedelta
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupResult:
    """One test group.

    failures   rules that failed; the checks after that time were not made
    error      why the group could not run at all
    planned    how many checks it has, made or not
    """

    name: str
    line: int
    planned: int
    checks: tuple[CheckResult, ...] = ()
    failures: tuple[RuleFailure, ...] = ()
    error: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return not (self.failures or self.error) and all(check.passed for check in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """One file.

    error      why it could not be read, or its rule files could not
    warnings   what did not keep it from running
    """

    path: Path
    groups: tuple[GroupResult, ...] = ()
    error: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.error and all(group.passed for group in self.groups)

    def checks(self) -> Iterator[CheckResult]:
        """Every check that was made."""
        for group in self.groups:
            yield from group.checks
