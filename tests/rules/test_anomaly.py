"""The anomaly kind: series that come, go and stay away, events of one series and of many, what is said of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.query.history import HistoryNeed, SeriesMatrix
from alertd.rules.anomaly import Anomaly, AnomalyJudge
from alertd.rules.anomaly_settings import AnomalySettings
from alertd.rules.feedback import Feedback
from alertd.rules.finding import Finding, Judgement, Verdict
from alertd.rules.kind import Inputs

T0 = datetime(2026, 1, 5, tzinfo=UTC)
STEP = timedelta(minutes=5)
DAYS = 3
CALM = DAYS * 288


def an_anomaly(unit: str = "tok/s", interval: timedelta = STEP, **settings: Any) -> Anomaly:
    return Anomaly("m", AnomalySettings.model_validate(settings), unit, interval)


def a_series(tenant: str) -> LabelSet:
    return LabelSet({"__name__": "m", "job": "gateway", "tenant": tenant})


@dataclass
class Story:
    """A judge that is told of one slot after the other."""

    kind: Anomaly = field(default_factory=an_anomaly)
    judge: AnomalyJudge = field(init=False)
    step: timedelta = STEP
    slot: int = 0
    noise: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))

    def __post_init__(self) -> None:
        self.judge = self.kind.open(b"")

    @property
    def at(self) -> datetime:
        return T0 + self.slot * self.step

    def tells(self, **values: float) -> Judgement:
        """One slot, with these values by tenant."""
        batch = SeriesBatch(
            labels=tuple(map(a_series, values)), values=np.array(list(values.values()), dtype=float), at=self.at
        )
        judgement = self.judge.judge(Inputs(at=self.at, interval=self.step, batch=batch))
        self.slot += 1
        return judgement

    def calm(self, *tenants: str) -> dict[str, float]:
        """About 1000, by tenant."""
        return {tenant: 1000.0 + 30.0 * self.noise.standard_normal() for tenant in tenants}

    def passes(self, slots: int, *tenants: str, **values: float) -> Judgement:
        """Slots in which these tenants are calm and the others have these values; what the last one says."""
        for _ in range(slots):
            judgement = self.tells(**self.calm(*tenants), **values)
        return judgement


def tenants(judgement: Judgement, verdict: Verdict = Verdict.BREACHED) -> list[str]:
    return [one.series["tenant"] for one in judgement.findings if one.verdict is verdict]


def the_finding(judgement: Judgement) -> Finding:
    (finding,) = judgement.findings
    return finding


def test_a_series_unlike_itself_is_breached_and_says_why() -> None:
    story = Story(an_anomaly(price="3 USD per 1M"))
    story.passes(CALM, "a", "b")
    assert story.passes(1, "a", b=9000).findings == (), "one point is not 2 of 3"
    finding = the_finding(story.passes(1, "a", b=9000))
    assert (finding.series, finding.verdict, finding.value) == (a_series("b"), Verdict.BREACHED, 9000)
    evidence = finding.evidence
    assert evidence["Expected"] == pytest.approx(1000, rel=0.05)
    assert evidence["Impact"] == pytest.approx(2 * 300 * 8000 * 3e-6, rel=0.05)
    assert evidence["Since"] == (story.at - 2 * STEP).isoformat()
    summary = str(evidence["Summary"])
    assert summary.startswith("9k tok/s, expected ")
    assert ", since 00:00, +$14.4" in summary


def test_a_day_at_a_multiple_says_so_though_no_value_is_unusual() -> None:
    hourly = timedelta(hours=1)
    story = Story(an_anomaly(interval=hourly, k=30), step=hourly)
    story.passes(7 * 24, "a")
    told = [story.passes(1, a=3000) for _ in range(24)]
    finding = next(judgement for judgement in told if judgement.findings).findings[0]
    assert finding.verdict is Verdict.BREACHED
    assert finding.evidence["Guard"] == "what the last 24 hours brought together (slow)"
    assert ", slow: 24h total 2." in str(finding.evidence["Summary"])


def test_it_ends_after_the_recovery_and_its_last_value_is_seen() -> None:
    story = Story(an_anomaly(recovery="15m"))
    story.passes(CALM, "a")
    story.passes(3, a=9000)
    assert tenants(story.passes(2, "a"), Verdict.HELD) == ["a"]
    judgement = story.passes(2, "a")
    assert judgement.findings == ()
    assert judgement.seen is not None
    assert judgement.seen.labels == (a_series("a"),)


@pytest.mark.parametrize("value", [float("nan"), None], ids=["a value that is NaN", "no series"])
def test_a_series_without_a_value_for_a_moment_is_still_in_its_event(value: float | None) -> None:
    story = Story(an_anomaly(recovery="10m"))
    story.passes(CALM, "a", "b")
    story.passes(3, "b", a=9000)
    missing: Mapping[str, float] = {} if value is None else {"a": value}
    for _ in range(2):
        judgement = story.passes(1, "b", **missing)
        assert tenants(judgement, Verdict.HELD) == ["a"]
        assert the_finding(judgement).value == 9000
    assert story.passes(1, "b", **missing).findings == (), "no data for longer than the recovery"


def test_small_money_does_not_fire_and_a_lot_of_it_does() -> None:
    story = Story(an_anomaly(price="3 USD per 1M", min_impact="30 USD"))
    story.passes(CALM, "a")
    assert tenants(story.passes(4, a=9000), Verdict.HELD) == ["a"], "4 * 300 s * 8000 tok/s * $3 per million is $28.80"
    assert tenants(story.passes(1, a=9000)) == ["a"]


def test_a_new_series_is_not_judged_before_it_has_a_past() -> None:
    story = Story()
    story.passes(CALM, "a")
    assert story.passes(5, "a", b=9000).findings == ()
    assert story.passes(2, "a", b=20.0).findings == ()


def test_a_new_series_is_held_against_the_others_and_says_so() -> None:
    story = Story()
    story.passes(CALM, "a", "b")
    finding = the_finding(story.passes(3, "a", "b", c=90_000))
    assert str(finding.evidence["Summary"]).startswith(
        "90k tok/s, more than 99.9% of what the rule's other series have had, since 00:0"
    )
    assert "too young for a past of its own" in str(finding.evidence["Guard"])
    assert not {"Expected", "Threshold"} & finding.evidence.keys()


def test_the_order_of_the_answer_does_not_matter() -> None:
    story = Story()
    story.passes(CALM, "a", "b")
    story.tells(b=9000, a=1000)
    assert tenants(story.tells(a=1000, b=9000)) == ["b"]


def test_series_that_are_gone_for_long_make_room_for_new_ones() -> None:
    story = Story(an_anomaly(window="1d", warm_up="1h"))
    story.passes(3, *(f"pod{number}" for number in range(50)))
    story.slot += 3 * 288
    story.passes(3, *(f"later{number}" for number in range(50)))
    assert len(story.judge.rows) == 50
    assert len(story.judge.rows.series) < 100


def test_many_series_at_once_are_one_alert() -> None:
    names = [f"t{number}" for number in range(40)]
    story = Story(an_anomaly(recovery="5m"))
    story.passes(CALM, *names)
    story.passes(3, *names[1:], t0=9000)
    high = dict.fromkeys(names[1:21], 9000.0)
    story.passes(1, *names[21:], t0=9000, **high)
    judgement = story.passes(1, *names[21:], t0=9000, **high)
    assert len(judgement.findings) == 22
    (group,) = (one for one in judgement.findings if one.verdict is Verdict.BREACHED)
    assert group.annotations == {"summary": group.evidence["Summary"]}, "the rule's own would name a series"
    assert group.series == LabelSet({"__name__": "m", "job": "gateway"})
    assert dict(group.labels) == {"alertd_group": "true"}
    assert group.value == 21
    assert str(group.evidence["Summary"]).startswith("21 of 40 series are anomalous since 00:20, one cause is likely")
    assert judgement.seen is not None
    assert judgement.seen.labels[-1] == group.series, "so that its resolved value is known"

    after = story.passes(1, *names[3:], t0=1000, t1=9000, t2=9000)
    assert sorted(tenants(after)) == ["t1", "t2"], "the group event is over, and what is left fires by itself"
    assert after.seen is not None
    assert after.seen.labels[-1] == group.series
    assert len(story.passes(1, *names[1:], t0=1000).seen or ()) == 40


def test_a_deviation_that_stays_is_told_once_as_the_new_normal() -> None:
    story = Story(an_anomaly(adopt_after="2h"))
    story.passes(CALM, "a")
    said = [story.tells(a=9000 + 30 * story.noise.standard_normal()) for _ in range(40)]
    last = [finding for judgement in said for finding in judgement.findings][-1]
    assert "is the new normal" in str(last.evidence["Summary"])
    assert last.annotations == {"summary": last.evidence["Summary"]}
    assert last.verdict is Verdict.HELD
    assert [bool(one.findings) for one in said] == [False] + [True] * 24 + [False] * 15


def test_without_a_past_it_reads_a_fortnight_and_after_a_restart_only_what_was_missed() -> None:
    judge = an_anomaly(interval=timedelta(minutes=1)).open(b"")
    (need,) = judge.wants(T0)
    assert need == HistoryNeed(expr="m", start=T0 - timedelta(days=14), end=T0 - timedelta(minutes=1), step=STEP)
    chunk = SeriesMatrix(
        labels=(a_series("a"),), times=need.start.timestamp() + 300.0 * np.arange(10), values=np.ones((10, 1))
    )
    judge.learn(need, chunk)
    (rest,) = judge.wants(T0)
    assert (rest.start, rest.end) == (need.start + 10 * STEP, need.end)
    judge.learn(rest, SeriesMatrix.empty())
    assert judge.wants(T0) == ()
    assert judge.wants(T0 + timedelta(minutes=50)) == ()
    (missed,) = judge.wants(T0 + timedelta(hours=5))
    assert missed.start == rest.end + STEP


@pytest.mark.parametrize(
    ("settings", "depth", "step"),
    [
        ({"method": "sigma", "window": "1h"}, timedelta(hours=1), timedelta(minutes=1)),
        ({"method": "sigma", "window": "7d"}, timedelta(days=7), timedelta(minutes=3)),
        ({"method": "ewma", "window": "1h"}, timedelta(hours=3), timedelta(minutes=1)),
        ({"season": "week"}, timedelta(days=28), timedelta(minutes=10)),
    ],
)
def test_every_method_reads_as_far_back_as_it_looks(
    settings: dict[str, str], depth: timedelta, step: timedelta
) -> None:
    (need,) = an_anomaly(interval=timedelta(minutes=1), **settings).open(b"").wants(T0)
    assert (T0 - need.start, need.step) == (depth, step)


def test_the_past_it_has_read_is_the_past_it_judges_by() -> None:
    story = Story()
    (need,) = story.judge.wants(T0 + DAYS * timedelta(days=1))
    times = T0.timestamp() + 300.0 * np.arange(CALM)
    values = 1000 + 30 * story.noise.standard_normal((CALM, 1))
    story.judge.learn(need, SeriesMatrix(labels=(a_series("a"),), times=times, values=values))
    story.slot = CALM
    assert tenants(story.passes(2, a=9000)) == ["a"]


def test_it_is_saved_every_few_minutes_and_at_once_when_an_event_begins_or_ends() -> None:
    story = Story(an_anomaly(interval=timedelta(minutes=1)), step=timedelta(minutes=1))
    assert not story.judge.saves(story.at), "nothing is known yet"
    due = []
    for _ in range(11):
        story.passes(1, "a")
        due.append(story.judge.saves(story.at))
        if due[-1]:
            story.judge.memory()
    assert [slot for slot, is_due in enumerate(due) if is_due] == [0, 5, 10]


def test_the_beginning_and_the_end_of_an_event_are_saved_at_once() -> None:
    settings = {"method": "sigma", "window": "2h", "recovery": "2m"}
    story = Story(an_anomaly(interval=timedelta(minutes=1), **settings), step=timedelta(minutes=1))
    story.passes(120, "a")
    turns = []
    for value in (9000, 9000, 9000, 1000, 1000):
        story.judge.memory()
        story.tells(a=value)
        turns.append(story.judge.saves(story.at))
    assert turns == [False, True, False, False, True]


def test_a_restart_changes_nothing() -> None:
    told: list[list[Judgement]] = []
    for restarts in (False, True):
        story = Story(an_anomaly(recovery="10m", price="3 USD per 1M"))
        names = [f"t{number}" for number in range(30)]
        story.passes(CALM, *names)
        said = []
        for number in range(12):
            if restarts:
                story.judge = story.kind.open(story.judge.memory())
            high = dict.fromkeys(names[: 1 + 2 * number], 9000.0) if number < 9 else {}
            said.append(story.tells(**{**story.calm(*names), **high}))
        told.append(said)
    assert [one.findings for one in told[0]] == [one.findings for one in told[1]]
    assert any(finding.labels for one in told[0] for finding in one.findings), "there was a group event"


def test_a_large_memory_is_saved_less_often_even_when_events_begin() -> None:
    story = Story(an_anomaly(method="sigma", window="3h", interval=timedelta(minutes=1)), step=timedelta(minutes=1))
    names = [f"t{number}" for number in range(1000)]
    story.passes(100, *names)
    size = len(story.judge.memory())
    assert size > 1000 * 5 * 60, "more than the share of five minutes"
    due = []
    for slot in range(31):
        story.tells(**{**story.calm(*names), **({"t7": 9000.0} if slot in (2, 3) else {})})
        due.append(story.judge.saves(story.at))
    assert due.index(True) == min(math.ceil(size / 1000 / 60), 30) - 1


def test_what_was_judged_between_the_last_memory_and_a_crash_is_read_again() -> None:
    """Also an event that had begun: its alert goes on."""
    story, crashed = Story(an_anomaly(recovery="10m")), Story(an_anomaly(recovery="10m"))
    names = ("a", "b")
    for one in (story, crashed):
        one.passes(CALM, *names)
    saved, saved_at = crashed.judge.memory(), crashed.slot
    seen = [story.calm(*names) | ({"a": 9000.0} if slot else {}) for slot in range(6)]
    for values in seen:
        story.tells(**values)
    crashed.judge, crashed.slot = crashed.kind.open(saved), story.slot
    (need,) = crashed.judge.wants(crashed.at)
    assert need == HistoryNeed(expr="m", start=T0 + saved_at * STEP, end=story.at - STEP, step=STEP)
    times = need.start.timestamp() + STEP.total_seconds() * np.arange(6)
    values = np.array([[one[name] for name in names] for one in seen])
    crashed.judge.learn(need, SeriesMatrix(labels=tuple(map(a_series, names)), times=times, values=values))
    assert crashed.judge.wants(crashed.at) == crashed.judge.wants(crashed.at + 3 * STEP) == ()
    now = {"a": 1000.0, "b": 1000.0}
    told, instead = story.tells(**now), crashed.tells(**now)
    assert told.findings == instead.findings
    assert tenants(instead, Verdict.HELD) == ["a"]


def test_what_cannot_be_read_again_is_not_asked_for_twice() -> None:
    story = Story()
    story.passes(CALM, "a")
    again = story.kind.open(story.judge.memory())
    (need,) = again.wants(story.at + 3 * STEP)
    again.learn(need, SeriesMatrix.empty())
    assert again.wants(story.at + 3 * STEP) == ()


def test_slots_of_half_a_second_cannot_be_read_again() -> None:
    kind = an_anomaly(interval=timedelta(seconds=2.5), method="sigma", window="1h")
    story = Story(kind, step=timedelta(seconds=2.5))
    story.passes(3, "a")
    assert kind.open(story.judge.memory()).wants(story.at + 10 * story.step) == ()


@pytest.mark.parametrize(
    "memory",
    [
        pytest.param(lambda saved: b"", id="nothing"),
        pytest.param(lambda saved: saved[:-9], id="half of it"),
        pytest.param(lambda saved: b"\x93\x01\x02\x03", id="something else"),
    ],
)
def test_a_memory_that_is_not_whole_is_left_and_the_past_is_read_again(memory: Callable[[bytes], bytes]) -> None:
    story = Story()
    story.passes(CALM, "a")
    again = story.kind.open(memory(story.judge.memory()))
    assert again.wants(story.at)


@pytest.mark.parametrize(
    ("settings", "is_known"),
    [
        ({"k": "5", "points": "1 of 3", "min_change": "50%"}, True),
        ({"method": "ewma"}, False),
        ({"timezone": "Europe/Berlin"}, False),
    ],
)
def test_thresholds_may_change_and_what_the_past_is_made_of_may_not(settings: dict[str, str], is_known: bool) -> None:
    story = Story()
    story.passes(CALM, "a")
    assert bool(an_anomaly(**settings).open(story.judge.memory()).wants(story.at)) is not is_known


def test_the_past_of_another_expression_is_not_ours() -> None:
    story = Story()
    story.passes(CALM, "a")
    other = Anomaly("n", story.kind.settings, story.kind.unit, STEP)
    assert other.open(story.judge.memory()).wants(story.at)


def test_ten_thousand_series_are_remembered_in_a_few_megabytes() -> None:
    story = Story(an_anomaly(window="1d"))
    story.passes(30, *(f"t{number}" for number in range(10_000)))
    assert len(story.judge.memory()) < 8_000_000


def test_what_is_expected_ends_and_is_expected_from_then_on() -> None:
    story = Story()
    story.passes(CALM, "a")
    story.passes(6, a=9000)
    assert story.judge.teach(a_series("a"), Feedback.EXPECTED) == 1
    for _ in range(6):
        judgement = story.tells(a=9000 + 30 * story.noise.standard_normal())
        assert judgement.findings == ()
    assert judgement.band is not None
    assert judgement.band.expected[0] == pytest.approx(9000, rel=0.1)


def test_nothing_is_learned_of_an_incident() -> None:
    expected = {}
    for feedback in (None, Feedback.INCIDENT):
        story = Story(an_anomaly(recovery="5m"))
        story.passes(CALM, "a")
        story.passes(12, a=9000)
        if feedback is not None:
            assert story.judge.teach(a_series("a"), feedback) == 1
        band = story.passes(1, "a").band
        assert band is not None
        expected[feedback] = float(band.expected[0])
    assert expected[Feedback.INCIDENT] == pytest.approx(1000, rel=0.02)
    assert expected[Feedback.INCIDENT] < expected[None]


def test_feedback_of_a_group_alert_is_about_all_its_series() -> None:
    names = [f"t{number}" for number in range(40)]
    story = Story()
    story.passes(CALM, *names)
    judgement = story.passes(4, *names[20:], **dict.fromkeys(names[:20], 9000.0))
    assert story.judge.teach(judgement.findings[-1].series, Feedback.EXPECTED) == 20
    after = story.passes(1, *names[20:], **dict.fromkeys(names[:20], 9000.0))
    assert after.findings == ()


def test_feedback_about_a_series_nobody_has_is_about_none() -> None:
    assert Story().judge.teach(a_series("a"), Feedback.EXPECTED) == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"k": 3, "false_alerts_per_week": 5}, "give either k or false_alerts_per_week"),
        ({"points": "3 of 2"}, "must be such as 2 of 3"),
        ({"points": "two of three"}, "must be such as 2 of 3"),
        ({"points": "2 of 17"}, "at most 16"),
        ({"min_change": "25"}, "must be a percentage"),
        ({"min_impact": "much"}, "must be an amount with its unit, such as 5 USD"),
        ({"price": "3 USD"}, "must be an amount per count, such as 3 USD per 1M"),
        ({"price": "3 USD per 0"}, "must be an amount per count"),
        ({"price": "3 USD per 1M", "min_impact": "5 EUR"}, "use one unit"),
        ({"method": "sigma", "season": "day"}, "season belongs to method: seasonal"),
        ({"method": "sigma", "slow": 3}, "slow belongs to method: seasonal"),
        ({"direction": "below", "slow": 3}, "looks at what is above"),
        ({"slow": 0.5}, "must be over 1"),
        ({"timezone": "Mars"}, "there is no time zone"),
        ({"k": 0}, "greater than 0"),
        ({"window": "0"}, "longer than 0"),
        ({"method": "sigmoid"}, "sigma"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        AnomalySettings.model_validate(settings)


def test_a_window_of_a_few_slots_is_refused() -> None:
    with pytest.raises(
        ValueError, match="window holds 12 of the rule's slots, and sigma needs 30: make it at least 2h30m"
    ):
        an_anomaly(method="sigma", window="1h")
