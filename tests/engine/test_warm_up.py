"""Judges that remember: fed from history in the background, kept over restarts and reloads, forgotten with their rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from structlog.testing import capture_logs

from alertd.alerts.annotate import TemplateContext
from alertd.alerts.posted import PostedAlert
from alertd.clock import SimulatedClock
from alertd.engine.evaluator import Evaluator, Outlets, Setup
from alertd.engine.group_evaluator import GroupEvaluator
from alertd.engine.state import Health
from alertd.engine.warm_up import ATTEMPTS, WarmUp
from alertd.errors import QueryError
from alertd.labels import LabelSet
from alertd.query.fetcher import Fetcher
from alertd.query.history import HistoryNeed, SeriesMatrix
from alertd.rules.finding import Finding, Judgement
from alertd.rules.kind import Inputs
from alertd.rules.rule import RuleGroup
from alertd.rules.settings import EvaluationSettings
from alertd.store.memory import MemoryStore
from tests.support.rules import T0, a_group, an_alerting_rule
from tests.support.sources import TableSource

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Summing:
    """Fires with the sum of all it ever saw; wants the hour before it begins, and what it missed of over two minutes."""

    query: str
    above: float = 0.0
    name: str = "summing"
    further_queries: Sequence[str] = ()

    def open(self, memory: bytes) -> SummingJudge:
        total, _, known_to = memory.decode().partition(" ")
        return SummingJudge(self, float(total or 0), datetime.fromisoformat(known_to) if known_to else None)


@dataclass(slots=True)
class SummingJudge:
    kind: Summing
    total: float
    known_to: datetime | None

    def judge(self, inputs: Inputs) -> Judgement:
        self.total += float(inputs.batch.values.sum()) + sum(float(one.values.sum()) for one in inputs.others.values())
        self.known_to = inputs.at
        found = (Finding(LabelSet({"of": "all"}), self.total),) if self.total > self.kind.above else ()
        return Judgement(found)

    def wants(self, at: datetime) -> Sequence[HistoryNeed]:
        start = at - HOUR if self.known_to is None else self.known_to + MINUTE
        need = HistoryNeed(expr=self.kind.query, start=start, end=at, step=MINUTE)
        return (need,) if at - start > 2 * MINUTE else ()

    def learn(self, need: HistoryNeed, matrix: SeriesMatrix) -> None:
        self.total += float(np.nansum(matrix.values))
        self.known_to = need.end if not len(matrix.times) else need.start + len(matrix.times) * MINUTE - MINUTE

    def saves(self, at: datetime) -> bool:
        return True

    def memory(self) -> bytes:
        return b"" if self.known_to is None else f"{self.total} {self.known_to.isoformat()}".encode()


@dataclass
class Past:
    """Answers ranges with one chunk of ones per need; a text is an error."""

    error: str = ""
    is_empty: bool = False
    asked: list[HistoryNeed] = field(default_factory=list)

    async def read(self, need: HistoryNeed) -> AsyncIterator[SeriesMatrix]:
        self.asked.append(need)
        if self.error:
            raise QueryError(self.error)
        if self.is_empty:
            return
        points = (need.end - need.start) // need.step + 1
        times = need.start.timestamp() + need.step.total_seconds() * np.arange(points)
        yield SeriesMatrix(labels=(LabelSet({"of": "all"}),), times=times, values=np.ones((points, 1)))


class World:
    """An evaluator with its warm-up; every slot ends when the warm-up has nothing left to do."""

    def __init__(self, *groups: RuleGroup, store: MemoryStore | None = None, past: Past | None = None) -> None:
        self.clock = SimulatedClock(T0)
        self.store = store or MemoryStore()
        self.past = past or Past()
        self.source = TableSource()
        self.groups = groups
        self.warm_up = WarmUp(self.store)
        self.told: list[PostedAlert] = []
        outlets = Outlets(dispatch=self.told.extend, alertmanagers=lambda alerts: None, evaluated=lambda state: None)
        self.evaluator = Evaluator(self.setup(), store=self.store, outlets=outlets, clock=self.clock)

    def setup(self) -> Setup:
        fetcher = Fetcher({"default": self.source})
        evaluator = GroupEvaluator(fetcher=fetcher, context=TemplateContext(), clock=self.clock, history=self.warm_up)
        return Setup(evaluator=evaluator, fetcher=fetcher, settings=EvaluationSettings(), external_url="http://a")

    async def start(self) -> World:
        await self.evaluator.start(self.groups)
        self.warm_up.replace({"default": self.past}, self.evaluator.judges())
        return self

    async def reload(self, *groups: RuleGroup) -> None:
        self.groups = groups
        await self.evaluator.replace(groups, self.setup())
        self.warm_up.replace({"default": self.past}, self.evaluator.judges())

    async def slot(self, value: float) -> None:
        self.source.answers = {"m": {"a": value}, "n": {"a": 1000.0}}
        reader = asyncio.create_task(self.warm_up.run())
        await self.evaluator.run_slot([group.key for group in self.groups], self.clock.now())
        await asyncio.wait_for(self.warm_up.idle(), 10)
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader
        await self.clock.advance(MINUTE)

    def values(self) -> list[float]:
        return [alert.value for state in self.evaluator.states() for r in state.rules for alert in r.alerts.values()]


def a_summing_group(above: float = 0.0, **rest: object) -> RuleGroup:
    return a_group(replace(an_alerting_rule(expr="m"), kind=Summing("m", above=above, **rest)))  # type: ignore[arg-type]


async def test_a_rule_is_judged_once_its_past_is_known_and_hears_of_every_minute_once() -> None:
    world = await World(a_summing_group()).start()
    await world.slot(5)
    assert world.values() == [], "the slot at which reading began is not judged"
    assert [(need.start, need.end) for need in world.past.asked] == [(T0 - HOUR, T0)]
    await world.slot(5)
    await world.slot(5)
    assert world.values() == [61 + 5 + 5]
    assert len(world.past.asked) == 1


async def test_the_answers_to_further_queries_come_along() -> None:
    world = await World(a_summing_group(further_queries=("n",))).start()
    for _ in range(2):
        await world.slot(0)
    assert world.values() == [61 + 1000]


async def test_what_is_remembered_survives_the_process_and_is_not_read_again() -> None:
    store = MemoryStore()
    world = await World(a_summing_group(), store=store).start()
    for _ in range(4):
        await world.slot(5)
    again = World(a_summing_group(), store=store)
    await again.clock.advance(4 * MINUTE)
    await again.start()
    await again.slot(7)
    assert again.past.asked == []
    assert again.values() == [world.values()[0] + 7]


async def test_other_settings_of_a_kind_go_on_with_what_it_remembers() -> None:
    world = await World(a_summing_group()).start()
    for _ in range(4):
        await world.slot(5)
    judge, total = world.evaluator.judges()[0], world.values()[0]
    await world.reload(a_summing_group())
    assert world.evaluator.judges() == [judge], "nothing changed"
    await world.reload(a_summing_group(above=total + 10))
    await world.slot(5)
    assert world.values() == [total], "the alert has ended at the value it had fired with"
    await world.slot(6)
    assert total + 11 in world.values()


async def test_a_rule_that_goes_takes_its_memory_along() -> None:
    world = await World(a_summing_group()).start()
    for _ in range(4):
        await world.slot(5)
    assert [memory.rule for memory in await world.store.rule_memories()] == [
        world.evaluator.states()[0].rules[0].identity
    ]
    await world.reload(a_group(replace(an_alerting_rule("B", expr="m"), kind=Summing("m"))))
    assert await world.store.rule_memories() == ()


async def test_a_past_that_cannot_be_read_is_said_and_in_the_end_gone_without() -> None:
    world = await World(a_summing_group(), past=Past(error="too many samples")).start()
    for _ in range(ATTEMPTS):
        await world.slot(5)
    (state,) = world.evaluator.states()
    assert state.rules[0].health is Health.ERR
    assert state.rules[0].last_error == "history cannot be read: too many samples"
    world.past.error = ""
    for _ in range(3):
        await world.slot(5)
    assert state.rules[0].health is Health.OK
    assert world.values()


async def test_a_past_that_holds_nothing_is_asked_for_once() -> None:
    world = await World(a_summing_group(), past=Past(is_empty=True)).start()
    for _ in range(3):
        await world.slot(5)
    assert len(world.past.asked) == 1
    assert world.values() == [10]


def two_rules() -> RuleGroup:
    rules = [replace(an_alerting_rule(name, expr="m"), kind=Summing("m")) for name in "AB"]
    return a_group(*rules)


async def test_what_two_rules_want_alike_is_read_once() -> None:
    world = await World(two_rules()).start()
    for _ in range(3):
        await world.slot(5)
    assert world.values() == [61 + 5 + 5] * 2
    assert len(world.past.asked) == 1
    assert [memory.memory.split()[0] for memory in await world.store.rule_memories()] == [b"71.0"] * 2


@dataclass(frozen=True, slots=True)
class Broken(Summing):
    def open(self, memory: bytes) -> BrokenJudge:
        return BrokenJudge(self, 0.0, None)


@dataclass(slots=True)
class BrokenJudge(SummingJudge):
    """Cannot be told of any past there is."""

    def learn(self, need: HistoryNeed, matrix: SeriesMatrix) -> None:
        if len(matrix.times):
            raise ValueError("never heard of it")
        SummingJudge.learn(self, need, matrix)


@pytest.mark.parametrize("order", ["AB", "BA"])
async def test_a_rule_that_cannot_learn_keeps_nobody_from_learning(order: str) -> None:
    kinds = {"A": Summing("m"), "B": Broken("m")}
    rules = [replace(an_alerting_rule(name, expr="m"), kind=kinds[name]) for name in order]
    world = await World(a_group(*rules)).start()
    for _ in range(3):
        await world.slot(5)
    health = {state.rule.name: (state.health, state.last_error) for state in world.evaluator.states()[0].rules}
    assert health["A"] == (Health.OK, "")
    assert health["B"] == (Health.ERR, "history cannot be read: ValueError('never heard of it')")
    assert world.values() == [61 + 5 + 5]


@dataclass(frozen=True, slots=True)
class Hopeless(Summing):
    def open(self, memory: bytes) -> HopelessJudge:
        return HopelessJudge(self, 0.0, None)


@dataclass(slots=True)
class HopelessJudge(SummingJudge):
    """Cannot even be told that there is no past."""

    def learn(self, need: HistoryNeed, matrix: SeriesMatrix) -> None:
        raise ValueError("never heard of it")


async def test_a_rule_that_can_learn_nothing_does_not_end_the_reading_of_others() -> None:
    hopeless = a_group(replace(an_alerting_rule("H", expr="n"), kind=Hopeless("n")), name="hopeless")
    late = replace(an_alerting_rule("L", expr="m"), kind=Summing("m"))
    world = await World(hopeless, a_group(name="late")).start()
    for _ in range(ATTEMPTS + 1):
        await world.slot(5)
    await world.reload(hopeless, a_group(late, name="late"))
    for _ in range(3):
        await world.slot(5)
    assert world.values() == [61 + 5 + 5]


@pytest.mark.parametrize(("is_empty", "series", "points"), [(False, 1, 61), (True, 0, 0)])
async def test_how_much_of_the_past_is_known_is_said(is_empty: bool, series: int, points: int) -> None:
    world = await World(a_summing_group(), past=Past(is_empty=is_empty)).start()
    with capture_logs() as logs:
        await world.slot(5)
    (known,) = [line for line in logs if line["event"] == "history_known"]
    assert (known["series"], known["points"]) == (series, points)


async def test_the_last_memory_is_saved_at_the_end() -> None:
    world = await World(a_summing_group()).start()
    for _ in range(4):
        await world.slot(5)
    judge = world.evaluator.judges()[0]
    assert isinstance(judge, SummingJudge)
    judge.total = 1.0
    await world.evaluator.save_memories()
    (memory,) = await world.store.rule_memories()
    assert memory.memory.startswith(b"1.0 ")
