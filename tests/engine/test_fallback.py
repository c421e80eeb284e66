"""What stays undeliverable goes to the fallback receiver. Times are seconds since the story began."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from alertd.errors import StoreError
from alertd.notify.outbox import Cause, DeliveryState, Outcome, Rejected, Retry
from alertd.store.memory import MemoryStore, MemoryTransaction
from tests.support.builders import a_posted_alert, a_route
from tests.support.pipeline import FakeIntegration, a_fallback, dispatching, pipeline

ROUTE = a_route(
    group_wait=timedelta(seconds=10),
    group_interval=timedelta(seconds=60),
    repeat_interval=timedelta(seconds=180),
    group_by=["alertname"],
)
A, B = a_posted_alert("A"), a_posted_alert("B")
REFUSED = Rejected(why="HTTP 400", cause=Cause.CLIENT_ERROR)
BUSY = Retry(why="HTTP 503", cause=Cause.SERVER_ERROR)
SILENT = Retry(why="no answer in time", cause=Cause.TIMEOUT, answered=False)
UNDELIVERED = "FIRING NotificationUndelivered: first notification"


def a_dead_one(outcome: Outcome = REFUSED) -> FakeIntegration:
    return FakeIntegration(always=outcome)


def a_backup() -> FakeIntegration:
    return FakeIntegration(receiver="backup", destination="elsewhere")


async def test_what_was_refused_is_passed_on_at_once_and_seen() -> None:
    hook, backup = a_dead_one(), a_backup()
    with capture_logs() as logs:
        async with pipeline(hook, backup, route=ROUTE, fallback_receiver="backup") as run:
            await run.post(A)
            await run.advance(seconds=30)
            newest = await run.store.events(group_keys=['{}:{alertname="A"}'])
    assert backup.said == [(10, UNDELIVERED)]
    assert run.counted.passed_on == [("ops", "webhook")]
    (event,) = [event for event in newest if event.what == "passed on"]
    assert (event.receiver, event.why) == ("ops/webhook[0]", "to backup/webhook[0]: HTTP 400")
    (logged,) = [entry for entry in logs if entry["event"] == "notification_passed_on"]
    assert (logged["receiver"], logged["to"], logged["error"]) == ("ops", ["backup/webhook[0]"], "HTTP 400")


@pytest.mark.parametrize("outcome", [BUSY, SILENT], ids=["busy", "no answer"])
async def test_what_is_retried_is_passed_on_when_its_time_is_over(outcome: Retry) -> None:
    hook, backup = a_dead_one(outcome), a_backup()
    route = a_route(group_wait=timedelta(0), group_interval=timedelta(hours=1), repeat_interval=timedelta(hours=4))
    async with pipeline(hook, backup, route=route, fallback_receiver="backup") as run:
        await run.post(A)
        await run.advance(minutes=58)
        assert backup.said == []
        await run.advance(minutes=4)
        assert [says for _, says in backup.said] == [UNDELIVERED]


async def test_a_receiver_that_stays_dead_is_told_of_once_for_each_group() -> None:
    hook, backup = a_dead_one(), a_backup()
    async with pipeline(hook, backup, route=ROUTE, fallback_receiver="backup") as run:
        await run.post(A, B)
        await run.advance(hours=3)
    assert len(hook.sent) > 100
    assert backup.said == [(10, UNDELIVERED), (20, UNDELIVERED)]


async def test_after_a_restart_it_is_not_told_again() -> None:
    hook, backup, store = a_dead_one(), a_backup(), MemoryStore()
    async with pipeline(hook, backup, route=ROUTE, store=store, fallback_receiver="backup") as run:
        await run.post(A)
        await run.advance(seconds=30)
    async with pipeline(
        hook, backup, route=ROUTE, store=store, clock=run.clock, seed=2, fallback_receiver="backup"
    ) as run:
        await run.advance(minutes=10)
    assert backup.said == [(10, UNDELIVERED)]


async def test_when_the_integration_fails_again_after_it_took_a_message_that_is_told() -> None:
    hook, backup = FakeIntegration(), a_backup()
    hook.outcomes.append(REFUSED)
    async with pipeline(hook, backup, route=ROUTE, fallback_receiver="backup") as run:
        await run.post(A)
        await run.advance(seconds=80)
        assert [at for at, _ in hook.said] == [10, 70]
        hook.always = REFUSED
        await run.advance(minutes=30)
    assert backup.said == [(10, UNDELIVERED), (250, UNDELIVERED)]


async def test_what_the_fallback_receiver_refuses_is_passed_on_to_nobody() -> None:
    backup = FakeIntegration(receiver="backup", destination="elsewhere", always=REFUSED)
    async with pipeline(a_dead_one(), backup, route=ROUTE, fallback_receiver="backup") as run:
        await run.post(A)
        await run.advance(seconds=30)
        assert backup.said == [(10, UNDELIVERED)]
        assert [one.state for one in await run.store.deliveries()] == [DeliveryState.DEAD] * 2


async def test_the_fallback_receiver_is_not_told_of_itself() -> None:
    hook = a_dead_one()
    async with pipeline(hook, route=ROUTE, fallback_receiver="ops") as run:
        await run.post(A)
        await run.advance(seconds=30)
    assert [says for _, says in hook.said] == ["FIRING A: first notification"]
    assert run.counted.passed_on == []


async def test_without_a_fallback_receiver_nobody_is_told() -> None:
    hook, backup = a_dead_one(), a_backup()
    async with pipeline(hook, backup, route=ROUTE) as run:
        await run.post(A)
        await run.advance(seconds=30)
    assert (backup.said, run.counted.passed_on) == ([], [])


async def test_a_reload_names_another_fallback_receiver() -> None:
    hook, backup = a_dead_one(), a_backup()
    async with pipeline(hook, backup, route=ROUTE) as run:
        config = dispatching(hook, backup, route=ROUTE, seed=2)
        run.deliverer.replace(config.receivers, a_fallback(config, "backup"))
        await run.post(A)
        await run.advance(seconds=30)
    assert backup.said == [(10, UNDELIVERED)]


class FailingStore(MemoryStore):
    """Commits nothing for as long as it is failing."""

    failing = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryTransaction]:
        async with super().transaction() as tx:
            yield tx
            if self.failing:
                raise StoreError("disk full")


async def test_death_and_fallback_are_saved_together_or_not_at_all() -> None:
    hook, backup, store = a_dead_one(), a_backup(), FailingStore()
    async with pipeline(hook, backup, route=ROUTE, store=store, fallback_receiver="backup") as run:
        hook.gate.clear()
        await run.post(A)
        await run.advance(seconds=10)
        store.failing = True
        hook.gate.set()
        await run.clock.settle()
        assert [one.state for one in await store.deliveries()] == [DeliveryState.LEASED]
        store.failing = False
        await run.advance(minutes=1)
        assert [says for _, says in backup.said] == [UNDELIVERED]
