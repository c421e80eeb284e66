"""Dispatcher and deliverer on a simulated clock, with receivers that do as a test tells them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from alertd.alerts.posted import PostedAlert
from alertd.clock import SimulatedClock
from alertd.dispatch.inhibition import InhibitRule
from alertd.dispatch.route import Route
from alertd.dispatch.silence_index import Silences
from alertd.dispatch.time_intervals import TimeIntervalSettings
from alertd.engine.deliverer import Deliverer
from alertd.engine.dispatcher import Dispatcher, Dispatching
from alertd.engine.leases import DeliveryLimits
from alertd.engine.ports import Store
from alertd.errors import StoreError
from alertd.notify.condense import Digester
from alertd.notify.digest import Digest
from alertd.notify.fallback import Fallback
from alertd.notify.message import Message
from alertd.notify.outbox import Delivered, Delivery, Outcome, Payload
from alertd.notify.plan import Planner
from alertd.notify.ulid import Ulids
from alertd.store.memory import MemoryStore, MemoryTransaction
from tests.support.builders import T0, a_route


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt: when, which delivery, and what it said: `FIRING A B | C` (C resolved)."""

    at: datetime
    id: str
    says: str


@dataclass
class FakeIntegration:
    """Takes everything, unless `outcomes` says otherwise for the next attempts; while `gate` is closed, attempts hang.

    closes_after   the gate closes once so many attempts were made
    """

    receiver: str = "ops"
    integration: str = "webhook"
    index: int = 0
    send_resolved: bool = True
    per_alert: bool = False
    max_alerts: int = 0
    digests: bool = False
    max_per_minute: int = 0
    destination: str = "somewhere"
    timeout: timedelta = timedelta(seconds=10)
    outcomes: deque[Outcome] = field(default_factory=deque)
    always: Outcome = field(default_factory=Delivered)
    sent: list[Sent] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    closes_after: int | None = None
    in_flight: int = 0
    most_in_flight: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    def render(self, message: Message) -> Payload:
        names = [
            " ".join(sorted(_name(alert) for alert in message.alerts if (alert.ends_at is None) is firing))
            for firing in (True, False)
        ]
        return Payload(body=f"{message.status.upper()} {' | '.join(filter(None, names))}: {message.reason}".encode())

    def render_digest(self, digest: Digest) -> Payload:
        return Payload(body=f"DIGEST {digest.title}".encode()) if self.digests else self.render(digest.message)

    async def send(self, delivery: Delivery, *, at: datetime) -> Outcome:
        self.sent.append(Sent(at, delivery.id, delivery.payload.body.decode()))
        if self.closes_after is not None and len(self.sent) > self.closes_after:
            self.gate.clear()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self.gate.wait()
        finally:
            self.in_flight -= 1
        return self.outcomes.popleft() if self.outcomes else self.always

    @property
    def said(self) -> list[tuple[float, str]]:
        """Every attempt as (seconds since the story began, what it said)."""
        return [((one.at - T0).total_seconds(), one.says) for one in self.sent]


def _name(alert: PostedAlert) -> str:
    return alert.labels.get("alertname") + alert.labels.get("x")


@dataclass(frozen=True, slots=True)
class Counted:
    """A hook that remembers."""

    outcomes: list[tuple[str, str]] = field(default_factory=list)
    passed_on: list[tuple[str, str]] = field(default_factory=list)
    condensed: list[int] = field(default_factory=list)
    gone: list[list[tuple[str, str]]] = field(default_factory=list)

    def on_outcome(self, *, receiver: str, integration: str, outcome: str, cause: str, seconds: float) -> None:
        self.outcomes.append((outcome, cause))

    def on_passed_on(self, *, receiver: str, integration: str) -> None:
        self.passed_on.append((receiver, integration))

    def on_gone(self, integrations: Sequence[tuple[str, str]]) -> None:
        self.gone.append(list(integrations))

    def on_condensed(self, *, receiver: str, integration: str, deliveries: int) -> None:
        self.condensed.append(deliveries)


