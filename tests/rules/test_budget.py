"""The budget kind: the ladder, burn rates, what is not known, and what it remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pydantic import ValidationError

from alertd.alerts.alert import Resolution, State
from alertd.alerts.annotate import TemplateContext
from alertd.alerts.evaluation import evaluate
from alertd.duration import format_duration
from alertd.labels import LabelSet
from alertd.ledger.prices import PriceSettings, PriceTable
from alertd.query.batch import SeriesBatch
from alertd.query.history import SeriesMatrix
from alertd.rules.budget import Budget, BudgetJudge
from alertd.rules.budget_birth import STARTS_QUERY
from alertd.rules.budget_burn import standard_windows
from alertd.rules.budget_settings import BudgetSettings
from alertd.rules.finding import Finding, Judgement
from alertd.rules.kind import Inputs
from tests.support.rules import an_alerting_rule

START = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SPEND = {"spend": "cost_usd_total", "by": ["tenant"], "limit": 100, "period": "day"}
NOTHING = SeriesBatch.empty(at=START)


def a_budget(**settings: object) -> Budget:
    return Budget(BudgetSettings.model_validate(SPEND | settings))


def answer(values: Mapping[str, float], at: datetime, **labels: str) -> SeriesBatch:
    """Series of tenants, or of `tenant/model`."""
    sets = []
    for name in values:
        tenant, _, model = name.partition("/")
        sets.append(
            LabelSet({"__name__": "m", "tenant": tenant, "model": model, "job": "gw", "instance": "1"} | labels)
        )
    return SeriesBatch(labels=tuple(sets), values=np.array([*values.values()], dtype=float), at=at)


def slot(judge: BudgetJudge, at: datetime, values: Mapping[str, float], **others: SeriesBatch) -> Judgement:
    further = dict.fromkeys(judge.kind.further_queries, NOTHING) | others
    return judge.judge(Inputs(at=at, interval=MINUTE, batch=answer(values, at), others=further))


def steps(judgement: Judgement) -> set[tuple[str, str]]:
    """Scope and step of every ladder alert."""
    return {
        (finding.series.get("tenant"), finding.labels["budget_threshold"])
        for finding in judgement.findings
        if "budget_threshold" in finding.labels
    }


def run(judge: BudgetJudge, *values: Mapping[str, float], start: datetime = START) -> Judgement:
    judgement = Judgement(())
    for number, one in enumerate(values):
        judgement = slot(judge, start + number * MINUTE, one)
    return judgement


def only(judgement: Judgement) -> Finding:
    (finding,) = judgement.findings
    return finding


def test_every_step_that_is_crossed_is_an_alert_of_its_own() -> None:
    judge = a_budget().open(b"")
    assert steps(run(judge, {"a": 0, "b": 0}, {"a": 49, "b": 120})) == {("b", "50%"), ("b", "80%"), ("b", "100%")}
    judgement = slot(judge, START + 2 * MINUTE, {"a": 80, "b": 120})
    assert steps(judgement) == {("a", "50%"), ("a", "80%"), ("b", "50%"), ("b", "80%"), ("b", "100%")}
    assert all(finding.told_once for finding in judgement.findings)


def test_a_step_may_bring_labels() -> None:
    judge = a_budget(thresholds=["80%", {"at": "100%", "labels": {"severity": "critical"}}]).open(b"")
    found = {finding.labels["budget_threshold"]: finding for finding in run(judge, {"a": 0}, {"a": 100}).findings}
    assert found["100%"].labels == {"budget_threshold": "100%", "severity": "critical"}
    assert found["80%"].labels == {"budget_threshold": "80%"}
    assert (found["80%"].evidence["Threshold"], found["100%"].evidence["Threshold"]) == (80, 100)


def test_a_new_period_begins_with_a_slot_in_which_everything_ends() -> None:
    judge = a_budget().open(b"")
    before_midnight = START + timedelta(days=1) - 2 * MINUTE
    assert steps(run(judge, {"a": 0}, {"a": 60}, start=before_midnight)) == {("a", "50%")}
    midnight = START + timedelta(days=1)
    # Half of what came in over midnight belongs to either day; 55 of the new day are over 50 % again at once.
    assert steps(slot(judge, midnight, {"a": 60})) == set()
    assert steps(slot(judge, midnight + MINUTE, {"a": 115})) == {("a", "50%")}


def test_a_restart_in_a_new_period_ends_what_fired_in_the_last_one() -> None:
    judge = a_budget().open(b"")
    run(judge, {"a": 0}, {"a": 60}, start=START + timedelta(days=1) - 5 * MINUTE)
    restarted = a_budget().open(judge.memory())
    later = START + timedelta(days=1, minutes=3)
    assert slot(restarted, later, {"a": 200}).findings == ()
    assert steps(slot(restarted, later + MINUTE, {"a": 300})) == {("a", "50%"), ("a", "80%"), ("a", "100%")}


def test_a_restart_within_a_period_goes_on() -> None:
    judge = a_budget().open(b"")
    run(judge, {"a": 0}, {"a": 60})
    restarted = a_budget().open(judge.memory())
    assert steps(slot(restarted, START + 3 * MINUTE, {"a": 81})) == {("a", "50%"), ("a", "80%")}


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        pytest.param(200, set(), id="raised: cleared and armed again"),
        pytest.param(60, {("a", "50%"), ("a", "80%"), ("a", "100%")}, id="lowered: fires"),
        pytest.param({"a": 120, "default": 1}, {("a", "50%")}, id="a table"),
        pytest.param({"b": 1}, set(), id="a table without this scope: no limit"),
    ],
)
def test_another_limit_at_a_reload_leaves_the_ledger(limit: object, expected: set[tuple[str, str]]) -> None:
    judge = a_budget().open(b"")
    assert steps(run(judge, {"a": 0}, {"a": 60})) == {("a", "50%")}
    reloaded = a_budget(limit=limit).open(judge.memory())
    assert steps(slot(reloaded, START + 2 * MINUTE, {"a": 60})) == expected


def test_limits_may_come_from_a_query_and_stay_while_it_does_not_answer() -> None:
    judge = a_budget(limit={"query": "team_budget"}).open(b"")
    limits = answer({"a": 50}, START)
    slot(judge, START, {"a": 0, "b": 0}, team_budget=limits)
    assert steps(slot(judge, START + MINUTE, {"a": 30, "b": 999}, team_budget=limits)) == {("a", "50%")}
    assert steps(slot(judge, START + 2 * MINUTE, {"a": 45, "b": 999})) == {("a", "50%"), ("a", "80%")}


def test_an_answer_without_series_changes_nothing() -> None:
    judge = a_budget().open(b"")
    run(judge, {"a": 0}, {"a": 60})
    assert steps(slot(judge, START + 2 * MINUTE, {})) == {("a", "50%")}


def test_a_rolling_window_forgets_what_is_older() -> None:
    judge = a_budget(period="rolling 2h").open(b"")
    run(judge, {"a": 0}, {"a": 60})
    values = [slot(judge, START + number * 5 * MINUTE, {"a": 60}) for number in range(1, 30)]
    assert steps(values[10]) == {("a", "50%")}
    assert steps(values[-1]) == set()


# -- what it says --------------------------------------------------------------------------------------------------------


def test_evidence_of_a_step() -> None:
    judge = a_budget(drilldown="model", thresholds=["50%"], timezone="Europe/Berlin").open(b"")
    finding = only(run(judge, {"a/x": 0, "a/y": 0}, {"a/x": 45, "a/y": 15}))
    evidence = finding.evidence
    assert finding.value == evidence["Spend"] == 60
    assert (evidence["Limit"], evidence["Percent"], evidence["Unit"], evidence["Threshold"]) == (100, 60, "USD", 50)
    assert evidence["Drivers"] == "x 75% ($45.00), y 25% ($15.00)"
    assert str(evidence["PeriodStart"]) == "2026-03-02 00:00:00+01:00"
    assert str(evidence["PeriodEnd"]) == "2026-03-03 00:00:00+01:00"


def test_a_ledger_that_began_within_the_period_is_said_to_be_a_lower_bound() -> None:
    judge = a_budget(thresholds=["50%"]).open(b"")
    finding = only(run(judge, {"a": 0}, {"a": 60}, start=START + timedelta(hours=12)))
    assert "observed, known since 2026-03-02 12:00 UTC" in str(finding.evidence["Caveats"])


def test_requests_without_usage_make_the_spend_a_lower_bound() -> None:
    judge = a_budget(thresholds=["50%"], requests="requests_total", usage_missing="missing_total").open(b"")
    requests, missing = judge.kind.further_queries[1:]
    judgement = Judgement(())
    for minute, (spent, asked, lost) in enumerate([(0, 0, 0), (60, 100, 12)]):
        at = START + minute * MINUTE
        others = {requests: answer({"a": asked}, at), missing: answer({"a": lost}, at)}
        judgement = slot(judge, at, {"a": spent}, **others)
    evidence = only(judgement).evidence
    assert evidence["UsageMissing"] == pytest.approx(0.12)
    assert "spend is at least this: 12% of requests reported no usage" in str(evidence["Caveats"])


OWN = PriceTable(PriceSettings.model_validate({"models": [{"model": "house", "input": 1000, "output": 5000}]}))
TOKENS = {"spend": "", "tokens": "tokens_total", "unit": "USD", "thresholds": ["50%"]}


def tokens(judge: BudgetJudge, at: datetime, house: float, other: float) -> Judgement:
    sets = [
        LabelSet({"__name__": "t", "tenant": "a", "model": "house", "type": "prompt"}),
        LabelSet({"__name__": "t", "tenant": "a", "model": "house", "type": "total"}),
        LabelSet({"__name__": "t", "tenant": "a", "model": "secret-1", "type": "completion"}),
    ]
    batch = SeriesBatch(labels=tuple(sets), values=np.array([house, house, other]), at=at)
    further = dict.fromkeys(judge.kind.further_queries, NOTHING)
    return judge.judge(Inputs(at=at, interval=MINUTE, batch=batch, others=further))


def test_tokens_without_a_price_are_reported_and_never_free() -> None:
    judge = a_budget(**TOKENS).with_prices(OWN).open(b"")
    tokens(judge, START, 0, 0)
    step, unpriced = tokens(judge, START + MINUTE, 60_000, 2_000_000).findings
    assert step.evidence["Spend"] == pytest.approx(60)
    assert step.evidence["Unpriced"] == "secret-1"
    assert judge.standing is not None
    assert (judge.standing.price_table, judge.standing.unpriced) == (OWN.version, 2_000_000)
    assert "2M tokens of secret-1 have no price" in str(step.evidence["Caveats"])
    assert unpriced.labels == {"alertd_reason": "unpriced"}
    assert unpriced.value == 2_000_000
    assert unpriced.annotations["summary"].startswith("1 model has no price: secret-1; 2M tokens")


def test_a_price_that_comes_later_counts_from_then_on() -> None:
    judge = a_budget(**TOKENS).with_prices(OWN).open(b"")
    tokens(judge, START, 0, 0)
    tokens(judge, START + MINUTE, 60_000, 2_000_000)
    table = replace(
        OWN, settings=PriceSettings.model_validate({"models": [{"model": "*", "input": 1000, "output": 10}]})
    )
    reloaded = a_budget(**TOKENS).with_prices(table).open(judge.memory())
    step = only(tokens(reloaded, START + 2 * MINUTE, 60_000, 3_000_000))
    assert step.evidence["Spend"] == pytest.approx(60 + 10)
    versions = [version for _, version in reloaded.ledger.price_tables]
    assert versions == [OWN.version, table.version]
    assert step.evidence["Unpriced"] == "secret-1"  # what was seen without a price stays missing


@pytest.mark.parametrize(
    ("models", "at"),
    [
        pytest.param(["house", "*"], START + 2 * MINUTE, id="a price has come"),
        pytest.param(["house"], START + timedelta(days=1), id="a period has begun"),
    ],
)
def test_that_no_price_is_missing_any_more_is_no_lack_of_data(models: list[str], at: datetime) -> None:
    budget = a_budget(**TOKENS)
    judge = budget.with_prices(OWN).open(b"")
    tokens(judge, START, 0, 0)
    found = tokens(judge, START + MINUTE, 60_000, 2_000_000)
    rule = replace(an_alerting_rule("Spent"), kind=budget)
    before = evaluate(rule, found, {}, TemplateContext(), queries={}, at=START + MINUTE).alerts
    prices = PriceSettings.model_validate({"models": [{"model": model, "input": 1, "output": 1} for model in models]})
    judge = budget.with_prices(replace(OWN, settings=prices)).open(judge.memory())
    found = tokens(judge, at, 60_000, 2_000_000)
    after = evaluate(rule, found, before, TemplateContext(), queries={}, at=at).alerts
    (ended,) = [alert for alert in after.values() if "alertd_reason" in alert.labels]
    assert (ended.state, ended.resolution) == (State.INACTIVE, Resolution.CLEARED)


def test_a_budget_of_tokens_counts_input_and_output_once() -> None:
    judge = a_budget(**TOKENS | {"unit": "", "limit": 1_000_000}).open(b"")
    tokens(judge, START, 0, 0)
    finding = only(tokens(judge, START + MINUTE, 400_000, 200_000))
    assert (finding.value, finding.evidence["Unit"]) == (600_000, "tokens")


# -- burn rates ----------------------------------------------------------------------------------------------------------


def test_a_runaway_burns_in_both_windows_and_says_when_the_limit_is_reached() -> None:
    judge = a_budget(period="month", limit=30 * 24 * 60, thresholds=["100%"], burn_rate=True).open(b"")
    spent = 0.0
    for minute in range(300):
        spent += 0.5
        assert slot(judge, START + minute * MINUTE, {"a": spent}).findings == ()
    burning: list[Finding] = []
    for minute in range(300, 420):
        spent += 40
        burning = list(slot(judge, START + minute * MINUTE, {"a": spent}).findings)
        if burning:
            break
    assert minute - 300 < 25
    assert burning[0].labels == {"burn_window": "1h", "severity": "critical"}
    assert not burning[0].told_once
    assert burning[0].evidence["Burn"] > burning[0].evidence["Factor"] == 14.4  # type: ignore[operator]
    assert burning[0].evidence["Threshold"] == 30 * 24 * 60, "in the unit of its value"
    assert "ExhaustedAt" in burning[0].evidence


def office_hours(at: datetime) -> float:
    """Dollars a minute: ten times as many from 08:00 to 18:00."""
    return 1.0 if 8 <= at.hour < 18 else 0.1


def test_the_usual_morning_burns_no_faster_than_usual_and_a_busy_night_does() -> None:
    budget = a_budget(
        period="month", limit=28_000, thresholds=["100%"],
        burn_rate=[{"long": "1h", "short": "5m", "factor": 1.5}],
    )  # fmt: skip
    judge, spent, at, step = budget.open(b""), 0.0, START, timedelta(minutes=5)
    alarms: list[datetime] = []
    while at < START + timedelta(days=20, hours=4):
        is_night_of_trouble = at >= START + timedelta(days=20, hours=2)
        spent += 5 * (1.0 if is_night_of_trouble else office_hours(at))
        if slot(judge, at, {"a": spent}).findings:
            alarms.append(at)
        at += step
    learned = [alarm for alarm in alarms if alarm >= START + timedelta(days=15)]
    assert START + timedelta(days=20, hours=2) < learned[0] < START + timedelta(days=20, hours=3)
    assert [alarm for alarm in alarms if alarm < START + timedelta(days=14)], "without a profile, each morning"


@pytest.mark.parametrize(
    ("days", "windows"),
    [
        pytest.param(30, ["1h/5m 14.4", "6h/30m 6", "1d/2h 3", "3d/6h 1"], id="a month has the standard ones"),
        pytest.param(7, ["15m/5m 14.4", "1h25m/5m 6", "5h35m/30m 3", "16h50m/1h25m 1"], id="a week"),
        pytest.param(1, ["15m/5m 6", "50m/5m 3", "2h25m/10m 1"], id="of a day the fastest two are one"),
    ],
)
def test_standard_windows_are_in_proportion_to_the_period(days: int, windows: list[str]) -> None:
    assert [
        f"{format_duration(one.long)}/{format_duration(one.short)} {one.factor:g}"
        for one in standard_windows(timedelta(days=days))
    ] == windows


def test_windows_may_be_given() -> None:
    windows = [{"long": "30m", "short": "5m", "factor": 2, "severity": "page"}]
    judge = a_budget(burn_rate=windows, limit=1440, thresholds=["100%"]).open(b"")
    judgement = run(judge, *({"a": 5.0 * minute} for minute in range(40)))
    assert only(judgement).labels == {"burn_window": "30m", "severity": "page"}


# -- memory and history --------------------------------------------------------------------------------------------------


def test_the_first_read_goes_back_to_the_beginning_of_the_period_and_ends() -> None:
    judge = a_budget(period="year").open(b"")
    (need,) = judge.wants(START)
    assert need.expr == "last_over_time(cost_usd_total[5m])"
    assert need.start <= datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
    assert need.end == START
    judge.learn(need, SeriesMatrix.empty())
    assert judge.wants(START) == []


def test_an_outage_is_read_up_and_a_missed_slot_is_not() -> None:
    judge = a_budget().open(b"")
    run(judge, {"a": 0}, {"a": 1})
    assert judge.wants(START + 5 * MINUTE) == []
    (need,) = judge.wants(START + 120 * MINUTE)
    assert (need.start, need.step) == (START + 2 * MINUTE, MINUTE)
    times = np.arange(need.start.timestamp(), need.end.timestamp() + 1, 60)
    labels = answer({"a": 0}, START).labels
    judge.learn(need, SeriesMatrix(labels=labels, times=times, values=np.linspace(1, 61, len(times))[:, None]))
    assert judge.wants(START + 120 * MINUTE) == []
    assert steps(slot(judge, START + 121 * MINUTE, {"a": 61})) == {("a", "50%")}


def test_after_an_outage_further_counters_are_read_up_alike() -> None:
    judge = a_budget(thresholds=["50%"], requests="requests_total", usage_missing="missing_total").open(b"")
    _, requests, missing = judge.kind.further_queries
    yesterday = START - timedelta(hours=1)
    for minute in range(2):
        at = yesterday + minute * MINUTE
        slot(judge, at, {"a": 0}, **{requests: answer({"a": 0}, at)})
    back = START + timedelta(hours=2)
    labels = answer({"a": 0}, START).labels
    # an even growth from an hour before midnight to two hours after it; nobody ever counted a missing usage before
    total = {judge.kind.query: 90.0, requests: 300.0}
    read = []
    while wanted := judge.wants(back):
        need = wanted[0]
        read.append(need.expr)
        times = np.arange(need.start.timestamp(), need.end.timestamp() + 1, 60)
        shares = (times - yesterday.timestamp()) / 10_800
        if need.expr in total:
            values = total[need.expr] * shares[:, None]
            judge.learn(need, SeriesMatrix(labels=labels, times=times, values=values))
        else:
            judge.learn(need, SeriesMatrix.empty())
    assert read == [requests, missing, judge.kind.query]
    # A counter that is new begins at its first value, and a period with a slot without findings.
    for at, lost in ((back + MINUTE, 50), (back + 2 * MINUTE, 100)):
        others = {requests: answer({"a": 300}, at), missing: answer({"a": lost}, at)}
        judgement = slot(judge, at, {"a": 90}, **others)
    evidence = only(judgement).evidence
    assert evidence["Spend"] == pytest.approx(60, rel=0.01)
    assert evidence["UsageMissing"] == pytest.approx(50 / 200, rel=0.01), "of the requests since midnight"
    assert judge.wants(at + 5 * MINUTE) == []


def test_a_small_memory_is_saved_each_slot_and_a_period_at_once() -> None:
    judge = a_budget().open(b"")
    run(judge, {"a": 0}, {"a": 1})
    assert judge.saves(START + MINUTE)
    assert len(judge.memory()) < 2000
    assert judge.saves(START + 2 * MINUTE)


def test_the_counters_of_a_process_older_than_our_watching_begin_at_their_first_value() -> None:
    judge = a_budget().open(b"")
    run(judge, {"a": 0}, {"a": 1})
    at = START + 2 * MINUTE
    old = answer({"x": (START - timedelta(days=9)).timestamp()}, at, instance="2")
    new = answer({"x": (START + MINUTE).timestamp()}, at, instance="3")
    starts = SeriesBatch(labels=(*old.labels, *new.labels), values=np.concatenate([old.values, new.values]), at=at)
    batches = [answer({"a": 1}, at), answer({"a": 5000}, at, instance="2"), answer({"a": 59}, at, instance="3")]
    batch = SeriesBatch(
        labels=tuple(one for b in batches for one in b.labels),
        values=np.concatenate([b.values for b in batches]),
        at=at,
    )
    judgement = judge.judge(Inputs(at=at, interval=MINUTE, batch=batch, others={STARTS_QUERY: starts}))
    assert steps(judgement) == {("a", "50%")}
    assert judge.ledger.spend(LabelSet({"tenant": "a"})) == 60


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"spend": "rate(x[5m])"}, "must be the name of a counter", id="not a counter"),
        pytest.param({"tokens": "x"}, "give either spend or tokens", id="two counters"),
        pytest.param({"limit": 0}, "a limit must be greater than 0", id="no limit"),
        pytest.param({"limit": {"a": -1}}, "a limit must be greater than 0", id="a limit of a table"),
        pytest.param({"period": "fortnight"}, "must be one of hour, day", id="period"),
        pytest.param({"timezone": "Mars/Base"}, 'there is no time zone "Mars/Base"', id="time zone"),
        pytest.param({"thresholds": ["0.8"]}, "must be a percentage, such as 80%", id="no percentage"),
        pytest.param({"thresholds": ["80%", "80.0%"]}, "a threshold is given twice", id="twice"),
        pytest.param({"requests": "x"}, "requests and usage_missing belong together", id="half of two"),
        pytest.param({"burn_rate": [{"long": "5m", "short": "1h", "factor": 1}]}, "short must be shorter", id="windows"),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        a_budget(**settings)


def test_after_a_restart_without_traffic_everything_is_said_as_before() -> None:
    judge = a_budget(**TOKENS).with_prices(OWN).open(b"")
    tokens(judge, START, 0, 0)
    before = tokens(judge, START + MINUTE, 60_000, 2_000_000)
    restarted = a_budget(**TOKENS).with_prices(OWN).open(judge.memory())
    after = tokens(restarted, START + 2 * MINUTE, 60_000, 2_000_000)
    assert [finding.labels for finding in after.findings] == [finding.labels for finding in before.findings]
    assert after.findings[0].evidence["Drivers"] == before.findings[0].evidence["Drivers"] == "house 100% ($60.00)"
