"""What telemetry is told of the running parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import aiohttp
import pytest

from alertd.alerts.alert import State
from alertd.clock import SimulatedClock
from alertd.engine.alertmanagers import Alertmanagers
from alertd.engine.readings import read_group, read_outbox, read_sources, read_traffic
from alertd.engine.remote_writer import RemoteWriter
from alertd.errors import StoreError
from alertd.labels import LabelSet
from alertd.notify.outbox import DeliveryState, OutboxStats
from alertd.query.fetcher import Fetcher
from alertd.query.prometheus import PrometheusSource
from alertd.query.remote_write import RemoteWriteSettings, SeriesSample
from alertd.query.source import SourceSettings
from alertd.telemetry.readings import OutboxReading, QueryReading
from tests.support.services import AT, an_alert, evaluate, groups_of

RULES = """
groups:
- name: g
  interval: 30s
  rules: [{alert: A, expr: up == 0}, {record: r, expr: up}]
- name: h
  interval: 2m
  rules: [{alert: B, expr: up == 0}]
"""


class Stats:
    """An outbox of which only the statistics are asked."""

    def __init__(self, answer: OutboxStats | Exception) -> None:
        self._answer = answer

    async def outbox_stats(self) -> OutboxStats:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def test_a_group_is_read_with_its_rules_and_alerts() -> None:
    state = groups_of(RULES)[0]
    evaluate(state, 0, an_alert({"alertname": "A"}), an_alert({"alertname": "A", "x": "y"}, state=State.PENDING))
    evaluate(state, 1, error="no")
    state.rules[0].samples, state.iterations, state.missed = 5, 3, 1
    reading = read_group(state)
    assert (reading.key, reading.interval, reading.rules) == ("rules.yml;g", timedelta(seconds=30), 2)
    assert (reading.evaluated_at, reading.seconds, reading.rule_seconds) == (AT, 0.25, (0.125, 0.125))
    assert (reading.iterations, reading.missed, reading.samples, reading.failed_rules) == (3, 1, 5, 1)
    assert reading.alerts == {"firing": 1, "pending": 1}


def test_a_source_answered_when_a_rule_that_asks_it_last_succeeded() -> None:
    states = groups_of(RULES)
    evaluate(states[0], 0, error="timeout")
    sources = read_sources(states)
    assert sources["default"].answered_at is None
    assert sources["default"].interval == timedelta(seconds=30), "the shortest of its groups"
    evaluate(states[1], 0)
    assert read_sources(states)["default"].answered_at == AT


async def test_the_outbox_is_read_with_its_age() -> None:
    stats = OutboxStats(depth={DeliveryState.QUEUED: 2}, oldest_at=AT - timedelta(seconds=7))
    assert await read_outbox(Stats(stats), at=AT) == OutboxReading(depth={"queued": 2}, oldest=timedelta(seconds=7))


@pytest.mark.parametrize("error", [StoreError("disk full"), TimeoutError()], ids=["error", "too slow"])
async def test_an_outbox_that_does_not_answer_is_unknown(error: Exception) -> None:
    assert await read_outbox(Stats(error), at=AT) is None


async def test_traffic_is_read_by_source_and_target_and_no_two_share_a_name() -> None:
    clock, random = SimulatedClock(datetime(2026, 1, 1, tzinfo=UTC)), Random(1)
    async with aiohttp.ClientSession() as session:
        fetcher = Fetcher({"eu": PrometheusSource(SourceSettings(url="http://p", name="eu"), session)})
        targets = [RemoteWriteSettings(url=f"http://p/{path}") for path in ("a", "b")]
        writer = RemoteWriter(targets, session, clock=clock, random=random)
        await writer.write([SeriesSample(labels=LabelSet({"__name__": "x"}), value=1, at=AT)] * 2)
        traffic = read_traffic(fetcher, writer, Alertmanagers([], session, clock=clock, random=random))
    assert traffic.queries == [QueryReading(source="eu")]
    assert [(queue.target, queue.waiting, queue.dropped) for queue in traffic.remote_write] == [
        ("http://p", 1, {"out_of_order": 1}), ("http://p#2", 1, {"out_of_order": 1}),
    ]  # fmt: skip
    assert traffic.alertmanagers == []
