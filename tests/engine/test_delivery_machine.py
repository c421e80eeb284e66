"""Laws of dispatching and delivering under anything a receiver, a crash or an alert may do:

nothing is lost, nothing is sent again once its delivery is on record, and whoever was told "firing" is told "resolved".
One of the receivers gets digests as soon as two notifications wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alertd.alerts.posted import PostedAlert
from alertd.clock import SimulatedClock
from alertd.notify.log import LogEntry
from alertd.notify.outbox import Cause, Delivered, Delivery, Kind, Outcome, Rejected, Retry
from tests.support.builders import T0, a_posted_alert, a_route
from tests.support.pipeline import CrashableStore, FakeIntegration, pipeline

ROUTE = a_route(
    group_wait=timedelta(seconds=10), group_interval=timedelta(minutes=1), repeat_interval=timedelta(hours=1)
)
NAMES = st.sampled_from("ABC")
WAITS = st.sampled_from([1, 5, 11, 61, 200])


@dataclass(frozen=True)
class Behaviour:
    """What a receiver does with one attempt: whether it takes it, and what alertd sees of that."""

    takes: bool
    outcome: Outcome | None  # None: no answer at all as long as the process lives


BEHAVIOURS = [
    Behaviour(True, Delivered()),
    Behaviour(False, Retry(why="503", cause=Cause.SERVER_ERROR)),
    Behaviour(False, Retry(why="429", cause=Cause.RATE_LIMITED, after=timedelta(seconds=20))),
    Behaviour(False, Rejected(why="400", cause=Cause.CLIENT_ERROR)),
    Behaviour(False, Retry(why="timeout", cause=Cause.TIMEOUT, answered=False)),
    Behaviour(True, Retry(why="reset", cause=Cause.OTHER, answered=False)),
    Behaviour(True, None),
    Behaviour(False, None),
]
HEALTHY = BEHAVIOURS[0]


@dataclass
class Receiver(FakeIntegration):
    """Knows what it was told: by fingerprint, whether it fires and since when."""

    behaviour: Behaviour = HEALTHY
    store: CrashableStore = field(default_factory=CrashableStore)
    digested: int = 0
    knows: dict[str, tuple[bool, datetime]] = field(default_factory=dict)
    recorded: set[str] = field(default_factory=set)
    repeats: list[str] = field(default_factory=list)

    async def entries(self, delivery: Delivery) -> list[LogEntry]:
        """What a message tells of: a digest, of all that it condensed."""
        if delivery.kind is not Kind.DIGEST:
            return [delivery.entry]
        self.digested += 1
        return [one.entry for one in await self.store.condensed(delivery.id)]

    async def send(self, delivery: Delivery, *, at: datetime) -> Outcome:
        if delivery.id in self.recorded:
            self.repeats.append(delivery.id)
        behaviour = self.behaviour
        if behaviour.takes:
            for entry in await self.entries(delivery):
                for episode in entry.firing:
                    self.knows[episode.fingerprint] = (True, episode.starts_at)
                for episode in entry.resolved if self.send_resolved else ():
                    self.knows[episode.fingerprint] = (False, episode.starts_at)
        if behaviour.outcome is None:
            await asyncio.Event().wait()
        assert behaviour.outcome is not None
        return behaviour.outcome


class DeliveryMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock, self.store = SimulatedClock(T0), CrashableStore()
        self.receivers = [
            Receiver(index=0, destination="x"),
            Receiver(index=1, destination="y", per_alert=True),
            Receiver(index=2, destination="z", per_alert=True, digests=True),
        ]
        self.alerts: dict[str, PostedAlert] = {}
        self.lives = 0
        self.start()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def start(self) -> None:
        self.lives += 1
        self.stack = AsyncExitStack()
        for receiver in self.receivers:
            receiver.store = self.store
        self.pipeline = self.do(
            self.stack.enter_async_context(
                pipeline(
                    *self.receivers,
                    route=ROUTE,
                    store=self.store,
                    clock=self.clock,
                    seed=self.lives,
                    digest_above=1,
                )
            )
        )

    @rule(name=NAMES, seconds=WAITS)
    def alert_begins_or_ends(self, name: str, seconds: int) -> None:
        now, known = self.clock.now(), self.alerts.get(name)
        if known is None or known.ends_at is not None:
            self.alerts[name] = a_posted_alert(name, starts_at=now)
        else:
            self.alerts[name] = a_posted_alert(name, starts_at=known.starts_at, ends_at=now)
        self.do(self.pipeline.post(self.alerts[name]))
        self.pass_time(seconds)

    @rule(which=st.integers(0, 2), behaviour=st.sampled_from(BEHAVIOURS), seconds=WAITS)
    def receiver_changes(self, which: int, behaviour: Behaviour, seconds: int) -> None:
        self.receivers[which].behaviour = behaviour
        self.pass_time(seconds)

    @rule(down=WAITS, seconds=WAITS)
    def process_is_killed_and_started_again(self, down: int, seconds: int) -> None:
        self.store = self.store.reborn()
        self.do(self.stack.aclose())
        self.pass_time(down)
        self.start()
        self.pass_time(seconds)

    @rule(seconds=WAITS)
    def process_is_stopped_and_started_again(self, seconds: int) -> None:
        self.do(self.pipeline.deliverer.stop(timedelta(0)))
        self.do(self.stack.aclose())
        self.start()
        self.pass_time(seconds)

    def pass_time(self, seconds: int) -> None:
        self.do(self.clock.advance(timedelta(seconds=seconds)))

    @invariant()
    def nothing_recorded_is_sent_again(self) -> None:
        for delivery in self.do(self.store.deliveries(limit=1000)):
            if delivery.state == "delivered":
                self.receivers[delivery.stream.index].recorded.add(delivery.id)
        assert [receiver.repeats for receiver in self.receivers] == [[], [], []]

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        for receiver in self.receivers:
            receiver.behaviour = HEALTHY
        self.do(self.stack.aclose())  # whatever hangs, hangs no longer
        self.start()
        self.pass_time(300)
        try:
            self.everybody_knows_how_it_is()
            self.nothing_recorded_is_sent_again()
        finally:
            self.do(self.stack.aclose())
            self.loop.close()

    def everybody_knows_how_it_is(self) -> None:
        for alert in self.alerts.values():
            for receiver in self.receivers:
                fires, since = receiver.knows.get(alert.fingerprint, (False, alert.starts_at))
                assert fires is (alert.ends_at is None), f"{alert.labels} at {receiver.index}"
                if fires:
                    assert since == alert.starts_at
        left = {alert.labels for alert in self.do(self.store.posted_alerts())}
        assert left == {alert.labels for alert in self.alerts.values() if alert.ends_at is None}


DeliveryMachine.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestDeliveryMachine = DeliveryMachine.TestCase
