"""`Alarm`: what a loop sleeps on, until a time or until somebody rings."""

from __future__ import annotations

import asyncio
from datetime import datetime

from alertd.clock import Clock


class Alarm:
    """Wakes one loop. Ringing while the loop is awake makes its next wait return at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake the loop now."""
        self._rung.set()

    async def wait_until(self, when: datetime) -> None:
        """Return at `when`, or as soon as somebody rings."""
        if self._rung.is_set():
            self._rung.clear()
            await asyncio.sleep(0)  # a loop that is rung for again and again lets others have their turn
            return
        ringing = asyncio.create_task(self._rung.wait())
        sleeping = asyncio.create_task(self._clock.sleep_until(when))
        try:
            await asyncio.wait({ringing, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ringing.cancel()
            sleeping.cancel()
            await asyncio.gather(ringing, sleeping, return_exceptions=True)
        self._rung.clear()
