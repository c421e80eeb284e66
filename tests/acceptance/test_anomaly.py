"""Anomaly rules as users run them: a past in Prometheus, a start, a runaway, its end; slots of a second.

The rules are the documents' TokenUsageAnomaly (3 sigma around the mean of the last hour) and ProviderTokenUsageSpike (three
times the last hour), as anomaly rules on the same metrics.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from alertd.labels import LabelSet
from alertd.query.remote_write import SeriesSample
from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.cli import cli
from tests.support.daemon import Daemon, running, until
from tests.support.receiver_server import ReceiverServer, receiver_server

CONFIG = """
prometheus: {{url: "{prometheus}", timeout: 2s}}
rule_files: [rules.yml]
evaluation: {{interval: 1s, resend_delay: 2s}}
route: {{receiver: hook, group_by: [alertname, provider], group_wait: 50ms, group_interval: 500ms}}
receivers:
- name: hook
  webhook_configs: [{{url: "{receiver}/hook"}}]
"""
RULES = """
groups:
- name: tokens
  rules:
  - alert: TokenUsageAnomaly
    expr: sum(rate(agentgateway_gen_ai_client_token_usage_sum[4s]))
    unit: tok/s
    anomaly: {method: sigma, k: 8, window: 2m, direction: both, recovery: 2s, price: 3 USD per 1M}
    labels: {severity: warning, component: llm}
    annotations: {summary: "Token usage: {{ $alert.Summary }}"}
  - alert: ProviderTokenUsageSpike
    expr: sum by (provider) (rate(orchestrator_provider_tokens_total[4s]))
    unit: tok/s
    anomaly: {method: robust, k: 8, window: 2m, min_change: 200%, recovery: 2s}
    labels: {severity: warning}
    annotations: {summary: "{{ $labels.provider }}: {{ $alert.Summary }}"}
