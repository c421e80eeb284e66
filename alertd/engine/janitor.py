"""`Janitor`: forgets what is kept only to be looked up: old deliveries, old history, silences that ended long ago, and log
entries of groups that have ended.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from alertd.clock import Clock
from alertd.engine.ports import Store
from alertd.engine.silencer import Silencer
from alertd.errors import StoreError

log = structlog.get_logger(__name__)

INTERVAL = timedelta(minutes=15)
RETENTION = timedelta(hours=120)
"""Of deliveries with their bodies, and of what was told to groups that have ended."""

HISTORY_RETENTION = timedelta(days=30)


class Janitor:
    """Cleans up every `interval`; the history and silences that have ended are kept for `keep_history`.

    cleanings, failures   since the start; those that failed are counted in both
    """

    def __init__(
        self,
        store: Store,
        silencer: Silencer,
        *,
        clock: Clock,
        keep_history: timedelta = HISTORY_RETENTION,
        interval: timedelta = INTERVAL,
    ) -> None:
        self._store = store
        self._silencer = silencer
        self._interval = interval
        self._clock = clock
        self._keep_history = keep_history
        self.cleanings = self.failures = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep_until(self._clock.now() + self._interval)
            self.cleanings += 1
            try:
                await self.clean()
            except StoreError as error:
                self.failures += 1
                log.error("cleaning_failed", error=str(error))

    async def clean(self) -> None:
        """Forget what is older than the retention."""
        now = self._clock.now()
        async with self._store.transaction() as tx:
            tx.delete_deliveries(now - RETENTION)
            tx.expire_log(now - RETENTION)
            tx.expire_events(now - self._keep_history)
        await self._silencer.forget(now - self._keep_history)
