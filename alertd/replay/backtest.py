"""Rules over the past: the same evaluator and state machine as live, on what Prometheus recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alertd.alerts.annotate import TemplateContext
from alertd.clock import Clock
from alertd.engine.group_evaluator import GroupEvaluator, needs_of
from alertd.engine.state import GroupState
from alertd.query.history import HistorySource
from alertd.query.source import Source
from alertd.replay.episodes import Episode, EpisodeLog
from alertd.replay.recorded import PastFirst, RecordedAnswers
from alertd.replay.recorder import Recorder
from alertd.rules.rule import AlertingRule, RuleGroup
from alertd.rules.slots import slot_at

_NOW_AND_THEN = 50
"""Slots between two words on the progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The time to go through, ends included."""

    start: datetime
    end: datetime

    @property
    def days(self) -> float:
        return (self.end - self.start) / timedelta(days=1)

    def slots(self, group: RuleGroup) -> Iterator[datetime]:
        """The slots of `group`, at multiples of its interval."""
        at = slot_at(self.start, interval=group.interval, phase=timedelta())
        at = at if at >= self.start else at + group.interval
        while at <= self.end:
            yield at
            at += group.interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Where the past is read: by name of the source."""

    history: Mapping[str, HistorySource]
    live: Mapping[str, Source]


@dataclass(slots=True)
class Backtest:
    """One run; what it has found so far can be read at any time, also after it was interrupted.

    reached    the last slot that was evaluated
    errors     by rule, the first error and how many slots had one
    """

    groups: Sequence[RuleGroup]
    period: Period
    clock: Clock
    context: TemplateContext = field(default_factory=TemplateContext)
    recorder: Recorder | None = None
    reached: datetime | None = None
    errors: dict[str, tuple[str, int]] = field(default_factory=dict)
    _is_done: bool = False
    _log: EpisodeLog = field(default_factory=EpisodeLog)

    @property
    def episodes(self) -> list[Episode]:
        return self._log.episodes()

    @property
    def is_complete(self) -> bool:
        """Whether it went to the end."""
        return self._is_done

    def rule_names(self) -> list[str]:
        """The alerting rules, in file order."""
        rules = (rule for group in self.groups for rule in group.rules)
        return list(dict.fromkeys(rule.name for rule in rules if isinstance(rule, AlertingRule)))

    def total(self) -> int:
        """How many slots all groups have."""
        return sum(sum(1 for _ in self.period.slots(group)) for group in self.groups)

    async def run(self, past: Past, progress: Callable[[int], None] = lambda slots: None) -> None:
        """Go through the period, group after group; `progress` is told how many further slots are done."""
        for group in self.groups:
            await self._group(group, past, progress)
        self._is_done = True

    async def _group(self, group: RuleGroup, past: Past, progress: Callable[[int], None]) -> None:
        state = GroupState.fresh(group)
        evaluator = self._evaluator(group, past)
        for number, at in enumerate(self.period.slots(group), 1):
            await evaluator.evaluate(state, at)
            self._log.see(state)
            self._note_errors(state)
            if self.recorder is not None:
                self.recorder.see(state, at)
            self.reached = at
            if number % _NOW_AND_THEN == 0:
                progress(_NOW_AND_THEN)

    def _evaluator(self, group: RuleGroup, past: Past) -> GroupEvaluator:
        answers = RecordedAnswers(
            [need for index in range(len(group.rules)) for need in needs_of(group, index)],
            past.history,
            past.live,
            end=self.period.end - group.query_offset,
            step=group.interval,
        )
        history = PastFirst(past.history)
        return GroupEvaluator(fetcher=answers, context=self.context, clock=self.clock, history=history)

    def _note_errors(self, state: GroupState) -> None:
        for rule in state.rules:
            if rule.last_error:
                first, count = self.errors.get(rule.rule.name, (rule.last_error, 0))
                self.errors[rule.rule.name] = (first, count + 1)
