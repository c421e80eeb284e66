"""The dispatcher: who is told what, and when. Told on a simulated clock; times are seconds since the story began."""

from __future__ import annotations

import threading
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from alertd.alerts.posted import PostedAlert
from alertd.clock import SimulatedClock
from alertd.notify.message import Message
from alertd.notify.outbox import Cause, Payload, Rejected, Retry
from alertd.store.memory import MemoryStore, MemoryTransaction
from tests.support.builders import T0, a_posted_alert, a_route, after
from tests.support.pipeline import FakeIntegration, dispatching, pipeline
from tests.support.waiting import until

ROUTE = a_route(
    group_wait=timedelta(seconds=10), group_interval=timedelta(seconds=60), repeat_interval=timedelta(seconds=180)
)
BY_NAME = replace(ROUTE, group_by=frozenset({"alertname"}))
A, B = a_posted_alert("A"), a_posted_alert("B")
BUSY = Retry(why="HTTP 503", cause=Cause.SERVER_ERROR)
REFUSED = Rejected(why="HTTP 400", cause=Cause.CLIENT_ERROR)


def again(name: str, seconds: float) -> PostedAlert:
    """A new episode of an alert."""
    return a_posted_alert(name, starts_at=after(seconds=seconds))


class TestTiming:
    async def test_a_group_waits_for_company_and_is_told_once(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A)
            await run.advance(seconds=5)
            await run.post(B)
            await run.advance(seconds=100)
        assert hook.said == [(10, "FIRING A B: first notification")]

    async def test_an_old_alert_is_told_at_once(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(a_posted_alert("A", starts_at=after(minutes=-5)))
        assert hook.said == [(0, "FIRING A: first notification")]

    async def test_what_joins_later_waits_for_the_tick(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A)
            await run.advance(seconds=11)
            await run.post(B)
            await run.advance(seconds=200)
        assert hook.said == [(10, "FIRING A: first notification"), (70, "FIRING A B: new alerts added")]

    async def test_reminders_come_at_the_first_tick_after_repeat_interval(self) -> None:
        hook = FakeIntegration()
        route = replace(ROUTE, repeat_interval=timedelta(seconds=90))
        async with pipeline(hook, route=route) as run:
            await run.post(A)
            await run.advance(seconds=300)
        assert [at for at, _ in hook.said] == [10, 130, 250]

    async def test_reminders_do_not_drift_where_both_intervals_are_equal(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=replace(ROUTE, repeat_interval=ROUTE.group_interval)) as run:
            await run.post(A)
            await run.advance(seconds=200)
        assert [at for at, _ in hook.said] == [10, 70, 130, 190]

    async def test_groups_have_clocks_of_their_own(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=BY_NAME) as run:
            await run.post(A)
            await run.advance(seconds=4)
            await run.post(again("B", 4))
            await run.advance(seconds=30)
        assert hook.said == [(10, "FIRING A: first notification"), (14, "FIRING B: first notification")]


class TestClockSteps:
    """By an hour: nobody waits for the clock to be again where it was. Steps lie behind the first notification."""

    async def test_a_step_back_delays_a_tick_by_no_more_than_a_minute(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A)
            await run.advance(seconds=11)
            await run.clock.step(timedelta(hours=-1))
            await run.post(B)
            await run.advance(seconds=60)
            assert hook.said[1:] == [(21 - 3600, "FIRING A B: new alerts added")]
            await run.resolve(A, B)
            await run.advance(seconds=60)
            assert [says for _, says in hook.said[2:]] == ["RESOLVED A B: all alerts resolved"]

    async def test_a_step_back_that_nobody_notices_by_a_ring_is_noticed_within_a_minute(self) -> None:
        hook = FakeIntegration()
        route = replace(ROUTE, group_wait=timedelta(minutes=10), group_interval=timedelta(minutes=10))
        async with pipeline(hook, route=route) as run:
            await run.post(A)
            await run.advance(seconds=30)
            await run.clock.step(timedelta(hours=-1))
            await run.advance(minutes=11)
        assert len(hook.said) == 1

    async def test_a_step_back_while_alertd_is_down_delays_nothing_either(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A)
            await run.kill()
        clock = SimulatedClock(T0 - timedelta(hours=1))
        async with pipeline(hook, route=ROUTE, store=run.store, clock=clock, seed=2) as run:
            await run.advance(seconds=10)
        assert [says for _, says in hook.said] == ["FIRING A: first notification"]

    async def test_a_step_forward_makes_a_tick_due_once(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=replace(ROUTE, repeat_interval=timedelta(hours=4))) as run:
            await run.post(A)
            await run.advance(seconds=11)
            await run.post(B)
            await run.clock.step(timedelta(hours=1))
            await run.advance(seconds=300)
        assert hook.said[1:] == [(3611, "FIRING A B: new alerts added")]


class TestResolving:
    async def test_an_end_is_told_at_the_tick_and_the_group_ends_with_it(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A)
            await run.advance(seconds=20)
            await run.resolve(A)
            await run.advance(seconds=60)
            assert hook.said[1:] == [(70, "RESOLVED A: all alerts resolved")]
            assert run.dispatcher.groups() == []
            assert list(await run.store.posted_alerts()) == []
            assert list(await run.store.group_timers()) == []

    async def test_a_new_episode_after_the_end_begins_a_new_group(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A)
            await run.advance(seconds=20)
            await run.resolve(A)
            await run.advance(seconds=55)
            await run.post(again("A", 75))
            await run.advance(seconds=20)
        assert hook.said[2:] == [(85, "FIRING A: first notification")]

    async def test_nobody_hears_of_what_was_over_before_the_first_flush(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A)
            await run.advance(seconds=5)
            await run.resolve(A)
            await run.advance(seconds=300)
            assert hook.said == []
            assert list(await run.store.posted_alerts()) == []

    async def test_a_member_that_ended_before_the_first_flush_rides_along(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A, B)
            await run.advance(seconds=5)
            await run.resolve(A)
            await run.advance(seconds=100)
        assert hook.said == [(10, "FIRING B | A: first notification")]

    async def test_an_end_and_a_new_start_between_two_ticks_is_a_new_alert(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A)
            await run.advance(seconds=20)
            await run.resolve(A)
            await run.advance(seconds=5)
            await run.post(again("A", 25))
            await run.advance(seconds=100)
        assert hook.said[1:] == [(70, "FIRING A: new alerts added")]

    async def test_an_end_handed_on_again_and_again_is_told_once(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A, B)
            await run.advance(seconds=20)
            await run.resolve(A)
            ended = replace(A, ends_at=after(seconds=20))
            for _ in range(15):
                await run.advance(seconds=60)
                await run.post(replace(ended, updated_at=run.clock.now()))
            assert [text for _, text in hook.said if "resolved" in text] == ["FIRING B | A: some alerts resolved"]
            assert list(await run.store.posted_alerts()) == [B]

    async def test_an_end_that_was_announced_counts_without_being_handed_on(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(a_posted_alert("A", ends_at=after(seconds=100), updated_at=T0))
            await run.advance(seconds=200)
        assert hook.said == [(10, "FIRING A: first notification"), (130, "RESOLVED A: all alerts resolved")]

    async def test_the_end_is_retried_at_every_tick_until_it_is_told(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A)
            await run.advance(seconds=20)
            hook.outcomes.extend([REFUSED, REFUSED])
            await run.resolve(A)
            await run.advance(seconds=300)
            assert hook.said[1:] == [(at, "RESOLVED A: all alerts resolved") for at in (70, 130, 190)]
            assert run.dispatcher.groups() == []

    async def test_nobody_waits_for_ever_for_an_integration_that_cannot_be_told(self) -> None:
        hook = FakeIntegration()
        route = replace(ROUTE, group_interval=timedelta(hours=1))
        async with pipeline(hook, route=route) as run:
            await run.post(A)
            await run.advance(seconds=20)
            hook.always = REFUSED
            await run.resolve(A)
            await run.advance(days=4, hours=23)
            assert len(run.dispatcher.groups()) == 1
            await run.advance(hours=3)
            assert run.dispatcher.groups() == []

    async def test_without_send_resolved_the_end_is_kept_quiet_and_the_next_start_is_told(self) -> None:
        hook = FakeIntegration(send_resolved=False)
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A, B)
            await run.advance(seconds=20)
            await run.resolve(A)
            await run.advance(seconds=60)
            await run.resolve(B)
            await run.advance(seconds=60)
            assert run.dispatcher.groups() == []
            await run.post(again("B", 140))
            await run.advance(seconds=20)
        assert hook.said == [(10, "FIRING A B: first notification"), (150, "FIRING B: first notification")]


class TestIntegrations:
    async def test_a_failing_integration_is_told_again_and_the_others_are_not(self) -> None:
        good, bad = FakeIntegration(index=0), FakeIntegration(index=1, destination="elsewhere")
        bad.outcomes.append(REFUSED)
        async with pipeline(good, bad, route=ROUTE) as run:
            await run.post(A)
            await run.advance(seconds=100)
        assert [at for at, _ in good.said] == [10]
        assert [at for at, _ in bad.said] == [10, 70]

    async def test_an_integration_that_was_never_told_is_not_told_the_end(self) -> None:
        good, bad = FakeIntegration(index=0), FakeIntegration(index=1, always=BUSY)
        async with pipeline(good, bad, route=ROUTE) as run:
            await run.post(A)
            await run.advance(seconds=30)
            await run.resolve(A)
            await run.advance(seconds=41)
            before = len(bad.sent)
            bad.always = good.always
            await run.advance(seconds=300)
            assert len(bad.sent) == before
            assert good.said[-1] == (70, "RESOLVED A: all alerts resolved")
            assert run.dispatcher.groups() == []

    async def test_each_alert_by_itself_where_the_format_asks_for_it(self) -> None:
        hook = FakeIntegration(per_alert=True)
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A, B)
            await run.advance(seconds=20)
            await run.post(again("C", 20))
            await run.resolve(A)
            await run.advance(seconds=60)
            assert hook.said == [
                (10, "FIRING A: first notification"),
                (10, "FIRING B: first notification"),
                (70, "RESOLVED A: all alerts resolved"),
                (70, "FIRING C: first notification"),
            ]
            assert sorted(alert.labels["alertname"] for alert in run.dispatcher.alerts()) == ["B", "C"]

    async def test_a_receiver_without_integrations_swallows_everything(self) -> None:
        async with pipeline(route=ROUTE) as run:
            await run.post(A)
            await run.advance(seconds=20)
            await run.resolve(A)
            await run.advance(seconds=60)
            assert (run.dispatcher.groups(), list(await run.store.deliveries())) == ([], [])


