"""One group at one slot: fetch, judge, step, write series. The same code evaluates live, in unit tests and in replays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from alertd.alerts.annotate import NeedsQueries, QueryAnswers, TemplateContext
from alertd.alerts.evaluation import Evaluated, evaluate, failed
from alertd.alerts.series import alert_series
from alertd.clock import Clock
from alertd.engine.judging import judge_aside
from alertd.engine.state import GroupState, Health, RuleState
from alertd.errors import QueryError
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.query.need import QueryNeed
from alertd.query.pending import Answer
from alertd.query.plan import plan
from alertd.query.remote_write import SeriesSample
from alertd.rules.dependencies import chunks
from alertd.rules.kind import Inputs, Judge
from alertd.rules.printed import printed
from alertd.rules.recording import RuleError, record
from alertd.rules.rule import AlertingRule, RecordingRule, RuleGroup
from alertd.template.prometheus import QueryFailed, Sample

Answers = Mapping[QueryNeed, Answer]

TEMPLATE_QUERY_ROUNDS = 5
"""How often templates of one rule may ask for further queries before the rest of them fail."""

FLUSH_LIMIT = timedelta(seconds=5)
"""How long a rule waits until the results it depends on have been written."""


class Fetch(Protocol):
    """Answers to needs at a time; see `alertd.query.fetcher`."""

    async def fetch(self, needs: Iterable[QueryNeed], at: datetime) -> Answers:
        """An answer, or the reason why there is none, for every need."""
        ...


class SeriesSink(Protocol):
    """Where recorded series, ALERTS and ALERTS_FOR_STATE go."""

    async def write(self, samples: Sequence[SeriesSample]) -> None:
        """Take the samples; writing may happen later, in order."""
        ...

    async def flush(self, timeout: timedelta) -> bool:  # noqa: ASYNC109 - part of the sink's contract
        """Wait until everything taken so far can be queried; False when it could not be within the limit."""
        ...


class History(Protocol):
    """Reads for judges what they want to know of the past; see `alertd.engine.warm_up`."""

    async def ready(self, judge: Judge, owner: tuple[str, str], source: str, at: datetime) -> bool:
        """Whether `judge` may judge slot `at`, or still reads; `owner` is group key and rule identity.

        raises   QueryError when what it wants cannot be had for now
        """
        ...


@dataclass(frozen=True, slots=True)
class Outline:
    """What a group asks at every slot.

    needs   by rule, its main query first
    runs    of rules that need nothing of each other; the needs of each are fetched together
    """

    group: RuleGroup
    needs: Sequence[Sequence[QueryNeed]]
    runs: Sequence[range]

    @classmethod
    def of_group(cls, group: RuleGroup, *, in_runs: bool) -> Outline:
        """`in_runs`: rules may read what earlier ones write."""
        every = range(len(group.rules))
        runs = chunks(group.rules) if in_runs else [every] if every else []
        return cls(group, [needs_of(group, index) for index in every], runs)

    def of(self, run: Iterable[int]) -> list[QueryNeed]:
        """The needs of these rules."""
        return [need for index in run for need in self.needs[index]]


@dataclass(slots=True)
class GroupEvaluator:
    """Evaluates groups; holds no state of theirs (that is `GroupState`).

    sink      None: recorded series and ALERTS go nowhere, and no rule waits for them
    history   None: judges begin without a past
    """

    fetcher: Fetch
    context: TemplateContext
    clock: Clock
    sink: SeriesSink | None = None
    history: History | None = None
    _outlines: dict[str, Outline] = field(default_factory=dict)

    def read_ahead(self, groups: Sequence[RuleGroup]) -> None:
        """Understand every expression now, in whatever thread this is called, so that no slot has to on the event loop.

        For reloads; at a start nothing else runs on the loop, and the first slots come sooner without.
        """
        outlines = [self._outline(group) for group in groups]
        plan([need for outline in outlines for needs in outline.needs for need in needs])

    def first_needs(self, group: RuleGroup) -> list[QueryNeed]:
        """What the rules before the first dependency need: can be fetched before the group's turn, with other groups'."""
        outline = self._outline(group)
        return outline.of(outline.runs[0]) if outline.runs else []

    async def evaluate(self, state: GroupState, at: datetime, *, first: Answers | None = None) -> None:
        """Bring `state` to slot `at`.

        first    answers to `first_needs`, when they were fetched already
        raises   nothing for a rule that fails: its `last_error` says why and the others go on
        """
        started = self.clock.monotonic()
        outline = self._outline(state.group)
        for run in outline.runs:
            if first is None:
                first = await self.fetcher.fetch(outline.of(run), at - state.group.query_offset)
            samples: list[SeriesSample] = []
            for index in run:
                samples += await self._rule(state.group, state.rules[index], outline.needs[index], first, at)
            await self._write(samples, wait=run.stop < len(state.rules))
            first = None
        state.evaluated_at = at
        state.iterations += 1
        state.seconds = self.clock.monotonic() - started

    async def end(self, samples: Sequence[SeriesSample]) -> None:
        """Write the stale markers of series that nobody writes any more."""
        await self._write(samples, wait=False)

    def _outline(self, group: RuleGroup) -> Outline:
        known = self._outlines.get(group.key)
        if known is None or known.group is not group:
            known = self._outlines[group.key] = Outline.of_group(group, in_runs=self.sink is not None)
        return known

    async def _write(self, samples: Sequence[SeriesSample], *, wait: bool) -> None:
        if self.sink is None:
            return
        if samples:
            await self.sink.write(samples)
        if wait:
            await self.sink.flush(FLUSH_LIMIT)

    async def _rule(
        self, group: RuleGroup, state: RuleState, needs: Sequence[QueryNeed], answers: Answers, at: datetime
    ) -> list[SeriesSample]:
        started = self.clock.monotonic()
        rule = state.rule
        if isinstance(rule, RecordingRule):
            series = _record(state, rule, answers[needs[0]])
        else:
            series = await self._alerts(group, state, rule, [answers[need] for need in needs], at)
        state.evaluated_at = at
        state.seconds = self.clock.monotonic() - started
        if self.sink is None or series is None:
            return []
        return _samples(state, series, at - group.query_offset)

    async def _alerts(
        self, group: RuleGroup, state: RuleState, rule: AlertingRule, answers: Sequence[Answer], at: datetime
    ) -> Mapping[LabelSet, float] | None:
        try:
            inputs = _inputs(group, rule, answers, at)
            await self._look_back(group, state, inputs.at)
        except QueryError as error:
            evaluated = failed(rule, state.alerts, str(error), at=at)
        else:
            state.samples = len(inputs.batch)
            evaluated = (
                Evaluated(state.alerts)
                if state.reads_history
                else await self._evaluated(group, state, rule, inputs, at)
            )
        state.alerts = evaluated.alerts
        _note(state, evaluated.error)
        if evaluated.error:
            return None
        return alert_series(state.alerts) if self.sink is not None else {}

    async def _look_back(self, group: RuleGroup, state: RuleState, at: datetime) -> None:
        """See to it that the judge knows the past it wants; raises QueryError when that cannot be had for now."""
        if self.history is None or state.judge is None:
            return
        state.reads_history = True
        state.reads_history = not await self.history.ready(state.judge, (group.key, state.identity), group.source, at)

    async def _evaluated(
        self, group: RuleGroup, state: RuleState, rule: AlertingRule, inputs: Inputs, at: datetime
    ) -> Evaluated:
        assert state.judge is not None
        judgement = state.judgement = await judge_aside(state.judge, inputs)
        queries: QueryAnswers = {}
        try:
            for _ in range(TEMPLATE_QUERY_ROUNDS):
                try:
                    return evaluate(rule, judgement, state.alerts, self.context, queries=queries, at=at)
                except NeedsQueries as needs:
                    queries = {**queries, **await self._template_queries(needs.exprs, group.source, at)}
            return evaluate(rule, judgement, state.alerts, self.context, queries=_Exhausted(queries), at=at)
        except RuleError as error:
            return failed(rule, state.alerts, str(error), at=at)

    async def _template_queries(self, exprs: Iterable[str], source: str, at: datetime) -> QueryAnswers:
        """Answers for templates; Prometheus asks them at the slot itself, whatever the group's query_offset."""
        answers = await self.fetcher.fetch([QueryNeed(expr, source) for expr in exprs], at)
        return {need.expr: _for_template(answer) for need, answer in answers.items()}


