"""The whole daemon as users meet it: start, reload, outages, stop. Real processes, a real Prometheus."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from alertd.labels import LabelSet
from alertd.query.remote_write import SeriesSample
from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.daemon import Daemon, running, until

CONFIG = """
prometheus: {{url: "{prometheus}", timeout: 2s}}
rule_files: [rules.yml]
evaluation: {{interval: 250ms, resend_delay: 1s}}
route: {{receiver: hook, group_by: [alertname, tenant], group_wait: 50ms, group_interval: 250ms}}
receivers:
- name: hook
  webhook_configs: [{{url: "{receiver}"}}]
"""
TOKENS = """
groups:
- name: g
  rules:
  - alert: Tokens
    expr: tokens
    threshold: {above: 5}
    annotations: {summary: "{{ $value }} tokens for {{ $labels.tenant }}"}
"""


@dataclass
class Receiver:
    """Answers with `status`; keeps the alerts of notifications it took."""

    url: str = ""
    status: int = 200
    attempts: list[tuple[str, int]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.attempts.append((request.headers["Idempotency-Key"], self.status))
        if self.status == 200:
            self.alerts += body["alerts"]
        return web.Response(status=self.status)

    def statuses(self, tenant: str) -> list[str]:
        return [alert["status"] for alert in self.alerts if alert["labels"].get("tenant") == tenant]


@dataclass
class House:
    """A Prometheus, a receiver, and a configuration that connects them."""

    prometheus: LocalPrometheus
    receiver: Receiver
    config: Path
    storage: Path

    async def set(self, **values: float) -> None:
        """Tokens by tenant, now."""
        at = datetime.now(UTC)
        await self.prometheus.write(
            [
                SeriesSample(labels=LabelSet({"__name__": "tokens", "tenant": tenant}), value=value, at=at)
                for tenant, value in values.items()
            ]
        )

    def rules(self, text: str) -> None:
        (self.config.parent / "rules.yml").write_text(text)

    async def told(self, tenant: str, *statuses: str) -> None:
        """Wait until the receiver was told exactly these about a tenant."""
        await until(
            lambda: self.receiver.statuses(tenant) == list(statuses),
            limit_s=60,
            what=f"{tenant} told as {statuses}; was: {self.receiver.statuses(tenant)}",
        )


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_post("/", receiver.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield
    finally:
        await runner.cleanup()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    receiver = Receiver()
    async with LocalPrometheus() as prometheus, receiving(receiver):
        config = tmp_path / "alertd.yml"
        config.write_text(CONFIG.format(prometheus=prometheus.url, receiver=receiver.url))
        made = House(prometheus, receiver, config, tmp_path / "data")
        made.rules(TOKENS)
        yield made


@asynccontextmanager
async def started(house: House, *flags: str) -> AsyncIterator[Daemon]:
    async with running(house.config, house.storage, *flags) as daemon:
        await daemon.event("alertd_started")
        yield daemon


async def test_a_breach_is_told_and_its_end_and_the_stop_is_clean(house: House) -> None:
    await house.set(a=9)
    async with started(house) as daemon:
        await house.told("a", "firing")
        (rule,) = (await daemon.json("/api/v1/rules"))["data"]["groups"][0]["rules"]
        assert (rule["state"], rule["health"], rule["alerts"][0]["annotations"]) == (
            "firing", "ok", {"summary": "9 tokens for a"},
        )  # fmt: skip
        await house.set(a=1)
        await house.told("a", "firing", "resolved")
        assert [(await daemon.get(path))[0] for path in ("/-/ready", "/-/healthy", "/health", "/healthz")] == [200] * 4
        metrics = (await daemon.get("/metrics"))[1]
        assert 'alertd_notifications_total{integration="webhook",outcome="delivered",receiver="hook"} 2.0' in metrics
        assert await daemon.terminate() == 0
    assert [event for event in daemon.events if event.get("level") in ("error", "critical")] == []


@pytest.mark.parametrize("how", ["SIGHUP", "POST", "changed file"])
async def test_a_reload_keeps_alerts_whose_rule_changed_and_ends_those_whose_rule_is_gone(
    house: House, how: str
) -> None:
    second = TOKENS + "  - {alert: Other, expr: tokens > 5}\n"
    house.rules(second)
    await house.set(a=9)
    async with started(house, "--config.auto-reload-interval=300ms") as daemon:
        await until(lambda: len(house.receiver.alerts) == 2, limit_s=60, what="both alerts told")
        seen = len(daemon.events)
        house.rules(TOKENS.replace("summary:", "text:").replace("above: 5", "above: 6"))
        if how == "SIGHUP":
            daemon.process.send_signal(signal.SIGHUP)
        elif how == "POST":
            assert await daemon.post("/-/reload") == (200, "")
        await daemon.event("config_loaded", skip=seen)
        await until(lambda: len(house.receiver.alerts) == 3, limit_s=60, what="the end of the deleted rule's alert")
        last = house.receiver.alerts[-1]
        assert (last["labels"]["alertname"], last["status"]) == ("Other", "resolved")
        (alert,) = (await daemon.json("/api/v1/alerts"))["data"]["alerts"]
        assert alert["labels"]["alertname"] == "Tokens"
        first = next(one for one in house.receiver.alerts if one["labels"]["alertname"] == "Tokens")
        await house.set(a=1)
        await until(lambda: len(house.receiver.alerts) == 4, limit_s=60, what="the end of the kept alert")
        assert house.receiver.alerts[-1]["startsAt"] == first["startsAt"]


async def test_a_bad_configuration_changes_nothing_and_every_problem_is_told(house: House) -> None:
    await house.set(a=9)
    async with started(house) as daemon:
        await house.told("a", "firing")
        house.rules(TOKENS.replace("threshold:", "treshold:").replace("expr: tokens", "expr: tokens ("))
        status, text = await daemon.post("/-/reload")
        assert status == 500
        assert "rules.yml:6:11 groups[0].rules[0].expr" in text
        assert 'rules.yml:7:5 groups[0].rules[0].treshold: unknown field "treshold"; did you mean "threshold"?' in text
        metrics = (await daemon.get("/metrics"))[1]
        assert "alertd_config_last_reload_successful 0.0" in metrics
        await house.set(a=1)
        await house.told("a", "firing", "resolved")


async def test_a_bad_configuration_at_the_start_is_told_with_exit_status_1(house: House) -> None:
    house.config.write_text(house.config.read_text().replace("receiver: hook", "receiver: hok"))
    async with running(house.config, house.storage) as daemon:
        assert await daemon.process.wait() == 1
        await daemon.event("text")
        told = "\n".join(event.get("text", "") for event in daemon.events)
        assert 'undefined receiver "hok" used in route' in told
        assert 'did you mean "hook"' in told


async def test_while_prometheus_is_down_nothing_resolves_and_health_says_so(house: House) -> None:
    await house.set(a=9)
    async with started(house) as daemon:
        await house.told("a", "firing")
        await house.prometheus.__aexit__(None, None, None)
        await daemon.event("rule_failed")
        await daemon.more("group_evaluated", 5)
        (rule,) = (await daemon.json("/api/v1/rules"))["data"]["groups"][0]["rules"]
        assert (rule["health"], rule["state"]) == ("err", "firing")
        assert rule["lastError"]
        assert house.receiver.statuses("a") == ["firing"]
        await house.prometheus.__aenter__()


async def test_a_receiver_that_fails_gets_the_same_notification_under_the_same_key_later(house: House) -> None:
    house.receiver.status = 500
    await house.set(a=9)
    async with started(house) as daemon:
        await until(lambda: len(house.receiver.attempts) >= 2, limit_s=60, what="a second attempt")
        house.receiver.status = 200
        await house.told("a", "firing")
        assert len({key for key, _ in house.receiver.attempts}) == 1
        assert await daemon.terminate() == 0


async def test_a_stop_while_a_receiver_hangs_is_quick_and_the_notification_comes_after_the_next_start(
    house: House,
) -> None:
    house.receiver.status = 500
    await house.set(a=9)
    async with started(house) as daemon:
        await until(lambda: bool(house.receiver.attempts), limit_s=60, what="an attempt")
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await daemon.terminate() == 0
        assert loop.time() - began < 10
    house.receiver.status = 200
    async with started(house):
        await house.told("a", "firing")


async def test_a_port_in_use_is_a_clear_error(house: House) -> None:
    async with started(house) as daemon:
        address = daemon.url.removeprefix("http://")
        async with running(house.config, house.storage.parent / "other", f"--web.listen-address={address}") as second:
            assert await second.process.wait() == 1
            text = await second.event("text")
            assert f'cannot listen on "{address}"' in text["text"]