class TestRestart:
    @pytest.mark.parametrize("down", [1, 30, 3600], ids=lambda seconds: f"down for {seconds} s")
    async def test_a_group_that_waits_is_told_when_it_would_have_been_or_at_once(self, down: float) -> None:
        hook, store = FakeIntegration(), MemoryStore()
        async with pipeline(hook, route=ROUTE, store=store) as run:
            await run.post(A)
            await run.advance(seconds=4)
        await run.clock.advance(timedelta(seconds=down))
        async with pipeline(hook, route=ROUTE, store=store, clock=run.clock) as run:
            await run.advance(seconds=20)
        assert hook.said == [(max(10, 4 + down), "FIRING A: first notification")]

    async def test_what_was_told_before_is_not_told_again(self) -> None:
        hook, store = FakeIntegration(), MemoryStore()
        async with pipeline(hook, route=ROUTE, store=store) as run:
            await run.post(A)
            await run.advance(seconds=20)
        async with pipeline(hook, route=ROUTE, store=store, clock=run.clock, seed=2) as run:
            await run.post(replace(A, updated_at=after(seconds=20)))
            await run.advance(seconds=100)
        assert hook.said == [(10, "FIRING A: first notification")]

    async def test_an_end_that_was_not_told_yet_is_told(self) -> None:
        hook, store = FakeIntegration(), MemoryStore()
        async with pipeline(hook, route=ROUTE, store=store) as run:
            await run.post(A)
            await run.advance(seconds=20)
            await run.resolve(A)
        async with pipeline(hook, route=ROUTE, store=store, clock=run.clock, seed=2) as run:
            await run.advance(seconds=100)
        assert hook.said[1:] == [(70, "RESOLVED A: all alerts resolved")]

    async def test_alerts_that_were_saved_but_never_handed_on_are_told(self) -> None:
        hook, store = FakeIntegration(), MemoryStore()
        async with store.transaction() as tx:
            tx.put_posted([A])
        async with pipeline(hook, route=ROUTE, store=store) as run:
            await run.advance(seconds=20)
        assert hook.said == [(10, "FIRING A: first notification")]

    async def test_timers_of_groups_that_are_gone_are_forgotten(self) -> None:
        store = MemoryStore()
        async with pipeline(route=ROUTE, store=store) as run:
            await run.post(A)
        async with store.transaction() as tx:
            tx.drop_posted([A])
        async with pipeline(route=ROUTE, store=store):
            assert list(await store.group_timers()) == []


