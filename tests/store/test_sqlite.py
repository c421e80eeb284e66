"""What SQLite alone must do: survive, be upgraded, and say clearly what is wrong with its file."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from alertd.alerts.posted import PostedAlert
from alertd.errors import StoreError
from alertd.notify.history import Event, EventKind
from alertd.notify.outbox import Delivery
from alertd.store import sqlite_file, sqlite_history
from alertd.store.codec import encode, labels_key, microseconds
from alertd.store.settings import StorageSettings
from alertd.store.sqlite import SqliteStore
from alertd.store.sqlite_file import FILE_NAME, Migration, connect, migrations
from tests.support.builders import a_delivery, a_posted_alert


async def open_store(folder: Path) -> SqliteStore:
    return await SqliteStore.open(StorageSettings(path=folder))


async def enqueue(store: SqliteStore, *deliveries: Delivery) -> None:
    async with store.transaction() as tx:
        for delivery in deliveries:
            tx.enqueue(delivery)


async def test_what_was_committed_is_there_after_opening_again(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "made" / "on demand")
    await enqueue(store, delivery := a_delivery())
    await store.close()
    store = await open_store(tmp_path / "made" / "on demand")
    assert list(await store.deliveries()) == [delivery]
    await store.close()


WRITER = """
import asyncio, sys
from pathlib import Path
from alertd.store.settings import StorageSettings
from alertd.store.sqlite import SqliteStore
from tests.support.builders import a_posted_alert

async def main():
    store = await SqliteStore.open(StorageSettings(path=Path(sys.argv[1])))
    for number in range(1_000_000):
        async with store.transaction() as tx:
            tx.put_posted([a_posted_alert(n=str(number), half=half) for half in ("1", "2")])
        print(number, flush=True)

