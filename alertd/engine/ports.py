"""What the loops need from the outside: a store with transactions, and integrations that send."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

from alertd.alerts.keeping import AlertStore, AlertWrites, SavedGroup
from alertd.dispatch.grouping import GroupTimer
from alertd.dispatch.silences import SilenceStore, SilenceWrites
from alertd.notify.history import History, HistoryWrites
from alertd.notify.log import NotificationLog, NotificationLogWrites
from alertd.notify.numbering import NumberStore, NumberWrites
from alertd.notify.outbox import Delivery, Outbox, OutboxWrites, Outcome
from alertd.notify.plan import Channel

__all__ = ["Integration", "SavedGroup", "Store", "Transaction"]


class GroupTimerWrites(Protocol):
    def put_group_timer(self, timer: GroupTimer) -> None: ...

    def drop_group_timer(self, group_key: str) -> None: ...


class Transaction(
    AlertWrites,
    GroupTimerWrites,
    SilenceWrites,
    NumberWrites,
    NotificationLogWrites,
    OutboxWrites,
    HistoryWrites,
    Protocol,
):
    """Writes that take effect together, in the order they were made, or not at all."""


class Store(AlertStore, SilenceStore, NumberStore, NotificationLog, Outbox, History, Protocol):
    """Everything that survives a restart. Every method raises StoreError when the storage fails."""

    @property
    def write_error(self) -> str:
        """Why the storage failed since the last change that was saved; empty when it did not."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """`async with store.transaction() as tx`: the writes are recorded in the block and committed at its end.

        Once the block has ended they survive `kill -9` and power loss; an exception in it discards them all.
        """
        ...

    async def group_timers(self) -> Sequence[GroupTimer]: ...

    async def close(self) -> None: ...


class Integration(Channel, Protocol):
    """One configured way to a receiver."""

    @property
    def timeout(self) -> timedelta:
        """How long one attempt may take."""
        ...

    @property
    def max_per_minute(self) -> int:
        """How many attempts its destination may get within a minute; 0: any number."""
        ...

    async def send(self, delivery: Delivery, *, at: datetime) -> Outcome:
        """Make one attempt; never raises for what a receiver does."""
        ...
