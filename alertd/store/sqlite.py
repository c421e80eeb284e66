"""The SQLite store: one file, one writer thread, every commit on disk before it returns."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from alertd.alerts.alert import Alert
from alertd.alerts.keeping import RuleMemory, SavedGroup
from alertd.alerts.posted import PostedAlert
from alertd.dispatch.grouping import GroupTimer
from alertd.dispatch.silences import Silence
from alertd.labels import LabelSet
from alertd.notify.history import Event
from alertd.notify.log import LogEntry
from alertd.notify.numbering import Numbered
from alertd.notify.outbox import MOST_IN_A_CROWD, Crowding, Delivery, DeliveryState, OutboxStats
from alertd.store.codec import (
    decode_alert,
    decode_entry,
    decode_silence,
    encode,
    labels_key,
    microseconds,
    time_of,
)
from alertd.store.settings import StorageSettings
from alertd.store.sqlite_file import FILE_NAME, lock, migrations, open_or_begin_anew, queries
from alertd.store.sqlite_history import HistoryRows
from alertd.store.sqlite_posted import PostedRows
from alertd.store.sqlite_rows import delivery_of, delivery_row, entry_row, event_of, number_of, number_row, outcome_row
from alertd.store.sqlite_writer import SqliteWriter

T = TypeVar("T")

_SQL = queries()


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows that are written with the same query."""

    query: str
    rows: list[dict[str, Any]]

    def __call__(self, connection: sqlite3.Connection) -> object:
        return connection.executemany(_SQL[self.query], self.rows)


class SqliteTransaction:
    """Records what is to be written; it is written and committed together."""

    def __init__(self, posted: PostedRows, history: HistoryRows) -> None:
        self.steps: list[Callable[[sqlite3.Connection], object]] = []
        self._posted = posted
        self._history = history

    def _add(self, query: str, *rows: dict[str, Any]) -> None:
        if not rows:
            return
        last = self.steps[-1] if self.steps else None
        if isinstance(last, _Rows) and last.query == query:
            last.rows.extend(rows)
        else:
            self.steps.append(_Rows(query, list(rows)))

    def run(self, connection: sqlite3.Connection) -> None:
        for step in self.steps:
            step(connection)

    def save_group(self, group_key: str, evaluated_at: datetime) -> None:
        self._add("save_group", {"group_key": group_key, "evaluated_at": microseconds(evaluated_at)})

    def drop_group(self, group_key: str) -> None:
        self._add("drop_group", {"group_key": group_key})
        self._add("drop_group_alerts", {"group_key": group_key})
        self._add("drop_group_memory", {"group_key": group_key})

    def save_alerts(self, group_key: str, rule_identity: str, alerts: Sequence[Alert]) -> None:
        rule = {"group_key": group_key, "rule": rule_identity}
        self._add("save_alert", *(rule | {"labels": labels_key(one.labels), "alert": encode(one)} for one in alerts))

    def drop_alerts(self, group_key: str, rule_identity: str, labels: Sequence[LabelSet]) -> None:
        rule = {"group_key": group_key, "rule": rule_identity}
        self._add("drop_alert", *(rule | {"labels": labels_key(one)} for one in labels))

    def save_memory(self, memory: RuleMemory) -> None:
        self._add("save_memory", {"group_key": memory.group_key, "rule": memory.rule, "memory": memory.memory})

    def drop_memory(self, group_key: str, rule_identity: str) -> None:
        self._add("drop_memory", {"group_key": group_key, "rule": rule_identity})

    def put_posted(self, alerts: Sequence[PostedAlert]) -> None:
        if alerts:
            self.steps.append(partial(self._posted.put, alerts=tuple(alerts)))

    def drop_posted(self, alerts: Sequence[PostedAlert]) -> None:
        if alerts:
            self.steps.append(partial(self._posted.drop, alerts=tuple(alerts)))

    def put_group_timer(self, timer: GroupTimer) -> None:
        self._add("put_group_timer", {"group_key": timer.group_key, "next_at": microseconds(timer.next_at)})

    def drop_group_timer(self, group_key: str) -> None:
        self._add("drop_group_timer", {"group_key": group_key})

    def put_silence(self, silence: Silence) -> None:
        self._add("put_silence", {"id": silence.id, "silence": encode(silence)})

    def drop_silences(self, ids: Collection[str]) -> None:
        self._add("drop_silence", *({"id": one} for one in ids))

    def put_numbers(self, numbers: Sequence[Numbered]) -> None:
        self._add("put_number", *map(number_row, numbers))

    def put_log_entry(self, entry: LogEntry) -> None:
        self._add("put_log_entry", entry_row(entry))

    def expire_log(self, before: datetime) -> None:
        self._add("expire_log", {"before": microseconds(before)})

    def enqueue(self, delivery: Delivery, *, supersedes: Sequence[str] = ()) -> None:
        self.supersede(supersedes)
        self._add("enqueue", delivery_row(delivery))

    def supersede(self, ids: Sequence[str]) -> None:
        self._add("supersede", *({"id": one} for one in ids))

    def condense(self, digest: Delivery, ids: Sequence[str]) -> None:
        self._add("enqueue", delivery_row(digest))
        self._add("condense", *({"id": one} for one in ids))
        self._add("put_digest_entry", *({"digest": digest.id, "id": one} for one in ids))

    def record_condensed(self, delivery: Delivery, entry: LogEntry | None, *, digest: Delivery) -> None:
        if entry is not None:
            self._add("put_log_entry_of_lease", entry_row(entry) | {"id": digest.id, "attempts": digest.attempts})
        row = outcome_row(delivery) | {"digest": digest.id, "digest_attempts": digest.attempts}
        self._add("record_condensed", row)

    def record_delivery(self, delivery: Delivery, entry: LogEntry | None = None) -> None:
        if entry is not None:
            lease = {"id": delivery.id, "attempts": delivery.attempts}
            self._add("put_log_entry_of_lease", entry_row(entry) | lease)
        self._add("record_delivery", outcome_row(delivery))

    def release_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        self._add("release_delivery", *({"id": one.id, "attempts": one.attempts} for one in deliveries))

    def pull_in_deliveries(self, at: datetime) -> None:
        self._add("pull_in_deliveries", {"at": microseconds(at)})

    def delete_deliveries(self, before: datetime) -> None:
        self._add("delete_deliveries", {"before": microseconds(before)})

    def add_events(self, events: Sequence[Event]) -> None:
        if events:
            self.steps.append(partial(self._history.add, events=tuple(events)))

    def expire_events(self, before: datetime) -> None:
        self.steps.append(partial(self._history.expire, before=before))


