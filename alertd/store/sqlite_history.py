"""History in SQLite: events are added at the end; the index of whose they are follows, thousands at a time.

An event that is not in the index yet is found by reading the newest ones.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from alertd.notify.history import Event
from alertd.store.codec import microseconds
from alertd.store.sqlite_file import queries
from alertd.store.sqlite_rows import event_row

AT_ONCE = 10_000
"""Events that are put into the index together. Reading as many, to find what is not in it, takes some milliseconds."""

_SQL = queries()


class HistoryRows:
    """Adds events and keeps their index. Used by the writer's thread alone."""

    def __init__(self) -> None:
        self._added = AT_ONCE  # nobody knows how many there were before

    def add(self, connection: sqlite3.Connection, events: Sequence[Event]) -> None:
        connection.executemany(_SQL["add_event"], map(event_row, events))
        self._added += len(events)
        if self._added >= AT_ONCE:
            connection.execute(_SQL["index_events"])
            connection.execute(_SQL["events_are_indexed"])
            self._added = 0

    def expire(self, connection: sqlite3.Connection, before: datetime) -> None:
        for query in ("expire_index", "expire_events", "index_ends_with_events"):
            connection.execute(_SQL[query], {"before": microseconds(before)})
