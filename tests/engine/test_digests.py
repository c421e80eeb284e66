"""A storm of notifications to one integration becomes a digest. Times are seconds since the story began."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from alertd.alerts.posted import PostedAlert
from alertd.engine.ports import Store
from alertd.notify.outbox import Cause, DeliveryState, Kind, Rejected, Retry
from tests.support.builders import a_posted_alert, a_route
from tests.support.pipeline import CrashableStore, FakeIntegration, Pipeline, pipeline

ROUTE = a_route(
    group_wait=timedelta(seconds=10),
    group_interval=timedelta(seconds=60),
    repeat_interval=timedelta(hours=1),
    group_by=["alertname"],
)
STORM = [a_posted_alert(f"A{number:02}") for number in range(30)]
BUSY = Retry(why="HTTP 503", cause=Cause.SERVER_ERROR)
SILENT = Retry(why="no answer in time", cause=Cause.TIMEOUT, answered=False)
REFUSED = Rejected(why="HTTP 400", cause=Cause.CLIENT_ERROR)
DIGEST = "DIGEST [DIGEST] 30 notifications: 30 firing"


def a_chat(**values: object) -> FakeIntegration:
    return FakeIntegration(digests=True, **values)  # type: ignore[arg-type]


def a_storm(*integrations: FakeIntegration, **values: object):  # type: ignore[no-untyped-def]
    return pipeline(*integrations, route=ROUTE, digest_above=20, **values)  # type: ignore[arg-type]


async def states(store: Store) -> Counter[DeliveryState]:
    return Counter(one.state for one in await store.deliveries(limit=1000))


async def told(run: Pipeline) -> int:
    """How many alerts the log says are told of as firing."""
    keys = [f'{{}}:{{alertname="{alert.labels["alertname"]}"}}' for alert in STORM]
    return sum(len(entry.firing) for entry in await run.store.log_entries(keys))


async def end(run: Pipeline, alerts: list[PostedAlert]) -> None:
    await run.resolve(*alerts)
    await run.advance(seconds=61)


async def test_many_at_once_are_told_in_one_message_and_nothing_is_forgotten() -> None:
    chat = a_chat()
    async with a_storm(chat) as run:
        await run.post(*STORM)
        await run.advance(seconds=11)
        assert chat.said == [(10, DIGEST)]
        assert await states(run.store) == {DeliveryState.DELIVERED: 31}
        assert await told(run) == 30
        assert run.counted.condensed == [30]
        await run.advance(minutes=30)
        assert len(chat.sent) == 1  # nobody is told twice
        await end(run, STORM)
        assert chat.said[1:] == [(1870, "DIGEST [DIGEST] 30 notifications: 30 resolved")]
        assert run.dispatcher.groups() == []


async def test_few_are_told_one_by_one() -> None:
    chat = a_chat()
    async with a_storm(chat) as run:
        await run.post(*STORM[:20])
        await run.advance(seconds=11)
        assert len(chat.sent) == 20
        assert run.counted.condensed == []


async def test_who_has_no_digests_is_told_one_by_one() -> None:
    hook = FakeIntegration()
    async with a_storm(hook) as run:
        await run.post(*STORM)
        await run.advance(seconds=11)
        assert len(hook.sent) == 30


async def test_what_comes_while_a_digest_is_sent_waits_for_the_next_digest() -> None:
    chat, late = a_chat(), [a_posted_alert(f"B{number:02}") for number in range(30)]
    chat.gate.clear()
    async with a_storm(chat) as run:
        await run.post(*STORM)
        await run.advance(seconds=11)
        await run.post(*late)
        await run.advance(seconds=11)
        assert len(chat.sent) == 1
        chat.gate.set()
        await run.advance(seconds=1)
        assert [says for _, says in chat.said] == [DIGEST] * 2


async def test_what_waits_for_a_receiver_that_is_down_becomes_a_digest_too() -> None:
    chat = a_chat(always=BUSY)
    async with a_storm(chat) as run:
        for batch in (STORM[:15], STORM[15:]):
            await run.post(*batch)
            await run.advance(seconds=20)
        assert run.counted.condensed == [30]
        chat.always = FakeIntegration().always
        before = len(chat.sent)
        await run.advance(minutes=2)
        assert [says for _, says in chat.said[before:]] == [DIGEST]
        assert await told(run) == 30


async def test_a_digest_is_retried_under_its_id() -> None:
    chat = a_chat()
    chat.outcomes.extend([BUSY] * 3)
    async with a_storm(chat) as run:
        await run.post(*STORM)
        await run.advance(minutes=1)
        assert [one.says for one in chat.sent] == [DIGEST] * 4
        assert len({one.id for one in chat.sent}) == 1


async def test_a_digest_that_is_refused_gives_back_what_it_tells_and_each_goes_by_itself() -> None:
    chat = a_chat()
    chat.outcomes.append(REFUSED)
    async with a_storm(chat) as run:
        await run.post(*STORM)
        await run.advance(seconds=11)
        assert Counter(one.says.split()[0] for one in chat.sent) == {"DIGEST": 1, "FIRING": 30}
        assert await states(run.store) == {DeliveryState.DELIVERED: 30, DeliveryState.DEAD: 1}


async def test_a_digest_that_nobody_takes_in_time_is_passed_on_as_one() -> None:
    chat, backup = a_chat(always=BUSY), a_chat(receiver="backup", destination="elsewhere")
    async with a_storm(chat, backup, fallback_receiver="backup") as run:
        await run.post(*STORM)
        await run.advance(minutes=16)
        assert [says for _, says in backup.said] == [
            "FIRING NotificationUndelivered: first notification",
            "DIGEST [DIGEST] 29 notifications: 29 firing",
        ]
        await run.advance(hours=1)
        assert len(backup.sent) == 2  # told once


async def test_many_dead_groups_are_passed_on_in_a_handful_of_messages_even_to_who_has_no_digests() -> None:
    hook = FakeIntegration(always=REFUSED)
    pager = FakeIntegration(receiver="backup", integration="pagerduty", destination="elsewhere")
    crowd = [a_posted_alert(f"A{number}") for number in range(100)]
    async with a_storm(hook, pager, fallback_receiver="backup") as run:
        await run.post(*crowd)
        await run.advance(seconds=40)
        dead = [one for one in await run.store.deliveries(limit=10_000) if one.state is DeliveryState.DEAD]
        assert len({one.stream for one in dead}) == 100
        assert {says for _, says in pager.said} == {"FIRING NotificationUndelivered: first notification"}
        assert len(pager.said) < 10


async def test_whoever_was_perhaps_told_by_a_digest_is_told_the_end() -> None:
    chat = a_chat(always=SILENT)
    async with a_storm(chat) as run:
        await run.post(*STORM)
        await run.advance(minutes=5)
        await run.resolve(*STORM)
        await run.advance(minutes=15)
        chat.always = FakeIntegration().always
        await run.advance(minutes=5)
        assert chat.said[-1][1] == "DIGEST [DIGEST] 30 notifications: 30 resolved"
        assert run.dispatcher.groups() == []


async def test_news_wait_until_the_digest_was_told() -> None:
    chat = a_chat(always=BUSY)
    async with a_storm(chat) as run:
        await run.post(*STORM)
        await run.advance(seconds=30)
        await run.resolve(STORM[0])
        await run.advance(seconds=60)
        chat.always = FakeIntegration().always
        before = len(chat.sent)
        await run.advance(minutes=2)
        assert [says for _, says in chat.said[before:]] == [DIGEST, "RESOLVED A00: all alerts resolved"]


async def test_after_a_crash_a_digest_is_sent_again_under_its_id() -> None:
    chat, store = a_chat(), CrashableStore()
    chat.gate.clear()
    async with a_storm(chat, store=store) as run:
        await run.post(*STORM)
        await run.advance(seconds=11)
        again = store.reborn()
    chat.gate.set()
    async with a_storm(chat, store=again, clock=run.clock, seed=2) as run:
        await run.advance(seconds=1)
        assert [one.says for one in chat.sent] == [DIGEST] * 2
        assert len({one.id for one in chat.sent}) == 1
        assert await states(again) == {DeliveryState.DELIVERED: 31}
        assert [one.kind for one in await again.deliveries(limit=1)] == [Kind.DIGEST]
