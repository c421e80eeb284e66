"""The document's cost controls as native rules: a real Prometheus scrapes a gateway whose tokens run over their budgets."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.daemon import Daemon, running, until
from tests.support.receiver_server import ReceiverServer, receiver_server

CONFIG = """
prometheus: {{url: "{prometheus}", timeout: 10s}}
rule_files: [rules.yml]
evaluation: {{interval: 1s, resend_delay: 2s}}
route: {{receiver: hook, group_by: [...], group_wait: 50ms, group_interval: 500ms, repeat_interval: 1s}}
receivers:
- name: hook
  webhook_configs: [{{url: "{receiver}/hook"}}]
"""
RULES = """
groups:
- name: cost-control
  rules:
  - alert: DailyTokenBudgetWarning
    budget: {{<<: &day {{tokens: agentgateway_gen_ai_client_token_usage_sum, period: day, timezone: "{zone}"}}, limit: {warning}, thresholds: [100%]}}
    annotations: {{summary: '{{{{ $alert.Spend | humanize }}}} of {{{{ $alert.Limit | humanize }}}} tokens; {{{{ $alert.Drivers }}}}'}}
  - alert: DailyTokenBudgetExceeded
    budget: {{<<: *day, limit: {limit}, thresholds: [100%]}}
    labels: {{severity: critical}}
  - alert: HourlyTokenCostSpike
    budget: {{<<: *day, limit: {limit}, thresholds: [], burn_rate: [{{long: 1h, short: 5m, factor: 2, severity: warning}}]}}
  - alert: UnknownModel
    budget: {{<<: *day, limit: 1000000, unit: USD, thresholds: [100%]}}
"""
LIMIT_S = 60
MILLION = 1e6


@dataclass
class Gateway:
    """Token counters of one pod; what they say is what is scraped."""

    tokens: Counter[tuple[str, str]] = field(default_factory=Counter)  # by model and kind

    def spend(self, tokens: float, *, model: str = "gpt-4o", kind: str = "input") -> None:
        self.tokens[model, kind] += round(tokens)

    async def page(self, _: web.Request) -> web.Response:
        lines = [
            f'agentgateway_gen_ai_client_token_usage_sum{{gen_ai_request_model="{model}",gen_ai_token_type="{kind}"}} {count}'
            for (model, kind), count in self.tokens.items()
        ]
        return web.Response(text="\n".join([*lines, "process_start_time_seconds 1", ""]))


@dataclass
class House:
    """A gateway, a Prometheus that scrapes it, a receiver, and a configuration that connects them."""

    gateway: Gateway
    receiver: ReceiverServer
    folder: Path

    def limits(self, *, warning: float, limit: float) -> None:
        text = RULES.format(warning=round(warning), limit=round(limit), zone=where_it_is_noon())
        (self.folder / "rules.yml").write_text(text)

    def told(self) -> Counter[tuple[str, str]]:
        return Counter(
            (alert["labels"]["alertname"], alert["status"])
            for one in self.receiver.to("/hook")
            for alert in one.json["alerts"]
        )

    def summary(self, name: str) -> str:
        """Of the first notification of an alert."""
        alerts = (alert for one in self.receiver.to("/hook") for alert in one.json["alerts"])
        text: str = next(alert["annotations"]["summary"] for alert in alerts if alert["labels"]["alertname"] == name)
        return text

    async def is_told(self, *expected: tuple[str, str]) -> None:
        await until(
            lambda: set(expected) <= set(self.told()), limit_s=LIMIT_S, what=f"told {expected}; was: {self.told()}"
        )

    @asynccontextmanager
    async def started(self) -> AsyncIterator[Daemon]:
        async with running(self.folder / "alertd.yml", self.folder / "data") as daemon:
            await daemon.event("alertd_started")
            yield daemon


def where_it_is_noon() -> str:
    """A time zone in which no day begins while the test runs."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


@asynccontextmanager
async def served(gateway: Gateway) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/metrics", gateway.page)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"{host}:{port}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    gateway = Gateway()
    gateway.spend(900 * MILLION)  # of days before anybody watched
    async with served(gateway) as target, receiver_server() as receiver:
        job = {"job_name": "gateway", "scrape_interval": "1s", "static_configs": [{"targets": [target]}]}
        async with LocalPrometheus(scrape_configs=[job]) as prometheus:
            (tmp_path / "alertd.yml").write_text(CONFIG.format(prometheus=prometheus.url, receiver=receiver.url))
            made = House(gateway, receiver, tmp_path)
            made.limits(warning=50 * MILLION, limit=100 * MILLION)
            yield made


async def budget(daemon: Daemon, rule: str) -> dict[str, object] | None:
    """Its only scope, once it was judged."""
    rows: list[dict[str, object]] = (await daemon.json(f"/api/alertd/v1/budgets?rule={rule}"))["budgets"]
    return rows[0] if rows else None


async def watched(daemon: Daemon) -> None:
    """Wait until the counters are known: what they say then is where counting begins."""
    while await budget(daemon, "HourlyTokenCostSpike") is None:
        await daemon.more("group_evaluated", 1)


async def test_budgets_fire_once_survive_a_kill_and_end_with_a_raised_limit(house: House) -> None:
    async with house.started() as daemon:
        await watched(daemon)
        assert not house.told()

        house.gateway.spend(60 * MILLION)
        await house.is_told(("DailyTokenBudgetWarning", "firing"), ("HourlyTokenCostSpike", "firing"))
        summary = house.summary("DailyTokenBudgetWarning")
        assert summary == "60M of 50M tokens; gpt-4o 100% (60M)"
        row = await budget(daemon, "DailyTokenBudgetExceeded")
        assert row is not None
        assert (row["spent"], row["limit"], row["unit"]) == (60 * MILLION, 100 * MILLION, "tokens")

        house.gateway.spend(50 * MILLION)
        await house.is_told(("DailyTokenBudgetExceeded", "firing"))
        house.gateway.spend(2 * MILLION, model="house-model")
        await house.is_told(("UnknownModel", "firing"))
        assert "alertd_unpriced_tokens_total 2e+06" in (await daemon.get("/metrics"))[1]
        await daemon.more("group_evaluated", 4)
        await daemon.kill()

    house.gateway.spend(3 * MILLION)
    async with house.started() as daemon:
        await daemon.more("group_evaluated", 4)
        row = await budget(daemon, "DailyTokenBudgetExceeded")
        assert row is not None
        assert row["spent"] == 115 * MILLION
        # repeat_interval is a second: the steps of a ladder are told once all the same.
        for name in ("DailyTokenBudgetWarning", "DailyTokenBudgetExceeded", "UnknownModel"):
            assert house.told()[name, "firing"] == 1

        house.limits(warning=5_000 * MILLION, limit=9_000 * MILLION)
        assert (await daemon.post("/-/reload"))[0] == 200
        names = ("DailyTokenBudgetWarning", "DailyTokenBudgetExceeded", "HourlyTokenCostSpike")
        await house.is_told(*((name, "resolved") for name in names))
        row = await budget(daemon, "DailyTokenBudgetExceeded")
        assert row is not None
        assert (row["spent"], row["limit"]) == (115 * MILLION, 9_000 * MILLION)
