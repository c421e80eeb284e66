"""The evaluator: saves before it hands on, keeps alerts over restarts and reloads, tells what a reload ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from alertd.alerts.annotate import TemplateContext
from alertd.alerts.posted import PostedAlert
from alertd.clock import SimulatedClock
from alertd.engine.evaluator import Evaluator, Outlets, Setup
from alertd.engine.group_evaluator import GroupEvaluator
from alertd.engine.state import GroupState, Health
from alertd.errors import StoreError
from alertd.query.fetcher import Fetcher
from alertd.query.remote_write import SeriesSample
from alertd.rules.rule import RuleGroup
from alertd.rules.settings import EvaluationSettings
from alertd.store.memory import MemoryStore
from tests.support.rules import T0, a_group, a_recording_rule, an_alerting_rule
from tests.support.sources import TableSource

MINUTE = timedelta(minutes=1)


class RecordingSink:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.samples: list[SeriesSample] = []

    async def write(self, samples: list[SeriesSample]) -> None:
        self.samples += samples

    async def flush(self, timeout: timedelta) -> bool:  # noqa: ASYNC109 - part of the sink's contract
        return True


class World:
    """An evaluator, what it asks, and what it hands on."""

    def __init__(self, *groups: RuleGroup, store: MemoryStore | None = None, sink: RecordingSink | None = None) -> None:
        self.clock = SimulatedClock(T0)
        self.source = TableSource()
        self.store = store or MemoryStore()
        self.sink = sink
        self.dispatched: list[PostedAlert] = []
        self.sent: list[PostedAlert] = []
        self.evaluated: list[GroupState] = []
        self.groups = groups
        outlets = Outlets(
            dispatch=self.dispatched.extend, alertmanagers=self.sent.extend, evaluated=self.evaluated.append
        )
        self.evaluator = Evaluator(self.setup(), store=self.store, outlets=outlets, clock=self.clock)

    def setup(self, **settings: object) -> Setup:
        fetcher = Fetcher({"default": self.source})
        evaluator = GroupEvaluator(fetcher=fetcher, context=TemplateContext(), clock=self.clock, sink=self.sink)
        return Setup(
            evaluator=evaluator,
            fetcher=fetcher,
            settings=EvaluationSettings.model_validate(settings),
            external_url="http://a",
        )

    async def start(self) -> World:
        await self.evaluator.start(self.groups)
        return self

    async def slot(self, **answers: dict[str, float] | str) -> None:
        """Answer `m` (and others by name) with these, evaluate at the present minute, and go on to the next."""
        self.source.answers = dict(answers)
        await self.evaluator.run_slot([group.key for group in self.groups], self.clock.now())
        await self.clock.advance(MINUTE)

    def told(self) -> list[tuple[str, str]]:
        """What our dispatcher was handed since the last look: tenant, and whether it fires or why it ended."""
        told = [(alert.labels.get("tenant"), alert.resolution or "firing") for alert in self.dispatched]
        self.dispatched.clear()
        return told


GROUP = a_group(an_alerting_rule(expr="m", threshold={"above": 5}))
PENDING = a_group(an_alerting_rule(expr="m", threshold={"above": 5}, hold="3m"))


async def test_a_breach_is_handed_on_and_its_end_too() -> None:
    world = await World(GROUP).start()
    await world.slot(m={"a": 9, "b": 1})
    assert world.told() == [("a", "firing")]
    assert [alert.ends_at for alert in world.sent] == [T0 + 4 * MINUTE], "others may believe it for four intervals"
    await world.slot(m={"a": 9})
    assert world.told() == [], "nothing changed and the delay is not over"
    await world.slot(m={"a": 2})
    assert world.told() == [("a", "condition no longer true")]
    assert world.sent[-1].ends_at == T0 + 2 * MINUTE


async def test_a_failing_query_resolves_nothing_and_firing_alerts_are_sent_on_with_a_fresh_end() -> None:
    world = await World(GROUP).start()
    await world.slot(m={"a": 9})
    for _ in range(4):
        await world.slot(m="Prometheus is down")
    assert [alert.ends_at for alert in world.sent] == [T0 + 4 * MINUTE, T0 + 6 * MINUTE, T0 + 8 * MINUTE]
    (state,) = world.evaluator.states()
    assert (state.rules[0].health, state.rules[0].last_error) == (Health.ERR, "Prometheus is down")


async def test_rules_that_fail_alike_are_one_line_of_the_log() -> None:
    rules = [an_alerting_rule(name=name, expr=expr) for name, expr in (("A", "m"), ("B", "m"), ("C", "n"))]
    world = await World(a_group(*rules)).start()
    with capture_logs() as lines:
        await world.slot(m="Prometheus is down", n="unknown function")
    told = [(line["rule"], line.get("others"), line["error"]) for line in lines if line["event"] == "rule_failed"]
    assert told == [("A", 1, "Prometheus is down"), ("C", None, "unknown function")]


async def test_nothing_is_handed_on_that_could_not_be_saved_and_it_is_handed_on_once_it_can_be() -> None:
    class Broken(MemoryStore):
        broken = True

        def transaction(self):  # type: ignore[no-untyped-def]
            if self.broken:
                raise StoreError("disk full")
            return super().transaction()

    store = Broken()
    store.broken = False
    world = await World(GROUP, store=store).start()
    store.broken = True
    await world.slot(m={"a": 9})
    assert world.told() == []
    store.broken = False
    await world.slot(m={"a": 9})
    assert world.told() == [("a", "firing")]
    assert [alert.starts_at for alert in world.sent] == [T0]


@pytest.mark.parametrize("minutes_down", [1, 9])
async def test_for_goes_on_after_a_restart_as_over_missed_slots(minutes_down: int) -> None:
    before = await World(PENDING).start()
    await before.slot(m={"a": 9})
    after = World(PENDING, store=before.store)
    await after.clock.advance(minutes_down * MINUTE)
    await after.start()
    await after.slot(m={"a": 9})
    (alert,) = after.evaluator.states()[0].rules[0].alerts.values()
    assert alert.active_at == T0


async def test_a_firing_alert_keeps_its_start_over_a_restart_and_its_end_is_told() -> None:
    before = await World(GROUP).start()
    await before.slot(m={"a": 9})
    after = await World(GROUP, store=before.store).start()
    await after.clock.advance(30 * MINUTE)
    await after.slot(m={"a": 1})
    assert [(alert.starts_at, alert.resolved_value) for alert in after.dispatched] == [(T0, 1.0)]


async def reload(world: World, *groups: RuleGroup, **settings: object) -> None:
    handed_on = [*world.dispatched]
    world.dispatched.clear()
    world.groups = groups
    await world.evaluator.replace(groups, world.setup(**settings))
    await world.evaluator.withdraw(handed_on)


async def test_a_reload_that_changes_expression_for_and_annotations_keeps_the_alerts() -> None:
    world = await World(GROUP).start()
    await world.slot(m={"a": 9})
    changed = an_alerting_rule(expr="n", threshold={"above": 7}, hold="2h", annotations={"x": "new"})
    await reload(world, a_group(changed))
    assert world.told() == []
    await world.slot(n={"a": 9})
    assert [(alert.starts_at, alert.annotations) for alert in world.dispatched] == [(T0, {"x": "new"})]


@pytest.mark.parametrize(
    ("groups", "settings"),
    [
        pytest.param((), {}, id="the group is gone"),
        pytest.param((a_group(an_alerting_rule("Other", expr="m")),), {}, id="the rule is gone"),
        pytest.param((a_group(an_alerting_rule(expr="m", labels={"s": "b"})),), {}, id="its labels changed"),
        pytest.param((a_group(*GROUP.rules, name="moved"),), {}, id="it moved to another group"),
        pytest.param((GROUP,), {"external_labels": {"dc": "eu"}}, id="the external labels changed"),
    ],
)
async def test_a_reload_that_takes_a_rule_away_resolves_its_alerts_and_says_why(
    groups: tuple[RuleGroup, ...], settings: dict[str, object]
) -> None:
    world = await World(GROUP).start()
    await world.slot(m={"a": 9})
    world.sent.clear()
    await reload(world, *groups, **settings)
    assert world.told() == [("a", "rule deleted or disabled")]
    assert [alert.ends_at for alert in world.sent] == [world.clock.now()]
    (saved,) = await world.store.posted_alerts()
    assert saved.ends_at == world.clock.now()


async def test_what_vanished_from_the_files_while_alertd_was_down_is_resolved_at_the_next_start() -> None:
    before = await World(GROUP).start()
    await before.slot(m={"a": 9})
    after = await World(store=before.store).start()
    await after.evaluator.withdraw(await after.store.posted_alerts())
    assert after.told() == [("a", "rule deleted or disabled")]
    assert await after.store.load_rule_alerts() == []


async def test_a_disappeared_rule_of_a_group_that_stays_is_forgotten_by_the_store() -> None:
    two = a_group(an_alerting_rule("A", expr="m"), an_alerting_rule("B", expr="m"))
    world = await World(two).start()
    await world.slot(m={"a": 9})
    await reload(world, a_group(two.rules[0]))
    (saved,) = await world.store.load_rule_alerts()
    assert list(saved.alerts) == [two.rules[0].identity]


async def test_a_group_that_is_still_busy_misses_its_slot_and_the_others_do_not() -> None:
    quick, slow = a_group(an_alerting_rule(expr="m"), name="quick"), a_group(an_alerting_rule(expr="s"), name="slow")
    world = await World(quick, slow).start()
    world.evaluator.states()[1].busy = True
    await world.slot(m={"a": 1}, s={"a": 1})
    assert [(state.group.name, state.iterations, state.missed) for state in world.evaluator.states()] == [
        ("quick", 1, 0), ("slow", 0, 1),
    ]  # fmt: skip


async def test_slots_left_out_are_counted_and_never_made_up() -> None:
    world = await World(GROUP).start()
    await world.slot(m={})
    await world.clock.advance(5 * MINUTE)
    await world.slot(m={})
    (state,) = world.evaluator.states()
    assert (state.iterations, state.missed) == (2, 5)


async def test_one_slot_is_evaluated_once() -> None:
    world = await World(GROUP).start()
    for _ in range(2):
        await world.evaluator.run_slot([GROUP.key], T0)
    assert world.evaluator.states()[0].iterations == 1


async def test_a_clock_set_back_by_an_hour_stops_neither_evaluation_nor_for_nor_the_end_of_an_alert() -> None:
    world = await World(GROUP, a_group(an_alerting_rule("P", expr="p > 5", hold="3m"), name="p")).start()
    await world.slot(m={"a": 9}, p={"a": 9})
    await world.clock.step(timedelta(hours=-1))
    world.told()
    await world.slot(m={"a": 2}, p={"a": 9})
    assert world.told() == [("a", "condition no longer true")]
    for _ in range(3):
        await world.slot(m={}, p={"a": 9})
    assert world.told()[-1] == ("a", "firing"), "three minutes by the new clock"
    assert [state.iterations for state in world.evaluator.states()] == [5, 5]


async def test_alerts_saved_before_the_clock_was_set_back_do_not_wait_for_it_after_a_restart() -> None:
    world = await World(PENDING).start()
    await world.slot(m={"a": 9})
    again = World(PENDING, store=world.store)
    await again.clock.step(timedelta(hours=-1))
    await again.start()
    for _ in range(4):
        await again.slot(m={"a": 9})
    assert again.told() == [("a", "firing")]


async def test_every_query_is_asked_at_the_slot_less_the_offset() -> None:
    world = await World(a_group(an_alerting_rule(expr="m"), query_offset=MINUTE)).start()
    await world.slot(m={})
    assert world.source.asked == [("m", T0 - MINUTE)]


async def test_series_of_alerts_and_records_are_written_and_end_with_stale_markers() -> None:
    sink = RecordingSink()
    group = a_group(a_recording_rule("r", "m"), an_alerting_rule(expr="m"), an_alerting_rule("B", expr="bad"))
    world = await World(group, sink=sink).start()
    await world.slot(m={"a": 3}, bad="broken")
    written = {(sample.labels["__name__"], sample.value, sample.stale, sample.at) for sample in sink.samples}
    since = float(int(T0.timestamp()))
    assert written == {("r", 3.0, False, T0), ("ALERTS", 1.0, False, T0), ("ALERTS_FOR_STATE", since, False, T0)}
    sink.samples.clear()
    await world.slot(m={}, bad="broken")
    assert sorted((sample.labels["__name__"], sample.stale) for sample in sink.samples) == [
        ("ALERTS", True), ("ALERTS_FOR_STATE", True), ("r", True),
    ]  # fmt: skip


async def test_series_of_rules_that_a_reload_removes_end_at_once() -> None:
    sink = RecordingSink()
    kept, renamed = an_alerting_rule("Kept", expr="m"), an_alerting_rule("Old", expr="m")
    world = await World(a_group(kept, renamed), a_group(a_recording_rule("r", "m"), name="gone"), sink=sink).start()
    await world.slot(m={"a": 3})
    sink.samples.clear()
    await reload(world, a_group(kept, an_alerting_rule("New", expr="m")))
    assert {(sample.labels["__name__"], sample.labels.get("alertname")) for sample in sink.samples} == {
        ("ALERTS", "Old"), ("ALERTS_FOR_STATE", "Old"), ("r", ""),
    }  # fmt: skip
    assert all(sample.stale and sample.at == T0 + timedelta(milliseconds=1) for sample in sink.samples)


async def test_a_failing_recording_rule_writes_no_stale_markers() -> None:
    sink = RecordingSink()
    world = await World(a_group(a_recording_rule("r", "m")), sink=sink).start()
    await world.slot(m={"a": 3})
    sink.samples.clear()
    await world.slot(m="down")
    assert sink.samples == []


async def test_a_rule_that_reads_an_earlier_ones_series_is_asked_after_they_were_written() -> None:
    class Watching(RecordingSink):
        async def flush(self, timeout: timedelta) -> bool:  # noqa: ASYNC109 - part of the sink's contract
            order.append("flush")
            return True

    order: list[str] = []
    group = a_group(a_recording_rule("r", "m"), an_alerting_rule(expr="r > 1"))
    world = await World(group, sink=Watching()).start()
    world.source.answers = {"m": {"a": 3}, "r": {"a": 3}}
    asked = world.source.instant

    async def instant(expr, at):  # type: ignore[no-untyped-def]
        order.append(expr)
        return await asked(expr, at)

    world.source.instant = instant  # type: ignore[method-assign]
    await world.evaluator.run_slot([group.key], T0)
    assert order == ["m", "flush", "r"]
