"""`Recorder`: saves what became of attempts to deliver, of what a digest told, and what is passed on, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from alertd.alerts.posted import PostedAlert
from alertd.batches import Batches
from alertd.engine.ports import Store, Transaction
from alertd.notify.attempt import Record, after_attempt, after_lost_lease
from alertd.notify.condense import CondensedRecord, after_digest
from alertd.notify.fallback import TOGETHER, Fallback
from alertd.notify.history import Event, attempt, lost_attempt, passed_on
from alertd.notify.history import after_digest as digest_event
from alertd.notify.log import Stream
from alertd.notify.outbox import Delivered, Delivery, DeliveryState, Kind, LeaseLost, Outcome
from alertd.notify.told import Told, by_stream

AT_ONCE = 100
"""Deliveries that are looked through before everybody else gets a turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What was saved about one attempt.

    condensed   deliveries that changed with a digest
    instead     by the id of each dead delivery that is passed on: it, and what is queued about it
    """

    record: Record
    condensed: Sequence[Delivery] = ()
    instead: Mapping[str, tuple[Delivery, Sequence[Delivery]]] = field(default_factory=dict)

    @property
    def delivered_groups(self) -> set[str]:
        """Keys of the groups about which something was delivered."""
        every = (self.record.delivery, *self.condensed)
        return {
            one.stream.group_key
            for one in every
            if one.state is DeliveryState.DELIVERED and one.kind is not Kind.DIGEST
        }


@dataclass(frozen=True, slots=True)
class _Delivered:
    """What is saved of an attempt that ended well."""

    record: Record
    event: Event


class Recorder:
    """Writes records.

    alerts     those of the group with a key
    fallback   where what stays undeliverable is passed on; changed by a reload
    """

    def __init__(self, *, store: Store, random: Random, alerts: Callable[[str], Sequence[PostedAlert]]) -> None:
        self._store = store
        self._random = random
        self._alerts = alerts
        self.fallback: Fallback | None = None
        self._delivered = Batches(self._save_delivered)
        self._passed_on_at: datetime | None = None  # when the first of those that are told together was passed on

    async def record(self, delivery: Delivery, outcome: Outcome, *, seconds: float, at: datetime) -> Recorded:
        """Save an attempt that ended at `at`; raises StoreError."""
        if isinstance(outcome, Delivered) and delivery.kind is not Kind.DIGEST:
            record = after_attempt(delivery, outcome, Told(stream=delivery.stream), at=at, random=self._random)
            await self._delivered.add(_Delivered(record, attempt(record, outcome, seconds=seconds, at=at)))
            return Recorded(record=record)
        return await self._record(delivery, outcome, seconds, at)

    async def _save_delivered(self, batch: Sequence[_Delivered]) -> Sequence[None]:
        """Most attempts end well, and nothing has to be looked up for these."""
        async with self._store.transaction() as tx:
            for one in batch:
                tx.record_delivery(one.record.delivery, one.record.entry)
            tx.add_events([one.event for one in batch])
        return [None] * len(batch)

    async def _record(self, delivery: Delivery, outcome: Outcome, seconds: float, at: datetime) -> Recorded:
        crowd = await self._crowd(delivery)
        told = {} if isinstance(outcome, Delivered) else await self._told([delivery, *crowd])
        known = told.get(delivery.stream, Told(stream=delivery.stream))
        record = after_attempt(delivery, outcome, known, at=at, random=self._random)
        with_it = after_digest(record, outcome, crowd, told, at=at)
        instead = await self._instead([record.delivery, *(one.delivery for one in with_it)], told, at)
        async with self._store.transaction() as tx:
            await self._save_condensed(tx, delivery, with_it)
            tx.record_delivery(record.delivery, record.entry)
            tx.add_events([attempt(record, outcome, seconds=seconds, at=at)])
            changed = [one.delivery for one in with_it if one.delivery.state is not DeliveryState.CONDENSED]
            why = "" if isinstance(outcome, Delivered) else outcome.why
            tx.add_events([digest_event(one, delivery, why=why, at=at) for one in changed])
            for dead, several in instead.values():
                for one in several:
                    tx.enqueue(one)
                tx.add_events([passed_on(dead, one, at=at) for one in several])
        return Recorded(record=record, condensed=changed, instead=instead)

    async def take_back(self, lost: Sequence[Delivery], *, at: datetime) -> None:
        """Queue again what was leased and never recorded; raises StoreError."""
        crowds = {one.id: await self._crowd(one) for one in lost}
        told = await self._told([*lost, *(one for crowd in crowds.values() for one in crowd)])
        async with self._store.transaction() as tx:
            for delivery in lost:
                record = after_lost_lease(delivery, told[delivery.stream], at=at)
                with_it = after_digest(record, LeaseLost(), crowds[delivery.id], told, at=at)
                await self._save_condensed(tx, delivery, with_it)
                tx.record_delivery(record.delivery, record.entry)
            tx.add_events([lost_attempt(delivery, at=at) for delivery in lost])

    async def _crowd(self, delivery: Delivery) -> Sequence[Delivery]:
        return await self._store.condensed(delivery.id) if delivery.kind is Kind.DIGEST else ()

    async def _told(self, deliveries: Iterable[Delivery]) -> dict[Stream, Told]:
        keys = {delivery.stream.group_key for delivery in deliveries}
        open_deliveries = await self._store.open_deliveries(keys)
        return by_stream(await self._store.log_entries(keys), open_deliveries)

    async def _instead(
        self, ended: Iterable[Delivery], told: Mapping[Stream, Told], at: datetime
    ) -> dict[str, tuple[Delivery, Sequence[Delivery]]]:
        if self.fallback is None:
            return {}
        instead: dict[str, tuple[Delivery, Sequence[Delivery]]] = {}
        for dead in filter(self.fallback.takes, ended):
            next_at = self._next_passing_on(at)
            alerts = self._alerts(dead.stream.group_key)
            if several := self.fallback.deliveries(dead, alerts, told, at=at, next_at=next_at):
                self._passed_on_at = at if next_at == at else self._passed_on_at
                instead[dead.id] = dead, several
                await asyncio.sleep(0)  # each of them was rendered
        return instead

    def _next_passing_on(self, at: datetime) -> datetime:
        """At once, unless something was passed on a moment ago: then together with whatever else comes until then."""
        last = self._passed_on_at
        return last + TOGETHER if last is not None and last <= at < last + TOGETHER else at

    async def _save_condensed(self, tx: Transaction, digest: Delivery, records: Sequence[CondensedRecord]) -> None:
        """To be called before the digest itself is recorded."""
        for number, one in enumerate(records):
            tx.record_condensed(one.delivery, one.entry, digest=digest)
            if number % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
