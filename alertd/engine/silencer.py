"""`Silencer`: owns the silences. Whatever it answers is on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from alertd.clock import Clock
from alertd.dispatch.silence_index import Silences
from alertd.dispatch.silences import SilenceChange, SilenceDraft, SilenceError, expire_silence, save_silence
from alertd.engine.ports import Store

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceLimits:
    """`silences` counts expired ones too, `size_bytes` is of the texts of one; 0: any number."""

    silences: int = 100_000
    size_bytes: int = 100_000


class Silencer:
    """Sets, ends and forgets silences.

    silences   all of them; changed only once a change is saved
    new_id     makes ids; clients insist on UUIDs
    """

    def __init__(
        self, store: Store, *, clock: Clock, new_id: Callable[[], str], limits: SilenceLimits | None = None
    ) -> None:
        self.silences = Silences()
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._limits = limits or SilenceLimits()
        self._changing = asyncio.Lock()

    async def start(self) -> None:
        """Take up the silences as they were; call once, before anything else."""
        for silence in await self._store.silences():
            self.silences.put(silence)

    async def set(self, draft: SilenceDraft) -> str:
        """Make a silence or change one; its id. Raises SilenceError, UnknownSilenceError, StoreError."""
        self._check_size(draft)
        if not draft.id:  # nobody else can know it, so that many may be made at once and saved together
            self._check_number()
            return await self._save(save_silence(None, draft, new_id=self._new_id(), at=self._clock.now()))
        async with self._changing:
            known = self.silences.get(draft.id)
            return await self._save(save_silence(known, draft, new_id=self._new_id(), at=self._clock.now()))

    async def expire(self, silence_id: str) -> None:
        """End a silence now. Raises UnknownSilenceError, StoreError."""
        async with self._changing:
            await self._save(expire_silence(self.silences.get(silence_id), at=self._clock.now()))

    async def forget(self, ended_before: datetime) -> None:
        """Forget those that ended before that time. Raises StoreError."""
        async with self._changing:
            gone = self.silences.ended_before(ended_before)
            async with self._store.transaction() as tx:
                tx.drop_silences(gone)
            for silence_id in gone:
                self.silences.drop(silence_id)

    async def _save(self, change: SilenceChange) -> str:
        async with self._store.transaction() as tx:
            for silence in change.silences:
                tx.put_silence(silence)
        for silence in change.silences:
            self.silences.put(silence)
            log.info("silence_saved", silence=silence.id, by=silence.created_by, ends_at=silence.ends_at.isoformat())
        return change.id

    def _check_number(self) -> None:
        if 0 < self._limits.silences <= len(self.silences):
            raise SilenceError(
                f"exceeded maximum number of silences: {len(self.silences)} (limit: {self._limits.silences})"
            )

    def _check_size(self, draft: SilenceDraft) -> None:
        texts = (draft.created_by, draft.comment, *draft.annotations, *draft.annotations.values())
        matchers = (text for matcher in draft.matchers for text in (matcher.name, matcher.value))
        size = sum(len(text.encode()) for text in (*texts, *matchers))
        if 0 < self._limits.size_bytes < size:
            raise SilenceError(f"silence exceeded maximum size: {size} bytes (limit: {self._limits.size_bytes} bytes)")
