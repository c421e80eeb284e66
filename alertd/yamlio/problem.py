"""`Problem`: one thing that is wrong in a file, where it stands, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from alertd.errors import AlertdError


class Severity(StrEnum):
    ERROR = "error"  # the file is refused
    WARNING = "warning"  # the file loads, but probably does not do what was meant
    NOTE = "note"  # the file loads and does what was meant, in a way worth knowing


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Printed as `file:line:column path: message; fix`.

    line, column  from 1; 1:1 where the file as a whole is meant
    path          of the value in the file, such as `route.routes[2].receiver`; "" for the file as a whole
    fix           what to do; "" where the message says it already
    code          of a lint finding (`AL002`); "" for everything else
    """

    file: str
    line: int = 1
    column: int = 1
    path: str = ""
    message: str
    fix: str = ""
    severity: Severity = Severity.ERROR
    code: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}"
        said = self.message if self.is_error else f"{self.severity}: {self.message}"
        text = f"{place} {self.path}: {said}" if self.path else f"{place} {said}"
        if self.fix:
            text += f"; {self.fix}"
        return f"{text} [{self.code}]" if self.code else text

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sorted by file and place, equal ones once."""
    return tuple(sorted(set(problems), key=lambda p: (p.file, p.line, p.column, p.path, p.message)))


class ConfigError(AlertdError):
    """A configuration that cannot be used; holds every problem found, warnings too, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_order(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @property
    def summary(self) -> str:
        errors = [problem for problem in self.problems if problem.is_error]
        return errors[0].message if errors else str(self)
