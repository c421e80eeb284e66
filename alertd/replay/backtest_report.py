"""What a backtest found, as a table for people, as JSON and as CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from statistics import median
from typing import Any

from alertd.charts.scale import short_number
from alertd.duration import format_duration
from alertd.replay.backtest import Backtest
from alertd.replay.episodes import Episode

EVIDENCE = (
    *("Threshold", "Expected", "Lower", "Upper", "Score"),
    *("Spend", "Limit", "Percent", "Burn", "Factor", "Projected", "Probability"),
)
"""The fields of `$alert` that a report shows, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One rule over the whole period.

    pages_per_day   episodes per day: each would have been told
    longest, median_length   None without an episode
    """

    rule: str
    episodes: int
    series: int
    pages_per_day: float
    longest: timedelta | None
    median_length: timedelta | None
    error: str = ""


def summaries(run: Backtest) -> list[Summary]:
    """One per alerting rule, those that fired most first."""
    until = run.reached or run.period.start
    days = max((until - run.period.start) / timedelta(days=1), 1 / 1440)
    by_rule: dict[str, list[Episode]] = {name: [] for name in run.rule_names()}
    for episode in run.episodes:
        by_rule[episode.rule].append(episode)
    found = [_summary(name, some, run, days, until) for name, some in by_rule.items()]
    return sorted(found, key=lambda one: -one.episodes)


def _summary(name: str, episodes: Sequence[Episode], run: Backtest, days: float, until: datetime) -> Summary:
    lengths = [one.lasted(until) for one in episodes]
    error, slots = run.errors.get(name, ("", 0))
    return Summary(
        rule=name,
        episodes=len(episodes),
        series=len({one.labels for one in episodes}),
        pages_per_day=len(episodes) / days,
        longest=max(lengths, default=None),
        median_length=timedelta(seconds=round(median(one.total_seconds() for one in lengths))) if lengths else None,
        error=f"{error} ({slots} slots)" if error else "",
    )


SUMMARY_COLUMNS = ("RULE", "EPISODES", "SERIES", "PER DAY", "LONGEST", "MEDIAN", "ERROR")
EPISODE_COLUMNS = ("FIRED", "LASTED", "RULE", "LABELS", "VALUE", "PEAK", "EVIDENCE")


def summary_row(summary: Summary) -> tuple[str, ...]:
    """In the order of SUMMARY_COLUMNS."""
    return (
        summary.rule,
        str(summary.episodes),
        str(summary.series),
        f"{summary.pages_per_day:.2f}",
        length_text(summary.longest),
        length_text(summary.median_length),
        summary.error,
    )


def episode_row(episode: Episode, until: datetime) -> tuple[str, ...]:
    """In the order of EPISODE_COLUMNS."""
    return (
        f"{episode.fired_at:%Y-%m-%d %H:%M:%SZ}",
        length_text(episode.lasted(until)) + ("" if episode.resolved_at else "+"),
        episode.rule,
        " ".join(f"{name}={value}" for name, value in episode.labels.items() if name != "alertname"),
        short_number(episode.value),
        short_number(episode.peak),
        " ".join(f"{name.lower()}={_shown(value)}" for name, value in evidence_of(episode).items()),
    )


def evidence_of(episode: Episode) -> Mapping[str, Any]:
    """The fields of `EVIDENCE` that this episode has."""
    return {name: episode.evidence[name] for name in EVIDENCE if episode.evidence.get(name) is not None}


def length_text(length: timedelta | None) -> str:
    """`1h30m`; nothing for None."""
    return "" if length is None else format_duration(timedelta(seconds=round(length.total_seconds())))


def as_json(runs: Mapping[str, Backtest]) -> str:
    """By name of the run: period, rules, episodes."""
    return json.dumps({name: _run(run) for name, run in runs.items()}, indent=2, ensure_ascii=False, default=str)


def _run(run: Backtest) -> dict[str, Any]:
    until = run.reached or run.period.start
    return {
        "from": run.period.start.isoformat(),
        "to": until.isoformat(),
        "complete": run.is_complete,
        "rules": [
            {
                "rule": one.rule,
                "episodes": one.episodes,
                "series": one.series,
                "pages_per_day": round(one.pages_per_day, 4),
                "longest_seconds": None if one.longest is None else one.longest.total_seconds(),
                "median_seconds": None if one.median_length is None else one.median_length.total_seconds(),
                "error": one.error,
            }
            for one in summaries(run)
        ],
        "episodes": [_episode(one, until) for one in run.episodes],
    }


def _episode(one: Episode, until: datetime) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "group": one.group,
        "labels": dict(one.labels.items()),
        "annotations": dict(one.annotations),
        "active_at": one.active_at.isoformat(),
        "fired_at": one.fired_at.isoformat(),
        "resolved_at": None if one.resolved_at is None else one.resolved_at.isoformat(),
        "seconds": one.lasted(until).total_seconds(),
        "value": one.value,
        "peak": one.peak,
        **{name.lower(): value for name, value in evidence_of(one).items()},
    }


def as_csv(runs: Mapping[str, Backtest]) -> str:
    """One line per episode; labels as JSON, for there are others on each."""
    written = StringIO()
    table = csv.writer(written, lineterminator="\n")
    names = [name.lower() for name in EVIDENCE]
    table.writerow(["run", "rule", "fired_at", "resolved_at", "seconds", "value", "peak", *names, "labels"])
    for run_name, run in runs.items():
        until = run.reached or run.period.start
        for one in run.episodes:
            shown = _episode(one, until)
            head = [run_name, *(shown[key] for key in ("rule", "fired_at", "resolved_at", "seconds", "value", "peak"))]
            table.writerow([*head, *(shown.get(name) for name in names), json.dumps(shown["labels"])])
    return written.getvalue()


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "..".join(map(_shown, value))
    return short_number(value) if isinstance(value, int | float) else str(value)


def comparison_rows(runs: Mapping[str, Backtest]) -> Iterable[tuple[str, ...]]:
    """Per rule its episodes in each run, and per day."""
    found = {name: {one.rule: one for one in summaries(run)} for name, run in runs.items()}
    for rule in sorted({rule for some in found.values() for rule in some}):
        cells = [some.get(rule) for some in found.values()]
        yield (
            rule,
            *("" if one is None else f"{one.episodes} ({one.pages_per_day:.2f} per day)" for one in cells),
        )