@dataclass
class Pipeline:
    """What `pipeline()` runs."""

    clock: SimulatedClock
    store: Store
    dispatcher: Dispatcher
    deliverer: Deliverer
    counted: Counted
    tasks: list[asyncio.Task[None]]

    async def post(self, *alerts: PostedAlert) -> None:
        """As the evaluator does: first on disk, then handed on."""
        async with self.store.transaction() as tx:
            tx.put_posted(alerts)
        self.dispatcher.ingest(alerts)
        await self.clock.settle()

    async def resolve(self, *alerts: PostedAlert) -> None:
        """End these alerts now."""
        now = self.clock.now()
        await self.post(*(replace(alert, ends_at=now, updated_at=now) for alert in alerts))

    async def advance(self, **duration: float) -> None:
        await self.clock.advance(timedelta(**duration))

    async def kill(self) -> None:
        """The process dies: nothing more is sent, saved, or given back."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def by_name(integrations: Iterable[FakeIntegration]) -> dict[str, list[FakeIntegration]]:
    receivers: dict[str, list[FakeIntegration]] = {}
    for one in integrations:
        receivers.setdefault(one.receiver, []).append(one)
    return receivers


def a_planner(*, seed: int) -> Planner:
    return Planner(new_id=Ulids(Random(seed)), external_url="http://alertd.example.com")


def dispatching(
    *integrations: FakeIntegration,
    route: Route | None = None,
    seed: int = 1,
    inhibit_rules: Sequence[InhibitRule] = (),
    intervals: Mapping[str, TimeIntervalSettings] | None = None,
) -> Dispatching:
    """A configuration that tells these integrations."""
    return Dispatching(
        route=route or a_route(),
        receivers=by_name(integrations),
        planner=a_planner(seed=seed),
        inhibit_rules=inhibit_rules,
        intervals=intervals or {},
    )


def a_fallback(config: Dispatching, receiver: str) -> Fallback:
    return Fallback(
        receiver=receiver,
        channels=config.receivers[receiver],
        new_id=config.planner.new_id,
        external_url=config.planner.external_url,
    )


def a_digester(config: Dispatching, *, above: int) -> Digester:
    return Digester(above=above, new_id=config.planner.new_id, external_url=config.planner.external_url)


@asynccontextmanager
async def pipeline(
    *integrations: FakeIntegration,
    route: Route | None = None,
    store: Store | None = None,
    clock: SimulatedClock | None = None,
    limits: DeliveryLimits | None = None,
    seed: int = 1,
    silences: Silences | None = None,
    inhibit_rules: Sequence[InhibitRule] = (),
    intervals: Mapping[str, TimeIntervalSettings] | None = None,
    fallback_receiver: str = "",
    digest_above: int | None = None,
) -> AsyncIterator[Pipeline]:
    """A running dispatcher and deliverer; with `store` and `clock` of an earlier one: the same after a restart."""
    clock, store = clock or SimulatedClock(T0), store or MemoryStore()
    config = dispatching(*integrations, route=route, seed=seed, inhibit_rules=inhibit_rules, intervals=intervals)
    counted = Counted()
    queued: list[Callable[[], None]] = []
    dispatcher = Dispatcher(
        config, silences=silences or Silences(), clock=clock, store=store, queued=lambda: queued[0]()
    )
    deliverer = Deliverer(
        config.receivers,
        store=store,
        clock=clock,
        random=Random(seed),
        hooks=counted,
        delivered=dispatcher.settle,
        alerts=dispatcher.alerts_in,
        fallback=a_fallback(config, fallback_receiver) if fallback_receiver else None,
        digester=a_digester(config, above=digest_above) if digest_above is not None else None,
        limits=limits,
    )
    queued.append(deliverer.wake)
    await dispatcher.start()
    await deliverer.start()
    tasks = [asyncio.create_task(dispatcher.run()), asyncio.create_task(deliverer.run())]
    running = Pipeline(clock, store, dispatcher, deliverer, counted, tasks)
    await clock.settle()
    try:
        yield running
    finally:
        await running.kill()


class CrashableStore(MemoryStore):
    """A store whose process can die: from then on this handle writes nothing; `reborn` opens what was committed."""

    def __init__(self) -> None:
        super().__init__()
        self.dead = False

    def reborn(self) -> CrashableStore:
        store = CrashableStore()
        store._state, self.dead = self._state, True
        return store

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryTransaction]:
        async with super().transaction() as tx:
            yield tx
            if self.dead:
                raise StoreError("the process is dead")
