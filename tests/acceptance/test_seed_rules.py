"""The rule files of the five documents, all at once, on simulated gateways that a real Prometheus scrapes.

alertd and Prometheus' own rule manager evaluate the same files on the same series and must say the same. The history the
rules look back on is written, not waited for: a day of calm, then a quarter of an hour of an incident. alertd has watched it
(it evaluates the past, and keeps what it found) and is then started on what it kept; Prometheus takes over the same alerts
from the ALERTS_FOR_STATE that alertd wrote.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import promql_parser
import pytest
import pytest_asyncio

from alertd.alerts.annotate import TemplateContext
from alertd.clock import SystemClock
from alertd.config.rule_files import load_rule_file
from alertd.engine.group_evaluator import GroupEvaluator
from alertd.engine.state import GroupState
from alertd.http import new_session
from alertd.query.fetcher import Fetcher
from alertd.query.prometheus import PrometheusSource
from alertd.query.remote_write import SeriesSample, encode
from alertd.query.source import SourceSettings
from alertd.store.settings import StorageSettings
from alertd.store.sqlite import SqliteStore
from tests.bench.support.datasource import Datasource, datasource
from tests.bench.support.processes import free_address, ready, running
from tests.support.gateway_exporter import Fleet, exporter, history_times, scrape_targets

SEED_RULES = Path(__file__).parents[1] / "cases" / "seed_rules"
INCIDENT_AGE = timedelta(minutes=16)
LIMIT = 30.0

RESTORE_ALL = "--rules.alert.for-grace-period=0s"
"""Prometheus otherwise restores only rules with a `for` of ten minutes and more."""

T = TypeVar("T")

clock = SystemClock()
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("seed_rules"),  # one process for all: what they share takes long
]

FIRING = {
    "AgentGatewayDown": 1,
    "MetricsScrapeFailure": 1,
    "ProviderCircuitBreakerOpen": 1,
    "ProviderHighErrorRate": 1,
    "ProviderHighRetryRate": 1,
    "ProviderHighTimeoutRate": 1,
    "HighErrorRate": 2,  # of 002 and of 004
    "GatewayHighErrorRate": 1,
    "BudgetDebitOutboxBacklog": 1,
    "BudgetOutboxFillPctHigh": 1,
    "BudgetOutboxFlushFailures": 1,
    "BudgetOutbox4xxDrops": 1,
}
"""Alerts that the incident fires, by name. Not CircuitOpenTooLong: it waits for state 2, and an open circuit is 1."""

NO_SERIES = {
    ("ExcessiveFallback", 'gateway_provider_attempts_total{outcome="fallback"}'),  # fallback_success in the product
    ("ModelInferenceLatency", "model_inference_duration_seconds_bucket"),  # the product has a summary
}
"""Selectors that find nothing: known defects of the documents, which the rules keep as they are."""


@dataclass(frozen=True, slots=True)
class AlertSeen:
    """One alert as /api/v1/rules shows it, but for its value, which belongs to the moment of the evaluation."""

    labels: str
    annotations: str
    state: str
    active_at: str


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """One rule as /api/v1/rules shows it."""

    place: str
    state: str
    alerts: tuple[AlertSeen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything at work in the middle of the incident."""

    fleet: Fleet
    prometheus: str
    alertd: str
    session: aiohttp.ClientSession

    async def rules(self, url: str) -> list[tuple[str, dict[str, Any]]]:
        """Place (`FILE GROUP NUMBER NAME`) and JSON of every rule."""
        return [
            (f"{Path(group['file']).name} {group['name']} {number} {rule['name']}", rule)
            for group in (await self._get(url, "/api/v1/rules"))["groups"]
            for number, rule in enumerate(group["rules"])
        ]

    async def seen(self, url: str) -> list[RuleSeen]:
        """What a rule manager says of every alerting rule."""
        rules = await self.rules(url)
        return sorted(
            (_rule(place, rule) for place, rule in rules if rule["type"] == "alerting"), key=lambda r: r.place
        )

    async def both(self) -> tuple[list[RuleSeen], list[RuleSeen]]:
        """What alertd and what Prometheus say."""
        ours, theirs = await asyncio.gather(self.seen(self.alertd), self.seen(self.prometheus))
        return ours, theirs

    async def until_firing(self, names: Mapping[str, int]) -> None:
        """Both say the same, and that exactly these alerts fire."""
        ours, theirs = await until(self.both, lambda said: said[0] == said[1] and _firing(said[0]) == names)
        assert _firing(ours) == names
        assert ours == theirs

    async def count(self, expr: str) -> int:
        """How many series `expr` has now."""
        return len((await self._get(self.prometheus, "/api/v1/query", query=expr))["result"])

    async def _get(self, url: str, path: str, **query: str) -> Any:
        async with self.session.get(url + path, params=query) as answer:
            body = await answer.json()
        assert body["status"] == "success", body
        return body["data"]


