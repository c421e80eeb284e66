"""Waiting for what real servers and tasks bring about: as short as it can be, and never for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from alertd.clock import SimulatedClock

_LIMIT_SECONDS = 60.0


async def until(condition: Callable[[], object], *, clock: SimulatedClock | None = None) -> None:
    """Return once `condition` holds; meanwhile simulated waits pass, a second at a time."""
    async with asyncio.timeout(_LIMIT_SECONDS):
        while not condition():
            await asyncio.sleep(0.001)
            if clock is not None:
                await clock.advance(timedelta(seconds=1))
