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
from alertd.query.plan import plan
from alertd.query.remote_write import SeriesSample
from alertd.rules.dependencies import chunks
from alertd.rules.kind import Inputs, Judge
from alertd.rules.printed import printed
from alertd.rules.recording import RuleError, record
from alertd.rules.rule import AlertingRule, RecordingRule, RuleGroup
from alertd.template.prometheus import QueryFailed, Sample

Answers = Mapping[QueryNeed, SeriesBatch | QueryError]

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
    _chunks: dict[str, tuple[RuleGroup, list[range]]] = field(default_factory=dict)

    def read_ahead(self, groups: Sequence[RuleGroup]) -> None:
        """Understand every expression now, in whatever thread this is called, so that no slot has to on the event loop.

        For reloads; at a start nothing else runs on the loop, and the first slots come sooner without.
        """
        plan([need for group in groups for index in range(len(group.rules)) for need in needs_of(group, index)])
        for group in groups:
            self._runs(group)

    def first_needs(self, group: RuleGroup) -> list[QueryNeed]:
        """What the rules before the first dependency need: can be fetched before the group's turn, with other groups'."""
        runs = self._runs(group)
        return [need for index in runs[0] for need in needs_of(group, index)] if runs else []

    async def evaluate(self, state: GroupState, at: datetime, *, first: Answers | None = None) -> None:
        """Bring `state` to slot `at`.

        first    answers to `first_needs`, when they were fetched already
        raises   nothing for a rule that fails: its `last_error` says why and the others go on
        """
        started = self.clock.monotonic()
        for run in self._runs(state.group):
            if first is None:
                wanted = [need for index in run for need in needs_of(state.group, index)]
                first = await self.fetcher.fetch(wanted, at - state.group.query_offset)
            samples: list[SeriesSample] = []
            for index in run:
                samples += await self._rule(state, index, first, at)
            await self._write(samples, wait=run.stop < len(state.rules))
            first = None
        state.evaluated_at = at
        state.iterations += 1
        state.seconds = self.clock.monotonic() - started

    def _runs(self, group: RuleGroup) -> list[range]:
        if self.sink is None:
            return [range(len(group.rules))] if group.rules else []
        known = self._chunks.get(group.key)
        if known is None or known[0] is not group:
            known = self._chunks[group.key] = (group, chunks(group.rules))
        return known[1]

    async def _write(self, samples: Sequence[SeriesSample], *, wait: bool) -> None:
        if self.sink is None:
            return
        if samples:
            await self.sink.write(samples)
        if wait:
            await self.sink.flush(FLUSH_LIMIT)

    async def _rule(self, state: GroupState, index: int, answers: Answers, at: datetime) -> list[SeriesSample]:
        rule_state = state.rules[index]
        started = self.clock.monotonic()
        rule = rule_state.rule
        if isinstance(rule, RecordingRule):
            series = _record(rule_state, rule, answers[needs_of(state.group, index)[0]])
        else:
            series = await self._alerts(state.group, rule_state, rule, answers, at)
        rule_state.evaluated_at = at
        rule_state.seconds = self.clock.monotonic() - started
        if self.sink is None or series is None:
            return []
        return _samples(rule_state, series, at - state.group.query_offset)

    async def _alerts(
        self, group: RuleGroup, state: RuleState, rule: AlertingRule, answers: Answers, at: datetime
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
    return [_need(group, expr) for expr in exprs]


def _need(group: RuleGroup, expr: str) -> QueryNeed:
    return QueryNeed(printed(expr), group.source)


def _inputs(group: RuleGroup, rule: AlertingRule, answers: Answers, at: datetime) -> Inputs:
    """What the judge of `rule` gets; raises QueryError when one of its queries failed."""
    batches: dict[str, SeriesBatch] = {}
    for expr in (rule.kind.query, *rule.kind.further_queries):
        answer = answers[_need(group, expr)]
        if isinstance(answer, QueryError):
            raise answer
        batches[expr] = answer
    batch = batches.pop(rule.kind.query)
    return Inputs(at=at - group.query_offset, interval=group.interval, batch=batch, others=batches)


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