"""
PAST = timedelta(minutes=5)
STEP = timedelta(seconds=0.5)
SENTENCE = re.compile(
    r"(?P<value>[\d.]+k?) tok/s, expected (?P<expected>[\d.]+k?) \((?P<band>.+)\), since \d\d:\d\d, \+(?P<impact>.+)"
)


@dataclass
class Gateways:
    """Counters of tokens that grow by about 1000 a second; `pace` multiplies them by series."""

    prometheus: LocalPrometheus
    pace: dict[str, float] = field(default_factory=dict)
    totals: dict[LabelSet, float] = field(default_factory=dict)
    random: Random = field(default_factory=lambda: Random(5))

    def __post_init__(self) -> None:
        for instance in ("a", "b"):
            self._add("agentgateway_gen_ai_client_token_usage_sum", instance=instance)
        for provider in ("anthropic", "google", "openai"):
            self._add("orchestrator_provider_tokens_total", provider=provider)

    def _add(self, name: str, **labels: str) -> None:
        self.totals[LabelSet({"__name__": name, **labels})] = 0.0

    def grow(self, at: datetime) -> Iterator[SeriesSample]:
        """One step further."""
        for labels in self.totals:
            pace = self.pace.get(labels.get("provider") or labels.get("instance"), 1.0)
            self.totals[labels] += pace * 1000 * STEP.total_seconds() * self.random.uniform(0.95, 1.05)
            yield SeriesSample(labels=labels, value=self.totals[labels], at=at)

    async def write_past(self) -> None:
        now = datetime.now(UTC)
        times = [now - PAST + number * STEP for number in range(PAST // STEP)]
        await self.prometheus.write([sample for at in times for sample in self.grow(at)])

    async def run(self) -> None:
        while True:
            await self.prometheus.write(list(self.grow(datetime.now(UTC))))
            await asyncio.sleep(STEP.total_seconds())


@dataclass
class House:
    """Gateways, a receiver, and a configuration that connects them."""

    gateways: Gateways
    receiver: ReceiverServer
    config: Path
    storage: Path

    def told(self, name: str, provider: str = "") -> list[dict[str, Any]]:
        """What the receiver was told of an alert, notification by notification."""
        alerts = [alert for one in self.receiver.to("/hook") for alert in one.json["alerts"]]
        return [
            alert
            for alert in alerts
            if alert["labels"]["alertname"] == name and alert["labels"].get("provider", "") == provider
        ]

    async def is_told(self, statuses: list[str], name: str, provider: str = "") -> Mapping[str, Any]:
        """Wait until it was told so; the last of it."""
        await until(
            lambda: [alert["status"] for alert in self.told(name, provider)] == statuses,
            limit_s=60,
            what=f"{name} {provider} told as {statuses}; was: {self.told(name, provider)}",
        )
        return self.told(name, provider)[-1]

    @asynccontextmanager
    async def started(self) -> AsyncIterator[Daemon]:
        async with running(self.config, self.storage) as daemon:
            await daemon.event("alertd_started")
            yield daemon


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with LocalPrometheus() as prometheus, receiver_server() as receiver:
        (tmp_path / "alertd.yml").write_text(CONFIG.format(prometheus=prometheus.url, receiver=receiver.url))
        (tmp_path / "rules.yml").write_text(RULES)
        gateways = Gateways(prometheus)
        await gateways.write_past()
        growing = asyncio.create_task(gateways.run())
        yield House(gateways, receiver, tmp_path / "alertd.yml", tmp_path / "data")
        growing.cancel()
        await asyncio.wait([growing])


async def test_a_runaway_is_told_with_what_was_expected_and_its_end_too(house: House) -> None:
    async with house.started() as daemon:
        await daemon.more("group_evaluated", 5)
        house.gateways.pace = {"a": 20.0, "openai": 20.0}
        whole = await house.is_told(["firing"], "TokenUsageAnomaly")
        spike = await house.is_told(["firing"], "ProviderTokenUsageSpike", "openai")
        for alert, prefix in ((whole, "Token usage: "), (spike, "openai: ")):
            summary = alert["annotations"]["summary"]
            assert summary.startswith(prefix)
            assert SENTENCE.fullmatch(summary.removeprefix(prefix)), summary
        assert "+$" in whole["annotations"]["summary"]
        house.gateways.pace = {}
        await house.is_told(["firing", "resolved"], "TokenUsageAnomaly")
        await house.is_told(["firing", "resolved"], "ProviderTokenUsageSpike", "openai")
        assert [house.told("ProviderTokenUsageSpike", other) for other in ("google", "anthropic")] == [[], []]
        read = [event for event in daemon.events if event["event"] == "history_read"]
        assert len(read) == 2, "one past for each rule"


async def test_a_kill_in_the_middle_repeats_nothing_and_an_operator_may_say_that_it_is_expected(house: House) -> None:
    began_at = datetime.now(UTC)
    async with house.started() as daemon:
        await daemon.more("group_evaluated", 5)
        house.gateways.pace = {"openai": 20.0}
        spike = await house.is_told(["firing"], "ProviderTokenUsageSpike", "openai")
        await daemon.more("group_evaluated", 2)
        await daemon.kill()
    async with house.started() as daemon:
        await daemon.more("group_evaluated", 5)
        await house.is_told(["firing"], "ProviderTokenUsageSpike", "openai")
        read = [event for event in daemon.events if event["event"] == "history_read"]
        # The first start learned to the whole second before it was there.
        since = began_at - timedelta(seconds=2)
        assert all(datetime.fromisoformat(event["start"]) > since for event in read), "only what it took from us"

        said = await cli("feedback", spike["fingerprint"], "expected", "--url", daemon.url)
        assert (said.status, said.out) == (0, "ProviderTokenUsageSpike expects this level from now on (1 series)\n"), (
            said
        )
        await house.is_told(["firing", "resolved"], "ProviderTokenUsageSpike", "openai")
        await daemon.more("group_evaluated", 5)
        await house.is_told(["firing", "resolved"], "ProviderTokenUsageSpike", "openai")

        explained = await cli("explain", spike["fingerprint"], "--url", daemon.url)
        assert "an operator says that this is expected from now on" in explained.out
        assert (await cli("feedback", "beef", "incident", "--url", daemon.url)).status == 4
        assert (await cli("feedback", spike["fingerprint"], "holiday", "--url", daemon.url)).status == 2
