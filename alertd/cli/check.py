"""`alertd check`: everything that is wrong with configuration, rule files and unit tests of rules, without starting."""

from __future__ import annotations

import gc
import json
import os
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from alertd.config.rule_files import RuleFile
    from alertd.yamlio import Problem

OK, ERRORS, LINT_FINDINGS = 0, 1, 3
_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


@dataclass(slots=True)
class Report:
    """What was checked, and what was found."""

    problems: list[Problem] = field(default_factory=list)
    configurations: int = 0
    rule_files: int = 0
    rules: int = 0
    test_files: int = 0
    web_files: int = 0
    price_files: int = 0

    def errors(self) -> int:
        return sum(problem.is_error for problem in self.problems)

    def warnings(self) -> int:
        return sum(problem.severity == "warning" for problem in self.problems)

    def findings(self) -> int:
        """Warnings of lint."""
        return sum(problem.severity == "warning" and bool(problem.code) for problem in self.problems)

    def summary(self) -> str:
        """Such as `2 rule files with 30 rules: 1 error, no warnings`."""
        parts = [
            _count(self.configurations, "configuration"),
            f"{_count(self.rule_files, 'rule file')} with {_count(self.rules, 'rule')}" if self.rule_files else "",
            _count(self.test_files, "test file"),
            _count(self.web_files, "web configuration"),
            _count(self.price_files, "price file"),
        ]
        checked = ", ".join(part for part in parts if part and not part.startswith("no ")) or "nothing checked"
        told = f"{_count(self.errors(), 'error')}, {_count(self.warnings(), 'warning')}"
        notes = len(self.problems) - self.errors() - self.warnings()
        return f"{checked}: {told}, {_count(notes, 'note')}" if notes else f"{checked}: {told}"


@dataclass(frozen=True, slots=True)
class LintOptions:
    """Which findings are wanted, by code, and how often samples come (None: as often as a group is evaluated)."""

    codes: tuple[str, ...]
    scrape_interval: timedelta | None


@click.command(short_help="check configuration and rule files without starting")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="how to report")
@click.option(
    "--lint",
    "lint_names",
    default="all",
    show_default=True,
    help="findings beyond faults: all, none, or names or codes by comma, such as duplicate-rules,AL003",
)
@click.option("--lint-fatal", is_flag=True, help="exit with 3 when lint finds anything")
@click.option("--scrape-interval", help="how often samples come  [default: the interval of the group]")
def command(
    files: tuple[Path, ...], output: str, lint_names: str, lint_fatal: bool, scrape_interval: str | None
) -> None:
    """Check alertd.yml, rule files, unit tests of rules, files of --web.config.file and of prices; without FILE ./alertd.yml and all it names.

    What a FILE is, its content tells. Every problem is printed as FILE:LINE:COLUMN PATH: PROBLEM; REMEDY.
    A comment "# alertd: ignore CODE" at a rule silences a finding.

    Exit status: 0 no errors, 1 errors, 2 wrong usage, 3 only lint findings, with --lint-fatal.
    """
    from alertd.config.collector import collector_paused
    from alertd.yamlio import in_order

    options = LintOptions(_codes(lint_names), _interval(scrape_interval))
    report = Report()
    with collector_paused():
        for file in files:
            _check(file, report, options)
        if not files:
            _check_configuration(Path("alertd.yml"), report, options)
        gc.freeze()  # the process ends now: looking through all that was read takes longer than checking it
    report.problems = list(in_order(report.problems))
    _print(report, output)
    if report.errors():
        raise SystemExit(ERRORS)
    raise SystemExit(LINT_FINDINGS if lint_fatal and report.findings() else OK)


def _codes(names: str) -> tuple[str, ...]:
    """The codes of `--lint`."""
    from alertd.config.configuration_lint import CONFIGURATION_LINTS
    from alertd.config.lint import LINTS
    from alertd.yamlio import suggestion

    known = {code: lint.name for code, lint in LINTS.items()}
    known |= {code: lint.name for code, lint in CONFIGURATION_LINTS.items()}
    if names in ("all", "none"):
        return tuple(known) if names == "all" else ()
    by_name = {code: code for code in known} | {name: code for code, name in known.items()}
    for name in names.split(","):
        if name not in by_name:
            hint = suggestion(name, ["all", "none", *known.values()])
            raise click.BadParameter(f'no lint is called "{name}"; {hint}', param_hint="--lint")
    return tuple(by_name[name] for name in names.split(","))


def _interval(text: str | None) -> timedelta | None:
    from alertd.duration import DurationError, parse_duration

    try:
        return parse_duration(text) if text is not None else None
    except DurationError as error:
        raise click.BadParameter(str(error), param_hint="--scrape-interval") from error


def _check(path: Path, report: Report, options: LintOptions) -> None:
    """Finds out what `path` is, and checks it as that."""
    from alertd.config.file_kind import FileKind, file_kind
    from alertd.config.rule_files import unreadable

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        report.problems.append(unreadable(str(path), error))
        return
    match file_kind(text):
        case FileKind.TESTS:
            _check_tests(path, report)
        case FileKind.CONFIGURATION:
            _check_configuration(path, report, options)
        case FileKind.WEB:
            _check_web(path, report)
        case FileKind.PRICES:
            _check_prices(path, text, report)
        case FileKind.RULES:
            _check_rules(path, text, report, options)


def _check_tests(path: Path, report: Report) -> None:
    from alertd.config.unit_test_files import read_unit_test_file
    from alertd.yamlio import ConfigError

    report.test_files += 1
    try:
        read_unit_test_file(path)
    except ConfigError as error:
        report.problems += error.problems


def _check_web(path: Path, report: Report) -> None:
    from alertd.config.web_file import load_web_file
    from alertd.yamlio import ConfigError

    report.web_files += 1
    try:
        load_web_file(path)
    except ConfigError as error:
        report.problems += error.problems


def _check_prices(path: Path, text: str, report: Report) -> None:
    from alertd.config.prices import read_prices

    report.price_files += 1
    read_prices(text, file=str(path), problems=report.problems)


def _check_configuration(path: Path, report: Report, options: LintOptions) -> None:
    from alertd.config.load import examine

    examined = examine(path)
    report.configurations += 1
    report.problems += [p for p in examined.problems if p.is_error or not p.code or p.code in options.codes]
    for file in examined.rule_files:
        _add_rules(file, report, options)


def _check_rules(path: Path, text: str, report: Report, options: LintOptions) -> None:
    from alertd.config.rule_files import load_rule_file

    file = load_rule_file(text, file=str(path))
    report.problems += file.problems
    _add_rules(file, report, options)


def _add_rules(file: RuleFile, report: Report, options: LintOptions) -> None:
    from alertd.config.lint import LINTS, lint

    report.rule_files += 1
    report.rules += file.rules
    codes = [code for code in options.codes if code in LINTS]
    report.problems += lint(file, codes=codes, scrape_interval=options.scrape_interval)


def _print(report: Report, output: str) -> None:
    if output == "json":
        click.echo(json.dumps([_as_json(problem) for problem in report.problems], indent=2))
        return
    colour = False if os.environ.get("NO_COLOR") else None  # None: on a terminal only
    for problem in report.problems:
        place, space, rest = str(problem).partition(" ")
        click.echo(click.style(place, fg=_COLOURS[problem.severity]) + space + rest, color=colour)
    click.echo(report.summary())


def _as_json(problem: Problem) -> dict[str, str | int]:
    """The keys of one problem in `--output json`; a key may be added, none is taken away."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "message": problem.message,
        "fix": problem.fix,
        "severity": problem.severity.value,
        "code": problem.code,
    }


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
