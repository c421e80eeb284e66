"""Stores that do as a test tells them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from alertd.errors import StoreError
from alertd.store.memory import MemoryStore, MemoryTransaction


class GatedStore(MemoryStore):
    """Commits once its gate is open, and fails while it is broken."""

    def __init__(self, *, opened: bool = False) -> None:
        super().__init__()
        self.broken = False
        self.gate = asyncio.Event()
        if opened:
            self.gate.set()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryTransaction]:
        async with super().transaction() as tx:
            yield tx
            await self.gate.wait()
            if self.broken:
                raise StoreError("disk full")
