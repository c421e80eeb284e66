"""The projection of a period: when it fires, what it says, what is planned, and that a restart changes nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydantic import ValidationError

from alertd.labels import LabelSet
from alertd.ledger.layout import Layout
from alertd.ledger.ledger import Ledger
from alertd.ledger.periods import Calendar, PeriodKind, Span
from alertd.query.batch import SeriesBatch
from alertd.query.history import SeriesMatrix
from alertd.rules.finding import Verdict
from alertd.rules.kind import Inputs
from alertd.rules.projection import PeriodJudge, Projection
from alertd.rules.projection_evidence import interval_text
from alertd.rules.projection_settings import ProjectionSettings
from alertd.rules.projection_steps import DayShape

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NAN = float("nan")
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
WEEKS_BEFORE = MARCH - 42 * DAY


def kind(**settings) -> Projection:
    given = {"spend": "cost_usd_total", "by": ["tenant"], "limit": 1000, "unit": "USD"} | settings
    return Projection.of(ProjectionSettings.model_validate(given), "", timedelta(minutes=1))


def steady(tenant, per_day, *, noise=0.2, seed=1):
    """[hours] of a tenant that spends about so much a day."""
    rng = np.random.default_rng(seed)
    days = per_day * np.exp(rng.normal(0, noise, 120)) / 24
    return LabelSet({"tenant": tenant, "job": "gateway", "instance": "a:1"}), np.repeat(days, 24)


def hours(start, until, *tenants):
    """Counters of `tenants` every hour, as history of them reads; amounts are given from WEEKS_BEFORE on."""
    count = round((until - start) / HOUR) + 1
    skipped = round((start - WEEKS_BEFORE) / HOUR)
    times = np.array([(start + n * HOUR).timestamp() for n in range(count)])
    values = np.stack(
        [np.concatenate([[0.0], np.cumsum(amounts)])[skipped : skipped + count] for _, amounts in tenants], 1
    )
    return SeriesMatrix(labels=tuple(labels for labels, _ in tenants), times=times, values=values)


def warmed(projection, matrix) -> PeriodJudge:
    """A judge that has read `matrix`, as far as it wants to."""
    judge = projection.open(b"")
    until = datetime.fromtimestamp(float(matrix.times[-1]), UTC)
    while wanted := judge.wants(until):
        (need,) = wanted
        inside = (matrix.times >= need.start.timestamp()) & (matrix.times <= need.end.timestamp())
        if inside.any():
            judge.learn(
                need, SeriesMatrix(labels=matrix.labels, times=matrix.times[inside], values=matrix.values[inside])
            )
        if judge.wants(until)[:1] == [need]:
            judge.learn(need, SeriesMatrix.empty())
    return judge


def slot(matrix, at, **others) -> Inputs:
    """The slot `at`, with the counters between the hours of `matrix`."""
    values = np.array([np.interp(at.timestamp(), matrix.times, column) for column in matrix.values.T])
    batch = SeriesBatch(labels=matrix.labels, values=values, at=at)
    return Inputs(at=at, interval=timedelta(minutes=1), batch=batch, others=others)


def judged(projection, matrix, at, **others):
    """The findings at `at` of a judge that knows everything up to the hour before, by tenant."""
    known = matrix.times <= (at - timedelta(minutes=5)).timestamp()
    past = SeriesMatrix(labels=matrix.labels, times=matrix.times[known], values=matrix.values[known])
    judgement = warmed(projection, past).judge(slot(matrix, at, **others))
    return {finding.series["tenant"]: finding for finding in judgement.findings}


NEARLY = steady("over", 50.0), steady("under", 20.0, seed=2)


def month_of(*tenants, start=WEEKS_BEFORE, until=MARCH + 31 * DAY):
    return hours(start, until, *tenants)


def test_who_will_probably_pass_the_limit_is_told_of_with_the_reason():
    findings = judged(kind(), month_of(*NEARLY), MARCH + 10 * DAY + 5 * HOUR)
    assert set(findings) == {"over"}
    finding = findings["over"]
    evidence = finding.evidence
    assert finding.verdict is Verdict.BREACHED
    assert finding.value == evidence["Projected"] == pytest.approx(31 * 50, rel=0.15)
    assert evidence["Spend"] == pytest.approx(10.2 * 50, rel=0.15)
    assert evidence["Percent"] == pytest.approx(evidence["Spend"] / 10)
    assert evidence["ProjectedLow"] < evidence["Projected"] < evidence["ProjectedHigh"]
    assert evidence["Probability"] >= 0.8
    assert (evidence["PeriodStart"], evidence["PeriodEnd"]) == (MARCH, MARCH + 31 * DAY)
    assert MARCH + 18 * DAY < evidence["ExhaustedAt"] < MARCH + 24 * DAY
    assert evidence["ExhaustedEarly"] < evidence["ExhaustedAt"] < evidence["ExhaustedLate"]
    assert evidence["Completeness"] == pytest.approx(1.0, abs=0.01)
    assert evidence["Interval"].endswith("(80%)")
    assert evidence["Caveats"] == evidence["Unpriced"] == ""
    assert (evidence["Limit"], evidence["Unit"]) == (1000.0, "USD")


def test_every_scope_is_seen():
    matrix = month_of(*NEARLY)
    at = MARCH + 10 * DAY
    judgement = warmed(kind(), month_of(*NEARLY, until=at)).judge(slot(matrix, at + HOUR))
    assert [labels["tenant"] for labels in judgement.seen.labels] == ["over", "under"]
    assert judgement.seen.values == pytest.approx([1550, 620], rel=0.15)


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        pytest.param({"over": 5000, "default": 300}, {"under"}, id="one limit for each, and one for the others"),
        pytest.param({"over": 300}, {"over"}, id="without a default the others have none"),
    ],
)
def test_limits_by_scope(limit, told):
    assert set(judged(kind(limit=limit), month_of(*NEARLY), MARCH + 10 * DAY)) == told


def test_limits_that_a_query_answers():
    answer = SeriesBatch(labels=(LabelSet({"tenant": "under", "source": "crm"}),), values=np.array([300.0]), at=MARCH)
    projection = kind(limit={"query": "tenant_limit_usd"})
    assert "tenant_limit_usd" in projection.further_queries
    assert set(judged(projection, month_of(*NEARLY), MARCH + 10 * DAY, tenant_limit_usd=answer)) == {"under"}


def test_a_limit_that_is_just_met_is_no_emergency():
    at = MARCH + 28 * DAY
    projected = judged(kind(limit=1000), month_of(*NEARLY), at)["over"].value
    assert judged(kind(limit=projected / 1.06), month_of(*NEARLY), at)
    assert not judged(kind(limit=projected / 1.04), month_of(*NEARLY), at)


def test_with_three_weeks_of_history_the_first_day_tells():
    assert set(judged(kind(), month_of(*NEARLY), MARCH + 3 * HOUR)) == {"over"}


def test_without_history_three_days_must_have_passed_and_errors_be_known():
    new = month_of(*NEARLY, start=MARCH)
    assert not judged(kind(), new, MARCH + 2 * DAY + 12 * HOUR)
    assert not judged(kind(min_history="20d"), new, MARCH + 15 * DAY)
    assert set(judged(kind(), new, MARCH + 18 * DAY)) == {"over"}


def test_while_errors_are_not_known_two_thirds_of_what_is_expected_must_pass_the_limit():
    alone, at = month_of(NEARLY[0], start=MARCH), MARCH + 5 * DAY + HOUR
    judge = warmed(kind(limit={"query": "the_limit"}), month_of(NEARLY[0], start=MARCH, until=MARCH + 5 * DAY))
    assert with_limit(judge, alone, at, 1200.0) is None
    answer = SeriesBatch(labels=(LabelSet({"tenant": "over"}),), values=np.array([1000.0]), at=at)
    (finding,) = judge.judge(slot(alone, at + timedelta(minutes=1), the_limit=answer)).findings
    assert finding.verdict is Verdict.BREACHED
    assert finding.value == pytest.approx(1550, rel=0.15)
    assert np.isnan(finding.evidence["Probability"])
    assert finding.evidence["Interval"] == "no interval yet (n=6)"
    assert MARCH + 18 * DAY < finding.evidence["ExhaustedAt"] < MARCH + 24 * DAY
    assert finding.evidence["ExhaustedEarly"] is None
    assert with_limit(judge, alone, at + timedelta(minutes=2), 1200.0)[0] is Verdict.HELD
    assert with_limit(judge, alone, at + timedelta(minutes=3), 1800.0) is None


def with_limit(judge, matrix, at, limit):
    """Verdict and probability of tenant over, when that is its limit."""
    answer = SeriesBatch(labels=(LabelSet({"tenant": "over"}),), values=np.array([limit]), at=at)
    findings = judge.judge(slot(matrix, at, the_limit=answer)).findings
    return (findings[0].verdict, findings[0].evidence["Probability"]) if findings else None


def test_an_alert_goes_on_until_passing_is_less_likely_than_not():
    matrix, at = month_of(*NEARLY), MARCH + 10 * DAY
    projection = kind(limit={"query": "the_limit"})
    judge = warmed(projection, month_of(*NEARLY, until=at))
    before = [with_limit(judge, matrix, at + timedelta(minutes=1 + n), 2200.0 - 5 * n) for n in range(240)]
    rising = [said for said in before if said]
    assert rising[0][0] is Verdict.BREACHED  # nothing was held before it fired
    assert rising[0][1] >= 0.8
    after = [with_limit(judge, matrix, at + timedelta(minutes=250 + n), 1000.0 + 5 * n) for n in range(240)]
    falling = [said for said in after if said]
    assert {verdict for verdict, p in falling if p < 0.8} == {Verdict.HELD}
    assert min(p for _, p in falling) >= 0.5
    assert after[-1] is None


def test_a_new_period_holds_nothing_of_the_old():
    noisy = steady("over", 50.0, noise=0.6, seed=5), steady("under", 20.0, seed=2)
    matrix = hours(WEEKS_BEFORE, MARCH + 34 * DAY, *noisy)
    judge = warmed(kind(limit={"query": "the_limit"}), hours(WEEKS_BEFORE, MARCH + 30 * DAY, *noisy))
    assert with_limit(judge, matrix, MARCH + 30 * DAY + HOUR, 500.0)[0] is Verdict.BREACHED
    april = MARCH + 31 * DAY
    said = [with_limit(judge, matrix, april + (n + 1) * timedelta(minutes=5), 3000.0 - 10 * n) for n in range(240)]
    assert next(one for one in said if one)[0] is Verdict.BREACHED


def test_without_data_what_fires_goes_on_and_nothing_begins():
    matrix, at = month_of(*NEARLY), MARCH + 10 * DAY
    judge = warmed(kind(), month_of(*NEARLY, until=at))
    empty = Inputs(at=at + 2 * HOUR, interval=HOUR, batch=SeriesBatch(labels=(), values=np.empty(0), at=at))
    assert judge.judge(empty).findings == ()
    judge.judge(slot(matrix, at + 3 * HOUR))
    for one in (judge, kind().open(judge.memory())):
        judgement = one.judge(replace(empty, at=at + 4 * HOUR))
        assert [(finding.series["tenant"], finding.verdict) for finding in judgement.findings] == [
            ("over", Verdict.HELD)
        ]
        assert len(judgement.seen) == 0


def test_a_restart_changes_nothing():
    matrix, at = month_of(*NEARLY), MARCH + 10 * DAY
    judge = warmed(kind(), month_of(*NEARLY, until=at))
    judge.judge(slot(matrix, at + HOUR))
    again = kind().open(judge.memory())
    assert again.wants(at + HOUR) == []
    expected, got = (one.judge(slot(matrix, at + 2 * HOUR)) for one in (judge, again))
    assert got.findings == expected.findings
    assert got.seen.values.tolist() == expected.seen.values.tolist()


@pytest.mark.parametrize("memory", [pytest.param(b"", id="none"), pytest.param(b"\xc1nonsense", id="damaged")])
def test_memory_that_does_not_fit_is_left(memory):
    assert kind().open(memory).wants(MARCH)


def test_memory_of_other_scopes_is_left():
    judge = warmed(kind(), month_of(*NEARLY, until=MARCH))
    assert kind(by=["team"]).open(judge.memory()).wants(MARCH)
    assert not kind(limit=5).open(judge.memory()).wants(MARCH)


def test_what_is_saved_is_saved_at_once_when_an_alert_begins():
    matrix, at = month_of(*NEARLY), MARCH + 10 * DAY
    judge = warmed(kind(limit={"query": "the_limit"}), month_of(*NEARLY, until=at))
    with_limit(judge, matrix, at + timedelta(minutes=1), 9000.0)
    judge.memory()
    assert not judge.saves(at + timedelta(minutes=1, seconds=1))
    assert judge.saves(at + timedelta(minutes=20))
    with_limit(judge, matrix, at + timedelta(minutes=2), 900.0)
    assert judge.saves(at + timedelta(minutes=2))


def projected(at=MARCH + 10 * DAY, tenants=NEARLY, **settings):
    """Of tenant over."""
    matrix = month_of(*tenants)
    judge = warmed(kind(**settings), month_of(*tenants, until=at))
    return judge.judge(slot(matrix, at + HOUR)).seen.values[0]


def test_planned_spend_and_fees_are_in_it():
    usual = projected()
    assert projected(fixed=200) == pytest.approx(usual + 200)
    assert projected(planned=[{"from": "2026-03-20", "to": "2026-03-21", "amount": 300}]) == pytest.approx(usual + 300)
    half_over = {"from": "2026-03-10T01:00:00Z", "to": "2026-03-12T01:00:00Z", "amount": 300}
    without = projected(planned=[half_over | {"amount": 0}])
    assert projected(planned=[half_over]) == pytest.approx(without + 300 * 24 / 48)
    shut = projected(planned=[{"from": "2026-03-12", "to": "2026-03-31", "factor": 0}])
    assert shut == pytest.approx(11 * 50, rel=0.15)
    assert projected(planned=[{"from": "2026-04-01", "to": "2026-04-30", "factor": 9}]) == pytest.approx(usual)


def test_a_planned_load_test_is_not_taken_for_what_is_usual():
    labels, amounts = steady("over", 50.0)
    loaded = amounts.copy()
    loaded[(42 + 1) * 24 : (42 + 8) * 24] *= 10
    tenants = (labels, loaded), NEARLY[1]
    plan = [{"from": "2026-03-02", "to": "2026-03-08", "factor": 10}]
    excess = 7 * 50 * 9
    assert projected(tenants=tenants, planned=plan) - excess == pytest.approx(1550, rel=0.2)


def test_a_tenant_that_has_just_come_was_not_idle_before():
    labels, amounts = steady("new", 50.0)
    late = np.where(np.arange(len(amounts)) < (42 + 4) * 24, 0.0, amounts)
    matrix = month_of((labels, late), *NEARLY)
    matrix.values[: (42 + 4) * 24, 0] = np.nan
    at = MARCH + 10 * DAY
    known = matrix.times <= at.timestamp()
    judge = warmed(kind(), SeriesMatrix(labels=matrix.labels, times=matrix.times[known], values=matrix.values[known]))
    seen = judge.judge(
        slot(SeriesMatrix(labels=matrix.labels, times=matrix.times, values=np.nan_to_num(matrix.values)), at + HOUR)
    ).seen
    said = dict(zip([labels["tenant"] for labels in seen.labels], seen.values.tolist(), strict=True))
    assert said["new"] == pytest.approx(27 * 50, rel=0.2)


def test_unobserved_days_are_no_days_without_spend():
    matrix = month_of(*NEARLY)
    outage = (matrix.times > (MARCH + 3 * DAY).timestamp()) & (matrix.times < (MARCH + 5 * DAY).timestamp())
    gappy = SeriesMatrix(labels=matrix.labels, times=matrix.times[~outage], values=matrix.values[~outage])
    evidence = judged(kind(), gappy, MARCH + 10 * DAY + HOUR)["over"].evidence
    assert evidence["Projected"] == pytest.approx(1550, rel=0.15)
    assert evidence["Completeness"] == pytest.approx(0.8, abs=0.01)
    assert evidence["Imputed"] == pytest.approx(100, rel=0.4)
    assert "80% of the period was observed" in evidence["Caveats"]


def test_a_limit_that_is_passed_already_is_not_passed_at_some_moment_to_come():
    finding = judged(kind(limit=400), month_of(*NEARLY), MARCH + 10 * DAY)["over"]
    assert finding.evidence["Probability"] == 1
    assert [finding.evidence[name] for name in ("ExhaustedAt", "ExhaustedEarly", "ExhaustedLate")] == [None] * 3


@pytest.mark.parametrize(
    ("low", "high", "count", "text"),
    [
        pytest.param(812.34, 21204.0, 99, "812 to 21,204 (80%)", id="dollars"),
        pytest.param(0.0123, 4.567, 20, "0.0123 to 4.57 (80%)", id="cents"),
        pytest.param(NAN, NAN, 12, "no interval yet (n=12)", id="none"),
    ],
)
def test_an_interval_in_words(low, high, count, text):
    assert interval_text(low, high, count) == text


@pytest.mark.parametrize(
    ("period", "at", "total"),
    [
        pytest.param("day", MARCH + 10 * DAY + 6 * HOUR, 50, id="the day, in hours"),
        pytest.param("week", MARCH + 10 * DAY, 350, id="the week"),
        pytest.param("quarter", MARCH + 10 * DAY, 90 * 50, id="the quarter, of which only a part was observed"),
    ],
)
def test_other_periods(period, at, total):
    observed = 1.0 if period != "quarter" else (42 + 31) / 90
    assert projected(at, period=period) == pytest.approx(total * observed, rel=0.35)


def test_an_hour_is_projected_from_its_first_minutes():
    labels, _ = NEARLY[0]
    matrix, at = month_of((labels, np.full(120 * 24, 60.0)), NEARLY[1]), MARCH + 10 * DAY
    judge = warmed(kind(period="hour", limit=50), month_of((labels, np.full(120 * 24, 60.0)), NEARLY[1], until=at))
    for minute in range(1, 21):
        judgement = judge.judge(slot(matrix, at + timedelta(minutes=minute)))
    assert judgement.seen.values[0] == pytest.approx(60, rel=0.05)
    assert [finding.series["tenant"] for finding in judgement.findings] == ["over"]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(datetime(2026, 3, 29, 0, tzinfo=BERLIN), datetime(2026, 3, 30, 0, tzinfo=BERLIN), id="23 hours"),
        pytest.param(datetime(2025, 10, 26, 0, tzinfo=BERLIN), datetime(2025, 10, 27, 0, tzinfo=BERLIN), id="25 hours"),
    ],
)
def test_a_day_on_which_clocks_change_is_shared_out_by_its_hours(start, end):
    ledger = Ledger(Layout(metric="x", by=("tenant",), calendar=Calendar(kind=PeriodKind.MONTH, zone=BERLIN)))
    labels = (LabelSet({"tenant": "a", "job": "j", "instance": "i"}),)
    first = start.astimezone(UTC) - 10 * DAY
    for n in range(240):
        ledger.advance(
            SeriesBatch(labels=labels, values=np.array([float(n)]), at=first), first + n * HOUR, interval=HOUR
        )
    span = Span(start.astimezone(UTC), end.astimezone(UTC))
    shape = DayShape(ledger, span)
    assert shape.left(span.start) == pytest.approx([1.0])
    assert shape.left(span.start + span.length / 2) == pytest.approx([0.5], abs=0.02)
    assert shape.left(span.end) == pytest.approx([0.0])


def test_the_rest_of_a_day_is_what_its_hours_bring():
    labels, _ = NEARLY[0]
    office = np.tile(np.where((np.arange(24) >= 8) & (np.arange(24) < 18), 5.0, 0.0), 120)
    tenants = (labels, office), NEARLY[1]
    evening = projected(MARCH + 10 * DAY + 19 * HOUR, tenants=tenants, period="month")
    morning = projected(MARCH + 11 * DAY + 6 * HOUR, tenants=tenants, period="month")
    assert evening == pytest.approx(31 * 50, rel=0.03)
    assert morning == pytest.approx(evening, rel=0.01)


def test_forecasts_of_ended_months_are_compared_with_what_came():
    matrix = hours(WEEKS_BEFORE, MARCH + 33 * DAY, *NEARLY)
    judge = warmed(kind(), hours(WEEKS_BEFORE, MARCH, *NEARLY))
    for n in range(2, 33 * 24, 2):
        judge.judge(replace(slot(matrix, MARCH + n * HOUR), interval=2 * HOUR))
        assert judge.accuracy() == [] or n >= 31 * 24
    horizons = {accuracy.horizon: accuracy for accuracy in judge.accuracy()}
    assert set(horizons) == {"22-31", "15-21", "8-14", "4-7", "2-3", "1"}
    assert len(horizons["22-31"].errors) == 2
    assert max(horizons["1"].errors) < 0.05
    assert horizons["1"].brier < 0.1
    assert 0 <= horizons["8-14"].coverage <= 1
    again = kind().open(judge.memory())
    assert again.accuracy() == judge.accuracy()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        pytest.param({"tokens": "tokens_total"}, "give exactly one of spend, tokens, value", id="two counters"),
        pytest.param({"spend": ""}, "give exactly one of spend, tokens, value", id="nothing to project"),
        pytest.param({"within": "7d"}, "within cannot go with spend", id="a trend's key"),
        pytest.param({"confidence": "20%"}, "at least 50%", id="less likely than not"),
        pytest.param({"confidence": "100%"}, "less than 100%", id="never"),
        pytest.param({"period": "rolling 30d"}, "never ends", id="a window without an end"),
        pytest.param({"period": "fortnight"}, "must be one of", id="no period"),
        pytest.param({"limit": 0}, "greater than 0", id="no limit"),
        pytest.param({"limit": {"a": -1}}, "greater than 0", id="no limit for one"),
        pytest.param(
            {"planned": [{"from": "2026-03-02", "to": "2026-03-03"}]}, "either factor or amount", id="no plan"
        ),
        pytest.param(
            {"planned": [{"from": "2026-03-02", "to": "2026-03-01", "factor": 2}]}, "must not be before", id="backwards"
        ),
        pytest.param(
            {"planned": [{"from": "2026-03-02T10:00:00", "to": "2026-03-03", "factor": 2}]},
            "offset from UTC",
            id="where",
        ),
        pytest.param(
            {"timezone": "Asia/Tokyo", "planned": [{"from": "2026-03-22T23:00Z", "to": "2026-03-22", "amount": 2}]},
            "must not be before",
            id="backwards where it is",
        ),
        pytest.param({"planned": [{"from": "soon", "to": "2026-03-03", "factor": 2}]}, "must be a day", id="no day"),
    ],
)
def test_settings_that_cannot_be(settings, problem):
    with pytest.raises(ValidationError, match=problem):
        kind(**settings)
