"""What `/metrics` shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from alertd.telemetry.metrics import Metrics
from alertd.telemetry.readings import (
    AlertmanagerReading,
    GroupReading,
    OutboxReading,
    ProcessReading,
    QueryReading,
    QueueReading,
    TrafficReading,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
GROUP = GroupReading(
    key="rules/a.yml;llm", interval=timedelta(seconds=30), rules=3, evaluated_at=START + timedelta(minutes=1),
    seconds=0.2, iterations=7, missed=2, samples=11, failed_rules=1, rule_seconds=(0.01, 0.02, 0.03),
    alerts={"pending": 1, "firing": 2, "inactive": 4},
)  # fmt: skip
QUIET = TrafficReading()
PROCESS = ProcessReading(cpu_seconds=1.5, resident_bytes=2048, open_fds=9, max_fds=1024)


def metrics(groups: list[GroupReading], *, traffic: TrafficReading = QUIET) -> Metrics:
    return Metrics(
        version="1.2.3", started_at=START, groups=lambda: groups, traffic=lambda: traffic, process=lambda: PROCESS
    )


async def text_of(shown: Metrics, *, outbox: OutboxReading | None = None) -> str:
    """What a scrape gets."""
    return (await shown.render(outbox=outbox))[0].decode()


async def values(of: Metrics, outbox: OutboxReading | None = None) -> dict[str, float]:
    """Every sample, written as Prometheus writes a series."""
    text = await text_of(of, outbox=outbox)
    return {
        sample.name + ("{" + ",".join(f"{k}={v}" for k, v in sample.labels.items()) + "}" if sample.labels else ""):
        sample.value
        for family in parse(text) for sample in family.samples
    }  # fmt: skip


@pytest.mark.parametrize(
    ("series", "value"),
    [
        ("alertd_rule_group_interval_seconds", 30),
        ("alertd_rule_group_rules", 3),
        ("alertd_rule_group_last_duration_seconds", 0.2),
        ("alertd_rule_group_last_evaluation_timestamp_seconds", START.timestamp() + 60),
        ("alertd_rule_group_last_evaluation_samples", 11),
        ("alertd_rule_group_iterations_total", 9),
        ("alertd_rule_group_iterations_missed_total", 2),
        ("alertd_rule_evaluations_total", 3),
        ("alertd_rule_evaluation_failures_total", 1),
    ],
)
async def test_every_group_metric_of_prometheus_has_its_twin(series: str, value: float) -> None:
    shown = metrics([GROUP])
    shown.group_evaluated(GROUP)
    assert (await values(shown))[f"{series}{{rule_group={GROUP.key}}}"] == value


async def test_evaluations_add_up_and_durations_are_observed() -> None:
    shown = metrics([GROUP])
    shown.group_evaluated(GROUP)
    shown.group_evaluated(GROUP)
    seen = await values(shown)
    assert seen[f"alertd_rule_evaluations_total{{rule_group={GROUP.key}}}"] == 6
    assert seen["alertd_rule_group_duration_seconds_sum"] == pytest.approx(0.4)
    assert seen["alertd_rule_evaluation_duration_seconds_count"] == 6


async def test_a_group_that_is_gone_takes_its_series_with_it() -> None:
    groups = [GROUP]
    shown = metrics(groups)
    shown.group_evaluated(GROUP)
    groups.clear()
    assert not [series for series in await values(shown) if GROUP.key in series]


async def test_a_group_shows_zero_before_its_first_evaluation() -> None:
    fresh = GroupReading(key="f;g", interval=timedelta(minutes=1), rules=2)
    seen = await values(metrics([fresh]))
    assert seen["alertd_rule_group_last_evaluation_timestamp_seconds{rule_group=f;g}"] == 0
    assert seen["alertd_rule_evaluations_total{rule_group=f;g}"] == 0


async def test_alerts_are_counted_over_all_groups_by_state() -> None:
    seen = await values(metrics([GROUP, GROUP]))
    assert (seen["alertd_alerts{state=pending}"], seen["alertd_alerts{state=firing}"]) == (2, 4)
    assert (await values(metrics([])))["alertd_alerts{state=firing}"] == 0


async def test_the_outbox_shows_depth_and_age() -> None:
    seen = await values(metrics([]), OutboxReading(depth={"queued": 4, "dead": 1}, oldest=timedelta(seconds=90)))
    assert seen["alertd_outbox_deliveries{state=queued}"] == 4
    assert seen["alertd_outbox_oldest_age_seconds"] == 90
    assert (await values(metrics([]), OutboxReading()))["alertd_outbox_oldest_age_seconds"] == 0


async def test_an_outbox_that_cannot_be_read_is_absent_and_not_empty() -> None:
    assert "alertd_outbox_oldest_age_seconds" not in await values(metrics([]))


async def test_notifications_start_at_zero_and_are_counted_by_outcome_and_reason() -> None:
    shown = metrics([])
    shown.notifications.expect([("ops", "webhook")])
    assert (await values(shown))["alertd_notifications_total{integration=webhook,outcome=dead,receiver=ops}"] == 0
    shown.notifications.on_outcome(
        receiver="ops", integration="webhook", outcome="retry", cause="server_error", seconds=2
    )
    seen = await values(shown)
    assert seen["alertd_notifications_total{integration=webhook,outcome=retried,receiver=ops}"] == 1
    assert seen["alertd_notification_failures_total{integration=webhook,reason=server_error,receiver=ops}"] == 1
    assert seen["alertd_notification_latency_seconds_sum{integration=webhook}"] == 2


async def test_what_the_fallback_receiver_is_told_of_starts_at_zero_and_is_counted() -> None:
    shown = metrics([])
    shown.notifications.expect([("ops", "webhook")])
    assert (await values(shown))["alertd_notification_fallbacks_total{integration=webhook,receiver=ops}"] == 0
    shown.notifications.on_passed_on(receiver="ops", integration="webhook")
    assert (await values(shown))["alertd_notification_fallbacks_total{integration=webhook,receiver=ops}"] == 1


async def test_traffic_is_shown_by_source_and_target() -> None:
    traffic = TrafficReading(
        queries=[QueryReading(source="eu", needs=9, shared=4, requests=3, failed=1, joined=5, samples=70, seconds=0.5)],
        remote_write=[
            QueueReading(target="http://p", sent=7, waiting=2, requests=3, retries=1, dropped={"refused": 6})
        ],
        alertmanagers=[QueueReading(target="http://a", sent=8)],
    )
    seen = await values(metrics([], traffic=traffic))
    expected = {
        "alertd_queries_total{source=eu}": 3,
        "alertd_queries_failed_total{source=eu}": 1,
        "alertd_query_seconds_total{source=eu}": 0.5,
        "alertd_query_samples_total{source=eu}": 70,
        "alertd_query_needs_total{source=eu}": 9,
        "alertd_query_needs_shared_total{source=eu}": 4,
        "alertd_query_needs_joined_total{source=eu}": 5,
        "alertd_remote_write_samples_sent_total{target=http://p}": 7,
        "alertd_remote_write_samples_pending{target=http://p}": 2,
        "alertd_remote_write_requests_total{target=http://p}": 3,
        "alertd_remote_write_retries_total{target=http://p}": 1,
        "alertd_remote_write_samples_dropped_total{reason=refused,target=http://p}": 6,
        "alertd_alertmanager_alerts_sent_total{alertmanager=http://a}": 8,
        "alertd_alertmanager_alerts_pending{alertmanager=http://a}": 0,
    }
    assert {series: seen[series] for series in expected} == expected


async def test_a_refused_reload_shows_and_keeps_the_time_of_the_last_good_one() -> None:
    shown = metrics([])
    shown.config_loaded(at=START)
    shown.config_refused()
    seen = await values(shown)
    assert seen["alertd_config_last_reload_successful"] == 0
    assert seen["alertd_config_last_reload_success_timestamp_seconds"] == START.timestamp()


async def test_the_process_shows_the_standard_metrics_and_leaves_out_what_is_hidden() -> None:
    seen = await values(metrics([]))
    assert seen["process_cpu_seconds_total"] == 1.5
    assert seen["process_resident_memory_bytes"] == 2048
    assert seen["process_start_time_seconds"] == START.timestamp()
    hidden = Metrics(version="1", started_at=START, groups=list, process=lambda: ProcessReading(cpu_seconds=1))
    assert "process_resident_memory_bytes" not in await values(hidden)


async def test_openmetrics_is_given_to_who_asks_for_it() -> None:
    shown = metrics([GROUP])
    shown.group_evaluated(GROUP)
    body, content_type = await shown.render("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")
    assert content_type.startswith("application/openmetrics-text")
    assert {family.name for family in parse_openmetrics(body.decode())} >= {"alertd_rule_evaluations", "alertd_alerts"}
    assert (await shown.render())[1].startswith("text/plain; version=0.0.4")


async def test_no_series_is_doubled_by_creation_times() -> None:
    assert "_created" not in await text_of(metrics([GROUP]))


async def test_every_metric_says_what_it_means_and_has_our_name_or_alertmanagers() -> None:
    for family in parse(await text_of(metrics([GROUP]))):
        assert family.documentation.endswith("."), family.name
        assert family.name.startswith(("alertd_", "alertmanager_", "process_")), family.name


async def test_failed_templates_are_counted_from_zero() -> None:
    shown = metrics([])
    shown.notifications.expect([("ops", "slack")])
    series = "alertd_notification_template_failures_total{integration=slack,receiver=ops}"
    assert (await values(shown))[series] == 0
    shown.notifications.template_failed(receiver="ops", integration="slack")
    assert (await values(shown))[series] == 1


async def test_what_alertmanagers_mixin_reads_is_there() -> None:
    reading = AlertmanagerReading(
        api_version="0.27.0", alerts={"active": 1, "suppressed": 2}, silences={"active": 1}, received={"firing": 3},
        invalid=0, suppressed={"silence": 4, "inhibition": 5}, cleanings=7, failed_cleanings=1, groups=2, receivers=1,
        integrations=1, config_taken=True, config_taken_at=START, config_hash=9,
    )  # fmt: skip
    body, _ = await metrics([]).render(alertmanager=reading)
    seen = {sample.name: sample for family in parse(body.decode()) for sample in family.samples}
    suppressed = [
        (sample.labels["reason"], sample.value)
        for family in parse(body.decode())
        for sample in family.samples
        if sample.name == "alertmanager_notifications_suppressed_total"
    ]
    assert suppressed == [("silence", 4), ("inhibition", 5)]
    for what in ("silences", "nflog"):
        assert seen[f"alertmanager_{what}_maintenance_total"].value == 7
        assert seen[f"alertmanager_{what}_maintenance_errors_total"].value == 1
