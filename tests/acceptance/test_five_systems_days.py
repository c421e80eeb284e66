"""Alerts that look at days: what the packs say of days and months of the simulated systems, kept by a real Prometheus.

The rules are the shipped ones, at their defaults; `alertd backtest` evaluates them as the daemon would have.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from alertd.config.packs import pack_path
from alertd.query.remote_write import SeriesSample
from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.cli import cli
from tests.support.gateways import DAILY, SYSTEMS

START = datetime(2026, 3, 1, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)


def day(number: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of March."""
    return START + timedelta(days=number - 1, hours=hour, minutes=minute)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What was recorded of one system.

    every    distance of scrapes; only these metrics are kept
    faults   from when until when
    """

    system: str
    metrics: tuple[str, ...]
    until: datetime
    every: timedelta
    faults: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict)

    def samples(self) -> list[SeriesSample]:
        simulator = SYSTEMS[self.system](born=START, rhythm=DAILY)
        for fault, (begin, end) in self.faults.items():
            simulator.switch(begin, on=[fault])
            simulator.switch(end, off=[fault])
        times = (START + number * self.every for number in range((self.until - START) // self.every))
        return [sample for at in times for sample in simulator.samples(at, only=self.metrics)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """When an alert fired, and when that ended."""

    fired: datetime
    resolved: datetime
    summary: str
    labels: Mapping[str, str]


TOKENS = Past(
    system="agentgateway",
    metrics=("agentgateway_gen_ai_client_token_usage_sum",),
    until=day(5, 12),
    every=timedelta(minutes=1),
    faults={"token day": (day(4, 4), day(4, 23))},
)
REQUESTS = Past(
    system="llm-router",
    metrics=("http_requests_total",),
    until=day(5),
    every=timedelta(minutes=1),
    faults={"surge": (day(4, 5), day(4, 9))},
)
PROVIDERS = Past(
    system="llm-orchestrator",
    metrics=("orchestrator_provider_cost_dollars_total",),
    until=APRIL + timedelta(days=2),
    every=timedelta(minutes=5),
    faults={"cost": (START, APRIL)},
)
TENANTS = Past(
    system="ai-gateway",
    metrics=("aigateway_cost_usd_total",),
    until=APRIL + timedelta(days=1),
    every=timedelta(minutes=5),
)


@asynccontextmanager
async def recorded(past: Past) -> AsyncIterator[LocalPrometheus]:
    async with LocalPrometheus() as prometheus:
        await prometheus.write(past.samples())
        yield prometheus


async def episodes(prometheus: LocalPrometheus, past: Past, alert: str, *, step: str) -> list[Episode]:
    """Every time it fired."""
    ran = await cli(
        "backtest", str(pack_path(past.system)), "--rule", alert, "--prometheus", prometheus.url, "--output", "json",
        "--from", START.strftime("%FT%TZ"), "--to", past.until.strftime("%FT%TZ"), "--step", step,
    )  # fmt: skip
    assert ran.status == 0, ran.err
    (result,) = ran.json.values()
    assert [rule["error"] for rule in result["rules"]] == [""]
    return [
        Episode(
            fired=datetime.fromisoformat(one["fired_at"]), resolved=datetime.fromisoformat(one["resolved_at"]),
            summary=one["annotations"]["summary"], labels=one["labels"],
        )
        for one in result["episodes"]
    ]  # fmt: skip


async def test_a_day_of_many_tokens_is_unusual_a_spike_and_over_both_budgets() -> None:
    async with recorded(TOKENS) as prometheus:
        (anomaly,) = await episodes(prometheus, TOKENS, "TokenUsageAnomaly", step="5m")
        assert day(4, 4) < anomaly.fired <= day(4, 4, 30)
        assert day(4, 23) <= anomaly.resolved <= day(5, 1)

        (spike,) = await episodes(prometheus, TOKENS, "HourlyTokenCostSpike", step="5m")
        assert day(4, 4) < spike.fired <= day(4, 5)
        assert "times the tokens of a usual hour" in spike.summary

        (half,) = await episodes(prometheus, TOKENS, "DailyTokenBudgetWarning", step="5m")
        (spent,) = await episodes(prometheus, TOKENS, "DailyTokenBudgetExceeded", step="5m")
        assert day(4, 4) < half.fired < spent.fired < day(4, 23)
        assert half.resolved == spent.resolved == day(5)
        assert (half.labels["severity"], spent.labels["severity"]) == ("warning", "critical")
        assert "tokens were used today" in spent.summary


async def test_three_times_the_usual_traffic_is_unusual() -> None:
    async with recorded(REQUESTS) as prometheus:
        (anomaly,) = await episodes(prometheus, REQUESTS, "RequestRateAnomaly", step="5m")
    assert day(4, 5) < anomaly.fired <= day(4, 5, 30)
    assert day(4, 9) <= anomaly.resolved <= day(4, 11)


async def test_an_expensive_month_is_foreseen_and_the_alert_ends_with_it() -> None:
    async with recorded(PROVIDERS) as prometheus:
        (foreseen,) = await episodes(prometheus, PROVIDERS, "ProviderCostProjectionHigh", step="6h")
    assert day(2) < foreseen.fired <= day(12)  # 1,000 USD are spent on the 14th
    assert APRIL <= foreseen.resolved <= APRIL + timedelta(days=1)
    assert "The month will cost about 2" in foreseen.summary
    assert "NaN" not in foreseen.summary


async def test_each_tenant_is_told_once_a_step_and_month() -> None:
    async with recorded(TENANTS) as prometheus:
        told = await episodes(prometheus, TENANTS, "TenantBudgetUsed", step="30m")
    steps = {(one.labels["tenant_id"], one.labels["budget_threshold"]): one for one in told}
    assert len(told) == len(steps) == 4
    assert {one.resolved for one in told} == {APRIL}
    for tenant in ("acme", "globex"):
        assert day(2) < steps[tenant, "80%"].fired < steps[tenant, "100%"].fired < day(5)


@pytest.mark.parametrize("past", [TOKENS, REQUESTS, PROVIDERS], ids=lambda past: past.system)
async def test_without_the_fault_nothing_fires(past: Past) -> None:
    alerts = {
        "agentgateway": ["TokenUsageAnomaly", "HourlyTokenCostSpike", "DailyTokenBudgetWarning"],
        "llm-router": ["RequestRateAnomaly"],
        "llm-orchestrator": ["ProviderCostProjectionHigh"],
    }
    calm = Past(system=past.system, metrics=past.metrics, until=past.until, every=past.every)
    async with recorded(calm) as prometheus:
        for alert in alerts[past.system]:
            step = "6h" if alert == "ProviderCostProjectionHigh" else "5m"
            assert await episodes(prometheus, calm, alert, step=step) == []
