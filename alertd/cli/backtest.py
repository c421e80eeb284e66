"""`alertd backtest`: what rules would have done."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alertd.cli.output import Failure, print_table
from alertd.cli.past import opened, past_options, period, progress, subject, with_step

if TYPE_CHECKING:
    from alertd.cli.past import Subject
    from alertd.clock import Clock
    from alertd.config.overrides import Override
    from alertd.query.history import SeriesMatrix
    from alertd.replay.backtest import Backtest, Past, Period

    Kept = list[tuple[str, SeriesMatrix]]

MOST_EPISODES = 40
"""A table shows no more; JSON and CSV show all."""

CHARTED = ("html", "png")


@click.command(short_help="try rules on recorded history")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--rule", metavar="NAME", help="only this rule")
@past_options
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="as if the rule said so; may be given again"
)
@click.option("--compare", type=click.Path(path_type=Path), metavar="OTHER", help="try another file on the same past")
@click.option(
    "--output", type=click.Choice(["table", "json", "csv", *CHARTED]), default="table", show_default=True,
    help="table for people; html and png with a chart per series that fired",
)  # fmt: skip
@click.option(
    "--export", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="also write the recorded values there, as Parquet for notebooks (extra analysis)",
)  # fmt: skip
@click.option(
    "--file", "to", type=click.Path(path_type=Path, dir_okay=False), help="write there, not to standard output"
)
def command(
    file: Path, rule: str | None, url: str, start: str, end: str, step: str | None, settings: tuple[str, ...],
    compare: Path | None, output: str, export: Path | None, to: Path | None,
) -> None:  # fmt: skip
    """Evaluate the rules of FILE over the past, as the daemon would have: every episode, how long it lasted, how many a day.

    \b
    alertd backtest rules/agentgateway.yml --from 14d
    alertd backtest alertd.yml --rule TokenUsageAnomaly --set k=4 --output html --file report.html

    FILE is a rule file, or an alertd.yml with its sources and rule files. Ctrl-C prints what was found so far.

    Exit status: 0 ok, 1 FILE is wrong or nothing could be read, 2 wrong usage, 130 interrupted.
    """
    from alertd.clock import SystemClock
    from alertd.yamlio import ConfigError

    if output == "png" and to is None and sys.stdout.isatty():
        raise click.UsageError("a picture does not belong on a terminal; give --file chart.png")
    if export is not None:
        _require_analysis()
    clock = SystemClock()
    whole = period(start, end, clock.now())
    try:
        name = f"{file} with {', '.join(settings)}" if settings else str(file)
        subjects = {name: subject(file, url, overrides=_overrides(settings), rule=rule)}
        if compare is not None:
            subjects[str(compare)] = subject(compare, url, rule=rule)
    except ConfigError as error:
        raise Failure(str(error)) from error
    runs = {name: _backtest(one, whole, step, clock, charted=output in CHARTED) for name, one in subjects.items()}
    kept: Kept | None = None if export is None else []
    interrupted = _run(runs, subjects, kept)
    _write(runs, output, to)
    if export is not None:
        _export(kept or [], export)
    if interrupted:
        raise SystemExit(130)
    if all(run.errors and not run.episodes for run in runs.values()):
        raise SystemExit(1)


def _overrides(settings: Sequence[str]) -> list[Override]:
    from alertd.config.overrides import Override

    try:
        return [Override.parse(setting) for setting in settings]
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--set") from error


def _backtest(one: Subject, whole: Period, step: str | None, clock: Clock, *, charted: bool) -> Backtest:
    from alertd.replay.backtest import Backtest
    from alertd.replay.recorder import Recorder

    recorder = Recorder(start=whole.start, end=whole.end) if charted else None
    return Backtest(groups=with_step(one.groups, step), period=whole, clock=clock, recorder=recorder)


def _require_analysis() -> None:
    from alertd.replay.export import ExportError, require_analysis

    try:
        require_analysis()
    except ExportError as error:
        raise Failure(str(error)) from error


def _run(runs: Mapping[str, Backtest], subjects: Mapping[str, Subject], kept: Kept | None) -> bool:
    """Whether it was interrupted; the runs keep what they have. What is read of the past is added to `kept`."""

    async def one_after_the_other() -> None:
        for name, run in runs.items():
            async with opened(subjects[name].sources) as past:
                with progress(run.total(), name) as told:
                    await run.run(past if kept is None else _keeping(past, kept), told)

    try:
        asyncio.run(one_after_the_other())
    except KeyboardInterrupt:
        return True
    return False


def _keeping(past: Past, kept: Kept) -> Past:
    from alertd.replay.export import Keeping

    return replace(past, history={name: Keeping(source, kept) for name, source in past.history.items()})


def _export(kept: Kept, to: Path) -> None:
    from alertd.replay.export import ExportError, write_parquet

    try:
        samples = write_parquet(kept, to)
    except (ExportError, OSError) as error:
        raise Failure(str(error)) from error
    click.echo(f"written: {to} with {samples} samples", err=True)


def _write(runs: Mapping[str, Backtest], output: str, to: Path | None) -> None:
    from alertd.replay import backtest_report as report

    if output == "table":
        _print_tables(runs)
        return
    if output == "png":
        from alertd.replay.backtest_page import picture

        content = picture(runs)
    elif output == "html":
        from alertd.replay.backtest_page import page

        content = page(runs).encode()
    else:
        content = (report.as_json(runs) + "\n" if output == "json" else report.as_csv(runs)).encode()
    if to is None:
        click.echo(content, nl=False)
    else:
        to.write_bytes(content)
        click.echo(f"written: {to}", err=True)


def _print_tables(runs: Mapping[str, Backtest]) -> None:
    from alertd.replay import backtest_report as report

    for name, run in runs.items():
        until = run.reached or run.period.start
        click.echo(f"{name}: {run.period.start:%Y-%m-%d %H:%M}Z to {until:%Y-%m-%d %H:%M}Z", nl=False)
        click.echo("" if run.is_complete else f", interrupted; wanted to {run.period.end:%Y-%m-%d %H:%M}Z")
        print_table(report.SUMMARY_COLUMNS, [report.summary_row(one) for one in report.summaries(run)])
        episodes = run.episodes
        if episodes:
            click.echo()
            print_table(report.EPISODE_COLUMNS, [report.episode_row(one, until) for one in episodes[-MOST_EPISODES:]])
        if len(episodes) > MOST_EPISODES:
            click.echo(f"the last {MOST_EPISODES} of {len(episodes)} episodes; --output csv has all")
        click.echo()
    if len(runs) > 1:
        print_table(("RULE", *runs), list(report.comparison_rows(runs)))
