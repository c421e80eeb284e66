"""Opening a SQLite database: the lock, the pragmas, the migrations, and errors a person can act on."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import IO

import structlog

from alertd.errors import StoreError

log = structlog.get_logger(__name__)

FILE_NAME = "alertd.db"
LOCK_NAME = "alertd.lock"

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # FULL: a commit is on disk before it returns. NORMAL would survive kill -9, but lose the last commits with the power.
    "PRAGMA synchronous = FULL",
    # 16 MB: a page that changes often is copied into the database less often than it is written.
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA busy_timeout = 5000",
    "PRAGMA foreign_keys = ON",
)

_REMEDIES = {
    sqlite3.SQLITE_CORRUPT: "the file is damaged: stop alertd, move {path} and {path}-wal away (or restore a backup) and start again",
    sqlite3.SQLITE_NOTADB: "the file is no database: move {path} away (or restore a backup) and start again",
    sqlite3.SQLITE_FULL: "no space left: free some on the disk of {path}",
    sqlite3.SQLITE_READONLY: "{path} or its folder is read-only: let the user alertd runs as write there",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened: check that its folder exists and may be written to",
    sqlite3.SQLITE_BUSY: "{path} is locked by another program: end it",
}


_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class DamagedError(StoreError):
    """The file is no database any more."""


def explain(error: sqlite3.Error, path: Path) -> StoreError:
    """The error with the name of the file and what to do about it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    remedy = _REMEDIES.get(code, "look at the disk of {path}").format(path=path)
    kind = DamagedError if code in _DAMAGED else StoreError
    return kind(f"database {path}: {error}; {remedy}")


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> Sequence[Migration]:
    """Every migration, oldest first: `sql/sqlite/NNNN_name.sql`."""
    found = [
        Migration(int(file.name[:4]), file.name, file.read_text())
        for file in files("alertd.store").joinpath("sql/sqlite").iterdir()
        if re.fullmatch(r"\d{4}_\w+\.sql", file.name)
    ]
    return sorted(found, key=lambda migration: migration.version)


def queries() -> Mapping[str, str]:
    """The named queries of `sql/sqlite/queries.sql`."""
    text = files("alertd.store").joinpath("sql/sqlite/queries.sql").read_text()
    _, *parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def lock(folder: Path) -> IO[str]:
    """Take the folder for this process, until the file that is returned is closed or the process ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK_NAME).open("w")
    except OSError as error:
        raise StoreError(f"storage path {folder}: {error.strerror}; give a folder that alertd may write to") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise StoreError(
            f"storage path {folder} is in use by another alertd; stop it, or give this one a folder of its own"
        ) from None
    return file


def open_or_begin_anew(path: Path, known: Sequence[Migration]) -> sqlite3.Connection:
    """As `connect`; a damaged database is moved aside, and an empty one takes its place.

    Whoever is to be paged now must not wait until somebody has repaired what is known of the past.
    """
    try:
        return connect(path, known)
    except DamagedError as error:
        moved = _move_aside(path)
        log.error("database_damaged", error=str(error), moved_to=str(moved), next="an empty one takes its place")
        return connect(path, known)


def _move_aside(path: Path) -> Path:
    """Rename the database and its side files; returns the new name, `alertd.db.damaged-1`."""
    target = next(name for number in count(1) if not (name := path.with_name(f"{path.name}.damaged-{number}")).exists())
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(target.with_name(target.name + suffix))
    return target


def connect(path: Path, known: Sequence[Migration]) -> sqlite3.Connection:
    """Open the database, look whether it is sound, and bring its schema up to date; raises StoreError, DamagedError."""
    _check_permissions(path)
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise explain(error, path) from None
    try:
        connection.row_factory = sqlite3.Row
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise DamagedError(f"database {path}: {found}; {_REMEDIES[sqlite3.SQLITE_CORRUPT].format(path=path)}")
        migrate(connection, known, path)
    except sqlite3.Error as error:
        connection.close()
        raise explain(error, path) from None
    except StoreError:
        connection.close()
        raise
    return connection


def _check_permissions(path: Path) -> None:
    """SQLite opens what it may only read without a word, and gives its side files the same permissions."""
    for one in (path.parent, path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))):
        if one.exists() and not os.access(one, os.W_OK, effective_ids=True):
            raise StoreError(f"database {path}: {one} is read-only: let the user alertd runs as write there")


def migrate(connection: sqlite3.Connection, known: Sequence[Migration], path: Path) -> None:
    """Apply what is missing, each migration in a transaction of its own; refuse a schema this alertd does not know."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT"
    )
    applied = {
        row["version"]: row["checksum"] for row in connection.execute("SELECT version, checksum FROM migrations")
    }
    newest = max((migration.version for migration in known), default=0)
    if max(applied, default=0) > newest:
        raise StoreError(
            f"database {path} was written by a newer alertd (schema {max(applied)}, this one knows {newest}): "
            f"use that version or a newer one, or give another storage path"
        )
    for migration in known:
        if applied.get(migration.version, migration.checksum) != migration.checksum:
            raise StoreError(
                f"database {path}: migration {migration.name} is not the one it was made with: "
                f"use the alertd that wrote it, or give another storage path"
            )
        if migration.version not in applied:
            _apply(connection, migration)


def _apply(connection: sqlite3.Connection, migration: Migration) -> None:
    try:
        connection.executescript("BEGIN;\n" + migration.sql)
        connection.execute(
            "INSERT INTO migrations VALUES (?, ?, ?)", (migration.version, migration.name, migration.checksum)
        )
        connection.execute("COMMIT")
    except sqlite3.Error:
        connection.rollback()
        raise
