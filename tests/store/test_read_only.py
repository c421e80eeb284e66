"""A database that may only be read: told at the start, and while alertd runs nothing is answered for that is not saved."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from alertd.errors import StoreError
from alertd.store.settings import StorageSettings
from alertd.store.sqlite import SqliteStore
from alertd.store.sqlite_file import FILE_NAME, connect, migrations
from alertd.store.sqlite_writer import SqliteWriter

NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a database in it, below a folder that everybody may enter."""
    with tempfile.TemporaryDirectory() as above:
        os.chmod(above, 0o755)
        folder = Path(above, "data")
        folder.mkdir(mode=0o777)
        os.chmod(folder, 0o777)
        connect(folder / FILE_NAME, migrations()).close()
        os.chmod(folder / FILE_NAME, 0o666)
        yield folder
        os.chmod(folder, 0o777)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Permissions do not stop root."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


async def test_a_database_that_may_be_written_to_opens(folder: Path) -> None:
    with as_nobody():
        store = await SqliteStore.open(StorageSettings(path=folder))
        await store.close()


@pytest.mark.parametrize("name", [FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm", "."])
async def test_one_that_may_not_is_told_at_the_start_with_the_file_that_is_at_fault(folder: Path, name: str) -> None:
    at_fault = folder / name
    with as_nobody():
        (folder / "alertd.lock").touch()
    if name != ".":
        at_fault.touch()
    os.chmod(at_fault, 0o555 if name == "." else 0o444)
    with as_nobody(), pytest.raises(StoreError) as told:
        await SqliteStore.open(StorageSettings(path=folder))
    assert str(told.value) == (
        f"database {folder / FILE_NAME}: {at_fault} is read-only: let the user alertd runs as write there"
    )
    os.chmod(at_fault, 0o777 if name == "." else 0o666)
    with as_nobody():
        store = await SqliteStore.open(StorageSettings(path=folder))
        await store.close()


async def test_one_that_becomes_read_only_refuses_every_change_until_it_is_writable_again(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    connection = connect(path, migrations())
    connection.execute("CREATE TABLE t (n INTEGER) STRICT")
    writer = SqliteWriter(connection, path, rolled_back=lambda: None)

    async def insert() -> None:
        await writer.run(lambda inside: inside.execute("INSERT INTO t VALUES (1)"))

    try:
        await insert()
        connection.execute("PRAGMA query_only = 1")
        for _ in range(2):
            with pytest.raises(StoreError, match=r"alertd\.db or its folder is read-only: let the user"):
                await insert()
        assert "read-only" in writer.write_error
        connection.execute("PRAGMA query_only = 0")
        await insert()
        assert (connection.execute("SELECT count(*) FROM t").fetchone()[0], writer.write_error) == (2, "")
    finally:
        await writer.close()
