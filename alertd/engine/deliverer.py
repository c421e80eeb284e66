"""`Deliverer`: takes deliveries from the outbox: lease -> send -> record.

A delivery is leased only when there is room for it, in all and at its destination, so that one slow receiver holds up
no other (see `leases`). An attempt whose end is not on record is made again under the same id: after a crash, at the next
start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

import structlog

from alertd.alerts.posted import PostedAlert
from alertd.clock import Clock, SetBack
from alertd.engine.alarm import Alarm
from alertd.engine.condenser import Condenser
from alertd.engine.delivery_report import DeliveryHooks, report
from alertd.engine.leases import DeliveryLimits, Leases
from alertd.engine.ports import Integration, Store
from alertd.engine.recorder import Recorder
from alertd.errors import StoreError
from alertd.notify.condense import Digester
from alertd.notify.fallback import Fallback
from alertd.notify.history import EventKind, place, place_of
from alertd.notify.log import Stream
from alertd.notify.outbox import Cause, Delivered, Delivery, Outcome, Rejected, Retry
from alertd.notify.pacing import WINDOW, Pacing

log = structlog.get_logger(__name__)

LEASE_MARGIN = timedelta(seconds=30)
LONGEST_IDLE = timedelta(seconds=30)
STORE_PAUSE = timedelta(seconds=5)
MOST_ATTEMPTS = 10_000


Receivers = Mapping[str, Sequence[Integration]]


class Deliverer:
    """Sends what is in the outbox.

    owner       name of this process in leases; the same after a restart
    delivered   called with the group key after each delivery
    alerts      those of the group with a key
    fallback    where what stays undeliverable is passed on
    digester    makes one message of many that wait; None: every notification is sent by itself
    """

    def __init__(
        self,
        receivers: Receivers,
        *,
        store: Store,
        clock: Clock,
        random: Random,
        hooks: DeliveryHooks,
        delivered: Callable[[str], None],
        alerts: Callable[[str], Sequence[PostedAlert]],
        fallback: Fallback | None = None,
        digester: Digester | None = None,
        owner: str = "alertd",
        limits: DeliveryLimits | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._hooks = hooks
        self._delivered = delivered
        self._recorder = Recorder(store=store, random=random, alerts=alerts)
        self._condenser = Condenser(store=store, alerts=alerts)
        self._owner = owner
        self._limits = limits or DeliveryLimits()
        self._leases = Leases(self._limits)
        self._alarm = Alarm(clock)
        self._set_back = SetBack(clock)
        self._waits_are_right = False  # by the present clock, of what is queued
        self._attempts: dict[asyncio.Task[None], Delivery] = {}  # until they are recorded
        self._answered: set[str] = set()  # ids of those that are being recorded
        self._paused: dict[str, datetime] = {}
        self._pacing = Pacing()
        self._gone: dict[tuple[str, str, int], str] = {}  # why integrations are left alone until the next reload
        self._recover_at = clock.now()
        self._stopping = False
        self.replace(receivers, fallback, digester)

    def replace(self, receivers: Receivers, fallback: Fallback | None = None, digester: Digester | None = None) -> None:
        """Take a new configuration; attempts under way end as they began."""
        self._integrations = {
            (one.receiver, one.integration, one.index): one for several in receivers.values() for one in several
        }
        self._recorder.fallback = fallback
        told_instead = receivers.get(fallback.receiver, ()) if fallback else ()
        self._gone.clear()
        self._hooks.on_gone(())
        limits = [(one.destination, one.max_per_minute) for one in self._integrations.values() if one.max_per_minute]
        self._pacing.limits = {
            destination: min(n for one, n in limits if one == destination) for destination, _ in limits
        }
        self._condenser.replace(digester, self._integrations.values(), told_instead)
        self._leases.replace(one_by_one=self._pacing.limits.keys() | self._condenser.destinations)
        timeouts = (one.timeout for one in self._integrations.values())
        self._lease_for = max(timeouts, default=timedelta()) + LEASE_MARGIN

    def wake(self) -> None:
        """Look at the outbox now."""
        self._alarm.ring()

    async def start(self) -> None:
        """Take back what this process had leased in an earlier life; call once, before `run`."""
        now = self._clock.now()
        await self._remember_attempts(now)
        await self._recover(await self._store.lost_leases(at=now, owner=self._owner))

    async def _remember_attempts(self, now: datetime) -> None:
        """What was sent in the last minute, in an earlier life, counts for destinations that take so many a minute."""
        if not self._pacing.limits:
            return
        destinations = {place(*key): one.destination for key, one in self._integrations.items()}
        for event in reversed(await self._store.events(since=now - WINDOW, limit=MOST_ATTEMPTS)):
            # Nothing waits for a clock that was set back while nobody ran.
            if event.kind is EventKind.ATTEMPT and event.receiver in destinations and event.at <= now:
                self._pacing.attempted(destinations[event.receiver], event.at)

    async def run(self) -> None:
        """Deliver until `stop`, or until cancelled; then every lease that was not used up is given back."""
        try:
            while not self._stopping:
                try:
                    wake_at = await self._step()
                except StoreError as error:
                    log.error("delivery_failed", error=str(error), retry_seconds=STORE_PAUSE.total_seconds())
                    wake_at = self._clock.now() + STORE_PAUSE
                await self._alarm.wait_until(wake_at)
        finally:
            await self._give_back()

    async def stop(self, within: timedelta) -> None:
        """Lease nothing more and wait up to `within` for the attempts under way; `run` then ends and gives back the rest."""
        self._stopping = True
        if self._attempts:
            await asyncio.wait(self._attempts, timeout=within.total_seconds())
        self._alarm.ring()

    async def _step(self) -> datetime:
        """Begin whatever may begin now; returns when to look again if nobody rings before."""
        if by := self._set_back.by():
            self._paused = {destination: until - by for destination, until in self._paused.items()}
            self._pacing.set_back(by)
            self._recover_at = self._clock.now()
            self._waits_are_right = False
        await self._pull_in()
        now = self._clock.now()
        self._paused = {destination: until for destination, until in self._paused.items() if until > now}
        await self._recover_ended(now)
        await self._release(self._leases.unused(now))
        room = self._leases.room
        if room > 0 and not self._stopping:
            await self._condense(now)
            leased = await self._lease(now, room)
            for delivery in leased:
                self._pacing.attempted(delivery.destination, now)
            self._leases.take(leased, now)
            self._leases.give_back(self._paused)  # to those that asked for a pause meanwhile
            self._begin_what_may()
            await self._release(self._leases.unused(now))
        next_at = await self._store.next_delivery_at(after=now, skip=self._paused)
        waits = next_at, *self._paused.values(), self._pacing.free_at(now), self._leases.look_at(), now + LONGEST_IDLE
        return min(filter(None, waits))

    async def _pull_in(self) -> None:
        """Have nothing wait for a clock that was set back, here or while nobody ran, to be again where it was."""
        if self._waits_are_right:
            return
        async with self._store.transaction() as tx:
            tx.pull_in_deliveries(self._clock.now())
        self._waits_are_right = True

    async def _recover_ended(self, now: datetime) -> None:
        """Queue again, now and then, what was leased and not recorded: here, or by some process until its lease ended."""
        if now < self._recover_at:
            return
        under_way = self._leases.waiting | {delivery.id for delivery in self._attempts.values()}
        lost = await self._store.lost_leases(at=now, owner=self._owner)
        await self._recover([one for one in lost if one.id not in under_way])
        self._recover_at = now + LONGEST_IDLE

    async def _condense(self, now: datetime) -> None:
        for digest, deliveries in await self._condenser.condense(now, skip=self._paused):
            stream = digest.stream
            self._hooks.on_condensed(receiver=stream.receiver, integration=stream.integration, deliveries=deliveries)

    async def _lease(self, now: datetime, room: int) -> Sequence[Delivery]:
        return await self._store.lease_deliveries(
            at=now,
            limit=room,
            per_destination=self._limits.per_destination,
            lease_until=now + self._lease_for,
            owner=self._owner,
            room=self._pacing.room(now) | dict.fromkeys(self._paused, 0),
            ahead=self._leases.ahead,
        )

    def _begin_what_may(self) -> None:
        while not self._stopping and (delivery := self._leases.next()) is not None:
            task = asyncio.create_task(self._attempt(delivery), name=f"deliver {delivery.id}")
            self._attempts[task] = delivery
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        delivery = self._attempts.pop(task)
        self._answered.discard(delivery.id)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("attempt_crashed", task=task.get_name(), exc_info=error)
        if self._leases.is_low(delivery.destination):
            self._alarm.ring()

    async def _attempt(self, delivery: Delivery) -> None:
        started = self._clock.monotonic()
        outcome = await self._send(delivery)
        seconds = self._clock.monotonic() - started
        self._take_answer(delivery, outcome, seconds)
        try:
            recorded = await self._recorder.record(delivery, outcome, seconds=seconds, at=self._clock.now())
        except StoreError as error:
            log.error("delivery_not_recorded", delivery=delivery.id, error=str(error), next="sent again")
            return
        for group_key in recorded.delivered_groups:
            self._delivered(group_key)
        report(self._hooks, recorded, outcome, seconds)

    async def _send(self, delivery: Delivery) -> Outcome:
        stream = delivery.stream
        key = stream.receiver, stream.integration, stream.index
        integration = self._integrations.get(key)
        if key in self._gone:
            return Rejected(why=f"left alone until the next reload: {self._gone[key]}", cause=Cause.CLIENT_ERROR)
        if integration is None:
            return Rejected(why="the receiver is no longer configured", cause=Cause.OTHER)
        try:
            async with asyncio.timeout((integration.timeout + LEASE_MARGIN / 2).total_seconds()):
                return await integration.send(delivery, at=self._clock.now())
        except TimeoutError:
            return Retry(why="no answer in time", cause=Cause.TIMEOUT, answered=False)
        except Exception as error:  # a bug in a receiver must not take the others down
            log.exception("receiver_failed", receiver=stream.receiver, integration=stream.integration)
            return Retry(why=f"internal error ({type(error).__name__})", cause=Cause.OTHER, answered=False)

    def _take_answer(self, delivery: Delivery, outcome: Outcome, seconds: float) -> None:
        """Let the next one begin while this one is being recorded."""
        if isinstance(outcome, Retry) and outcome.after is not None and outcome.pauses:
            self._paused[delivery.destination] = self._clock.now() + outcome.after
        if isinstance(outcome, Rejected) and outcome.gone:
            self._leave_alone(delivery.stream, outcome.why)
        self._answered.add(delivery.id)
        self._leases.ended(delivery, took=timedelta(seconds=seconds) if isinstance(outcome, Delivered) else None)
        self._begin_what_may()

    def _leave_alone(self, stream: Stream, why: str) -> None:
        self._gone[stream.receiver, stream.integration, stream.index] = why
        self._hooks.on_gone([(receiver, integration) for receiver, integration, _ in self._gone])
        log.error("integration_gone", receiver=place_of(stream), error=why, next="left alone until the next reload")

    async def _recover(self, lost: Sequence[Delivery]) -> None:
        """Queue again what was leased and never recorded."""
        if not lost:
            return
        await self._recorder.take_back(lost, at=self._clock.now())
        log.warning("leases_lost", deliveries=len(lost), next="sent again under the same id")

    async def _give_back(self) -> None:
        """End the attempts under way and queue their deliveries again; whose answer is known are recorded."""
        self._stopping = True
        attempts = dict(self._attempts)
        for task, delivery in attempts.items():
            if delivery.id not in self._answered:
                task.cancel()
        await asyncio.gather(*attempts, return_exceptions=True)
        await self._release(self._leases.all_unused())
        await self._recover([delivery for task, delivery in attempts.items() if task.cancelled()])

    async def _release(self, unused: Sequence[Delivery]) -> None:
        """Queue again what was leased and not begun."""
        if unused:
            async with self._store.transaction() as tx:
                tx.release_deliveries(unused)
