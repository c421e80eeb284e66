"""The numbers of integrations survive what the configuration and the process go through."""

from __future__ import annotations

from pathlib import Path

from alertd.engine.numbers import take_numbers
from alertd.notify.numbering import Configured, Numbered
from alertd.store.settings import StorageSettings
from alertd.store.sqlite import SqliteStore


def hook(identity: str) -> Configured:
    return Configured(receiver="ops", integration="webhook", identity=identity)


async def test_an_integration_put_before_another_while_alertd_was_down_does_not_take_its_number(tmp_path: Path) -> None:
    store = await SqliteStore.open(StorageSettings(path=tmp_path))
    first = await take_numbers(store, [hook("a")])
    await store.close()
    store = await SqliteStore.open(StorageSettings(path=tmp_path))
    second = await take_numbers(store, [hook("zero"), hook("a")])
    kept = await store.numbers()
    await store.close()
    assert list(first) == [Numbered(configured=hook("a"), index=0)]
    assert [one.index for one in second] == [1, 0]
    assert set(kept) == set(second)
