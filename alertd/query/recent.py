"""`Recent`: a bounded map that keeps what was used lately."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """At most 2 x `size` entries, in two generations.

    When the young generation is full it becomes the old one, and the old one is dropped; an old entry that is used
    turns young again. Unlike an LRU list this costs one dictionary look-up per use.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """The value last put, None when there is none (any more)."""
        value = self._young.get(key)
        if value is None and (value := self._old.get(key)) is not None:
            self.put(key, value)
        return value

    def all(self, keys: Iterable[K]) -> list[V] | None:
        """The values of all `keys` at once, where each of them was put or used lately; else None."""
        young = self._young
        try:
            return [young[key] for key in keys]
        except KeyError:
            return None

    def put(self, key: K, value: V) -> None:
        """Remember a value that is not None."""
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[key] = value

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())