class TestReload:
    async def test_a_reload_repeats_nothing_and_postpones_nothing(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A)
            for _ in range(20):
                run.dispatcher.replace(dispatching(hook, route=ROUTE, seed=9))
                await run.advance(seconds=4)
        assert hook.said == [(10, "FIRING A: first notification")]

    async def test_another_grouping_is_told_as_new_groups(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A, B)
            await run.advance(seconds=30)
            run.dispatcher.replace(dispatching(hook, route=BY_NAME, seed=9))
            await run.clock.settle()
            assert [group.key for group in run.dispatcher.groups()] == ['{}:{alertname="A"}', '{}:{alertname="B"}']
            assert {timer.group_key for timer in await run.store.group_timers()} == {
                '{}:{alertname="A"}',
                '{}:{alertname="B"}',
            }
        assert hook.said[1:] == [(30, "FIRING A: first notification"), (30, "FIRING B: first notification")]


class CountingStore(MemoryStore):
    """Counts transactions."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def transaction(self) -> AbstractAsyncContextManager[MemoryTransaction]:
        self.count += 1
        return super().transaction()


async def test_groups_that_are_due_together_are_saved_in_one_transaction() -> None:
    store, hook = CountingStore(), FakeIntegration()
    hook.gate.clear()
    async with pipeline(hook, route=BY_NAME, store=store) as run:
        await run.post(*(a_posted_alert(f"A{n}") for n in range(20)))
        before = store.count
        await run.advance(seconds=10)
        assert store.count - before == 1
        assert len(await store.deliveries()) == 20


@dataclass
class WhereRendered(FakeIntegration):
    """Knows in which threads it rendered."""

    threads: list[int] = field(default_factory=list)

    def render(self, message: Message) -> Payload:
        self.threads.append(threading.get_ident())
        return super().render(message)


async def test_a_message_about_many_alerts_is_rendered_beside_the_event_loop() -> None:
    hook = WhereRendered()
    async with pipeline(hook, route=a_route(group_wait=timedelta(0))) as run:
        await run.post(*(a_posted_alert("A", n=str(number)) for number in range(51)))
        await until(lambda: hook.sent)
        [thread] = hook.threads
        assert thread != threading.get_ident()
