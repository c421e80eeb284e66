"""Alerts, silences and inhibition rules of a measurement, and the client that posts them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import aiohttp

from tests.bench.support.processes import CLOCK, BenchError

NAMES = 20
TENANTS = 200
CONNECTIONS = 4
"""Posts at one time; a Prometheus has one, several servers and rule managers a few."""

_JSON = {"Content-Type": "application/json"}
_LASTS = timedelta(hours=1)
_TIMEOUT = aiohttp.ClientTimeout(total=120)

INHIBIT_RULES: Sequence[Mapping[str, object]] = [
    {
        "source_matchers": ['severity="critical"', *name],
        "target_matchers": ['severity="warning"', *name],
        "equal": ["instance"],
    }
    for name in ([], *([f'alertname="A{number}"'] for number in range(NAMES - 1)))
]
"""Critical suppresses warning. No two alerts share an instance, so that nothing is held back but all has to be ruled out."""


def _alert(number: int, *, groups: int, at: datetime) -> Mapping[str, object]:
    """One alert in the form of Prometheus: seven labels, one of them the number of its group."""
    return {
        "labels": {
            "alertname": f"A{number % NAMES}",
            "group": f"g{number % groups:06d}",
            "tenant": f"t{number % TENANTS:03d}",
            "instance": f"i{number:07d}",
            "severity": "warning" if number % 4 else "critical",
            "team": "ai-platform",
            "job": "gateway",
        },
        "annotations": {"summary": f"alert {number} is firing", "description": "tokens over budget, see the dashboard"},
        "startsAt": _written(at),
        "endsAt": _written(at + _LASTS),
        "generatorURL": "http://localhost:9090/graph?g0.expr=up",
    }


def bodies(numbers: range, *, batch: int, groups: int, at: datetime) -> list[bytes]:
    """The alerts with these numbers as bodies of posts."""
    made = [_alert(number, groups=groups, at=at) for number in numbers]
    return [json.dumps(made[start : start + batch]).encode() for start in range(0, len(made), batch)]


def silences(count: int, *, at: datetime) -> list[bytes]:
    """Silences that have to be looked at, by their alert name, and match nothing."""
    return [json.dumps(_silence(number, at)).encode() for number in range(count)]


def _silence(number: int, at: datetime) -> Mapping[str, object]:
    matchers = [("alertname", f"A{number % NAMES}", False), ("tenant", f"none-{number}|nobody-{number}", True)]
    return {
        "matchers": [{"name": name, "value": value, "isRegex": regex, "isEqual": True} for name, value, regex in matchers],
        "startsAt": _written(at),
        "endsAt": _written(at + _LASTS),
        "createdBy": "bench",
        "comment": "matches nothing",
    }  # fmt: skip


def _written(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


async def post_all(session: aiohttp.ClientSession, url: str, bodies: Iterable[bytes]) -> float:
    """Post them over a few connections; the seconds it took. Raises BenchError for any answer but 200."""
    left = iter(bodies)

    async def worker() -> None:
        for body in left:
            async with session.post(url, data=body, headers=_JSON, timeout=_TIMEOUT) as response:
                answer = await response.read()
                if response.status != 200:
                    raise BenchError(f"POST {url}: {response.status} {answer[:300]!r}")

    started = CLOCK.monotonic()
    async with asyncio.TaskGroup() as workers:
        for _ in range(CONNECTIONS):
            workers.create_task(worker())
    return CLOCK.monotonic() - started
