"""`alertd healthcheck`."""

from __future__ import annotations

import json

import pytest

from tests.support.cli import cli
from tests.support.servers import answer, nobody_listens, scripted

UNWELL = """{"status": "unhealthy", "checks": {
    "prometheus": {"status": "unhealthy", "value": 420, "threshold": 300, "unit": "seconds", "detail": "no answer for 7m"},
    "disk": {"status": "healthy"}}}"""


async def test_one_that_answers_is_well(server: str) -> None:
    ran = await cli("healthcheck", "--url", server)
    assert (ran.status, ran.out) == (0, "healthy\n")


async def test_everything_it_measures() -> None:
    async with scripted(answer(UNWELL.replace("unhealthy", "degraded"))) as daemon:
        ran = await cli("healthcheck", "--full", "--url", daemon.url)
    assert ran.status == 0
    assert ran.lines[0].split() == ["CHECK", "STATUS", "VALUE", "LIMIT", "UNIT", "DETAIL"]
    assert ran.lines[1].split() == ["prometheus", "degraded", "420", "300", "seconds", "no", "answer", "for", "7m"]


async def test_for_programs(server: str) -> None:
    async with scripted(answer(UNWELL, status=503)) as daemon:
        full = await cli("healthcheck", "--full", "--output", "json", "--url", daemon.url)
    assert (full.status, json.loads(full.out)) == (1, json.loads(UNWELL))
    short = await cli("healthcheck", "--output", "json", "--url", server)
    assert (short.status, json.loads(short.out)) == (0, {"status": "healthy"})


@pytest.mark.parametrize(
    ("flags", "status", "says"), [((), 1, "HTTP 503"), (("--full",), 1, "no answer for 7m")], ids=["short", "full"]
)
async def test_one_that_is_not_well(flags: tuple[str, ...], status: int, says: str) -> None:
    async with scripted(answer(UNWELL, status=503)) as daemon:
        ran = await cli("healthcheck", *flags, "--url", daemon.url)
    assert ran.status == status
    assert says in ran.out + ran.err


async def test_nobody_there() -> None:
    with nobody_listens() as port:
        ran = await cli("healthcheck", "--url", f"http://127.0.0.1:{port}")
    assert ran.status == 3
