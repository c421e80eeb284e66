"""Pictures for mails; charts as such are tested through the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from alertd.alerts.alert import Alert
from alertd.clock import SimulatedClock
from alertd.engine.charting import Charting
from alertd.engine.state import GroupState
from alertd.errors import QueryError
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.query.history import HistoryNeed, HistorySource, SeriesMatrix
from alertd.rules.kind import Inputs
from tests.support.services import AT, an_alert, between_slots, evaluate, groups_of

TENANT = LabelSet({"tenant": "a"})
ALERT = replace(an_alert({"alertname": "High", "tenant": "a"}), series=TENANT, evidence={"Threshold": 5.0})
FINGERPRINT = LabelSet({**ALERT.labels, "region": "eu"}).fingerprint


class Past:
    """One tenant at 9 for as long as anybody asks."""

    async def read(self, need: HistoryNeed) -> AsyncIterator[SeriesMatrix]:
        assert need.end - need.start == timedelta(hours=6)
        times = need.start.timestamp() + need.step.total_seconds() * np.arange((need.end - need.start) // need.step)
        yield SeriesMatrix(labels=(TENANT,), times=times, values=np.full((len(times), 1), 9.0))


class NoPast:
    async def read(self, need: HistoryNeed) -> AsyncIterator[SeriesMatrix]:
        raise QueryError("connection refused")
        yield


def charting(past: HistorySource) -> Charting:
    groups = groups_of("groups: [{name: g, rules: [{alert: High, expr: 'sum by (tenant) (m) > 5'}]}]")
    evaluate(groups[0], 0, ALERT)
    return Charting(
        clock=SimulatedClock(AT),
        rules=lambda: groups,
        between_slots=between_slots(groups),
        history=lambda: {"default": past},
        external_labels=lambda: {"region": "eu"},
    )


async def test_a_picture_is_found_by_the_labels_alerts_are_handed_on_with() -> None:
    picture = await charting(Past()).picture(FINGERPRINT)
    assert picture is not None
    assert Image.open(BytesIO(picture)).format == "PNG"


async def test_of_an_alert_no_rule_has_there_is_none() -> None:
    assert await charting(Past()).picture(ALERT.labels.fingerprint) is None


async def test_who_asks_decides_what_to_do_without_the_past() -> None:
    with pytest.raises(QueryError, match="connection refused"):
        await charting(NoPast()).picture(FINGERPRINT)


# -- budgets -------------------------------------------------------------------------------------------------------------

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MAY = datetime(2026, 5, 1, tzinfo=UTC)
NOW = MAY + 10 * DAY + 6 * HOUR
OF_SPEND = """
groups:
- name: spent
  rules:
  - alert: Spent
    budget: {spend: cost_total, by: [tenant], limit: 1000, thresholds: [50%, 80%], timezone: Europe/Berlin}
- name: projected
  rules:
  - {alert: Projected, projection: {spend: cost_total, by: [tenant], limit: 900, timezone: Europe/Berlin}}
"""
SPENT = replace(
    an_alert({"alertname": "Spent", "tenant": "b", "budget_threshold": "50%"}), series=LabelSet({"tenant": "b"})
)
PROJECTED = replace(an_alert({"alertname": "Projected", "tenant": "b"}), series=LabelSet({"tenant": "b"}))
TENANTS = tuple(LabelSet({"tenant": tenant, "job": "gateway"}) for tenant in "ab")


def of_spend() -> list[GroupState]:
    """Forty days of 24 and 48 a day, less a day in May that nobody observed."""
    groups = groups_of(OF_SPEND)
    times = np.arange((NOW - 40 * DAY).timestamp(), NOW.timestamp(), 3600.0)
    values = np.outer(np.arange(len(times)) + 1.0, [1.0, 2.0])
    seen = (times <= (MAY + 4 * DAY).timestamp()) | (times > (MAY + 5 * DAY).timestamp())
    for group, alert in zip(groups, (SPENT, PROJECTED), strict=True):
        judge = group.rules[0].judge
        assert judge is not None
        for need in judge.wants(NOW):
            judge.learn(need, SeriesMatrix(labels=TENANTS, times=times[seen], values=values[seen]))
        batch = SeriesBatch(labels=TENANTS, values=values[-1] + [1.0, 2.0], at=NOW)
        judge.judge(Inputs(at=NOW, interval=HOUR, batch=batch, others={"process_start_time_seconds": batch}))
        evaluate(group, 0, alert)
    return groups


def spend_charting(groups: list[GroupState]) -> Charting:
    return Charting(
        clock=SimulatedClock(NOW), rules=lambda: groups, between_slots=between_slots(groups), history=dict,
        external_labels=dict,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("alert", "limits"),
    [
        pytest.param(SPENT, {"50%": 500.0, "80%": 800.0, "limit": 1000.0}, id="budget"),
        pytest.param(PROJECTED, {"limit": 900.0}, id="projection"),
    ],
)
async def test_of_a_budget_the_period_is_drawn_as_the_ledger_has_it(alert: Alert, limits: dict[str, float]) -> None:
    chart = await spend_charting(of_spend()).chart(alert.labels.fingerprint)
    assert chart is not None
    assert (chart.unit, str(chart.zone)) == ("USD", "Europe/Berlin")
    began = MAY - 2 * HOUR  # midnight in Berlin
    assert (chart.times[0], chart.times[-1]) == (began.timestamp(), NOW.timestamp())
    assert (chart.values[0], chart.values[-1]) == pytest.approx((0.0, 2 * ((NOW - began) / HOUR)))
    unseen = chart.times[np.isnan(chart.values)]
    assert len(unseen)
    assert (MAY + 4 * DAY).timestamp() < unseen[0] < unseen[-1] < (MAY + 5 * DAY + HOUR).timestamp()
    assert {limit.label: limit.value for limit in chart.limits} == pytest.approx(limits)
    assert chart.fan is not None, "another rule projects the same spend"
    assert (chart.fan.times[0], chart.fan.times[-1]) == (NOW.timestamp(), (MAY + 31 * DAY - 2 * HOUR).timestamp())
    assert chart.fan.middle[[0, -1]] == pytest.approx([2 * ((NOW - began) / HOUR), 31 * 48], rel=0.02)


async def test_of_a_budget_a_while_may_be_asked_for() -> None:
    chart = await spend_charting(of_spend()).chart(SPENT.labels.fingerprint, 20 * DAY)
    assert chart is not None
    assert chart.times[0] == (NOW - 20 * DAY).timestamp()
    (turn,) = np.flatnonzero(np.diff(chart.values) < 0)
    assert chart.values[turn] == pytest.approx(30 * 48, rel=0.02)
    assert chart.times[turn] < (MAY - 2 * HOUR).timestamp() <= chart.times[turn + 1]


async def test_an_alert_of_no_scope_has_no_course() -> None:
    groups = of_spend()
    unpriced = an_alert({"alertname": "Spent", "alertd_reason": "unpriced"})
    evaluate(groups[0], 0, unpriced)
    chart = await spend_charting(groups).chart(unpriced.labels.fingerprint)
    assert chart is not None
    assert not len(chart.times)


async def test_a_ledger_that_still_reads_its_past_is_not_drawn() -> None:
    groups = of_spend()
    groups[0].rules[0].reads_history = True
    with pytest.raises(QueryError, match="Spent is still reading its past"):
        await spend_charting(groups).chart(SPENT.labels.fingerprint)
