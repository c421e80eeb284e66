"""`Condenser`: has a digest take the place of many notifications that wait for one integration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import structlog

from alertd.alerts.posted import PostedAlert
from alertd.engine.ports import Integration, Store
from alertd.notify.condense import Digester, crowding
from alertd.notify.digest import Tally
from alertd.notify.history import condensed
from alertd.notify.outbox import Crowding, Delivery

log = structlog.get_logger(__name__)

AT_ONCE = 100
"""Deliveries that are looked through, or written, before everybody else gets a turn."""


class Condenser:
    """Looks for crowds in the outbox.

    alerts   those of the group with a key
    """

    def __init__(self, *, store: Store, alerts: Callable[[str], Sequence[PostedAlert]]) -> None:
        self._store = store
        self._alerts = alerts
        self._digester: Digester | None = None
        self._channels: dict[tuple[str, str, int], tuple[Crowding, Integration]] = {}

    def replace(
        self, digester: Digester | None, integrations: Collection[Integration], fallback: Collection[Integration]
    ) -> None:
        """Take a new configuration; without `digester` nothing is condensed."""
        self._digester = digester
        by_place = {(one.receiver, one.integration, one.index): one for one in integrations}
        self._channels = {
            (key := (one.receiver, one.integration, one.index)): (one, by_place[key])
            for one in crowding(integrations, fallback)
        }

    @property
    def destinations(self) -> set[str]:
        """Where digests may go."""
        return {channel.destination for _, channel in self._channels.values()} if self._digester is not None else set()

    async def condense(self, at: datetime, *, skip: Collection[str]) -> Sequence[tuple[Delivery, int]]:
        """The digests that were made, and how many deliveries each tells; none to the destinations in `skip`."""
        digester, channels = self._digester, self._channels
        wanted = [one for one, channel in channels.values() if channel.destination not in skip]
        if digester is None or not wanted:
            return ()
        digests = []
        for crowd in await self._store.crowds(wanted, at=at, above=digester.above):
            stream = crowd[0].stream
            _, channel = channels[stream.receiver, stream.integration, stream.index]
            digests.append((await self._condense(digester, channel, crowd, at), len(crowd)))
        return digests

    async def _condense(
        self, digester: Digester, channel: Integration, crowd: Sequence[Delivery], at: datetime
    ) -> Delivery:
        tally = Tally()
        for number, one in enumerate(crowd):
            tally.add(one, self._alerts(one.stream.group_key), send_resolved=channel.send_resolved)
            if number % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
        digest = digester.delivery(channel, tally, crowd, at=at)
        async with self._store.transaction() as tx:
            tx.condense(digest, [one.id for one in crowd])
            tx.add_events([condensed(one, digest, at=at) for one in crowd])
        log.warning(
            "notifications_condensed",
            receiver=channel.receiver,
            integration=channel.integration,
            notifications=len(crowd),
            delivery=digest.id,
        )
        return digest