async def until(read: Callable[[], Awaitable[T]], good: Callable[[T], bool]) -> T:
    """The first good reading; the last one when none is good in time."""
    deadline = clock.monotonic() + LIMIT
    reading = await read()
    while not good(reading) and clock.monotonic() < deadline:
        await asyncio.sleep(0.2)
        reading = await read()
    return reading


def _rule(place: str, rule: Mapping[str, Any]) -> RuleSeen:
    alerts = [
        AlertSeen(str(sorted(a["labels"].items())), str(sorted(a["annotations"].items())), a["state"], _second(a))
        for a in rule["alerts"]
    ]
    return RuleSeen(place, rule["state"], tuple(sorted(alerts, key=lambda alert: alert.labels)))


def _second(alert: Mapping[str, Any]) -> str:
    """When it became active; ALERTS_FOR_STATE keeps whole seconds."""
    return str(datetime.fromisoformat(alert["activeAt"]).replace(microsecond=0))


def _firing(rules: Sequence[RuleSeen]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for rule in rules:
        if firing := sum(alert.state == "firing" for alert in rule.alerts):
            name = rule.place.rpartition(" ")[2]
            counts[name] = counts.get(name, 0) + firing
    return counts


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    folder = tmp_path_factory.mktemp("seed-rules")
    now = clock.now()
    fleet = Fleet(born=now - timedelta(days=2), incident=now - INCIDENT_AGE)
    rule_files = _copy_rules(folder)
    async with aiohttp.ClientSession() as session, exporter(fleet, clock) as exported:
        async with datasource(session, folder) as before:
            await _write_history(before, fleet, now)
            await _watch_incident(before, rule_files, fleet.incident, folder / "alertd-data")
        config = _prometheus_config(rule_files, scrape_targets(fleet, exported))
        async with (
            datasource(session, folder, config=config, flags=[RESTORE_ALL]) as prometheus,
            _alertd(prometheus, rule_files, folder) as alertd,
        ):
            story = Story(fleet=fleet, prometheus=prometheus.url, alertd=alertd, session=session)
            await _scraped(story)
            yield story


def _copy_rules(folder: Path) -> list[Path]:
    """The seed files; the one group with an interval of its own is evaluated every second like all others."""
    copies = []
    for original in sorted(SEED_RULES.glob("*.yml")):
        copy = folder / original.name
        copy.write_text(original.read_text().replace("    interval: 30s\n", ""))
        copies.append(copy)
    assert len(copies) == 5
    return copies


def _prometheus_config(rule_files: Sequence[Path], targets: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    scraping = {
        "job_name": "simulated",
        "honor_labels": True,  # kube-state-metrics speaks of pods that are not its own
        "static_configs": targets,
    }
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(path) for path in rule_files],
        "scrape_configs": [scraping],
    }


async def _write_history(data: Datasource, fleet: Fleet, now: datetime) -> None:
    times = history_times(now, fine=timedelta(minutes=75), coarse=timedelta(hours=24))
    for some in (times[start : start + 50] for start in range(0, len(times), 50)):
        samples = [sample for at in some for sample in fleet.history(at)]
        await data.write(encode([SeriesSample(labels=one.labels, value=one.value, at=one.at) for one in samples]))


