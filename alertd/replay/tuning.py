"""Finds settings of a rule with which it would have fired as seldom as wanted, and no more seldom than that."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from alertd.clock import Clock
from alertd.duration import format_duration
from alertd.query.comparison import Comparison
from alertd.query.history import HistoryNeed, HistorySource, SeriesMatrix
from alertd.query.split import split
from alertd.replay.backtest import Backtest, Past, Period
from alertd.replay.episodes import Episode
from alertd.replay.recorder import Recorder
from alertd.rules.promql import PromQL
from alertd.rules.rule import AlertingRule, RuleGroup
from alertd.rules.threshold import Threshold

STEPS = 9
"""Trials of one setting: its range is halved so often."""

_DECIDED = {"budget": "thresholds", "projection": "confidence"}
"""By kind what nobody tunes, beside the limit."""

HOLDS = tuple(timedelta(minutes=minutes) for minutes in (0, 1, 2, 5, 10, 15, 30, 60))

Variant = Callable[[Sequence[str]], Sequence[RuleGroup]]
"""The group with the rule alone, as if these settings (`k=4`) stood in the file; raises AlertdError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one choice of settings came to; `settings` is empty for the rule as it is."""

    settings: tuple[str, ...]
    episodes: tuple[Episode, ...]
    per_week: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One setting to turn. `quiet` is the end of its range at which the rule fires least."""

    name: str
    loud: float
    quiet: float
    written: Callable[[float], str]

    def setting(self, value: float) -> str:
        return f"{self.name}={self.written(value)}"


class Replayed:
    """A `HistorySource` that reads each range once: trials ask the same again and again."""

    def __init__(self, source: HistorySource) -> None:
        self._source = source
        self._known: dict[HistoryNeed, list[SeriesMatrix]] = {}

    async def read(self, need: HistoryNeed) -> AsyncIterator[SeriesMatrix]:
        """See `HistorySource.read`."""
        if need not in self._known:
            self._known[need] = [matrix async for matrix in self._source.read(need)]
        for matrix in self._known[need]:
            yield matrix


@dataclass(slots=True)
class Tuner:
    """Tries one rule with other settings on the same past."""

    variant: Variant
    period: Period
    past: Past
    clock: Clock
    _recorder: Recorder = field(init=False)

    def __post_init__(self) -> None:
        self._recorder = Recorder(start=self.period.start, end=self.period.end)
        replayed = {name: Replayed(source) for name, source in self.past.history.items()}
        self.past = Past(history=replayed, live=self.past.live)

    async def trial(self, *settings: str) -> Trial:
        """The rule with these settings."""
        run = Backtest(
            groups=self.variant(settings),
            period=self.period,
            clock=self.clock,
            recorder=None if settings else self._recorder,
        )
        await run.run(self.past)
        episodes = tuple(run.episodes)
        return Trial(settings=settings, episodes=episodes, per_week=7 * len(episodes) / self.period.days)

    def nothing_to_turn(self) -> str:
        """Why there is nothing to try; empty when there is."""
        [group] = self.variant(())
        [rule] = group.rules
        if not isinstance(rule, AlertingRule):
            return f"{rule.name} is a recording rule, and never fires"
        if rule.kind.name in _DECIDED:
            return (
                f"{rule.name} is a {rule.kind.name} rule: its limit and {_DECIDED[rule.kind.name]} are what you decide, "
                "not what history says; try others with alertd backtest --set limit=..."
            )
        return ""

    async def proposals(self, present: Trial, target: float) -> AsyncIterator[Trial]:
        """For each setting that can be turned, the choice nearest to `target` episodes a week that is not over it."""
        [group] = self.variant(())
        [rule] = group.rules
        if isinstance(rule, AlertingRule):
            for knob in self._knobs(group, rule):
                if found := await self._turned(knob, target):
                    yield found
            if present.per_week > target and (found := await self._held(rule, target)):
                yield found

    def _knobs(self, group: RuleGroup, rule: AlertingRule) -> Iterable[Knob]:
        low, middle, high = self._recorder.extremes(group.name, rule.name)
        if rule.kind.name == "anomaly":
            yield Knob(name="k", loud=1.0, quiet=20.0, written=lambda value: f"{value:.1f}")
        elif math.isfinite(high) and (limit := _limit(rule)):
            name, fires_above, written = limit
            loud, quiet = (_no_sooner_than_it_ends(rule, end) for end in (middle, high if fires_above else low))
            yield Knob(name=name, loud=loud, quiet=quiet, written=written)

    async def _turned(self, knob: Knob, target: float) -> Trial | None:
        loud, quiet = knob.loud, knob.quiet
        best = await self.trial(knob.setting(quiet))
        if best.per_week > target:
            return None
        for _ in range(STEPS):
            middle = (loud + quiet) / 2
            tried = await self.trial(knob.setting(middle))
            if tried.per_week > target:
                loud = middle
            else:
                best, quiet = tried, middle
        return best

    async def _held(self, rule: AlertingRule, target: float) -> Trial | None:
        for hold in HOLDS:
            if hold > rule.hold:
                tried = await self.trial(f"for={format_duration(hold)}")
                if tried.per_week <= target:
                    return tried
        return None


def _limit(rule: AlertingRule) -> tuple[str, bool, Callable[[float], str]] | None:
    """The setting that is the rule's limit, whether values above it fire, and how it is written."""
    if isinstance(rule.kind, Threshold) and len(rule.kind.levels) == 1:
        [level] = rule.kind.levels
        if level.above is not None:
            return "threshold.above", True, _rounded
        if level.below is not None:
            return "threshold.below", False, _rounded
    if isinstance(rule.kind, PromQL):
        comparison = split(rule.expr)
        if comparison is not None and not comparison.returns_bool and comparison.op in ("<", "<=", ">", ">="):
            return "expr", comparison.op.startswith(">"), lambda value: _expression(comparison, value)
    return None


def _no_sooner_than_it_ends(rule: AlertingRule, limit: float) -> float:
    """The limit, or the one at which a firing alert is clear, where that is nearer to what fires less."""
    if not isinstance(rule.kind, Threshold):
        return limit
    level = rule.kind.levels[0]
    if level.clear_below is not None:
        return max(limit, level.clear_below)
    return limit if level.clear_above is None else min(limit, level.clear_above)


def _expression(comparison: Comparison, value: float) -> str:
    return json.dumps(f"{comparison.lhs} {comparison.op} {_rounded(value)}")


def _rounded(value: float) -> str:
    return f"{value:.4g}"