asyncio.run(main())
"""


async def test_kill_9_loses_no_commit_and_leaves_no_half_transaction(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(tmp_path), stdout=asyncio.subprocess.PIPE, cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert process.stdout is not None
    for _ in range(20):
        last = int(await asyncio.wait_for(process.stdout.readline(), 30))
    process.send_signal(signal.SIGKILL)
    rest, _ = await asyncio.wait_for(process.communicate(), 30)
    printed = [int(line) for line in rest.splitlines() if line.isdigit()]
    committed = max([last, *printed])
    store = await open_store(tmp_path)
    numbers = [int(alert.labels["n"]) for alert in await store.posted_alerts()]
    await store.close()
    assert {number: numbers.count(number) for number in set(numbers)} == dict.fromkeys(range(max(numbers) + 1), 2)
    assert max(numbers) >= committed


async def test_transactions_that_pile_up_are_committed_together(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    await asyncio.gather(*(enqueue(store, a_delivery()) for _ in range(200)))
    assert len(await store.deliveries(limit=1000)) == 200
    await store.close()


async def test_one_bad_transaction_does_not_hurt_its_neighbours(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    before, twice, beside = a_delivery(), a_delivery(), a_delivery()
    results = await asyncio.gather(
        enqueue(store, before), enqueue(store, twice, twice), enqueue(store, beside), return_exceptions=True
    )
    assert [type(result) for result in results] == [type(None), StoreError, type(None)]
    assert {one.id for one in await store.deliveries()} == {before.id, beside.id}
    await store.close()


async def test_what_failed_is_remembered_until_the_next_change_is_saved(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    delivery = a_delivery()
    await enqueue(store, delivery)
    with pytest.raises(StoreError):
        await enqueue(store, delivery)
    assert "UNIQUE" in store.write_error
    await store.deliveries()
    assert store.write_error, "reading proves nothing"
    await enqueue(store, a_delivery())
    assert store.write_error == ""
    await store.close()


async def test_an_alert_whose_going_was_rolled_back_is_kept_once(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    alert, twice = a_posted_alert(n="1"), a_delivery()
    async with store.transaction() as tx:
        tx.put_posted([alert])
    with pytest.raises(StoreError):
        await _drop_and_enqueue(store, alert, twice, twice)
    async with store.transaction() as tx:
        tx.put_posted([alert])
    assert await store.posted_alerts() == [alert]
    async with store.transaction() as tx:
        tx.drop_posted([alert])
    await store.close()
    store = await open_store(tmp_path)
    assert await store.posted_alerts() == []
    await store.close()


async def _drop_and_enqueue(store: SqliteStore, alert: PostedAlert, *deliveries: Delivery) -> None:
    async with store.transaction() as tx:
        tx.drop_posted([alert])
        for delivery in deliveries:
            tx.enqueue(delivery)


async def test_alerts_saved_before_they_had_numbers_are_kept(tmp_path: Path) -> None:
    alerts = [a_posted_alert(n=str(n)) for n in range(3)]
    connection = connect(tmp_path / FILE_NAME, [one for one in migrations() if one.version < 9])
    for alert in alerts:
        row = (labels_key(alert.labels), microseconds(alert.updated_at), encode(alert))
        connection.execute("INSERT INTO posted_alerts VALUES (?, ?, ?)", row)
    connection.close()
    store = await open_store(tmp_path)
    async with store.transaction() as tx:
        tx.drop_posted(alerts[:1])
        tx.put_posted([newer := replace(alerts[1], updated_at=alerts[1].updated_at + timedelta(seconds=1))])
    assert await store.posted_alerts() == [newer, alerts[2]]
    await store.close()


async def test_events_are_found_by_their_alert_before_and_after_they_are_in_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_history, "AT_ONCE", 5)
    store = await open_store(tmp_path)
    start = datetime(2026, 1, 5, tzinfo=UTC)
    events = [
        Event(at=start + timedelta(minutes=n), kind=EventKind.TRANSITION, what=str(n), fingerprint=f"{n % 2:016x}")
        for n in range(33)
    ]
    for event in events:
        async with store.transaction() as tx:
            tx.add_events([event])
        mine = [one for one in events[: events.index(event) + 1] if one.fingerprint == event.fingerprint]
        assert list(await store.events(fingerprint=event.fingerprint)) == mine[::-1]
    for kept in (20, 31, 33):  # the last time all of them go, and their numbers are given out again
        async with store.transaction() as tx:
            tx.expire_events(start + timedelta(minutes=kept))
        odd = [one for one in events[kept:] if one.fingerprint.endswith("1")]
        assert list(await store.events(fingerprint="0000000000000001")) == odd[::-1]
    for count in range(1, 8):
        async with store.transaction() as tx:
            tx.add_events([events[1]])
        assert list(await store.events(fingerprint=events[1].fingerprint)) == [events[1]] * count
    await store.close()


async def test_a_cancelled_caller_leaves_the_store_working(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    cancelled = asyncio.create_task(enqueue(store, a_delivery()))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    await enqueue(store, delivery := a_delivery())
    assert delivery in await store.deliveries()
    await store.close()


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    await store.close()
    with pytest.raises(StoreError, match="is closed"):
        await store.posted_alerts()


async def test_two_processes_cannot_share_a_folder(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    with pytest.raises(StoreError, match="in use by another alertd; stop it"):
        await open_store(tmp_path)
    await store.close()
    await (await open_store(tmp_path)).close()


def garbage(data: bytes) -> bytes:
    return b"garbage" * 1000


def half_garbage(data: bytes) -> bytes:
    """The schema can still be read."""
    return data[: len(data) // 2] + b"\xff" * (len(data) - len(data) // 2)


@pytest.mark.parametrize("damage", [garbage, half_garbage])
async def test_a_damaged_file_is_moved_aside_and_named_and_an_empty_one_begun(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    store = await open_store(tmp_path)
    async with store.transaction() as tx:
        tx.put_posted([a_posted_alert(n=str(n)) for n in range(500)])
    await store.close()
    damaged = damage((tmp_path / FILE_NAME).read_bytes())
    (tmp_path / FILE_NAME).write_bytes(damaged)
    with capture_logs() as lines:
        store = await open_store(tmp_path)
    assert await store.posted_alerts() == []
    await store.close()
    aside = tmp_path / f"{FILE_NAME}.damaged-1"
    assert aside.read_bytes() == damaged, "nothing of it is lost"
    (line,) = [line for line in lines if line["event"] == "database_damaged"]
    assert (line["log_level"], line["moved_to"]) == ("error", str(aside))
    assert f"{FILE_NAME}: " in line["error"]


async def test_a_second_damaged_file_does_not_replace_the_first(tmp_path: Path) -> None:
    for _ in range(2):
        (tmp_path / FILE_NAME).write_bytes(b"garbage" * 1000)
        await (await open_store(tmp_path)).close()
    assert {f"{FILE_NAME}.damaged-{n}" for n in (1, 2)} <= set(os.listdir(tmp_path))


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"storage path .*file/data: Not a directory"):
        await open_store(tmp_path / "file" / "data")


def test_a_schema_newer_than_this_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    future = [*migrations(), Migration(9999, "9999_future.sql", "CREATE TABLE future (x INTEGER) STRICT;")]
    connect(path, future).close()
    with pytest.raises(StoreError, match=r"written by a newer alertd \(schema 9999, this one knows \d+\)"):
        connect(path, migrations())


def test_a_migration_changed_after_it_was_applied_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    connect(path, [Migration(1, "0001_first.sql", "CREATE TABLE a (x INTEGER) STRICT;")]).close()
    with pytest.raises(StoreError, match=r"migration 0001_first\.sql is not the one it was made with"):
        connect(path, [Migration(1, "0001_first.sql", "CREATE TABLE b (x INTEGER) STRICT;")])


def test_a_migration_that_fails_leaves_the_older_schema(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    first = Migration(1, "0001_first.sql", "CREATE TABLE a (x INTEGER) STRICT;")
    broken = Migration(2, "0002_broken.sql", "CREATE TABLE b (x INTEGER) STRICT;\nCREATE TABLE a (x INTEGER) STRICT;")
    with pytest.raises(StoreError, match="table a already exists"):
        connect(path, [first, broken])
    connection = connect(path, [first])
    tables = {row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    assert tables == {"migrations", "a"}


def test_migrations_are_numbered_without_gaps() -> None:
    assert [migration.version for migration in migrations()] == list(range(1, len(migrations()) + 1))


def test_every_query_is_one_that_the_schema_answers(tmp_path: Path) -> None:
    connection = connect(tmp_path / FILE_NAME, migrations())
    for name, sql in sqlite_file.queries().items():
        try:
            connection.execute("EXPLAIN " + sql, (None,) * sql.count("?") or Anything())
        except sqlite3.Error as error:
            pytest.fail(f"{name}: {error}")
    connection.close()


class Anything(dict[str, object]):
    """Parameters for any query."""

    def __missing__(self, name: str) -> object:
        return "[]"
