"""The projection of a value that grows: disks that fill, quotas that run out."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.query.history import SeriesMatrix
from alertd.rules.finding import Verdict
from alertd.rules.kind import Inputs
from alertd.rules.projection import Projection
from alertd.rules.projection_settings import ProjectionSettings

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 3, 24, tzinfo=UTC)
FILLS, STAYS = LabelSet({"device": "a"}), LabelSet({"device": "b"})
NOISE = np.random.default_rng(4).normal(0, 0.3, 60 * 24 + 200)


def kind(**settings) -> Projection:
    given = {"value": "disk_used_percent", "limit": 90, "within": "30d", "unit": "%"} | settings
    return Projection.of(ProjectionSettings.model_validate(given), "", timedelta(minutes=1))


def values_at(at):
    """One grows by a percentage point a day and stands at 70 now, the other stays at 40."""
    hour = round((at - NOW) / HOUR)
    return np.array([70 + hour / 24 + NOISE[hour], 40 + NOISE[hour + 7]])


def slot(at) -> Inputs:
    return Inputs(
        at=at, interval=timedelta(minutes=1), batch=SeriesBatch(labels=(FILLS, STAYS), values=values_at(at), at=at)
    )


def warmed(projection):
    """A judge that has read sixty days."""
    judge = projection.open(b"")
    (need,) = judge.wants(NOW)
    assert need.expr == "disk_used_percent"
    times = np.arange(need.start.timestamp(), need.end.timestamp() + 1, need.step.total_seconds())
    values = np.stack([values_at(datetime.fromtimestamp(time, UTC)) for time in times])
    for half in (slice(0, len(times) // 2), slice(len(times) // 2, None)):
        judge.learn(need, SeriesMatrix(labels=(FILLS, STAYS), times=times[half], values=values[half]))
    assert judge.wants(NOW) == ()
    return judge


def test_what_fills_within_the_time_is_told_of_with_the_day():
    (finding,) = warmed(kind()).judge(slot(NOW)).findings
    assert finding.series == FILLS
    assert finding.verdict is Verdict.BREACHED
    assert finding.value == pytest.approx(70, abs=1)
    evidence = finding.evidence
    assert evidence["Probability"] >= 0.9
    assert NOW + 18 * DAY < evidence["ExhaustedAt"] < NOW + 22 * DAY
    assert evidence["ExhaustedEarly"] <= evidence["ExhaustedAt"]
    assert evidence["Projected"] == pytest.approx(100, abs=2)
    assert (evidence["Limit"], evidence["Unit"]) == (90.0, "%")


def test_a_value_without_a_unit_has_none():
    (finding,) = warmed(kind(unit="")).judge(slot(NOW)).findings
    assert finding.evidence["Unit"] == ""


def test_what_does_not_fill_in_time_is_not():
    assert warmed(kind(within="10d", history="60d")).judge(slot(NOW)).findings == ()
    assert warmed(kind(limit=300)).judge(slot(NOW)).findings == ()


def test_what_has_reached_its_limit_is():
    findings = warmed(kind(limit=30, within="1d", history="60d")).judge(slot(NOW)).findings
    assert [finding.evidence["Probability"] for finding in findings] == [1.0, 1.0]


def test_without_history_nothing_is_said():
    judge = kind().open(b"")
    for minute in range(30):
        assert judge.judge(slot(NOW + minute * HOUR)).findings == ()


def test_a_restart_changes_nothing():
    judge = warmed(kind())
    judge.judge(slot(NOW))
    again = kind().open(judge.memory())
    assert again.wants(NOW + HOUR) == ()
    assert again.judge(slot(NOW + HOUR)).findings == judge.judge(slot(NOW + HOUR)).findings


@pytest.mark.parametrize("memory", [pytest.param(b"", id="none"), pytest.param(b"\xc1", id="damaged")])
def test_memory_that_does_not_fit_is_left(memory):
    assert len(kind().open(memory).wants(NOW)) == 1


def test_memory_of_another_query_is_left():
    saved = warmed(kind()).memory()
    assert kind(value="quota_used").open(saved).wants(NOW)
    assert not kind(limit=50).open(saved).wants(NOW)


def test_series_that_are_gone_are_forgotten():
    judge = warmed(kind())
    late = NOW + 70 * DAY
    batch = SeriesBatch(labels=(STAYS,), values=np.array([40.0]), at=late)
    judge.judge(Inputs(at=late, interval=HOUR, batch=batch))
    assert len(judge.memory()) < 2 * len(kind().open(b"").memory()) + 240 * 8 + 200


def test_an_unread_history_is_not_asked_for_again():
    judge = kind().open(b"")
    (need,) = judge.wants(NOW)
    judge.learn(need, SeriesMatrix.empty())
    assert judge.wants(NOW) == ()
