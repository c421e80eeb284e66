"""Posted alerts in SQLite: each is a row with a number, so that new ones are added at the end of the table.

Found by its labels instead, every new alert would change a page of an index somewhere in its middle; such pages were most
of what saving alerts cost.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from alertd.alerts.posted import PostedAlert
from alertd.labels import LabelSet
from alertd.store.codec import decode_posted, encode, microseconds
from alertd.store.sqlite_file import queries

_SQL = queries()


class PostedRows:
    """Knows the number of every alert that is saved. Used by the writer's thread alone."""

    def __init__(self) -> None:
        self._numbers: dict[LabelSet, int] | None = None  # None: to be read from the database
        self._next = 1

    def load(self, connection: sqlite3.Connection) -> list[PostedAlert]:
        """All alerts, the oldest row first."""
        rows = connection.execute(_SQL["posted_alerts"]).fetchall()
        alerts = [decode_posted(blob) for _, blob in rows]
        self._numbers = {alert.labels: number for (number, _), alert in zip(rows, alerts, strict=True)}
        self._next = max(self._numbers.values(), default=0) + 1
        return alerts

    def put(self, connection: sqlite3.Connection, alerts: Sequence[PostedAlert]) -> None:
        """Save these copies instead of those that are there."""
        numbers = self._known(connection)
        rows = []
        for alert in alerts:
            number = numbers.get(alert.labels)
            if number is None:
                number = numbers[alert.labels] = self._next
                self._next += 1
            rows.append((number, microseconds(alert.updated_at), encode(alert)))
        connection.executemany(_SQL["put_posted"], rows)

    def drop(self, connection: sqlite3.Connection, alerts: Sequence[PostedAlert]) -> None:
        """Delete these very copies; one that was handed on since stays."""
        numbers = self._known(connection)
        for alert in alerts:
            version = (numbers.get(alert.labels), microseconds(alert.updated_at))
            if connection.execute(_SQL["drop_posted"], version).rowcount:
                del numbers[alert.labels]

    def forget(self) -> None:
        """What was written was rolled back: what is known may be wrong, and is read again."""
        self._numbers = None

    def _known(self, connection: sqlite3.Connection) -> dict[LabelSet, int]:
        if self._numbers is None:
            self.load(connection)
        assert self._numbers is not None
        return self._numbers