class SqliteStore:
    """Implements `engine.ports.Store`."""

    def __init__(self, connection: sqlite3.Connection, path: Path, lock_file: IO[str]) -> None:
        self._posted = PostedRows()
        self._history = HistoryRows()
        self._writer = SqliteWriter(connection, path, rolled_back=self._posted.forget)
        self._lock_file = lock_file

    @classmethod
    async def open(cls, settings: StorageSettings) -> SqliteStore:
        """Open (or make) the database in the storage path; raises StoreError. A damaged one is moved aside."""
        return await asyncio.to_thread(cls._open, settings.path)

    @classmethod
    def _open(cls, folder: Path) -> SqliteStore:
        lock_file = lock(folder)
        path = folder / FILE_NAME
        try:
            return cls(open_or_begin_anew(path, migrations()), path, lock_file)
        except BaseException:
            lock_file.close()
            raise

    @property
    def write_error(self) -> str:
        return self._writer.write_error

    async def close(self) -> None:
        """Close the file; another process may open it then."""
        await self._writer.close()
        self._lock_file.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqliteTransaction]:
        tx = SqliteTransaction(self._posted, self._history)
        yield tx
        if tx.steps:
            await self._writer.run(tx.run)

    async def _rows(self, query: str, **values: Any) -> list[sqlite3.Row]:
        return await self._writer.run(lambda connection: connection.execute(_SQL[query], values).fetchall())

    async def _values(self, make: Callable[[sqlite3.Row], T], query: str, **values: Any) -> list[T]:
        """As `_rows`, made into values in the writer's thread: many of them take their time."""
        return await self._writer.run(lambda connection: [make(row) for row in connection.execute(_SQL[query], values)])

    async def load_rule_alerts(self) -> Sequence[SavedGroup]:
        alerts: dict[str, dict[str, list[Alert]]] = defaultdict(lambda: defaultdict(list))
        for row in await self._rows("rule_alerts"):
            alerts[row["group_key"]][row["rule"]].append(decode_alert(row["alert"]))
        return [
            SavedGroup(group_key=key, evaluated_at=time_of(at), alerts={r: tuple(a) for r, a in alerts[key].items()})
            for key, at in await self._rows("rule_groups")
        ]

    async def rule_memories(self) -> Sequence[RuleMemory]:
        return [RuleMemory(**row) for row in await self._rows("rule_memories")]

    async def posted_alerts(self) -> Sequence[PostedAlert]:
        return await self._writer.run(self._posted.load)

    async def group_timers(self) -> Sequence[GroupTimer]:
        return [GroupTimer(group_key=key, next_at=time_of(at)) for key, at in await self._rows("group_timers")]

    async def silences(self) -> Sequence[Silence]:
        return [decode_silence(row["silence"]) for row in await self._rows("silences")]

    async def numbers(self) -> Sequence[Numbered]:
        return [number_of(row) for row in await self._rows("numbers")]

    async def log_entries(self, group_keys: Collection[str]) -> Sequence[LogEntry]:
        return await self._values(lambda row: decode_entry(row["entry"]), "log_entries", group_keys=_json(group_keys))

    async def open_deliveries(self, group_keys: Collection[str]) -> Sequence[Delivery]:
        return await self._values(delivery_of, "open_deliveries", group_keys=_json(group_keys))

    async def lease_deliveries(
        self,
        *,
        at: datetime,
        limit: int,
        per_destination: int,
        lease_until: datetime,
        owner: str,
        room: Mapping[str, int],
        ahead: Mapping[str, int],
    ) -> Sequence[Delivery]:
        lease = {"owner": owner, "until": microseconds(lease_until)}
        bounds = _Room(limit=limit, per_destination=per_destination, now=room, ahead=ahead)
        rows = await self._writer.run(lambda connection: _lease(connection, microseconds(at), lease, bounds))
        return sorted(map(delivery_of, rows), key=lambda delivery: delivery.id)

    async def crowds(self, crowding: Sequence[Crowding], *, at: datetime, above: int) -> Sequence[Sequence[Delivery]]:
        return await self._writer.run(lambda connection: _crowds(connection, crowding, microseconds(at), above))

    async def condensed(self, digest_id: str) -> Sequence[Delivery]:
        return await self._values(delivery_of, "condensed", digest=digest_id)

    async def lost_leases(self, *, at: datetime, owner: str = "") -> Sequence[Delivery]:
        return await self._values(delivery_of, "lost_leases", at=microseconds(at), owner=owner)

    async def next_delivery_at(self, *, after: datetime, skip: Collection[str]) -> datetime | None:
        rows = await self._rows("next_delivery_at", after=microseconds(after), skip=_json(skip))
        return time_of(rows[0]["next_at"]) if rows else None

    async def deliveries(
        self, *, state: DeliveryState | None = None, group_keys: Collection[str] = (), limit: int = 100
    ) -> Sequence[Delivery]:
        wanted: dict[str, Any] = {"state": state or "", "limit": limit}
        if group_keys:
            rows = await self._rows("deliveries_about", group_keys=_json(group_keys), **wanted)
        else:
            rows = await self._rows("deliveries", **wanted)
        return [delivery_of(row) for row in rows]

    async def events(
        self,
        *,
        fingerprint: str = "",
        group_keys: Collection[str] = (),
        since: datetime | None = None,
        limit: int = 100,
    ) -> Sequence[Event]:
        window = {"since": 0 if since is None else microseconds(since), "limit": limit}
        if not fingerprint and not group_keys:
            return [event_of(row) for row in await self._rows("events", **window)]
        rows = await self._rows("events_about", fingerprint=fingerprint, group_keys=_json(group_keys), **window)
        return [event_of(row) for row in rows]

    async def outbox_stats(self) -> OutboxStats:
        [[oldest]] = await self._rows("oldest_open")
        depth = {DeliveryState(state): count for state, count in await self._rows("depth")}
        return OutboxStats(depth=depth, oldest_at=None if oldest is None else time_of(oldest))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Room:
    """How many deliveries may be leased: in all, per destination, `ahead` of that and no more than `now` to some."""

    limit: int
    per_destination: int
    now: Mapping[str, int]
    ahead: Mapping[str, int]

    def free(self, destination: str, busy: int) -> int:
        """How many to a destination that has `busy` leased already."""
        most = self.per_destination + self.ahead.get(destination, 0)
        return min(most - busy, self.now.get(destination, self.limit), self.limit)


