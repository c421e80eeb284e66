"""Waiting for a running Prometheus and a running alertd to know what they are to know."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import aiohttp

from tests.support.daemon import Daemon
from tests.support.gateways.simulator import Simulator

LIMIT_S = 60.0


async def scraped(prometheus: str, simulators: Collection[Simulator]) -> None:
    """Return once every target was scraped, and not only written about: only then its series end when it does not show them."""
    targets = sum(len(simulator.targets) for simulator in simulators)
    query = {"query": "count(scrape_samples_scraped > 0)"}
    async with asyncio.timeout(LIMIT_S), aiohttp.ClientSession() as session:
        found = 0
        while found < targets:
            async with session.get(f"{prometheus}/api/v1/query", params=query) as answer:
                result = (await answer.json())["data"]["result"]
            found = int(result[0]["value"][1]) if result else 0
            await asyncio.sleep(0.1)


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