class _Written:
    """A sink whose samples can be queried as soon as they are written."""

    def __init__(self, data: Datasource) -> None:
        self._data = data

    async def write(self, samples: Sequence[SeriesSample]) -> None:
        await self._data.write(encode(samples))

    async def flush(self, timeout: timedelta) -> bool:  # noqa: ASYNC109 - part of the sink's contract
        return True


async def _watch_incident(data: Datasource, rule_files: Sequence[Path], since: datetime, storage: Path) -> None:
    """Evaluate every minute since the incident began, keep the alerts, and write their series."""
    loaded = [load_rule_file(path.read_text(), file=str(path)) for path in rule_files]
    states = [GroupState.fresh(group) for file in loaded for group in file.groups]
    async with new_session() as session:
        source = PrometheusSource(SourceSettings(url=data.url), session)
        evaluator = GroupEvaluator(
            fetcher=Fetcher({"default": source}), context=TemplateContext(), clock=clock, sink=_Written(data)
        )
        at = since
        while at < clock.now():
            for state in states:
                await evaluator.evaluate(state, at)
            at += timedelta(minutes=1)
    await _keep(states, storage)


async def _keep(states: Sequence[GroupState], storage: Path) -> None:
    store = await SqliteStore.open(StorageSettings(path=storage))
    async with store.transaction() as tx:
        for state in states:
            assert state.evaluated_at is not None
            tx.save_group(state.group.key, state.evaluated_at)
            for rule in state.rules:
                tx.save_alerts(state.group.key, rule.identity, list(rule.alerts.values()))
    await store.close()


@asynccontextmanager
async def _alertd(prometheus: Datasource, rule_files: Sequence[Path], folder: Path) -> AsyncIterator[str]:
    config, address = folder / "alertd.yml", free_address()
    settings = {
        "prometheus": {"url": prometheus.url},
        "rule_files": [str(path) for path in rule_files],
        "evaluation": {"interval": "1s"},
        "route": {"receiver": "nobody"},
        "receivers": [{"name": "nobody"}],
    }
    config.write_text(json.dumps(settings))
    command = [
        *(sys.executable, "-m", "alertd", "run", f"--config.file={config}"),
        f"--storage.path={folder / 'alertd-data'}",
        f"--web.listen-address={address}",
    ]
    async with running("alertd", command, folder=folder) as process:
        await ready(process, prometheus.session, f"http://{address}/-/ready")
        yield f"http://{address}"


async def _scraped(story: Story) -> None:
    """Every target was scraped, and not only written about."""
    targets = len(story.fleet.targets)
    assert await until(lambda: story.count("scrape_samples_scraped"), lambda count: count == targets) == targets


async def test_every_rule_is_evaluated_without_an_error(story: Story) -> None:
    rules = await until(
        lambda: story.rules(story.alertd), lambda rules: all(rule["health"] != "unknown" for _, rule in rules)
    )
    assert len(rules) == 62
    assert {place: (rule["health"], rule["lastError"]) for place, rule in rules if rule["health"] != "ok"} == {}


async def test_every_selector_finds_series_but_those_of_the_known_defects(story: Story) -> None:
    empty = set()
    for place, rule in await story.rules(story.alertd):
        for selector in _selectors(rule["query"]):
            if not await story.count(selector):
                empty.add((place.rpartition(" ")[2], selector))
    assert empty == NO_SERIES


def _selectors(expr: str) -> set[str]:
    found: set[str] = set()

    def collect(node: Any) -> None:
        if type(node).__name__ == "VectorSelector":
            found.add(node.prettify())

    promql_parser.walk(promql_parser.parse(expr), collect)
    return {selector.partition(" offset ")[0] for selector in found}


async def test_an_incident_fires_and_ends_as_in_prometheus(story: Story) -> None:
    await story.until_firing(FIRING)

    story.fleet.set("orchestrator_provider_circuit_breaker_state", 0, provider="openai")
    story.fleet.set("gateway_budget_debit_outbox_depth", 0)

    ended = {"ProviderCircuitBreakerOpen", "BudgetDebitOutboxBacklog", "BudgetOutboxFillPctHigh"}
    await story.until_firing({name: count for name, count in FIRING.items() if name not in ended})
