"""Alerts reach external Alertmanagers as Prometheus would send them, through outages too."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

from alertd.alerts.posted import PostedAlert
from alertd.clock import Clock, SimulatedClock, SystemClock
from alertd.engine.alertmanagers import Alertmanagers, AlertmanagerSettings, encode
from alertd.http import HttpClient, new_session
from alertd.labels import LabelSet
from tests.support.servers import Scripted, alertmanager, answer, free_port, hang, scripted
from tests.support.waiting import until

AT = datetime(2026, 11, 20, 15, 32, 27, 8_900, tzinfo=UTC)
VALID = timedelta(minutes=4)
OK = answer()


class Latest(Random):
    """Waits are as long as they may become."""

    def random(self) -> float:
        return 1.0


def alert(name: str = "F0", *, at: datetime = AT, ends_at: datetime | None = None, **labels: str) -> PostedAlert:
    return PostedAlert(
        labels=LabelSet({"alertname": name, **labels}),
        annotations={"summary": "a is 1"},
        starts_at=at,
        ends_at=ends_at or at + VALID,
        updated_at=at,
        generator_url="http://prom.example.com/graph?g0.expr=up&g0.tab=1",
    )


def settings(*urls: str, **more: Any) -> AlertmanagerSettings:
    targets = [url.removeprefix("http://") for url in urls]
    return AlertmanagerSettings.model_validate({"static_configs": [{"targets": targets}], **more})


@asynccontextmanager
async def sending(*urls: str, clock: Clock | None = None, **more: Any) -> AsyncIterator[Alertmanagers]:
    """Sends while the block runs; then stops at once."""
    async with new_session() as session:
        alertmanagers = Alertmanagers(
            [settings(*urls, **more)], session, clock=clock or SimulatedClock(AT), random=Latest()
        )
        running = asyncio.create_task(alertmanagers.run())
        try:
            yield alertmanagers
        finally:
            await alertmanagers.stop(timedelta())
            await running


async def all_sent(alertmanagers: Alertmanagers, clock: SimulatedClock | None = None) -> None:
    """Return once every queue is empty; simulated waits pass a second at a time."""
    await until(lambda: not any(map(len, alertmanagers.targets)), clock=clock)


def posts(server: Scripted) -> list[list[str]]:
    return [[one["labels"]["alertname"] for one in json.loads(asked.body)] for asked in server.asked]


def test_the_body_is_what_prometheus_sends() -> None:
    firing = alert(at=AT, ends_at=AT + timedelta(seconds=20), dc="eu")
    bare = replace(firing, annotations={})

    assert json.loads(encode([firing, bare])) == [
        {
            "labels": {"alertname": "F0", "dc": "eu"},
            "annotations": {"summary": "a is 1"},
            "startsAt": "2026-11-20T15:32:27.008Z",
            "endsAt": "2026-11-20T15:32:47.008Z",
            "generatorURL": "http://prom.example.com/graph?g0.expr=up&g0.tab=1",
        },
        {
            "labels": {"alertname": "F0", "dc": "eu"},
            "startsAt": "2026-11-20T15:32:27.008Z",
            "endsAt": "2026-11-20T15:32:47.008Z",
            "generatorURL": "http://prom.example.com/graph?g0.expr=up&g0.tab=1",
        },
    ]


async def test_alertmanager_takes_a_firing_and_a_resolved_alert() -> None:
    now = SystemClock().now()
    async with alertmanager() as url, sending(url, clock=SystemClock()) as alertmanagers, new_session() as session:
        http = HttpClient(session)
        alertmanagers.post([alert("Fires", at=now, dc="eu"), alert("Stays", at=now)])
        await all_sent(alertmanagers)
        firing = json.loads((await http.request("GET", f"{url}/api/v2/alerts")).body)
        alertmanagers.post([replace(alert("Fires", at=now, dc="eu"), ends_at=now)])
        await all_sent(alertmanagers)
        left = json.loads((await http.request("GET", f"{url}/api/v2/alerts")).body)

    assert {(one["labels"]["alertname"], one["labels"].get("dc")) for one in firing} == {
        ("Fires", "eu"),
        ("Stays", None),
    }
    assert [one["labels"]["alertname"] for one in left] == ["Stays"]
    assert alertmanagers.targets[0].counters.sent == 3


async def test_an_alertmanager_that_was_down_is_told_once_it_is_back() -> None:
    port, clock = free_port(), SimulatedClock(SystemClock().now())
    async with sending(f"127.0.0.1:{port}", clock=clock) as alertmanagers:
        alertmanagers.post([alert(at=clock.now())])
        await until(lambda: alertmanagers.targets[0].counters.retries)
        async with alertmanager(port=port) as url, new_session() as session:
            await all_sent(alertmanagers, clock)
            known = json.loads((await HttpClient(session).request("GET", f"{url}/api/v2/alerts")).body)

    assert [one["labels"]["alertname"] for one in known] == ["F0"]
    assert alertmanagers.targets[0].counters.dropped == {}


async def test_every_alertmanager_is_sent_every_alert() -> None:
    async with scripted(OK) as one, scripted(OK) as two, sending(one.url, two.url, path_prefix="/am/") as alertmanagers:
        alertmanagers.post([alert("A"), alert("B")])
        await all_sent(alertmanagers)

    assert posts(one) == posts(two) == [["A", "B"]]
    assert one.asked[0].path == "/am/api/v2/alerts"
    assert one.asked[0].headers["Content-Type"] == "application/json"


async def test_large_posts_are_cut_into_batches() -> None:
    async with scripted(OK) as server, sending(server.url) as alertmanagers:
        alertmanagers.post([alert(f"A{number}") for number in range(600)])
        await all_sent(alertmanagers)

    assert [len(post) for post in posts(server)] == [256, 256, 88]


async def test_a_failed_post_is_sent_again_with_the_newest_news() -> None:
    clock = SimulatedClock(AT)
    async with scripted(answer(status=500), OK) as server, sending(server.url, clock=clock) as alertmanagers:
        alertmanagers.post([alert("A"), alert("B")])
        await server.arrived.wait()
        resolved = alert("A", ends_at=AT)
        alertmanagers.post([resolved])
        await all_sent(alertmanagers, clock)

    assert posts(server) == [["A", "B"], ["A", "B"]]
    assert json.loads(server.asked[1].body)[0]["endsAt"] == "2026-11-20T15:32:27.008Z"


async def test_news_that_come_during_a_post_are_not_lost_with_it() -> None:
    clock = SimulatedClock(AT)
    async with scripted(hang, OK) as server, sending(server.url, clock=clock, timeout="100ms") as alertmanagers:
        alertmanagers.post([alert("A")])
        await server.arrived.wait()
        alertmanagers.post([alert("A", ends_at=AT)])
        await all_sent(alertmanagers, clock)

    assert json.loads(server.asked[-1].body)[0]["endsAt"] == "2026-11-20T15:32:27.008Z"


async def test_an_alert_too_old_to_be_said_is_not_told_as_resolved() -> None:
    clock = SimulatedClock(AT)
    down = answer(status=503, Retry_After="300")
    async with scripted(down, OK) as server, sending(server.url, clock=clock) as alertmanagers:
        alertmanagers.post([alert("Fires"), alert("Resolved", ends_at=AT)])
        await until(lambda: alertmanagers.targets[0].counters.retries)
        await all_sent(alertmanagers, clock)

    assert posts(server)[-1] == ["Resolved"]
    assert alertmanagers.targets[0].counters.dropped == {"expired": 1}


async def test_what_is_refused_is_dropped() -> None:
    async with scripted(answer("bad label", status=400), OK) as server, sending(server.url) as alertmanagers:
        alertmanagers.post([alert("A")])
        await all_sent(alertmanagers)

    assert len(server.asked) == 1
    assert alertmanagers.targets[0].counters.dropped == {"refused": 1}


async def test_a_hanging_alertmanager_holds_up_no_other() -> None:
    async with scripted(hang) as stuck, scripted(OK) as healthy, sending(stuck.url, healthy.url) as alertmanagers:
        alertmanagers.post([alert()])
        await until(lambda: not len(alertmanagers.targets[1]))

    assert [target.counters.sent for target in alertmanagers.targets] == [0, 1]
    assert alertmanagers.targets[0].counters.dropped == {"stopped": 1}


async def test_a_full_queue_drops_the_oldest() -> None:
    async with scripted(hang) as server, sending(server.url) as alertmanagers:
        alertmanagers.post([alert(f"A{number}") for number in range(10_003)])
        queued = len(alertmanagers.targets[0])

    assert queued == 10_000
    assert alertmanagers.targets[0].counters.dropped["queue_full"] == 3


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        pytest.param(
            {"static_configs": [{"targets": ["http://am:9093"]}]}, "must be host:port", id="a URL as a target"
        ),
        pytest.param({"static_configs": [{"targets": ["u@am:9093"]}]}, "must be host:port", id="a user in a target"),
        pytest.param({"static_configs": [{"targets": ["am"]}], "api_version": "v1"}, "Input should be 'v2'", id="v1"),
        pytest.param({}, "static_configs", id="no targets"),
    ],
)
def test_settings_that_cannot_work(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        AlertmanagerSettings.model_validate(given)


def test_settings_of_prometheus_are_understood() -> None:
    got = settings("am1:9093", "am2:9093", scheme="https", path_prefix="am", timeout="5s", basic_auth={"username": "u"})

    assert got.urls() == ["https://am1:9093/am/api/v2/alerts", "https://am2:9093/am/api/v2/alerts"]
    assert got.timeout == timedelta(seconds=5)
