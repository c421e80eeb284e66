"""What verbs on the past share: which rules, which Prometheus, which time, how far it is."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from alertd.config.overrides import Override
    from alertd.config.rule_files import RuleFile
    from alertd.query.source import SourceSettings
    from alertd.replay.backtest import Past, Period
    from alertd.rules.rule import Rule, RuleGroup

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Rules, and who recorded the past they are tried on."""

    groups: tuple[RuleGroup, ...]
    sources: tuple[SourceSettings, ...]


def past_options(function: F) -> F:
    """`--prometheus`, `--from`, `--to`, `--step`."""
    for option in reversed((
        click.option(
            "--prometheus", "url", default="http://localhost:9090", show_default=True, metavar="URL",
            help="who recorded the past; an alertd.yml names its own",
        ),
        click.option("--from", "start", default="14d", show_default=True, help="a duration before --to, or a time"),
        click.option("--to", "end", default="", help="a time such as 2026-01-05T12:00:00Z  [default: now]"),
        click.option("--step", help="distance of evaluations  [default: the interval of each group]"),
    )):  # fmt: skip
        function = option(function)
    return function


def subject(file: Path, url: str, *, overrides: Sequence[Override] = (), rule: str | None = None) -> Subject:
    """The rules of a rule file or of an alertd.yml; only those called `rule` where that is given.

    raises   ConfigError, click.BadParameter when there is no such rule
    """
    from alertd.config.file_kind import FileKind, file_kind
    from alertd.config.load import examine
    from alertd.config.overrides import overridden
    from alertd.config.prices import priced
    from alertd.config.rule_files import load_rule_file, unreadable
    from alertd.ledger.prices import PriceSettings
    from alertd.query.source import SourceSettings
    from alertd.yamlio import ConfigError

    prices = PriceSettings()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([unreadable(str(file), error)]) from None
    if file_kind(text) is FileKind.RULES:
        files: tuple[RuleFile, ...] = (load_rule_file(text, file=file.name, shown=str(file)),)
        problems = files[0].problems
        sources: tuple[SourceSettings, ...] = (SourceSettings(url=url),)
    else:
        examined = examine(file)
        files, problems = examined.rule_files, examined.problems
        sources = examined.config.sources if examined.config is not None else ()
        prices = examined.config.prices if examined.config is not None else prices
    if errors := [problem for problem in problems if problem.is_error]:
        raise ConfigError(errors)
    loaded = [group for one in files for group in one.loaded]
    groups = [one.group for one in overridden(loaded, overrides, rule)]
    if rule is not None:
        groups = [only for group in groups if (only := _only(group, rule)).rules]
        if not groups:
            raise click.BadParameter(f'{file} has no rule "{rule}"', param_hint="--rule")
    return Subject(groups=priced(groups, prices), sources=sources)


def _only(group: RuleGroup, rule: str) -> RuleGroup:
    return replace(group, rules=tuple(one for one in group.rules if one.name == rule))


def with_step(groups: Sequence[RuleGroup], step: str | None) -> tuple[RuleGroup, ...]:
    """The groups evaluated every `step`."""
    if step is None:
        return tuple(groups)
    interval = duration(step, "--step")
    return tuple(
        replace(group, interval=interval, rules=tuple(_every(interval, rule) for rule in group.rules))
        for group in groups
    )


def _every(interval: timedelta, rule: Rule) -> Rule:
    """The rule at work every `interval`: a trend's steps are no shorter than its slots."""
    from alertd.rules.projection import Projection
    from alertd.rules.rule import AlertingRule

    if isinstance(rule, AlertingRule) and isinstance(rule.kind, Projection):
        return replace(rule, kind=replace(rule.kind, interval=interval))
    return rule


def period(start: str, end: str, now: datetime) -> Period:
    """The time to go through."""
    from alertd.replay.backtest import Period

    until = now.replace(microsecond=0) if not end else _time(end, "--to")
    since = _time(start, "--from") if "T" in start or "-" in start else until - duration(start, "--from")
    if since >= until:
        raise click.BadParameter("it must lie before --to", param_hint="--from")
    return Period(start=since, end=until)


def duration(text: str, hint: str) -> timedelta:
    """Such as `14d`; raises click.BadParameter."""
    from alertd.duration import DurationError, parse_duration

    try:
        return parse_duration(text)
    except DurationError as error:
        raise click.BadParameter(str(error), param_hint=hint) from error


def _time(text: str, hint: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f'"{text}" is no time such as 2026-01-05T12:00:00Z', param_hint=hint) from error
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


@asynccontextmanager
async def opened(sources: Sequence[SourceSettings]) -> AsyncIterator[Past]:
    """Clients of the sources."""
    from alertd.http import HttpClient, new_session
    from alertd.query.history_source import PrometheusHistory
    from alertd.query.prometheus import PrometheusSource
    from alertd.replay.backtest import Past

    async with new_session() as session:
        yield Past(
            history={one.name: PrometheusHistory(one, HttpClient(session, one)) for one in sources},
            live={one.name: PrometheusSource(one, session) for one in sources},
        )


@contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """A bar on standard error where that is a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda slots: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda slots: bar.update(task, advance=slots)
