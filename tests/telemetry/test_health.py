"""What `/health` makes of readings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.telemetry.health import (
    Check,
    Readings,
    Report,
    SourceReading,
    Status,
    assess,
    evaluation,
    outbox,
    prometheus,
    usage,
)
from alertd.telemetry.readings import GroupReading, HostReading, OutboxReading

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(hours=1, milliseconds=400)
MINUTE = timedelta(minutes=1)
FINE = Readings(
    host=HostReading(cpu_percent=45.23, memory_percent=62.1, disk_percent=34.8),
    sources={"default": SourceReading(answered_at=NOW - timedelta(seconds=12), interval=MINUTE)},
    groups=[GroupReading(key="f;g", interval=MINUTE, rules=3, evaluated_at=NOW - timedelta(seconds=30))],
    groups_since=START,
    outbox=OutboxReading(depth={"queued": 0, "dead": 0}),
)


def report(readings: Readings) -> Report:
    return assess(readings, version="1.2.3", started_at=START, at=NOW)


def test_the_report_has_the_shape_that_was_asked_for() -> None:
    assert report(FINE).document() == {
        "status": "healthy",
        "timestamp": "2026-01-01T01:00:00Z",
        "uptime": 3600,
        "version": "1.2.3",
        "checks": {
            "cpu_usage": {"status": "healthy", "value": 45.2, "threshold": 80, "unit": "percent"},
            "memory_usage": {"status": "healthy", "value": 62.1, "threshold": 85, "unit": "percent"},
            "disk_usage": {"status": "healthy", "value": 34.8, "threshold": 90, "unit": "percent"},
            "prometheus": {
                "status": "healthy",
                "value": 12,
                "threshold": 300,
                "unit": "seconds",
                "sources": {"default": 12},
            },
            "evaluation": {"status": "healthy", "value": 0.5, "threshold": 3, "unit": "intervals", "groups": 1},
            "outbox": {"status": "healthy", "value": 0, "threshold": 300, "unit": "seconds", "queued": 0, "dead": 0},
            "storage": {"status": "healthy"},
            "config": {"status": "healthy"},
        },
    }


@pytest.mark.parametrize(
    ("change", "check", "status"),
    [
        pytest.param({"host": HostReading(cpu_percent=80.1)}, "cpu_usage", Status.DEGRADED, id="busy machine"),
        pytest.param({"host": HostReading(disk_percent=99)}, "disk_usage", Status.DEGRADED, id="full disk"),
        pytest.param({"storage_error": "disk I/O error"}, "storage", Status.UNHEALTHY, id="nothing can be kept"),
        pytest.param({"config_refused": True}, "config", Status.DEGRADED, id="bad file at reload"),
        pytest.param(
            {"outbox": OutboxReading(oldest=timedelta(minutes=6))}, "outbox", Status.DEGRADED, id="receiver down"
        ),
        pytest.param({"outbox": None}, "outbox", Status.DEGRADED, id="storage does not answer"),
        pytest.param(
            {"groups": [replace(FINE.groups[0], evaluated_at=NOW - 4 * MINUTE)]},
            "evaluation",
            Status.UNHEALTHY,
            id="evaluation stands still",
        ),
        pytest.param(
            {"sources": {"default": SourceReading(answered_at=NOW - 6 * MINUTE, interval=MINUTE)}},
            "prometheus",
            Status.UNHEALTHY,
            id="prometheus is silent",
        ),
    ],
)
def test_one_bad_check_decides_and_says_why(change: dict[str, object], check: str, status: Status) -> None:
    bad = report(replace(FINE, **change))
    assert bad.status is status
    assert bad.checks[check].status is status
    assert bad.checks[check].detail
    others = [other.status for name, other in bad.checks.items() if name != check]
    assert set(others) == {Status.HEALTHY}


def test_what_is_hidden_is_not_held_against_the_machine() -> None:
    assert usage(None, 80).document() == {
        "status": "healthy", "value": None, "threshold": 80, "unit": "percent", "detail": "not readable here",
    }  # fmt: skip


def test_one_silent_source_of_two_is_only_degraded() -> None:
    sources = {
        "eu": SourceReading(answered_at=NOW - 10 * MINUTE, interval=MINUTE),
        "us": SourceReading(answered_at=NOW, interval=MINUTE),
    }
    check = prometheus(sources, since=START, at=NOW)
    assert (check.status, check.value, check.detail) == (Status.DEGRADED, 600, "no answer from eu")


@pytest.mark.parametrize(
    ("since", "status"),
    [
        pytest.param(NOW - MINUTE, Status.HEALTHY, id="just started"),
        pytest.param(NOW - 10 * MINUTE, Status.UNHEALTHY, id="never answered for ten minutes"),
    ],
)
def test_a_source_that_never_answered_is_silent_since_the_start(since: datetime, status: Status) -> None:
    assert prometheus({"p": SourceReading(answered_at=None, interval=MINUTE)}, since=since, at=NOW).status is status


def test_a_source_asked_once_an_hour_may_be_silent_for_three() -> None:
    check = prometheus({"p": SourceReading(answered_at=START, interval=timedelta(hours=1))}, since=START, at=NOW)
    assert (check.status, check.threshold) == (Status.HEALTHY, 3 * 3600)


@pytest.mark.parametrize(
    ("evaluated_at", "since", "lag"),
    [
        pytest.param(NOW - 2 * MINUTE, START, 2, id="since its newest slot"),
        pytest.param(None, NOW - MINUTE, 1, id="never evaluated: since it was loaded"),
        pytest.param(START - timedelta(days=1), NOW - MINUTE, 1, id="evaluated before a restart: since it was loaded"),
        pytest.param(NOW + MINUTE, START, 0, id="a slot ahead of the clock is not late"),
    ],
)
def test_a_group_is_late_since(evaluated_at: datetime | None, since: datetime, lag: float) -> None:
    group = GroupReading(key="f;g", interval=MINUTE, rules=1, evaluated_at=evaluated_at)
    assert evaluation([group], since=since, at=NOW).value == lag


def test_without_rule_groups_nothing_is_late_and_nobody_silent() -> None:
    empty = report(replace(FINE, groups=[], sources={}))
    assert empty.status is Status.HEALTHY


def test_the_late_group_is_named() -> None:
    groups = [
        GroupReading(key="f;slow", interval=timedelta(hours=1), rules=1, evaluated_at=NOW - timedelta(minutes=50)),
        GroupReading(key="f;stuck", interval=MINUTE, rules=1, evaluated_at=NOW - 10 * MINUTE),
    ]
    assert "f;stuck" in evaluation(groups, since=START, at=NOW).detail


def test_an_outbox_shows_what_is_in_it() -> None:
    assert outbox(OutboxReading(depth={"queued": 3}, oldest=timedelta(seconds=7))).document() == {
        "status": "healthy", "value": 7, "threshold": 300, "unit": "seconds", "queued": 3,
    }  # fmt: skip


@given(st.dictionaries(st.text(max_size=3), st.sampled_from(Status)))
def test_the_report_is_as_bad_as_its_worst_check(statuses: dict[str, Status]) -> None:
    checks = {name: Check(status=status) for name, status in statuses.items()}
    whole = Report(at=NOW, uptime=MINUTE, version="1", checks=checks)
    assert whole.status == max([0, *statuses.values()])
