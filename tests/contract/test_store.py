"""What every store does alike: memory and SQLite."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alertd.alerts.alert import Alert
from alertd.alerts.keeping import RuleMemory
from alertd.dispatch.grouping import GroupTimer
from alertd.dispatch.silences import Silence
from alertd.engine.ports import Store
from alertd.labels import LabelSet
from alertd.labels.matcher import Matcher, Op
from alertd.notify.condense import GROUP_KEY
from alertd.notify.history import Event, EventKind
from alertd.notify.numbering import Configured, Numbered
from alertd.notify.outbox import (
    Cause,
    Crowding,
    Delivered,
    Delivery,
    DeliveryState,
    Kind,
    LeaseLost,
    OutboxStats,
    Payload,
    Rejected,
    Released,
    Retry,
    step,
)
from alertd.store.memory import MemoryStore
from alertd.store.settings import StorageSettings
from alertd.store.sqlite import SqliteStore
from tests.support.builders import (
    T0,
    a_delivery,
    a_log_entry,
    a_posted_alert,
    a_stream,
    after,
    an_alert,
    an_episode,
)


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else await SqliteStore.open(StorageSettings(path=tmp_path))
    yield made
    await made.close()


async def enqueue(store: Store, *deliveries: Delivery) -> None:
    async with store.transaction() as tx:
        for delivery in deliveries:
            tx.enqueue(delivery)


async def lease(
    store: Store,
    *,
    at: datetime = T0,
    limit: int = 10,
    per_destination: int = 10,
    owner: str = "me",
    room: Mapping[str, int] | None = None,
    ahead: Mapping[str, int] | None = None,
) -> list[Delivery]:
    leased = await store.lease_deliveries(
        at=at,
        limit=limit,
        per_destination=per_destination,
        lease_until=at + timedelta(seconds=40),
        owner=owner,
        room=room or {},
        ahead=ahead or {},
    )
    return list(leased)


def by_labels(alerts: Iterable[Alert]) -> dict[LabelSet, Alert]:
    return {alert.labels: alert for alert in alerts}


async def state_of(store: Store, delivery: Delivery) -> DeliveryState:
    return {one.id: one.state for one in await store.deliveries()}[delivery.id]


class TestTransactions:
    async def test_an_exception_in_the_block_discards_all_writes(self, store: Store) -> None:
        async def write_and_fail() -> None:
            async with store.transaction() as tx:
                tx.put_posted([a_posted_alert()])
                raise ValueError("changed my mind")

        with pytest.raises(ValueError, match="changed my mind"):
            await write_and_fail()
        assert list(await store.posted_alerts()) == []

    async def test_nothing_is_seen_before_the_block_ends(self, store: Store) -> None:
        async with store.transaction() as tx:
            tx.put_posted([a_posted_alert()])
            assert len(await store.posted_alerts()) == 0
        assert len(await store.posted_alerts()) == 1

    async def test_writes_take_effect_in_the_order_they_were_made(self, store: Store) -> None:
        alert = a_posted_alert()
        async with store.transaction() as tx:
            tx.drop_posted([alert])
            tx.put_posted([alert])
        assert list(await store.posted_alerts()) == [alert]


class TestRuleAlerts:
    async def test_alerts_come_back_by_rule_as_they_were_saved(self, store: Store) -> None:
        high, low = an_alert({"level": "high"}, value=3.5), an_alert({"level": "low"})
        async with store.transaction() as tx:
            tx.save_group("file;group", T0)
            tx.save_alerts("file;group", "rule 1", [high, low])
            tx.save_alerts("file;group", "rule 2", [high])
        [group] = await store.load_rule_alerts()
        assert (group.group_key, group.evaluated_at) == ("file;group", T0)
        assert by_labels(group.alerts["rule 1"]) == by_labels([high, low])
        assert list(group.alerts["rule 2"]) == [high]

    async def test_an_alert_with_the_same_labels_is_replaced_and_the_others_stay(self, store: Store) -> None:
        one, other = an_alert({"x": "1"}), an_alert({"x": "2"})
        newer = replace(one, value=7.0)
        async with store.transaction() as tx:
            tx.save_group("g", T0)
            tx.save_alerts("g", "r", [one, other])
        async with store.transaction() as tx:
            tx.save_alerts("g", "r", [newer])
        [group] = await store.load_rule_alerts()
        assert by_labels(group.alerts["r"]) == by_labels([newer, other])

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    async def test_values_json_cannot_say_survive(self, store: Store, value: float) -> None:
        alert = replace(an_alert(), value=value, peak=value, evidence={"Threshold": value})
        async with store.transaction() as tx:
            tx.save_group("g", T0)
            tx.save_alerts("g", "r", [alert])
        [kept] = (await store.load_rule_alerts())[0].alerts["r"]
        assert repr(kept.value) == repr(kept.peak) == repr(kept.evidence["Threshold"]) == repr(value)

    async def test_dropped_alerts_are_gone(self, store: Store) -> None:
        one, other = an_alert({"x": "1"}), an_alert({"x": "2"})
        async with store.transaction() as tx:
            tx.save_group("g", T0)
            tx.save_alerts("g", "r", [one, other])
            tx.drop_alerts("g", "r", [one.labels, LabelSet({"never": "seen"})])
        [group] = await store.load_rule_alerts()
        assert list(group.alerts["r"]) == [other]

    async def test_a_dropped_group_takes_its_alerts_with_it(self, store: Store) -> None:
        async with store.transaction() as tx:
            tx.save_group("g", T0)
            tx.save_alerts("g", "r", [an_alert()])
        async with store.transaction() as tx:
            tx.drop_group("g")
        async with store.transaction() as tx:
            tx.save_group("g", after(minutes=1))
        [group] = await store.load_rule_alerts()
        assert group.alerts == {}


class TestMemories:
    async def test_the_newest_memory_of_each_rule_is_kept_until_it_or_its_group_is_dropped(self, store: Store) -> None:
        async with store.transaction() as tx:
            for group, rule, memory in (("g", "r", b"old"), ("g", "r", b"\0new"), ("g", "s", b"s"), ("h", "r", b"h")):
                tx.save_memory(RuleMemory(group_key=group, rule=rule, memory=memory))
        kept = {(one.group_key, one.rule): one.memory for one in await store.rule_memories()}
        assert kept == {("g", "r"): b"\0new", ("g", "s"): b"s", ("h", "r"): b"h"}
        async with store.transaction() as tx:
            tx.drop_memory("g", "s")
            tx.drop_memory("g", "never")
            tx.drop_group("h")
        assert [one.memory for one in await store.rule_memories()] == [b"\0new"]


class TestPostedAlerts:
    async def test_a_newer_copy_replaces_the_older(self, store: Store) -> None:
        old = a_posted_alert(value=1.0, annotations={"a": "b"})
        new = replace(old, ends_at=after(minutes=1), updated_at=after(minutes=1))
        async with store.transaction() as tx:
            tx.put_posted([old, a_posted_alert("B")])
        async with store.transaction() as tx:
            tx.put_posted([new])
        assert {alert.labels: alert for alert in await store.posted_alerts()}[old.labels] == new

    async def test_a_copy_handed_on_since_is_not_dropped(self, store: Store) -> None:
        old = a_posted_alert(updated_at=T0)
        new = replace(old, updated_at=after(seconds=1))
        async with store.transaction() as tx:
            tx.put_posted([new])
        async with store.transaction() as tx:
            tx.drop_posted([old])
        assert list(await store.posted_alerts()) == [new]
        async with store.transaction() as tx:
            tx.drop_posted([new])
        assert list(await store.posted_alerts()) == []


class TestNumbers:
    async def test_numbers_come_back_as_they_were_given(self, store: Store) -> None:
        numbers = [a_number("a", 0), a_number("b", 1), a_number("a", 0, integration="slack"), a_number("a", 2)]
        async with store.transaction() as tx:
            tx.put_numbers(numbers)
        assert set(await store.numbers()) == set(numbers)

    async def test_a_number_that_is_taken_stays_with_whom_it_was_given_to(self, store: Store) -> None:
        async with store.transaction() as tx:
            tx.put_numbers([a_number("a", 0)])
        async with store.transaction() as tx:
            tx.put_numbers([a_number("b", 0), a_number("b", 1)])
        assert set(await store.numbers()) == {a_number("a", 0), a_number("b", 1)}


def a_number(identity: str, index: int, *, integration: str = "webhook") -> Numbered:
    return Numbered(configured=Configured(receiver="ops", integration=integration, identity=identity), index=index)


class TestGroupTimers:
    async def test_a_timer_is_kept_until_it_is_dropped(self, store: Store) -> None:
        timer = GroupTimer(group_key="{}:{}", next_at=T0)
        async with store.transaction() as tx:
            tx.put_group_timer(timer)
            tx.put_group_timer(replace(timer, next_at=after(minutes=5)))
        assert list(await store.group_timers()) == [replace(timer, next_at=after(minutes=5))]
        async with store.transaction() as tx:
            tx.drop_group_timer("{}:{}")
        assert list(await store.group_timers()) == []


class TestNotificationLog:
    async def test_entries_are_kept_by_stream_and_found_by_group(self, store: Store) -> None:
        one = a_log_entry(firing=[an_episode()], resolved=[an_episode("B")], perhaps=[an_episode("C")])
        other_index = a_log_entry(stream=a_stream(index=1))
        other_group = a_log_entry(stream=a_stream(group_key='{}:{x="1"}'))
        async with store.transaction() as tx:
            for entry in (a_log_entry(), one, other_index, other_group):
                tx.put_log_entry(entry)
        assert {entry.stream: entry for entry in await store.log_entries(["{}:{}"])} == {
            one.stream: one,
            other_index.stream: other_index,
        }

    async def test_only_entries_of_ended_groups_expire(self, store: Store) -> None:
        living, ended = a_stream(group_key="living"), a_stream(group_key="ended")
        async with store.transaction() as tx:
            tx.put_group_timer(GroupTimer(group_key="living", next_at=T0))
            tx.put_log_entry(a_log_entry(stream=living))
            tx.put_log_entry(a_log_entry(stream=ended))
            tx.put_log_entry(a_log_entry(stream=a_stream(index=1, group_key="ended"), at=after(days=9)))
        async with store.transaction() as tx:
            tx.expire_log(after(days=5))
        left = await store.log_entries(["living", "ended"])
        assert {(entry.stream.group_key, entry.stream.index) for entry in left} == {("living", 0), ("ended", 1)}


class TestOutbox:
    async def test_a_delivery_comes_back_as_it_was_queued(self, store: Store) -> None:
        delivery = a_delivery(body=b"\x00\xff", next_at=after(seconds=3))
        await enqueue(store, delivery)
        assert list(await store.deliveries()) == [delivery]
        assert list(await store.open_deliveries(["{}:{}", "other"])) == [delivery]
        assert list(await store.open_deliveries(["other"])) == []

    async def test_an_address_and_a_fallback_are_kept(self, store: Store) -> None:
        payload = Payload(body=b"{}", address="https://hooks.example.com/a", is_fallback=True)
        await enqueue(store, replace(a_delivery(), payload=payload))
        [leased] = await lease(store)
        assert leased.payload == payload

    async def test_it_is_leased_once_it_is_due_and_only_once(self, store: Store) -> None:
        delivery = a_delivery(next_at=after(seconds=3))
        await enqueue(store, delivery)
        assert await lease(store, at=after(seconds=2)) == []
        [leased] = await lease(store, at=after(seconds=3))
        assert (leased.id, leased.state, leased.attempts) == (delivery.id, DeliveryState.LEASED, 1)
        assert (leased.lease_owner, leased.lease_until) == ("me", after(seconds=43))
        assert await lease(store, at=after(days=1)) == []

    async def test_a_stream_is_sent_one_at_a_time_and_in_order(self, store: Store) -> None:
        first, second = a_delivery(next_at=after(seconds=9)), a_delivery()
        other = a_delivery(entry=a_log_entry(stream=a_stream(part="alone")))
        await enqueue(store, first, second, other)
        assert [one.id for one in await lease(store)] == [other.id], "the second waits behind the first"
        [leased] = await lease(store, at=after(seconds=9))
        assert leased.id == first.id
        async with store.transaction() as tx:
            tx.record_delivery(step(leased, Delivered()), leased.entry)
        assert [one.id for one in await lease(store, at=after(seconds=9))] == [second.id]

    async def test_limits_hold_in_all_and_per_destination(self, store: Store) -> None:
        deliveries = [
            a_delivery(entry=a_log_entry(stream=a_stream(part=str(n))), destination=f"d{n % 2}") for n in range(8)
        ]
        await enqueue(store, *deliveries)
        assert len(await lease(store, limit=1)) == 1
        leased = await lease(store, per_destination=2)
        assert sorted(one.destination for one in leased) == ["d0", "d1", "d1"]
        assert await lease(store, per_destination=2) == []
        assert {one.destination for one in await lease(store, room={"d0": 0})} == {"d1"}

    async def test_a_destination_gets_no_more_than_it_has_room_for_now(self, store: Store) -> None:
        crowd = [a_delivery(entry=a_log_entry(stream=a_stream(part=str(n))), destination="d0") for n in range(5)]
        await enqueue(store, *crowd)
        assert len(await lease(store, room={"d0": 2})) == 2
        assert len(await lease(store, room={"d0": 1})) == 1
        assert len(await lease(store, room={"d0": 99}, per_destination=4)) == 1

    async def test_some_destinations_are_leased_more_ahead(self, store: Store) -> None:
        crowd = [a_delivery(entry=a_log_entry(stream=a_stream(part=str(n))), destination=f"d{n % 2}") for n in range(9)]
        await enqueue(store, *crowd)
        leased = await lease(store, per_destination=1, ahead={"d0": 2})
        assert sorted(one.destination for one in leased) == ["d0", "d0", "d0", "d1"]
        assert await lease(store, per_destination=1, ahead={"d0": 2}) == []
        assert len(await lease(store, per_destination=1, ahead={"d0": 9}, room={"d0": 1})) == 1

    async def test_what_was_leased_ahead_can_be_given_back_as_it_was(self, store: Store) -> None:
        await enqueue(store, delivery := a_delivery())
        leased = await lease(store)
        async with store.transaction() as tx:
            tx.release_deliveries(leased)
        assert list(await store.deliveries()) == [delivery]
        [again] = await lease(store)
        async with store.transaction() as tx:
            tx.record_delivery(step(again, Delivered()), again.entry)
            tx.release_deliveries([again])
        assert await state_of(store, delivery) is DeliveryState.DELIVERED

    async def test_a_full_destination_does_not_hide_those_behind_it(self, store: Store) -> None:
        crowd = [a_delivery(entry=a_log_entry(stream=a_stream(part=str(n))), destination="slow") for n in range(9)]
        last = a_delivery(entry=a_log_entry(stream=a_stream("quick")), destination="quick")
        await enqueue(store, *crowd, last)
        leased = await lease(store, limit=3, per_destination=1)
        assert [one.destination for one in leased] == ["slow", "quick"]

    async def test_delivered_is_recorded_together_with_the_log_entry(self, store: Store) -> None:
        await enqueue(store, a_delivery())
        [leased] = await lease(store)
        async with store.transaction() as tx:
            tx.record_delivery(step(leased, Delivered()), leased.entry)
        assert await state_of(store, leased) is DeliveryState.DELIVERED
        assert list(await store.log_entries(["{}:{}"])) == [leased.entry]
        assert list(await store.open_deliveries(["{}:{}"])) == []

    async def test_a_retry_is_leased_again_when_it_is_due(self, store: Store) -> None:
        await enqueue(store, a_delivery())
        [leased] = await lease(store)
        retry = step(leased, Retry(why="HTTP 503", cause=Cause.SERVER_ERROR), next_at=after(seconds=7))
        async with store.transaction() as tx:
            tx.record_delivery(retry)
        assert await lease(store, at=after(seconds=6)) == []
        [again] = await lease(store, at=after(seconds=7))
        assert (again.id, again.attempts, again.last_error) == (leased.id, 2, "HTTP 503")

    async def test_a_retry_to_some_of_those_it_is_for_keeps_who_is_left(self, store: Store) -> None:
        await enqueue(store, replace(a_delivery(), payload=Payload(body=b"mail", address="a, b")))
        [leased] = await lease(store)
        retry = Retry(why="452 mailbox full", cause=Cause.SERVER_ERROR, answered=False, still_to="b")
        async with store.transaction() as tx:
            tx.record_delivery(step(leased, retry, next_at=after(seconds=7)))
        [again] = await lease(store, at=after(seconds=7))
        assert again.payload == Payload(body=b"mail", address="b")

    async def test_the_record_of_a_lease_that_was_lost_changes_nothing(self, store: Store) -> None:
        await enqueue(store, a_delivery())
        [lost] = await lease(store, owner="first")
        async with store.transaction() as tx:
            tx.record_delivery(step(lost, LeaseLost(), next_at=T0))
        [leased] = await lease(store, owner="second")
        async with store.transaction() as tx:
            tx.record_delivery(step(lost, Delivered()), lost.entry)
        assert await state_of(store, leased) is DeliveryState.LEASED
        assert list(await store.log_entries(["{}:{}"])) == []

    async def test_leases_are_lost_when_they_end_or_their_owner_is_back(self, store: Store) -> None:
        await enqueue(store, a_delivery())
        [leased] = await lease(store)
        assert list(await store.lost_leases(at=after(seconds=39))) == []
        assert list(await store.lost_leases(at=after(seconds=39), owner="other")) == []
        assert list(await store.lost_leases(at=after(seconds=40))) == [leased]
        assert list(await store.lost_leases(at=T0, owner="me")) == [leased]

    async def test_a_newer_delivery_supersedes_what_is_queued_but_not_what_is_leased(self, store: Store) -> None:
        first, second = a_delivery(), a_delivery()
        await enqueue(store, first, second)
        await lease(store)
        third = a_delivery()
        async with store.transaction() as tx:
            tx.enqueue(third, supersedes=[first.id, second.id])
        assert await state_of(store, first) is DeliveryState.LEASED
        assert await state_of(store, second) is DeliveryState.SUPERSEDED
        assert await state_of(store, third) is DeliveryState.QUEUED

    async def test_it_knows_when_the_next_delivery_is_due(self, store: Store) -> None:
        assert await store.next_delivery_at(after=T0, skip=[]) is None
        soon = a_delivery(next_at=after(seconds=5), destination="paused")
        later = a_delivery(next_at=after(seconds=9))
        await enqueue(store, soon, later)
        assert await store.next_delivery_at(after=T0, skip=[]) == after(seconds=5)
        assert await store.next_delivery_at(after=after(seconds=5), skip=[]) == after(seconds=9)
        assert await store.next_delivery_at(after=T0, skip=["paused"]) == after(seconds=9)

    async def test_what_waits_for_longer_than_its_backoff_can_be_pulled_in(self, store: Store) -> None:
        longest = a_delivery().longest_delay
        soon, late = a_delivery(next_at=T0 + longest), a_delivery(next_at=T0 + longest + timedelta(seconds=1))
        await enqueue(store, soon, late)
        async with store.transaction() as tx:
            tx.pull_in_deliveries(T0)
        assert {one.id: one.next_at for one in await store.deliveries()} == {soon.id: soon.next_at, late.id: T0}

    async def test_it_counts_by_state_and_knows_the_oldest(self, store: Store) -> None:
        assert await store.outbox_stats() == OutboxStats(depth={}, oldest_at=None)
        first, second = a_delivery(), a_delivery(created_at=after(seconds=1))
        await enqueue(store, first, second)
        [leased] = await lease(store)
        stats = await store.outbox_stats()
        assert stats == OutboxStats(depth={DeliveryState.LEASED: 1, DeliveryState.QUEUED: 1}, oldest_at=T0)
        async with store.transaction() as tx:
            tx.record_delivery(step(leased, Rejected(why="HTTP 404", cause=Cause.CLIENT_ERROR)))
        stats = await store.outbox_stats()
        assert stats == OutboxStats(depth={DeliveryState.DEAD: 1, DeliveryState.QUEUED: 1}, oldest_at=after(seconds=1))

    async def test_the_newest_deliveries_are_listed_first(self, store: Store) -> None:
        first, second, third = a_delivery(), a_delivery(), a_delivery()
        await enqueue(store, first, second, third)
        await lease(store)
        assert [one.id for one in await store.deliveries(limit=2)] == [third.id, second.id]
        assert [one.id for one in await store.deliveries(state=DeliveryState.LEASED)] == [first.id]

    async def test_deliveries_are_found_by_group_in_every_state(self, store: Store) -> None:
        about_a = [a_delivery(entry=a_log_entry(stream=a_stream(group_key="a"))) for _ in range(3)]
        about_b = a_delivery(entry=a_log_entry(stream=a_stream(group_key="b")))
        await enqueue(store, *about_a, about_b)
        [leased, *_] = await lease(store, limit=1)
        async with store.transaction() as tx:
            tx.record_delivery(step(leased, Delivered()), leased.entry)
        assert [one.id for one in await store.deliveries(group_keys=["a"])] == [one.id for one in reversed(about_a)]
        assert len(await store.deliveries(group_keys=["a"], limit=2)) == 2
        assert len(await store.deliveries(group_keys=["a", "b"])) == 4
        delivered = await store.deliveries(group_keys=["a"], state=DeliveryState.DELIVERED)
        assert [one.id for one in delivered] == [leased.id]
        assert await store.deliveries(group_keys=["c"]) == []

    async def test_only_old_deliveries_in_a_final_state_are_deleted(self, store: Store) -> None:
        done, waiting = a_delivery(), a_delivery()
        await enqueue(store, done, waiting)
        [leased] = await lease(store)
        async with store.transaction() as tx:
            tx.record_delivery(step(leased, Delivered()), leased.entry)
            tx.delete_deliveries(T0)
        assert len(await store.deliveries()) == 2
        async with store.transaction() as tx:
            tx.delete_deliveries(after(seconds=1))
        assert list(await store.deliveries()) == [waiting]


def waiting(number: int, **values: Any) -> list[Delivery]:
    """Deliveries of streams of their own."""
    return [a_delivery(entry=a_log_entry(stream=a_stream(part=str(one))), **values) for one in range(number)]


def a_digest() -> Delivery:
    return replace(a_delivery(entry=a_log_entry(stream=a_stream(group_key=GROUP_KEY))), kind=Kind.DIGEST)


HOOK = Crowding(receiver="ops", integration="webhook", index=0, kinds=frozenset({Kind.FIRING}))


async def condense(store: Store, digest: Delivery, crowd: Iterable[Delivery]) -> None:
    async with store.transaction() as tx:
        tx.condense(digest, [one.id for one in crowd])


async def crowds(store: Store, *, at: datetime = T0, above: int = 2) -> list[list[str]]:
    return [[one.id for one in crowd] for crowd in await store.crowds([HOOK], at=at, above=above)]


class TestDigests:
    async def test_a_crowd_is_what_waits_for_one_integration(self, store: Store) -> None:
        crowd = waiting(3)
        others = [
            a_delivery(entry=a_log_entry(stream=a_stream(index=1))),
            replace(a_delivery(entry=a_log_entry(stream=a_stream(part="x"))), kind=Kind.REPEAT),
            a_delivery(entry=a_log_entry(stream=a_stream(part="y")), next_at=after(seconds=5)),
        ]
        await enqueue(store, *crowd, *others)
        assert await crowds(store) == [[one.id for one in crowd]]
        assert await crowds(store, above=3) == []
        assert len((await crowds(store, at=after(seconds=5), above=3))[0]) == 4

    async def test_what_was_tried_before_belongs_to_it_before_it_is_due_again(self, store: Store) -> None:
        crowd = waiting(3, attempts=1, next_at=after(minutes=1))
        await enqueue(store, *crowd)
        assert await crowds(store) == [[one.id for one in crowd]]

    async def test_only_the_oldest_of_a_stream_belongs_to_it(self, store: Store) -> None:
        crowd = waiting(3)
        await enqueue(store, *crowd, *waiting(3))
        assert await crowds(store) == [[one.id for one in crowd]]

    async def test_while_a_digest_is_on_its_way_there_is_no_other(self, store: Store) -> None:
        await enqueue(store, *waiting(3))
        await condense(store, a_digest(), ())
        assert await crowds(store) == []

    async def test_condensed_deliveries_are_open_and_not_leased(self, store: Store) -> None:
        crowd, digest = waiting(3), a_digest()
        await enqueue(store, *crowd)
        await condense(store, digest, crowd)
        assert [one.state for one in await store.condensed(digest.id)] == [DeliveryState.CONDENSED] * 3
        assert [one.id for one in await store.open_deliveries(["{}:{}"])] == [one.id for one in crowd]
        assert [one.id for one in await lease(store)] == [digest.id]
        assert (await store.outbox_stats()).depth[DeliveryState.CONDENSED] == 3

    async def test_what_was_leased_or_superseded_meanwhile_is_not_condensed(self, store: Store) -> None:
        crowd, digest = waiting(3), a_digest()
        await enqueue(store, *crowd)
        [leased] = await lease(store, limit=1)
        async with store.transaction() as tx:
            tx.supersede([crowd[1].id])
        await condense(store, digest, crowd)
        assert leased.id == crowd[0].id
        assert [one.id for one in await store.condensed(digest.id)] == [crowd[2].id]

    async def test_nothing_else_is_leased_until_the_digest_was_tried_once(self, store: Store) -> None:
        await condense(store, a_digest(), ())
        await enqueue(store, *waiting(2))
        [digest] = await lease(store)
        assert await lease(store) == []
        async with store.transaction() as tx:
            tx.record_delivery(step(digest, Retry(why="503", cause=Cause.SERVER_ERROR), next_at=after(minutes=1)))
        assert len(await lease(store)) == 2

    async def test_with_the_digest_its_deliveries_are_recorded_and_their_log_entries(self, store: Store) -> None:
        crowd = waiting(2)
        await enqueue(store, *crowd)
        await condense(store, a_digest(), crowd)
        [digest] = await lease(store)
        async with store.transaction() as tx:
            for one in await store.condensed(digest.id):
                tx.record_condensed(step(one, Delivered()), one.entry, digest=digest)
            tx.record_delivery(step(digest, Delivered()))
        assert {one.state for one in await store.deliveries()} == {DeliveryState.DELIVERED}
        assert len(await store.log_entries(["{}:{}"])) == 2

    async def test_the_record_of_a_digest_that_was_leased_again_changes_nothing(self, store: Store) -> None:
        crowd = waiting(1)
        await enqueue(store, *crowd)
        await condense(store, a_digest(), crowd)
        [digest] = await lease(store)
        async with store.transaction() as tx:
            tx.record_delivery(step(digest, LeaseLost(), next_at=T0))
        await lease(store)
        async with store.transaction() as tx:
            tx.record_condensed(
                step(replace(crowd[0], state=DeliveryState.CONDENSED), Delivered()), crowd[0].entry, digest=digest
            )
        assert await state_of(store, crowd[0]) is DeliveryState.CONDENSED
        assert list(await store.log_entries(["{}:{}"])) == []

    async def test_what_a_refused_digest_gave_back_is_never_condensed_again(self, store: Store) -> None:
        crowd = waiting(3)
        await enqueue(store, *crowd)
        await condense(store, a_digest(), crowd)
        [digest] = await lease(store)
        refused = Rejected(why="HTTP 400", cause=Cause.CLIENT_ERROR)
        async with store.transaction() as tx:
            for one in await store.condensed(digest.id):
                tx.record_condensed(step(one, Released(why=refused.why)), None, digest=digest)
            tx.record_delivery(step(digest, refused))
        assert await crowds(store) == []
        assert len(await lease(store)) == 3

    async def test_old_digests_are_deleted_with_what_they_told(self, store: Store) -> None:
        crowd = waiting(2)
        await enqueue(store, *crowd)
        await condense(store, a_digest(), crowd)
        [digest] = await lease(store)
        async with store.transaction() as tx:
            for one in await store.condensed(digest.id):
                tx.record_condensed(step(one, Delivered()), one.entry, digest=digest)
            tx.record_delivery(step(digest, Delivered()))
            tx.delete_deliveries(after(days=1))
        assert list(await store.deliveries()) == []


class TestHistory:
    async def test_events_come_back_as_they_were_newest_first(self, store: Store) -> None:
        early = an_event(at=T0, facts={"labels": {"a": "b"}, "value": math.inf, "threshold": None})
        late = an_event(at=after(minutes=1), what="resolved", why="condition no longer true")
        async with store.transaction() as tx:
            tx.add_events([early, late])
        assert list(await store.events()) == [late, early]

    async def test_of_one_moment_the_one_added_last_is_the_newest(self, store: Store) -> None:
        async with store.transaction() as tx:
            tx.add_events([an_event(what="pending"), an_event(what="firing")])
        assert [event.what for event in await store.events()] == ["firing", "pending"]

    @pytest.mark.parametrize(
        ("fingerprint", "group_keys", "found"),
        [
            pytest.param("", (), ["everything", "group b", "group a", "alert"], id="without either: all"),
            pytest.param("1111", (), ["alert"], id="about an alert"),
            pytest.param("", ("a",), ["group a"], id="about a group"),
            pytest.param("1111", ("a", "b"), ["group b", "group a", "alert"], id="about an alert and groups"),
            pytest.param("2222", ("c",), [], id="about nobody"),
        ],
    )
    async def test_events_are_found_by_alert_and_group(
        self, store: Store, fingerprint: str, group_keys: tuple[str, ...], found: list[str]
    ) -> None:
        async with store.transaction() as tx:
            tx.add_events(
                [
                    an_event(at=after(minutes=1), what="alert", fingerprint="1111"),
                    an_event(at=after(minutes=2), what="group a", fingerprint="", group_key="a"),
                    an_event(at=after(minutes=3), what="group b", fingerprint="", group_key="b"),
                    an_event(at=after(minutes=4), what="everything", fingerprint=""),
                ]
            )
        events = await store.events(fingerprint=fingerprint, group_keys=group_keys)
        assert [event.what for event in events] == found

    async def test_since_and_limit_cut_off_the_oldest(self, store: Store) -> None:
        async with store.transaction() as tx:
            tx.add_events([an_event(at=after(minutes=minute)) for minute in range(5)])
        assert [event.at for event in await store.events(limit=2)] == [after(minutes=4), after(minutes=3)]
        assert len(await store.events(since=after(minutes=3))) == 2
        assert len(await store.events(fingerprint="1111", since=after(minutes=3))) == 2
        assert len(await store.events(fingerprint="1111", limit=1)) == 1

    async def test_expired_events_are_gone(self, store: Store) -> None:
        async with store.transaction() as tx:
            tx.add_events([an_event(at=T0), an_event(at=after(minutes=1))])
        async with store.transaction() as tx:
            tx.expire_events(after(minutes=1))
        assert [event.at for event in await store.events()] == [after(minutes=1)]


class TestSilences:
    async def test_a_silence_comes_back_as_it_was(self, store: Store) -> None:
        silence = a_silence(
            "s1",
            matchers=(
                Matcher("a", Op.EQUAL, "é"),
                Matcher("b", Op.NOT_REGEX, "x|y.*"),
                Matcher("c.d", Op.NOT_EQUAL, ""),
            ),
        )
        async with store.transaction() as tx:
            tx.put_silence(silence)
        assert list(await store.silences()) == [silence]

    async def test_a_newer_copy_replaces_an_older_one(self, store: Store) -> None:
        async with store.transaction() as tx:
            tx.put_silence(a_silence("s1"))
            tx.put_silence(a_silence("s2"))
            tx.put_silence(a_silence("s1", comment="newer"))
        assert {one.id: one.comment for one in await store.silences()} == {"s1": "newer", "s2": ""}

    async def test_dropped_silences_are_gone_and_unknown_ones_do_not_matter(self, store: Store) -> None:
        async with store.transaction() as tx:
            tx.put_silence(a_silence("s1"))
            tx.put_silence(a_silence("s2"))
            tx.drop_silences(["s1", "nobody"])
        assert [one.id for one in await store.silences()] == ["s2"]


def a_silence(
    silence_id: str, *, matchers: tuple[Matcher, ...] = (Matcher("a", Op.EQUAL, "1"),), comment: str = ""
) -> Silence:
    return Silence(
        id=silence_id,
        matchers=matchers,
        starts_at=T0,
        ends_at=after(hours=1),
        updated_at=T0,
        created_by="me",
        comment=comment,
        annotations={"ticket": "1"},
    )


def an_event(
    *,
    at: datetime = T0,
    what: str = "firing",
    why: str = "",
    fingerprint: str = "1111",
    group_key: str = "",
    facts: Mapping[str, object] | None = None,
) -> Event:
    return Event(
        at=at,
        kind=EventKind.TRANSITION,
        what=what,
        why=why,
        fingerprint=fingerprint,
        group_key=group_key,
        receiver="ops/webhook[0]",
        delivery="01J",
        facts=facts or {},
    )
