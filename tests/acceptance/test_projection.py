"""The document's cost projection as a native rule: a month in Prometheus, a start, the alert, a raised limit, its end.

More than 1000 dollars a month, by provider; the history of four weeks is read from Prometheus at the first start.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from alertd.labels import LabelSet
from alertd.query.remote_write import SeriesSample
from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.daemon import Daemon, running, until
from tests.support.receiver_server import ReceiverServer, receiver_server

CONFIG = """
prometheus: {{url: "{prometheus}", timeout: 10s}}
rule_files: [rules.yml]
evaluation: {{interval: 1s, resend_delay: 2s}}
route: {{receiver: hook, group_by: [alertname, provider], group_wait: 50ms, group_interval: 500ms}}
receivers:
- name: hook
  webhook_configs: [{{url: "{receiver}/hook"}}]
"""
RULES = """
groups:
- name: cost
  rules:
  - alert: ProviderCostProjection
    projection: {spend: orchestrator_provider_cost_dollars_total, by: [provider], limit: LIMIT, unit: USD, period: month}
    labels: {severity: warning}
    annotations:
      summary: >-
        {{ $labels.provider }}: {{ $alert.Projected | printf "%.0f" }} {{ $alert.Unit }} of {{ $alert.Limit | printf "%.0f" }}
        by {{ $alert.PeriodEnd.Format "2006-01-02" }} ({{ $alert.Interval }}), {{ $alert.Probability | humanizePercentage }} likely
"""
PAST = timedelta(days=29)
STEP = timedelta(minutes=4)
DOLLARS_A_DAY = {"openai": 60.0, "ollama": 5.0}
START_LIMIT_S = 60


@dataclass
class House:
    """A Prometheus that knows four weeks of spend, a receiver, and a configuration that connects them."""

    receiver: ReceiverServer
    folder: Path

    def limit(self, dollars: int) -> None:
        (self.folder / "rules.yml").write_text(RULES.replace("LIMIT", str(dollars)))

    def told(self) -> list[dict[str, Any]]:
        return [alert for one in self.receiver.to("/hook") for alert in one.json["alerts"]]

    async def is_told(self, *statuses: str) -> dict[str, Any]:
        """Wait until it was told so; the last of it."""
        await until(
            lambda: [alert["status"] for alert in self.told()] == list(statuses),
            limit_s=START_LIMIT_S,
            what=f"told as {statuses}; was: {self.told()}",
        )
        return self.told()[-1]

    @asynccontextmanager
    async def started(self) -> AsyncIterator[Daemon]:
        async with running(self.folder / "alertd.yml", self.folder / "data") as daemon:
            await daemon.event("alertd_started")
            yield daemon


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with LocalPrometheus() as prometheus, receiver_server() as receiver:
        (tmp_path / "alertd.yml").write_text(CONFIG.format(prometheus=prometheus.url, receiver=receiver.url))
        await prometheus.write(spend_until(datetime.now(UTC)))
        made = House(receiver, tmp_path)
        made.limit(1000)
        yield made


def spend_until(now: datetime) -> list[SeriesSample]:
    """Counters of both providers over four weeks; a day may be a quarter more or less than usual."""
    random, samples = Random(3), []
    for provider, dollars in DOLLARS_A_DAY.items():
        labels = LabelSet({"__name__": "orchestrator_provider_cost_dollars_total", "provider": provider})
        total = 0.0
        for number in range(PAST // STEP + 1):
            if number % (timedelta(days=1) // STEP) == 0:
                today = dollars * random.uniform(0.8, 1.25)
            total += today * (STEP / timedelta(days=1))
            samples.append(SeriesSample(labels=labels, value=total, at=now - PAST + number * STEP))
    return samples


async def test_a_month_that_will_cost_too_much_is_told_and_that_it_will_not_any_more(house: House) -> None:
    async with house.started() as daemon:
        firing = await house.is_told("firing")
        assert firing["labels"] == {"alertname": "ProviderCostProjection", "provider": "openai", "severity": "warning"}
        summary = firing["annotations"]["summary"]
        assert summary.startswith("openai: ")
        projected = float(summary.split()[1])
        assert 1400 < projected < 2300, "a month of about sixty dollars a day"
        assert "of 1000 by " in summary
        assert "(80%)" in summary
        status, chart = await daemon.get(f"/api/alertd/v1/alerts/{firing['fingerprint']}/chart.svg")
        assert (status, "no data" in chart) == (200, False)
        assert {"limit 1k", "projected", "value"} <= set(re.findall(">([^<>]+)</text>", chart))

        (read,) = [event for event in daemon.events if event["event"] == "history_read"][:1]
        assert read["rule"].startswith("alert/ProviderCostProjection")

        house.limit(4000)
        status, _ = await daemon.post("/-/reload")
        assert status == 200
        resolved = await house.is_told("firing", "resolved")
        assert resolved["labels"]["provider"] == "openai"


async def test_what_was_learned_is_kept_over_a_restart(house: House) -> None:
    async with house.started() as daemon:
        await house.is_told("firing")
        await daemon.terminate()
    house.limit(4000)
    async with house.started() as daemon:
        await house.is_told("firing", "resolved")
        assert not [event for event in daemon.events if event["event"] == "history_read"]
