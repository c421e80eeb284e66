"""`alertd test`: unit tests of rules."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from alertd.clock import Clock
    from alertd.engine.dispatcher import Dispatching
    from alertd.replay.results import FileResult
    from alertd.replay.rule_tests import Pattern
    from alertd.rules.rule import RuleGroup


@click.command(short_help="run unit tests of rules")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE|FOLDER...")
@click.option(
    "--output",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    show_default=True,
    help="text for people, the others for programs",
)
@click.option("--run", "only", metavar="REGEX", help="run only test groups whose name it is found in")
def command(files: tuple[Path, ...], output: str, only: str | None) -> None:
    """Run unit tests of rules: files as for `promtool test rules`; of a folder all its .yml files.

    The rules are evaluated as the daemon does it, by a Prometheus that is started for each test group and asked for
    every expression. Beyond promtool's format, an expected alert may say `match: subset`: it may then have further
    labels and annotations.

    Exit status: 0 all passed, 1 a test failed or a file is wrong, 2 wrong usage or no prometheus to start,
    130 interrupted.
    """
    from alertd.clock import SystemClock
    from alertd.replay.local_prometheus import PrometheusMissingError
    from alertd.telemetry.logs import LogFormat, LogLevel, configure

    configure(level=LogLevel.ERROR, format=LogFormat.AUTO, stream=sys.stderr)
    clock = SystemClock()
    started = clock.monotonic()
    try:
        results = _results(_files(files), _pattern(only), clock)
    except PrometheusMissingError as error:
        click.echo(f"alertd test: {error}", err=True)
        raise SystemExit(2) from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    _print(results, output, seconds=clock.monotonic() - started)
    raise SystemExit(0 if all(result.passed for result in results) else 1)


def _files(named: Sequence[Path]) -> list[Path]:
    """The files, and those of folders in the order of their names."""
    return [file for path in named for file in (sorted(path.glob("*.yml")) if path.is_dir() else [path])]


def _pattern(only: str | None) -> Pattern | None:
    """Go's regular expressions, as everywhere else."""
    if only is None:
        return None
    import re2

    try:
        pattern: Pattern = re2.compile(only)
    except re2.error as error:
        raise click.BadParameter(str(error), param_hint="--run") from error
    return pattern


def _results(files: Sequence[Path], only: Pattern | None, clock: Clock) -> list[FileResult]:
    from os import cpu_count

    from alertd.config.unit_test_files import read_unit_test_file
    from alertd.replay.rule_tests import load, run

    tests = [load(path, read=read_unit_test_file, load_rules=load_rules) for path in files]
    return asyncio.run(run(tests, clock=clock, parallel=cpu_count() or 1, only=only, open_dispatching=open_dispatching))


@asynccontextmanager
async def open_dispatching(path: Path) -> AsyncIterator[Dispatching]:
    """Routes and receivers of the configuration at `path`; raises AlertdError."""
    from random import Random

    from alertd.cli.integrations import external_url, receivers_of
    from alertd.config.load import load
    from alertd.links import dispatching_of
    from alertd.notify.plan import Planner
    from alertd.notify.ulid import Ulids

    config = await asyncio.to_thread(load, path)
    async with receivers_of(config) as receivers:
        yield dispatching_of(config, receivers, Planner(new_id=Ulids(Random(0)), external_url=external_url(config)))


def load_rules(paths: Sequence[Path]) -> list[RuleGroup]:
    """The groups of rule files; raises ConfigError with every problem of all of them."""
    from alertd.config.rule_files import read_rule_file
    from alertd.yamlio import ConfigError

    files = [read_rule_file(str(path), base=Path()) for path in paths]
    problems = [problem for file in files for problem in file.problems]
    if any(problem.is_error for problem in problems):
        raise ConfigError(problem for problem in problems if problem.is_error)
    return [group for file in files for group in file.groups]


def _print(results: Sequence[FileResult], output: str, *, seconds: float) -> None:
    if output == "text":
        from alertd.replay.report import TextReport

        report = TextReport(colours=sys.stdout.isatty())
        click.echo("\n".join(report.lines(results, seconds=seconds)))
        return
    from alertd.replay.report_data import as_json, as_junit

    if output == "json":
        import json

        click.echo(json.dumps(as_json(results, seconds=seconds), indent=2, ensure_ascii=False))
    else:
        click.echo(as_junit(results, seconds=seconds), nl=False)