def _lease(connection: sqlite3.Connection, at: int, lease: dict[str, Any], room: _Room) -> list[sqlite3.Row]:
    """Lease what is ready, the longest overdue first."""
    busy = Counter(dict(connection.execute(_SQL["busy_destinations"]).fetchall()))
    ready: list[sqlite3.Row] = []
    for (destination,) in connection.execute(_SQL["queued_destinations"]).fetchall():
        if (free := room.free(destination, busy[destination])) > 0:
            wanted = {"destination": destination, "at": at, "limit": free}
            ready += connection.execute(_SQL["ready_deliveries"], wanted)
    ready.sort(key=tuple)
    ids = _json([one["id"] for one in ready[: room.limit]])
    return connection.execute(_SQL["lease"], lease | {"ids": ids}).fetchall()


def _crowds(connection: sqlite3.Connection, crowding: Sequence[Crowding], at: int, above: int) -> list[list[Delivery]]:
    """Made into values here, in the writer's thread: a crowd is large."""
    crowds = []
    for one in crowding:
        wanted = {"receiver": one.receiver, "integration": one.integration, "idx": one.index, "at": at}
        cursor = connection.execute(_SQL["crowd"], wanted | {"kinds": _json(one.kinds), "limit": MOST_IN_A_CROWD})
        if len(first := cursor.fetchmany(above + 1)) > above:
            crowds.append([delivery_of(row) for row in (*first, *cursor.fetchall())])
    return crowds


def _json(values: Collection[str]) -> str:
    return msgspec.json.encode(list(values)).decode()
