"""Gives the integrations of a configuration their numbers, and keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alertd.engine.ports import Store
from alertd.notify.numbering import Configured, Numbered, number


async def take_numbers(store: Store, wanted: Iterable[Configured]) -> Sequence[Numbered]:
    """The number of each, on disk when this returns; raises StoreError."""
    kept = frozenset(await store.numbers())
    numbers = number(kept, wanted)
    new = [one for one in numbers if one not in kept]
    if new:
        async with store.transaction() as tx:
            tx.put_numbers(new)
    return numbers
