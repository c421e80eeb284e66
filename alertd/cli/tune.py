"""`alertd tune`: settings of a rule that would have fired as seldom as wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alertd.cli.output import Failure, NotFound, output_option, print_json, print_table
from alertd.cli.past import duration, opened, past_options, period, subject, with_step

if TYPE_CHECKING:
    from alertd.cli.past import Subject
    from alertd.replay.backtest import Period
    from alertd.replay.tuning import Trial
    from alertd.rules.rule import RuleGroup

WEEK = 7 * 86400


@click.command(short_help="propose settings of a rule from recorded history")
@click.argument("rule")
@click.option(
    "--file", type=click.Path(path_type=Path), default=Path("alertd.yml"), show_default=True,
    help="an alertd.yml or a rule file",
)  # fmt: skip
@click.option("--target", default="1/week", show_default=True, help="how often it may fire, all its series together")
@past_options
@output_option
def command(rule: str, file: Path, target: str, url: str, start: str, end: str, step: str | None, output: str) -> None:
    """Try RULE with other settings on the past, and propose those with which it would have fired as seldom as wanted.

    \b
    alertd tune HighLLMTokenUsage --target 1/week
    alertd tune TokenUsageAnomaly --file rules/agentgateway.yml --target 2/day --from 28d

    Exit status: 0 ok, 1 the file is wrong or nothing could be read, 2 wrong usage, 4 no setting meets the target, or RULE
    has none to turn.
    """
    from alertd.clock import SystemClock
    from alertd.errors import AlertdError

    wanted = _per_week(target)
    clock = SystemClock()
    whole = period(start, end, clock.now())
    try:
        one = subject(file, url, rule=rule)
        if len(one.groups) != 1 or len(one.groups[0].rules) != 1:
            raise click.BadParameter(f'{file} has several rules "{rule}"; they cannot be told apart', param_hint="RULE")
        present, proposals = asyncio.run(_tune(one, file, url, rule, whole, step, wanted))
    except AlertdError as error:
        raise Failure(str(error)) from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    if output == "json":
        print_json({"target_per_week": wanted, "present": _json(present), "proposals": [_json(p) for p in proposals]})
    else:
        print_table(
            ("SETTING", "EPISODES", "PER WEEK", "LONGEST"), [_row(one, whole.end) for one in (present, *proposals)]
        )
    if not proposals and present.per_week > wanted:
        raise NotFound(f"no setting makes it fire at most {target}; the best is to look at what fires: alertd backtest")


def _per_week(target: str) -> float:
    """`1/week`, `2/day`, `3/30d`; raises click.BadParameter."""
    count, slash, unit = target.partition("/")
    try:
        wanted = float(count)
    except ValueError:
        wanted = -1.0
    if not slash or wanted < 0:
        raise click.BadParameter(f'"{target}" is not a rate such as 1/week or 2/day', param_hint="--target")
    length = duration({"week": "1w", "day": "1d", "hour": "1h", "month": "30d"}.get(unit, unit), "--target")
    return wanted * WEEK / length.total_seconds()


async def _tune(
    one: Subject, file: Path, url: str, rule: str, whole: Period, step: str | None, wanted: float
) -> tuple[Trial, list[Trial]]:
    from alertd.clock import SystemClock
    from alertd.config.overrides import Override
    from alertd.replay.tuning import Tuner

    def variant(settings: Sequence[str]) -> tuple[RuleGroup, ...]:
        overrides = [Override.parse(setting) for setting in settings]
        return with_step(subject(file, url, overrides=overrides, rule=rule).groups, step)

    async with opened(one.sources) as past:
        tuner = Tuner(variant, whole, past, SystemClock())
        if why := tuner.nothing_to_turn():
            raise NotFound(why)
        present = await tuner.trial()
        return present, [proposal async for proposal in tuner.proposals(present, wanted)]


def _row(trial: Trial, until: datetime) -> tuple[str, ...]:
    from alertd.replay.backtest_report import length_text

    longest = max((one.lasted(until) for one in trial.episodes), default=None)
    setting = " ".join(trial.settings) or "(as it is)"
    return setting, str(len(trial.episodes)), f"{trial.per_week:.2f}", length_text(longest)


def _json(trial: Trial) -> dict[str, object]:
    return {
        "settings": list(trial.settings),
        "episodes": [
            {"fired_at": one.fired_at.isoformat(), "labels": dict(one.labels.items()), "value": one.value}
            for one in trial.episodes
        ],
        "per_week": round(trial.per_week, 4),
    }
