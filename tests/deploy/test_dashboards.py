"""The dashboards: as the generator writes them, well-formed, and every panel shows something of its gateway."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
import pytest_asyncio

from alertd.config.rule_files import read_rule_file
from alertd.http import new_session
from alertd.query.prometheus import PrometheusSource
from alertd.query.source import SourceSettings
from alertd.replay.local_prometheus import LocalPrometheus
from alertd.rules.rule import AlertingRule
from tests.support.daemon import running
from tests.support.gateways import SYSTEMS

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("dashboards"),  # one process for all: what they share takes long
]

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "deploy" / "grafana"
START = datetime(2026, 1, 5, tzinfo=UTC)
END = START + timedelta(hours=2)
FAULTS = {"langwatch-gateway": ("usage missing", "guardrail blocks"), "agentgateway": ("unpriced",)}


DASHBOARDS: dict[str, dict[str, Any]] = {
    file.stem: json.loads(file.read_text()) for file in sorted((GRAFANA / "dashboards").glob("*.json"))
}


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (panel for panel in dashboard["panels"] if panel["type"] != "row")


QUERIES = [
    pytest.param(target["expr"], id=f"{name}: {panel['title']} {target['legendFormat']}".strip())
    for name, dashboard in DASHBOARDS.items()
    if name != "alertd"
    for panel in panels(dashboard)
    for target in panel["targets"]
]


async def test_they_are_as_the_generator_writes_them() -> None:
    assert {file.name: file.read_text() for file in (GRAFANA / "dashboards").iterdir()} == run_path(
        str(GRAFANA / "generate.py")
    )["written"]()


@pytest.mark.parametrize("name", DASHBOARDS)
async def test_panels_have_their_own_numbers_and_places(name: str) -> None:
    dashboard = DASHBOARDS[name]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


async def test_each_has_an_address_of_its_own() -> None:
    uids = [dashboard["uid"] for dashboard in DASHBOARDS.values()]
    assert len(set(uids)) == len(uids)
    assert {"ossaat-provider-metrics", "ossaat-queue-health", "ossaat-cost-dashboard"} <= set(uids)


@pytest.mark.parametrize("pack", ["agentgateway", "ai-gateway", "langwatch-gateway", "llm-orchestrator", "llm-router"])
async def test_every_alert_of_a_pack_has_a_panel(pack: str) -> None:
    titles = {panel["title"] for name, one in DASHBOARDS.items() if name.startswith(pack) for panel in panels(one)}
    groups = read_rule_file(f"{pack}.yml", base=ROOT / "config" / "rules").groups
    alerts = {rule.name for group in groups for rule in group.rules if isinstance(rule, AlertingRule)}
    assert alerts <= titles, alerts - titles


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def prometheus() -> AsyncIterator[PrometheusSource]:
    """Two hours of all five gateways, with the faults on that some panels are about."""
    simulators = [make(born=START - timedelta(hours=1)) for name, make in SYSTEMS.items()]
    async with LocalPrometheus() as server, new_session() as session:
        for simulator in simulators:
            simulator.switch(START, on=set(simulator.faults) & set(FAULTS.get(simulator.name, ())))
        at = START
        while at <= END:
            await server.write([sample for simulator in simulators for sample in simulator.samples(at)])
            at += timedelta(minutes=1)
        yield PrometheusSource(SourceSettings(url=server.url), session)


@pytest.mark.parametrize("expr", QUERIES)
async def test_every_panel_returns_data(prometheus: PrometheusSource, expr: str) -> None:
    answer = await prometheus.instant(expr, END)
    assert len(answer), expr
    assert not re.search(r"\$(?!__)", expr), "no variable is left unset"


async def test_alertd_shows_what_its_own_dashboard_asks_for(tmp_path: Path) -> None:
    (tmp_path / "alertd.yml").write_text(
        "route: {receiver: ops}\nreceivers: [{name: ops, webhook_configs: [{url: 'http://127.0.0.1:9/'}]}]\n"
    )
    async with running(tmp_path / "alertd.yml", tmp_path / "data") as daemon:
        await daemon.event("alertd_started")
        _, page = await daemon.get("/metrics")
    shown = set(re.findall(r"^# TYPE (\S+)", page, re.MULTILINE))
    asked = {
        name
        for panel in panels(DASHBOARDS["alertd"])
        for target in panel["targets"]
        for name in re.findall(r"\balertd_\w+", target["expr"])
    }
    assert asked <= shown, asked - shown
