"""Every alert of the five documents, from a fault in the gateway to the people who are told, and to its end.

A real Prometheus scrapes the simulated gateways, and for each of them runs a whole alertd with its rule pack and its preset,
in a folder that `alertd init` wrote. Faults begin, everybody the preset names is told, faults end, and they are told that too.

Minutes are half seconds here (`hastening`): the rules' windows and waiting times, and the routes' are divided. All systems
go wrong at the same time; one story's outcome is read by many tests.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from alertd.clock import SystemClock
from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.cli import cli
from tests.support.daemon import running
from tests.support.gateways import SYSTEMS, Simulator, scrape_config, served
from tests.support.gateways.doors import Doors, Told, open_doors
from tests.support.gateways.hastening import SPEED, hasten_preset
from tests.support.gateways.living import evaluated, rules, scraped
from tests.support.gateways.stories import OVER_DAYS, STORIES, Case

HISTORY = timedelta(seconds=75)
"""Calm before the first fault: rules compare with the hour before, which is half a minute here."""

WAVE_LIMIT = timedelta(minutes=3)
END_LIMIT = timedelta(minutes=3)
LATE_SAMPLES = {"storage": {"tsdb": {"out_of_order_time_window": "1h"}}}
"""The history of a series is written while it is scraped already."""

SENT_AS = {"page": "critical"}
"""What PagerDuty, which has no word for it, is told instead."""

clock = SystemClock()
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("five_systems"),  # one process for all: what they share takes long
]


@dataclass(slots=True)
class Ended:
    """What came of one system's story."""

    calm: list[dict[str, Any]]
    told: list[Told] = field(default_factory=list)
    transitions: list[dict[str, Any]] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)

    def about(self, case: Case, door: str) -> list[Told]:
        return [one for one in self.told if (one.alert, one.door) == (case.alert, door)]

    def states(self, case: Case) -> list[list[str]]:
        """The states of each of its alerts, one list per fingerprint, oldest first."""
        by_fingerprint: dict[str, list[str]] = {}
        for event in self.transitions:
            if event["facts"]["labels"]["alertname"] == case.alert:
                by_fingerprint.setdefault(event["fingerprint"], []).append(event["what"])
        return list(by_fingerprint.values())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stories(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, asyncio.Task[Ended]]]:
    """All stories, running; each is awaited by the tests that read it."""
    now = clock.now()
    simulators = {name: SYSTEMS[name](born=now - timedelta(hours=1), speed=SPEED) for name in STORIES}
    async with served(simulators.values(), clock) as exported:
        scraping = scrape_config(simulators.values(), exported, interval="500ms")
        async with LocalPrometheus(scrape_configs=[scraping], config=LATE_SAMPLES) as prometheus:
            await prometheus.write(
                [sample for at in history(now) for one in simulators.values() for sample in one.samples(at)]
            )
            await scraped(prometheus.url, simulators.values())
            running_ones = {
                name: asyncio.create_task(played(simulator, prometheus.url, tmp_path_factory.mktemp(name)))
                for name, simulator in simulators.items()
            }
            yield running_ones
            for story in running_ones.values():
                story.cancel()  # only those that no test has waited for still run
            await asyncio.gather(*running_ones.values(), return_exceptions=True)


def history(until: datetime) -> Iterator[datetime]:
    """Every second, oldest first."""
    for ago in range(int(HISTORY.total_seconds()), -1, -1):
        yield until - timedelta(seconds=ago)


async def played(simulator: Simulator, prometheus: str, folder: Path) -> Ended:
    """The whole story of one system."""
    written = await cli("init", str(folder), "--preset", simulator.name)
    assert written.status == 0, written.err
    async with open_doors() as doors:
        config = hasten_preset(folder, simulator.name, {"global": doors.settings, "digest_above": 10_000})
        environment = {**os.environ, **doors.environment, "PROMETHEUS_URL": prometheus}
        async with running(config, folder / "data", environ=environment) as daemon:
            await daemon.event("alertd_started", limit_s=60)
            ended = Ended(calm=await evaluated(daemon))
            for wave in STORIES[simulator.name]:
                simulator.switch(clock.now(), on=wave.on, off=wave.off)
                await told(doors, wave.cases, "firing", within=WAVE_LIMIT)
            simulator.switch(clock.now(), off=simulator.faults)
            every = [case for wave in STORIES[simulator.name] for case in wave.cases]
            await told(doors, every, "resolved", within=END_LIMIT)
            ended.told = doors.told()
            ended.rules = await rules(daemon)
            events = (await daemon.json("/api/alertd/v1/history?limit=10000"))["events"]
            ended.transitions = [event for event in reversed(events) if event["kind"] == "transition"]
            return ended


async def told(doors: Doors, cases: list[Case], status: str, *, within: timedelta) -> None:
    """Return once every door of every case was told so, or when it takes too long: what is missing, its own test says."""
    wanted = {
        (case.alert, door) for case in cases for door in case.doors if status == "firing" or door not in case.unended
    }
    deadline = clock.monotonic() + within.total_seconds()
    while wanted - {(one.alert, one.door) for one in doors.told() if one.status == status}:
        if clock.monotonic() > deadline:
            return
        await asyncio.sleep(0.1)


CASES = [
    pytest.param(system, case, id=f"{system} {case.alert}")
    for system, waves in STORIES.items()
    for wave in waves
    for case in wave.cases
]


@pytest.mark.parametrize(("system", "case"), CASES)
async def test_everybody_is_told_that_it_fires_and_that_it_has_ended(
    stories: dict[str, asyncio.Task[Ended]], system: str, case: Case
) -> None:
    ended = await stories[system]
    for door in case.doors:
        messages = ended.about(case, door)
        assert [one.status for one in messages][:1] == ["firing"], door
        assert case.says in messages[0].text
        assert {one.severity for one in messages} <= {"", SENT_AS.get(case.severity, case.severity)}
        assert ("resolved" in {one.status for one in messages}) == (door not in case.unended), door
    assert {one.door for one in ended.told if one.alert == case.alert} == set(case.doors)


@pytest.mark.parametrize(("system", "case"), CASES)
async def test_it_is_pending_first_then_fires_then_ends(
    stories: dict[str, asyncio.Task[Ended]], system: str, case: Case
) -> None:
    ended = await stories[system]
    (rule,) = [rule for rule in ended.rules if rule["name"] == case.alert]
    states = ["pending", "firing", "resolved"] if rule["duration"] else ["firing", "resolved"]
    assert rule["labels"]["severity"] == case.severity
    assert any(" ".join(states) in " ".join(seen) for seen in ended.states(case)), ended.states(case)


@pytest.mark.parametrize("system", STORIES)
async def test_nothing_fires_before_a_fault_and_nothing_else_after(
    stories: dict[str, asyncio.Task[Ended]], system: str
) -> None:
    ended = await stories[system]
    assert {rule["name"] for rule in ended.calm if rule["state"] == "firing"} == set()
    expected = {case.alert for wave in STORIES[system] for case in wave.cases}
    assert {one.alert for one in ended.told} - {*OVER_DAYS[system]} == expected


@pytest.mark.parametrize("system", STORIES)
async def test_every_rule_was_evaluated_without_an_error(stories: dict[str, asyncio.Task[Ended]], system: str) -> None:
    ended = await stories[system]
    assert {rule["name"]: rule["lastError"] for rule in ended.calm + ended.rules if rule["health"] != "ok"} == {}
