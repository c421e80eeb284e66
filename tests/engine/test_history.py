"""The loops write down what happened, in the transactions in which it happens, and nothing when nothing did."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

from alertd.alerts.annotate import TemplateContext
from alertd.clock import SimulatedClock
from alertd.dispatch.silence_index import Silences
from alertd.dispatch.silences import Silence
from alertd.engine.evaluator import Evaluator, Outlets, Setup
from alertd.engine.group_evaluator import GroupEvaluator
from alertd.engine.janitor import Janitor
from alertd.engine.ports import Store
from alertd.labels.matcher import Matcher, Op
from alertd.notify.outbox import Cause, Retry
from alertd.query.fetcher import Fetcher
from alertd.rules.rule import RuleGroup
from alertd.rules.settings import EvaluationSettings
from alertd.store.memory import MemoryStore
from tests.support.builders import T0, a_posted_alert, after
from tests.support.pipeline import FakeIntegration, pipeline
from tests.support.rules import a_group, an_alerting_rule
from tests.support.services import an_alertmanager
from tests.support.sources import TableSource


async def happened(store: Store) -> list[tuple[str, str]]:
    """What, and why, oldest first."""
    return [(event.what, event.why) for event in reversed(await store.events())]


async def evaluate(group: RuleGroup, *answers: dict[str, float] | str) -> MemoryStore:
    """Evaluate the group once a minute with these answers to `m`."""
    clock, source, store = SimulatedClock(T0), TableSource(), MemoryStore()
    fetcher = Fetcher({"default": source})
    setup = Setup(
        evaluator=GroupEvaluator(fetcher=fetcher, context=TemplateContext(), clock=clock),
        fetcher=fetcher,
        settings=EvaluationSettings.model_validate({}),
        external_url="http://a",
    )
    outlets = Outlets(dispatch=lambda _: None, alertmanagers=lambda _: None, evaluated=lambda _: None)
    evaluator = Evaluator(setup, store=store, outlets=outlets, clock=clock)
    await evaluator.start([group])
    for answer in answers:
        source.answers = {"m": answer}
        await evaluator.run_slot([group.key], clock.now())
        await clock.advance(timedelta(minutes=1))
    return store


RULE = an_alerting_rule(expr="m", threshold={"above": 5}, hold="2m")


async def test_the_life_of_an_alert_is_written_down_once() -> None:
    store = await evaluate(a_group(RULE), *[{"a": 9.0}] * 6, {"a": 1.0}, {"a": 1.0})
    assert await happened(store) == [("pending", ""), ("firing", ""), ("resolved", "condition no longer true")]
    assert [event.at for event in reversed(await store.events())] == [T0, after(minutes=2), after(minutes=6)]


async def test_a_breach_that_is_too_short_is_written_down() -> None:
    store = await evaluate(a_group(RULE), {"a": 9.0}, {"a": 1.0})
    assert await happened(store) == [
        ("pending", ""),
        ("inactive", "no longer true before it had held for long enough"),
    ]


async def test_a_failing_query_changes_no_state() -> None:
    store = await evaluate(a_group(RULE), {"a": 9.0}, "down", "down")
    assert await happened(store) == [("pending", "")]


async def test_ticks_without_news_write_nothing() -> None:
    async with pipeline(FakeIntegration()) as running:
        await running.post(a_posted_alert("A"))
        await running.advance(hours=1)
        assert await happened(running.store) == [("queued", "first notification"), ("delivered", "")]


async def test_every_attempt_is_written_down() -> None:
    busy = FakeIntegration(outcomes=deque([Retry(why="HTTP 503", cause=Cause.SERVER_ERROR)] * 2))
    async with pipeline(busy) as running:
        await running.post(a_posted_alert("A"))
        await running.advance(minutes=1)
        events = list(reversed(await running.store.events()))
    assert [event.what for event in events] == ["queued", "retry", "retry", "delivered"]
    assert [event.facts.get("attempt") for event in events[1:]] == [1, 2, 3]
    assert len({event.delivery for event in events}) == 1


async def test_an_attempt_whose_end_is_not_known_is_written_down() -> None:
    hanging = FakeIntegration()
    hanging.gate.clear()
    async with pipeline(hanging) as running:
        await running.post(a_posted_alert("A"))
        await running.advance(seconds=31)
        await running.kill()
        assert (await happened(running.store))[-1] == ("leaselost", "the end of the attempt is not known: made again")


async def test_what_holds_an_alert_back_is_written_down_when_it_begins_and_when_it_ends() -> None:
    silence = Silence(
        id="s-1",
        matchers=(Matcher("alertname", Op.EQUAL, "A"),),
        starts_at=T0,
        ends_at=after(minutes=12),
        updated_at=T0,
    )
    async with pipeline(FakeIntegration(), silences=Silences([silence])) as running:
        await running.post(a_posted_alert("A"))
        await running.advance(minutes=11)
        assert await happened(running.store) == [("held back", "silenced by s-1")]
        await running.advance(minutes=5)
        assert await happened(running.store) == [
            ("held back", "silenced by s-1"),
            ("let through", ""),
            ("queued", "first notification"),
            ("delivered", ""),
        ]


async def test_history_is_kept_as_long_as_it_is_said() -> None:
    alertmanager = an_alertmanager()
    async with pipeline(FakeIntegration(), store=alertmanager.store) as running:
        await running.post(a_posted_alert("A"))
        await running.advance(minutes=1)
        keep = timedelta(days=2)
        janitor = Janitor(running.store, alertmanager.services.silencer, clock=running.clock, keep_history=keep)
        await running.advance(days=1)
        await janitor.clean()
        assert ("queued", "first notification") in await happened(running.store)
        await running.advance(days=1, minutes=1)
        await janitor.clean()
        assert ("queued", "first notification") not in await happened(running.store)
