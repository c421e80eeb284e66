"""The deliverer: lease -> send -> record, whatever the receivers do. Times are seconds since the story began."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from alertd.engine.leases import DeliveryLimits
from alertd.engine.ports import Store
from alertd.errors import StoreError
from alertd.notify.outbox import Cause, Delivered, Delivery, DeliveryState, Outcome, Rejected, Retry
from alertd.store.memory import MemoryStore, MemoryTransaction
from tests.support.builders import T0, a_delivery, a_log_entry, a_posted_alert, a_route, a_stream, after, an_episode
from tests.support.pipeline import CrashableStore, FakeIntegration, Pipeline, pipeline

ROUTE = a_route(
    group_wait=timedelta(0),
    group_interval=timedelta(minutes=5),
    repeat_interval=timedelta(hours=4),
    group_by=["alertname"],
)
A = a_posted_alert("A")
BUSY = Retry(why="HTTP 503", cause=Cause.SERVER_ERROR)
SILENT = Retry(why="no answer in time", cause=Cause.TIMEOUT, answered=False)


def queued(*parts: str, **values: object) -> list[Delivery]:
    """Deliveries of streams of their own, so that they do not wait for each other."""
    return [
        a_delivery(entry=a_log_entry(firing=[an_episode()], stream=a_stream(part=part)), **values) for part in parts
    ]  # type: ignore[arg-type]


async def store_with(*deliveries: Delivery) -> CrashableStore:
    store = CrashableStore()
    async with store.transaction() as tx:
        for delivery in deliveries:
            tx.enqueue(delivery)
    return store


async def states(store: Store) -> list[DeliveryState]:
    """Of all deliveries, oldest first."""
    return [delivery.state for delivery in await store.deliveries()][::-1]


class TestOutcomes:
    async def test_a_delivery_is_sent_once_and_its_log_entry_is_written(self) -> None:
        hook = FakeIntegration()
        store = await store_with(delivery := a_delivery())
        async with pipeline(hook, store=store) as run:
            await run.advance(hours=1)
            assert [one.id for one in hook.sent] == [delivery.id]
            assert await states(store) == [DeliveryState.DELIVERED]
            assert list(await store.log_entries(["{}:{}"])) == [delivery.entry]
            assert run.counted.outcomes == [("delivered", "")]

    async def test_failures_are_retried_under_the_same_id_with_growing_waits(self) -> None:
        hook = FakeIntegration()
        hook.outcomes.extend([BUSY] * 6)
        store = await store_with(delivery := a_delivery())
        async with pipeline(hook, store=store) as run:
            await run.advance(minutes=5)
            assert {one.id for one in hook.sent} == {delivery.id}
            waits = [(b.at - a.at).total_seconds() for a, b in zip(hook.sent, hook.sent[1:], strict=False)]
            assert len(waits) == 6
            assert all(wait <= 2**n for n, wait in enumerate(waits))
            assert run.counted.outcomes == [("retry", "serverError")] * 6 + [("delivered", "")]

    async def test_a_rejected_one_is_not_sent_again(self) -> None:
        hook = FakeIntegration(always=Rejected(why="HTTP 404 Not Found", cause=Cause.CLIENT_ERROR))
        store = await store_with(a_delivery())
        async with pipeline(hook, store=store) as run:
            await run.advance(hours=1)
            [delivery] = await store.deliveries()
            assert (delivery.state, delivery.last_error) == (DeliveryState.DEAD, "HTTP 404 Not Found")
            assert len(hook.sent) == 1

    async def test_after_its_deadline_it_is_dead(self) -> None:
        hook = FakeIntegration(always=BUSY)
        store = await store_with(a_delivery())
        async with pipeline(hook, store=store) as run:
            await run.advance(hours=1)
            assert await states(store) == [DeliveryState.DEAD]
            assert hook.sent[-1].at <= after(minutes=15)
            assert run.counted.outcomes[-1] == ("expired", "serverError")

    async def test_one_that_became_due_while_nobody_ran_is_tried_even_after_its_deadline(self) -> None:
        hook = FakeIntegration()
        store = await store_with(a_delivery(created_at=after(hours=-2)))
        async with pipeline(hook, store=store):
            assert await states(store) == [DeliveryState.DELIVERED]

    async def test_a_receiver_that_is_no_longer_configured_is_said(self) -> None:
        store = await store_with(a_delivery())
        async with pipeline(store=store):
            [delivery] = await store.deliveries()
            assert (delivery.state, delivery.last_error) == (DeliveryState.DEAD, "the receiver is no longer configured")

    async def test_a_bug_in_one_receiver_hurts_no_other(self) -> None:
        hook, broken = FakeIntegration(), BrokenIntegration(index=1)
        store = await store_with(a_delivery(entry=a_log_entry(stream=a_stream(index=1))), *queued("x"))
        async with pipeline(hook, broken, store=store) as run:
            assert len(hook.sent) == 1
            broken.fixed = True
            await run.advance(seconds=5)
            assert await states(store) == [DeliveryState.DELIVERED] * 2


class TestClockSetBack:
    """By an hour: nothing waits for the clock to be again where it was."""

    async def test_what_waits_for_its_next_attempt_is_tried_at_once(self) -> None:
        hook = FakeIntegration()
        hook.outcomes.extend([BUSY] * 5)
        async with pipeline(hook, store=await store_with(a_delivery())) as run:
            await run.advance(seconds=2)
            attempts = len(hook.sent)
            await run.clock.step(timedelta(hours=-1))
            await run.advance(minutes=2)
            assert len(hook.sent) == 6 > attempts
            assert await states(run.store) == [DeliveryState.DELIVERED]

    async def test_what_waits_on_disk_is_tried_at_the_next_start(self) -> None:
        hook = FakeIntegration()
        store = await store_with(a_delivery(next_at=after(hours=1)))
        async with pipeline(hook, store=store):
            assert await states(store) == [DeliveryState.DELIVERED]

    async def test_a_pause_a_receiver_asked_for_lasts_as_long_as_it_asked(self) -> None:
        hook = FakeIntegration()
        hook.outcomes.append(replace(BUSY, after=timedelta(minutes=2), pauses=True))
        store = await store_with(a_delivery())
        async with pipeline(hook, store=store) as run:
            await run.clock.step(timedelta(hours=-1))
            await run.advance(seconds=119)
            assert len(hook.sent) == 1
            await run.advance(seconds=32)
            assert await states(store) == [DeliveryState.DELIVERED]


class BrokenIntegration(FakeIntegration):
    fixed = False

    async def send(self, delivery: Delivery, *, at: datetime) -> Outcome:
        if not self.fixed:
            raise ZeroDivisionError
        return await super().send(delivery, at=at)


class TestIsolation:
    async def test_a_hanging_destination_delays_no_other(self) -> None:
        hanging, quick = FakeIntegration("slow", destination="slow"), FakeIntegration("quick", destination="quick")
        hanging.gate.clear()
        crowd = queued(*"abcdefghij", destination="slow")
        crowd = [replace(one, entry=replace(one.entry, stream=replace(one.stream, receiver="slow"))) for one in crowd]
        last = a_delivery(entry=a_log_entry(stream=a_stream("quick")), destination="quick")
        store = await store_with(*crowd, last)
        async with pipeline(hanging, quick, store=store, limits=DeliveryLimits(in_flight=8, per_destination=4)):
            assert len(quick.sent) == 1
            assert (hanging.in_flight, len(hanging.sent)) == (4, 4)

    async def test_limits_are_never_exceeded_and_everything_is_sent(self) -> None:
        hook = FakeIntegration()
        hook.gate.clear()
        store = await store_with(*queued(*map(str, range(50))))
        async with pipeline(hook, store=store, limits=DeliveryLimits(in_flight=3, per_destination=9)) as run:
            assert hook.in_flight == 3
            hook.gate.set()
            await run.clock.settle(rounds=1000)
            assert set(await states(store)) == {DeliveryState.DELIVERED}
            assert (len(hook.sent), hook.most_in_flight) == (50, 3)

    async def test_retry_after_pauses_the_destination_and_no_other(self) -> None:
        one, same, other = (
            FakeIntegration("one", destination="x"),
            FakeIntegration("same", destination="x"),
            FakeIntegration("other", destination="y"),
        )
        one.outcomes.append(Retry(why="HTTP 429", cause=Cause.RATE_LIMITED, after=timedelta(seconds=30)))
        store = await store_with(a_delivery(entry=a_log_entry(stream=a_stream("one")), destination="x"))
        async with pipeline(one, same, other, store=store) as run:
            async with store.transaction() as tx:
                tx.enqueue(a_delivery(entry=a_log_entry(stream=a_stream("same")), destination="x"))
                tx.enqueue(a_delivery(entry=a_log_entry(stream=a_stream("other")), destination="y"))
            run.deliverer.wake()
            await run.advance(seconds=29)
            assert [len(hook.sent) for hook in (one, same, other)] == [1, 0, 1]
            await run.advance(seconds=3)
            assert [len(hook.sent) for hook in (one, same, other)] == [2, 1, 1]

    async def test_a_wait_for_one_delivery_alone_pauses_no_other(self) -> None:
        one, same = FakeIntegration("one", destination="x"), FakeIntegration("same", destination="x")
        later = Retry(why="451 greylisted", cause=Cause.RATE_LIMITED, after=timedelta(seconds=30), pauses=False)
        one.outcomes.append(later)
        store = await store_with(a_delivery(entry=a_log_entry(stream=a_stream("one")), destination="x"))
        async with pipeline(one, same, store=store) as run:
            async with store.transaction() as tx:
                tx.enqueue(a_delivery(entry=a_log_entry(stream=a_stream("same")), destination="x"))
            run.deliverer.wake()
            await run.advance(seconds=29)
            assert [len(hook.sent) for hook in (one, same)] == [1, 1]
            await run.advance(seconds=3)
            assert [len(hook.sent) for hook in (one, same)] == [2, 1]

    async def test_a_stream_is_sent_one_at_a_time_and_in_order(self) -> None:
        hook = FakeIntegration()
        hook.gate.clear()
        first, second = a_delivery(), a_delivery()
        async with pipeline(hook, store=await store_with(first, second)) as run:
            assert [one.id for one in hook.sent] == [first.id]
            hook.gate.set()
            await run.clock.settle()
            assert [one.id for one in hook.sent] == [first.id, second.id]


class CountingStore(MemoryStore):
    """Knows how often deliveries were leased."""

    def __init__(self, *deliveries: Delivery) -> None:
        super().__init__()
        self.leases: list[int] = []
        self._state.deliveries = {one.id: one for one in deliveries}

    async def lease_deliveries(self, **wanted: Any) -> Sequence[Delivery]:
        leased = await super().lease_deliveries(**wanted)
        self.leases += [len(leased)] if leased else []
        return leased


class SlowToLease(CountingStore):
    """Leases once; from then on when it is told to."""

    def __init__(self, *deliveries: Delivery) -> None:
        super().__init__(*deliveries)
        self.gate = asyncio.Event()

    async def lease_deliveries(self, **wanted: Any) -> Sequence[Delivery]:
        if self.leases:
            await self.gate.wait()
        return await super().lease_deliveries(**wanted)


LATER = Retry(why="HTTP 429", cause=Cause.RATE_LIMITED, after=timedelta(minutes=10))


class TestLeasedAhead:
    """A destination that is quick is leased more than it is sent at once."""

    LIMITS = DeliveryLimits(per_destination=2)

    async def test_many_deliveries_take_few_leases_and_no_limit_is_exceeded(self) -> None:
        hook, store = FakeIntegration(), CountingStore(*queued(*map(str, range(100))))
        async with pipeline(hook, store=store, limits=self.LIMITS) as run:
            await run.clock.settle(rounds=2000)
            assert await states(store) == [DeliveryState.DELIVERED] * 100
            assert len(hook.sent) == 100
            assert hook.most_in_flight <= 2
            assert len(store.leases) < 10

    async def test_once_it_is_slow_what_waits_can_be_replaced_again(self) -> None:
        hook, store = FakeIntegration(), CountingStore(*queued(*map(str, range(50))))
        hook.outcomes.extend([Delivered()] * 4)
        hook.closes_after = 4
        async with pipeline(hook, store=store, limits=self.LIMITS) as run:
            assert Counter(await states(store)) == {DeliveryState.DELIVERED: 4, DeliveryState.LEASED: 46}
            await run.advance(seconds=6)
            assert Counter(await states(store)) == {
                DeliveryState.DELIVERED: 4,
                DeliveryState.LEASED: 2,
                DeliveryState.QUEUED: 44,
            }
            assert {one.attempts for one in await store.deliveries(state=DeliveryState.QUEUED)} == {0}

    async def test_a_pause_it_asks_for_holds_for_what_was_leased_ahead(self) -> None:
        hook, store = FakeIntegration(), CountingStore(*queued(*map(str, range(50))))
        hook.outcomes.extend([*[Delivered()] * 4, LATER])
        async with pipeline(hook, store=store, limits=self.LIMITS) as run:
            await run.advance(minutes=9)
            assert len(hook.sent) <= 6
            await run.advance(minutes=2)
            assert await states(store) == [DeliveryState.DELIVERED] * 50

    async def test_a_pause_it_asks_for_while_more_is_leased_holds_for_these_too(self) -> None:
        hook, store = FakeIntegration(), SlowToLease(*queued(*map(str, range(50))))
        hook.outcomes.append(Delivered())
        hook.closes_after = 1
        async with pipeline(hook, store=store, limits=self.LIMITS) as run:
            hook.outcomes.append(LATER)
            hook.gate.set()
            hook.closes_after = None
            await run.clock.settle()
            asked = len(hook.sent)
            store.gate.set()
            await run.advance(minutes=9)
            assert len(hook.sent) == asked == 2
            assert Counter(await states(store)) == {DeliveryState.DELIVERED: 1, DeliveryState.QUEUED: 49}

    async def test_an_end_of_the_daemon_gives_it_back_as_if_it_had_not_been_leased(self) -> None:
        hook, store = FakeIntegration(), CountingStore(*queued(*map(str, range(50))))
        hook.closes_after = 4
        async with pipeline(hook, store=store, limits=self.LIMITS) as run:
            await run.deliverer.stop(timedelta(0))
            await run.tasks[1]
            left = await store.deliveries(state=DeliveryState.QUEUED)
            assert Counter(one.attempts for one in left) == {0: 44, 1: 2}
            assert len(await store.log_entries(["{}:{}"])) == 4 + 2, (
                "who may have been told is owed the end, nobody else"
            )

    async def test_after_a_crash_each_is_sent_under_its_id(self) -> None:
        hook, store = FakeIntegration(), await store_with(*queued(*map(str, range(50))))
        hook.closes_after = 4
        async with pipeline(hook, store=store, limits=self.LIMITS) as run:
            again = store.reborn()
        hook.closes_after = None
        hook.gate.set()
        async with pipeline(hook, store=again, clock=run.clock, limits=self.LIMITS) as run:
            await run.clock.settle(rounds=1000)
            assert await states(again) == [DeliveryState.DELIVERED] * 50
        assert sorted(Counter(one.id for one in hook.sent).values()) == [1] * 48 + [2] * 2

    @pytest.mark.parametrize(
        ("settings", "digest_above"),
        [
            pytest.param({"max_per_minute": 100}, None, id="it takes so many a minute"),
            pytest.param({"digests": True}, 100, id="what waits may become a digest"),
        ],
    )
    async def test_not_where_what_waits_is_to_stay_in_the_queue(
        self, settings: dict[str, Any], digest_above: int | None
    ) -> None:
        hook, store = FakeIntegration(**settings), CountingStore(*queued(*map(str, range(50))))
        hook.closes_after = 4
        async with pipeline(hook, store=store, limits=self.LIMITS, digest_above=digest_above):
            assert Counter(await states(store))[DeliveryState.LEASED] == 2


class TestWithDispatcher:
    async def test_news_replace_what_could_not_be_sent(self) -> None:
        hook = FakeIntegration(always=BUSY)
        x, y = a_posted_alert("A", x="1"), a_posted_alert("A", x="2", starts_at=after(minutes=1))
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(x)
            await run.advance(minutes=2)
            await run.post(y)
            await run.advance(minutes=3, seconds=1)
            hook.sent.clear()
            hook.always = FakeIntegration().always
            await run.advance(minutes=2)
            assert [one.says for one in hook.sent] == ["FIRING A1 A2: first notification"]
            assert await states(run.store) == [DeliveryState.SUPERSEDED, DeliveryState.DELIVERED]

    async def test_a_receiver_that_never_answered_is_told_the_end(self) -> None:
        hook = FakeIntegration(always=SILENT)
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A)
            await run.advance(minutes=2)
            await run.resolve(A)
            await run.advance(minutes=3, seconds=1)
            hook.always = FakeIntegration().always
            await run.advance(minutes=2)
            assert hook.sent[-1].says == "RESOLVED A: all alerts resolved"
            assert run.dispatcher.groups() == []


class TestCrashes:
    async def test_what_was_sent_and_not_recorded_is_sent_again_under_the_same_id(self) -> None:
        hook = FakeIntegration()
        hook.gate.clear()
        store = await store_with(delivery := a_delivery())
        async with pipeline(hook, store=store) as run:
            again = store.reborn()
        hook.gate.set()
        assert await states(again) == [DeliveryState.LEASED]
        async with pipeline(hook, store=again, clock=run.clock):
            assert [one.id for one in hook.sent] == [delivery.id] * 2
            assert await states(again) == [DeliveryState.DELIVERED]

    async def test_the_lease_of_another_process_is_taken_over_when_it_ends(self) -> None:
        hook = FakeIntegration()
        store = await store_with(delivery := a_delivery())
        await store.lease_deliveries(
            at=T0, limit=1, per_destination=1, lease_until=after(minutes=2), owner="somebody else", room={}, ahead={}
        )
        async with pipeline(hook, store=store) as run:
            await run.advance(seconds=119)
            assert hook.sent == []
            await run.advance(seconds=31)
            assert [one.id for one in hook.sent] == [delivery.id]

    async def test_a_record_that_cannot_be_saved_means_sent_again(self) -> None:
        hook, store = FakeIntegration(), FullDisk()
        async with store.transaction() as tx:
            tx.enqueue(delivery := a_delivery())
        hook.gate.clear()
        async with pipeline(hook, store=store) as run:
            store.full = True
            hook.gate.set()
            await run.advance(seconds=30)
            assert await states(store) == [DeliveryState.LEASED]
            store.full = False
            await run.advance(minutes=2)
            assert [one.id for one in hook.sent] == [delivery.id] * 2
            assert await states(store) == [DeliveryState.DELIVERED]


class FullDisk(MemoryStore):
    full = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryTransaction]:
        async with super().transaction() as tx:
            yield tx
            if self.full:
                raise StoreError("no space left")


class TestStop:
    async def stopped(self, run: Pipeline, within: timedelta) -> None:
        async with asyncio.timeout(5):
            await run.deliverer.stop(within)
            await run.tasks[1]

    async def test_attempts_under_way_are_waited_for(self) -> None:
        hook = FakeIntegration()
        hook.gate.clear()
        store = await store_with(a_delivery())
        async with pipeline(hook, store=store) as run:
            stopping = asyncio.create_task(self.stopped(run, timedelta(seconds=4)))
            await run.clock.settle()
            hook.gate.set()
            await stopping
            assert await states(store) == [DeliveryState.DELIVERED]

    async def test_but_not_longer_than_allowed_and_then_given_back(self) -> None:
        hook = FakeIntegration()
        hook.gate.clear()
        store = await store_with(delivery := a_delivery())
        async with pipeline(hook, store=store) as run:
            await self.stopped(run, timedelta(0))
            [left] = await store.deliveries()
            assert (left.id, left.state, left.lease_owner) == (delivery.id, DeliveryState.QUEUED, "")

    async def test_nothing_new_is_begun(self) -> None:
        hook = FakeIntegration()
        async with pipeline(hook) as run:
            await self.stopped(run, timedelta(seconds=1))
            async with run.store.transaction() as tx:
                tx.enqueue(a_delivery())
            run.deliverer.wake()
            await run.advance(minutes=1)
            assert hook.sent == []

    async def test_cancelling_gives_leases_back_too(self) -> None:
        hook = FakeIntegration()
        hook.gate.clear()
        store = await store_with(a_delivery())
        async with pipeline(hook, store=store) as run:
            run.tasks[1].cancel()
            with pytest.raises(asyncio.CancelledError):
                await run.tasks[1]
            assert await states(store) == [DeliveryState.QUEUED]


async def test_each_attempt_is_one_line_in_the_log() -> None:
    hook = FakeIntegration()
    hook.outcomes.append(BUSY)
    with capture_logs() as lines:
        async with pipeline(hook, store=await store_with(delivery := a_delivery())) as run:
            await run.advance(seconds=2)
    failed, delivered = [line for line in lines if line["event"].startswith("notification_")]
    assert (failed["event"], failed["error"], failed["attempt"]) == ("notification_retried", "HTTP 503", 1)
    assert delivered == {
        "event": "notification_delivered",
        "log_level": "info",
        "receiver": "ops",
        "integration": "webhook",
        "group": "{}:{}",
        "alerts": 1,
        "reason": "first notification",
        "attempt": 2,
        "seconds": 0.0,
        "delivery": delivery.id,
    }


class TestPacing:
    """A destination that takes so many messages a minute."""

    async def test_what_is_over_it_waits_and_nothing_is_dropped(self) -> None:
        hook = FakeIntegration(max_per_minute=3)
        store = await store_with(*queued(*"abcdefg"))
        async with pipeline(hook, store=store) as run:
            await run.advance(seconds=59)
            assert len(hook.sent) == 3
            await run.advance(seconds=60)
            assert len(hook.sent) == 6
            await run.advance(seconds=60)
            assert await states(store) == [DeliveryState.DELIVERED] * 7

    async def test_retries_count(self) -> None:
        hook = FakeIntegration(max_per_minute=2, always=BUSY)
        async with pipeline(hook, store=await store_with(a_delivery())) as run:
            await run.advance(minutes=10)
            assert 10 <= len(hook.sent) <= 20

    async def test_a_restart_makes_no_room(self) -> None:
        hook, store = FakeIntegration(max_per_minute=3), await store_with(*queued(*"abcdefg"))
        async with pipeline(hook, store=store) as run:
            await run.advance(seconds=10)
        async with pipeline(hook, store=store, clock=run.clock, seed=2) as run:
            await run.advance(seconds=49)
            assert len(hook.sent) == 3
            await run.advance(seconds=2)
            assert len(hook.sent) == 6

    async def test_other_destinations_do_not_wait(self) -> None:
        slow, quick = FakeIntegration("slow", destination="slow", max_per_minute=1), FakeIntegration("quick")
        crowd = [a_delivery(entry=a_log_entry(stream=a_stream("slow", part=one)), destination="slow") for one in "abc"]
        store = await store_with(*crowd, a_delivery(entry=a_log_entry(stream=a_stream("quick"))))
        async with pipeline(slow, quick, store=store):
            assert [len(hook.sent) for hook in (slow, quick)] == [1, 1]


class TestGone:
    """An integration that says it is gone."""

    GONE = Rejected(why="HTTP 410 Gone", cause=Cause.CLIENT_ERROR, gone=True)

    async def test_it_is_left_alone_and_its_messages_are_passed_on(self) -> None:
        hook, backup = FakeIntegration(always=self.GONE), FakeIntegration(receiver="backup", destination="elsewhere")
        with capture_logs() as logs:
            async with pipeline(hook, backup, route=ROUTE, fallback_receiver="backup") as run:
                await run.post(A)
                await run.post(a_posted_alert("B"))
                await run.advance(minutes=30)
                deliveries = [one for one in await run.store.deliveries() if one.stream.receiver == "ops"]
        assert len(hook.sent) <= 2
        assert [says.split(":")[0] for _, says in backup.said] == ["FIRING NotificationUndelivered"] * 2
        assert deliveries[0].last_error == "left alone until the next reload: HTTP 410 Gone"
        assert run.counted.gone[-1] == [("ops", "webhook")]
        (logged, *_) = [entry for entry in logs if entry["event"] == "integration_gone"]
        assert (logged["receiver"], logged["error"]) == ("ops/webhook[0]", "HTTP 410 Gone")

    async def test_a_reload_tries_it_again(self) -> None:
        hook = FakeIntegration()
        hook.outcomes.append(self.GONE)
        async with pipeline(hook, route=ROUTE) as run:
            await run.post(A)
            await run.advance(minutes=6)
            assert len(hook.sent) == 1
            run.deliverer.replace({"ops": [hook]})
            assert run.counted.gone[-1] == []
            await run.advance(minutes=5)
            assert len(hook.sent) == 2
