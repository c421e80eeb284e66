"""Asking a running alertd about its rules."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.support.daemon import Daemon

LIMIT_S = 60.0


async def evaluated(daemon: Daemon) -> list[dict[str, Any]]:
    """The rules once each was evaluated, as /api/v1/rules shows them; fails when that takes too long."""
    async with asyncio.timeout(LIMIT_S):
        found = await rules(daemon)
        while any(rule["health"] == "unknown" for rule in found):
            await asyncio.sleep(0.2)
            found = await rules(daemon)
    return found


async def rules(daemon: Daemon) -> list[dict[str, Any]]:
    groups = (await daemon.json("/api/v1/rules"))["data"]["groups"]
    return [rule for group in groups for rule in group["rules"]]
