"""What operators say of alerts: which rule hears of it, what is kept of it, and who cannot be told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from alertd.alerts.annotate import TemplateContext
from alertd.clock import SimulatedClock
from alertd.engine.evaluator import Evaluator, Outlets, Setup
from alertd.engine.group_evaluator import GroupEvaluator
from alertd.engine.teacher import NotTaughtError, Teacher
from alertd.labels import LabelSet
from alertd.query.fetcher import Fetcher
from alertd.rules.anomaly import Anomaly
from alertd.rules.anomaly_settings import AnomalySettings
from alertd.rules.feedback import Feedback
from alertd.rules.settings import EvaluationSettings
from alertd.store.memory import MemoryStore
from tests.support.rules import T0, a_group, an_alerting_rule
from tests.support.sources import TableSource

MINUTE = timedelta(minutes=1)
SETTINGS = AnomalySettings.model_validate({"method": "sigma", "window": "1h", "recovery": "5m"})
GROUP = a_group(
    replace(an_alerting_rule("Spike", "m"), kind=Anomaly("m", SETTINGS, "", MINUTE)),
    an_alerting_rule("High", "n > 1"),
)
EXTERNAL = {"cluster": "eu"}


class World:
    """An evaluator of two rules; `m` is calm for an hour, then high."""

    def __init__(self) -> None:
        self.clock = SimulatedClock(T0)
        self.store = MemoryStore()
        self.source = TableSource()
        fetcher = Fetcher({"default": self.source})
        outlets = Outlets(dispatch=lambda alerts: None, alertmanagers=lambda alerts: None, evaluated=lambda state: None)
        setup = Setup(
            evaluator=GroupEvaluator(fetcher=fetcher, context=TemplateContext(), clock=self.clock),
            fetcher=fetcher,
            settings=EvaluationSettings(external_labels=EXTERNAL),
            external_url="http://a",
        )
        self.evaluator = Evaluator(setup, store=self.store, outlets=outlets, clock=self.clock)
        self.teacher = Teacher(
            evaluator=self.evaluator, store=self.store, clock=self.clock, external_labels=lambda: EXTERNAL
        )

    async def until_it_fires(self) -> World:
        await self.evaluator.start([GROUP])
        for number in range(60):
            await self.slot(1000 + number % 7)
        for _ in range(3):
            await self.slot(9000)
        return self

    async def slot(self, value: float) -> None:
        self.source.answers = {"m": {"a": value}, "n > 1": {"a": 2.0}}
        await self.evaluator.run_slot([GROUP.key], self.clock.now())
        await self.clock.advance(MINUTE)

    def known_as(self, rule: int) -> str:
        """The fingerprint by which people know the alert of a rule."""
        (labels,) = self.evaluator.states()[0].rules[rule].alerts
        return LabelSet({**EXTERNAL, **labels}).fingerprint


async def test_the_rule_hears_of_it_and_it_is_saved_and_remembered() -> None:
    world = await World().until_it_fires()
    fingerprint = world.known_as(0)
    lesson = await world.teacher.teach(fingerprint, Feedback.EXPECTED)
    assert lesson is not None
    assert (lesson.rule, lesson.series) == ("Spike", 1)
    (memory,) = await world.store.rule_memories()
    again = GROUP.rules[0].kind.open(memory.memory)  # type: ignore[union-attr]
    assert again.memory() == world.evaluator.judges()[0].memory(), "what is saved has heard of it, too"
    told = await world.store.events(fingerprint=fingerprint, limit=1)
    assert [(event.kind, event.what, event.facts["series"]) for event in told] == [("feedback", "expected", 1)]
    await world.slot(9000)
    (alert,) = world.evaluator.states()[0].rules[0].alerts.values()
    assert alert.resolved_at is not None


async def test_who_is_no_anomaly_rule_cannot_be_told() -> None:
    world = await World().until_it_fires()
    with pytest.raises(NotTaughtError, match="High is no anomaly rule"):
        await world.teacher.teach(world.known_as(1), Feedback.INCIDENT)
    await world.slot(9000)
    assert world.evaluator.states()[0].iterations == 64, "the group goes on"


async def test_an_alert_nobody_has_is_none() -> None:
    world = await World().until_it_fires()
    assert await world.teacher.teach("beef", Feedback.EXPECTED) is None


async def test_it_waits_for_an_evaluation_under_way() -> None:
    world = await World().until_it_fires()
    fingerprint = world.known_as(0)
    async with world.evaluator.between_slots(GROUP.key):
        telling = asyncio.create_task(world.teacher.teach(fingerprint, Feedback.EXPECTED))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not telling.done()
    assert await telling is not None


async def test_a_rule_that_reads_its_past_is_told_later() -> None:
    world = await World().until_it_fires()
    world.evaluator.states()[0].rules[0].reads_history = True
    with pytest.raises(NotTaughtError, match="still reading its past"):
        await world.teacher.teach(world.known_as(0), Feedback.EXPECTED)