class _Exhausted(dict[str, "Sequence[Sample] | QueryFailed"]):
    """Answers that fail every further query, so that templates cannot ask for ever."""

    def __missing__(self, expr: str) -> QueryFailed:
        return QueryFailed(f"more than {TEMPLATE_QUERY_ROUNDS} rounds of queries in one template")

    def __contains__(self, expr: object) -> bool:
        return True


def needs_of(group: RuleGroup, index: int) -> list[QueryNeed]:
    """What a rule asks, its main query first."""
    rule = group.rules[index]
    exprs = (rule.kind.query, *rule.kind.further_queries) if isinstance(rule, AlertingRule) else (rule.expr,)
    return [QueryNeed(printed(expr), group.source) for expr in exprs]


def _inputs(group: RuleGroup, rule: AlertingRule, answers: Sequence[Answer], at: datetime) -> Inputs:
    """What the judge of `rule` gets, of the answers to its needs; raises QueryError when one of its queries failed."""
    batches: list[SeriesBatch] = []
    for answer in answers:
        if isinstance(answer, QueryError):
            raise answer
        batches.append(answer)
    others = dict(zip(rule.kind.further_queries, batches[1:], strict=True))
    return Inputs(at=at - group.query_offset, interval=group.interval, batch=batches[0], others=others)


def _for_template(answer: SeriesBatch | QueryError) -> Sequence[Sample] | QueryFailed:
    if isinstance(answer, QueryError):
        return QueryFailed(str(answer))
    return [Sample(labels=labels, value=value) for labels, value in answer.samples()]


def _record(state: RuleState, rule: RecordingRule, answer: SeriesBatch | QueryError) -> Mapping[LabelSet, float] | None:
    try:
        if isinstance(answer, QueryError):
            raise answer
        series = record(rule, answer)
    except (QueryError, RuleError) as error:
        _note(state, str(error))
        return None
    state.samples = len(series)
    _note(state, "")
    return series


def _note(state: RuleState, error: str) -> None:
    state.last_error = error
    state.health = Health.ERR if error else Health.OK


def _samples(state: RuleState, series: Mapping[LabelSet, float], at: datetime) -> list[SeriesSample]:
    """The series at `at`, and a stale marker for each that the last successful evaluation wrote and this one did not."""
    gone = state.written - series.keys()
    state.written = frozenset(series)
    samples = [SeriesSample(labels=labels, value=value, at=at) for labels, value in series.items()]
    return samples + [SeriesSample(labels=labels, value=0.0, at=at, stale=True) for labels in gone]
