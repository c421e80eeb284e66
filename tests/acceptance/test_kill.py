"""kill -9 at random moments, with real processes: nothing is lost, nothing is told twice, starts and states survive.

A real alertd asks a real Prometheus and is killed again and again while alerts fire and resolve; the receiver is slow at
times and fails at times, so that kills fall between decide, commit, send and record.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from alertd.labels import LabelSet
from alertd.query.remote_write import SeriesSample
from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.daemon import Daemon, running, until

KILLS = 55
SEED = 20_260_105

RULES = """
groups:
- name: g
  interval: 200ms
  rules:
  - {alert: Fast, expr: m > 5, labels: {severity: page}}
  - {alert: Slow, expr: m, threshold: {above: 5}, for: 2s}
"""

CONFIG = """
prometheus: {{url: "{prometheus}"}}
rule_files: [rules.yml]
route: {{receiver: hook, group_by: [alertname, tenant], group_wait: 100ms, group_interval: 300ms, repeat_interval: 1h}}
receivers:
- name: hook
  webhook_configs: [{{url: "{receiver}"}}]
"""


@dataclass
class Receiver:
    """Takes notifications, sometimes late, sometimes not at all.

    read      those it took, in order
    refused   alert, tenant and start of what it refused as firing: after a kill alertd cannot know that it was refused
    """

    random: random.Random
    url: str = ""
    read: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refused: set[tuple[str, str, str]] = field(default_factory=set)
    calm: bool = False

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.json()
        fails = not self.calm and self.random.random() < 0.15
        if not self.calm and self.random.random() < 0.5:
            await asyncio.sleep(self.random.random() * 0.2)
        if fails:
            self.refused |= {
                (*named(alert), alert["startsAt"]) for alert in body["alerts"] if body["status"] == "firing"
            }
            return web.Response(status=503)
        self.read.append((request.headers["Idempotency-Key"], body))
        return web.Response()

    def by_tenant(self) -> dict[tuple[str, str], list[tuple[str, str, str]]]:
        """Distinct notifications by alert and tenant, in order: (status, startsAt, key)."""
        told: dict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)
        for key, body in self.read:
            (alert,) = body["alerts"]
            notification = (alert["status"], alert["startsAt"], key)
            seen = told[named(alert)]
            if notification not in seen:
                seen.append(notification)
        return told


def named(alert: dict[str, Any]) -> tuple[str, str]:
    return alert["labels"]["alertname"], alert["labels"]["tenant"]


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_post("/", receiver.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield
    finally:
        await runner.cleanup()


def sample(tenant: int, value: float) -> SeriesSample:
    labels = LabelSet({"__name__": "m", "tenant": f"t{tenant}"})
    return SeriesSample(labels=labels, value=value, at=datetime.now(UTC))


def moments(dice: random.Random) -> Iterator[tuple[str, float]]:
    """After which event, and how long after it, each kill comes."""
    for _ in range(KILLS):
        event = dice.choices(["listening", "alertd_started", "notification_queued"], weights=[1, 5, 4])[0]
        yield event, dice.random() * (0.03 if event == "notification_queued" else 0.5)


async def wait_for(daemon: Daemon, event: str) -> None:
    """The event, or the start alone where nothing is left to be queued."""
    await daemon.event("alertd_started")
    if event == "notification_queued":
        with suppress(AssertionError):
            await daemon.event(event, limit_s=0.5)


async def test_fifty_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    receiver = Receiver(dice)
    tenants: list[int] = []
    async with LocalPrometheus() as prometheus, receiving(receiver):
        config = tmp_path / "alertd.yml"
        config.write_text(CONFIG.format(prometheus=prometheus.url, receiver=receiver.url))
        (tmp_path / "rules.yml").write_text(RULES)

        for number, (event, seconds) in enumerate(moments(dice)):
            tenants.append(number)
            cleared = [tenant for tenant in tenants if tenant == number - 4]  # each is over after four kills
            await prometheus.write([sample(number, 10), *(sample(tenant, 1) for tenant in cleared)])
            async with running(config, tmp_path / "data") as daemon:
                await wait_for(daemon, event)
                await asyncio.sleep(seconds)
                await daemon.kill()

        receiver.calm = True
        fast = [("Fast", f"t{tenant}") for tenant in tenants]
        async with running(config, tmp_path / "data") as daemon:
            await daemon.event("alertd_started")
            await until(
                lambda: all(told(receiver, one, "firing") for one in fast),
                limit_s=60,
                what="every alert told as firing",
            )
            await prometheus.write([sample(tenant, 1) for tenant in tenants])
            await until(lambda: all(told(receiver, one, "resolved") for one in fast), limit_s=60, what="every end told")
            try:
                await until(lambda: all_ended(receiver), limit_s=60, what="every end of a slow alert told")
            except AssertionError:
                owed = {alert: told for alert, told in receiver.by_tenant().items() if told[-1][0] != "resolved"}
                raise AssertionError(f"ends not told: {owed}; the log: {daemon.events[-40:]}") from None
            await daemon.more("group_evaluated", 8)  # anything told twice would come within these
            assert (await daemon.json("/api/v1/alerts"))["data"]["alerts"] == []
            assert await daemon.terminate() == 0

    for alert, notifications in receiver.by_tenant().items():
        ((_, started, _), *_) = notifications
        # Whoever was perhaps told "firing" is owed "resolved": where the only attempts were refused unseen, it comes alone.
        alone = (*alert, started) in receiver.refused
        expected = [["firing", "resolved"], ["resolved"]] if alone else [["firing", "resolved"]]
        assert [status for status, _, _ in notifications] in expected, (alert, notifications)
        assert len({started for _, started, _ in notifications}) == 1, f"the start of {alert} changed: {notifications}"
        assert len({key for _, _, key in notifications}) == len(notifications)
    slow = [tenant for alert, tenant in receiver.by_tenant() if alert == "Slow"]
    assert len(slow) > KILLS / 2, "`for` goes on over kills, or no slow alert could ever have fired"


def told(receiver: Receiver, alert: tuple[str, str], status: str) -> bool:
    return any(one[0] == status for one in receiver.by_tenant().get(alert, []))


def all_ended(receiver: Receiver) -> bool:
    return all(notifications[-1][0] == "resolved" for notifications in receiver.by_tenant().values())
