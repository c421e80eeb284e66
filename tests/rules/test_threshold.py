"""The threshold kind: limits beside the expression, hysteresis, levels."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.rules.finding import Verdict
from alertd.rules.kind import Inputs
from alertd.rules.threshold import Threshold, ThresholdSettings

AT = datetime(2026, 1, 5, tzinfo=UTC)
NAN = float("nan")


def inputs(*values: float) -> Inputs:
    labels = tuple(LabelSet({"tenant": f"t{number}"}) for number in range(len(values)))
    batch = SeriesBatch(labels=labels, values=np.array(values, dtype=float), at=AT)
    return Inputs(at=AT, interval=timedelta(minutes=1), batch=batch)


def verdicts(settings: dict[str, object], *values: float) -> dict[str, Verdict]:
    kind = Threshold("m", ThresholdSettings.model_validate(settings).as_levels())
    return {finding.series["tenant"]: finding.verdict for finding in kind.judge(inputs(*values)).findings}


B, H = Verdict.BREACHED, Verdict.HELD


@pytest.mark.parametrize(
    ("settings", "values", "expected"),
    [
        pytest.param({"above": 5}, (5, 5.1, NAN, np.inf), {"t1": B, "t3": B}, id="above means greater than"),
        pytest.param({"below": 5}, (5, 4.9, NAN, -np.inf), {"t1": B, "t3": B}, id="below means less than"),
        pytest.param({"outside": [1, 2]}, (1, 2, 0.9, 2.1, NAN), {"t2": B, "t3": B}, id="outside leaves the bounds out"),
        pytest.param({"inside": [1, 2]}, (1, 2, 0.9, 2.1, NAN), {"t0": B, "t1": B}, id="inside takes the bounds in"),
        pytest.param(
            {"above": 5, "clear_below": 3}, (6, 4, 3, 2.9, NAN), {"t0": B, "t1": H, "t2": H},
            id="a value between the bounds is held, the clear bound itself too",
        ),
        pytest.param({"below": 5, "clear_above": 7}, (4, 6, 7, 7.1), {"t0": B, "t1": H, "t2": H}, id="and mirrored"),
        pytest.param({"above": "1e5"}, (1e5, 100001), {"t1": B}, id="a number may be text, as rule files hand it over"),
        pytest.param({"above": 5}, (), {}, id="no series, nothing found"),
    ],
)  # fmt: skip
def test_verdicts(settings: dict[str, object], values: tuple[float, ...], expected: dict[str, Verdict]) -> None:
    assert verdicts(settings, *values) == expected


def test_each_level_has_its_own_finding_with_its_labels_and_its_limit() -> None:
    levels = [{"above": 1, "labels": {"severity": "warning"}}, {"above": 2, "labels": {"severity": "critical"}}]
    kind = Threshold("m", ThresholdSettings.model_validate({"levels": levels}).as_levels(), unit="USD")
    judgement = kind.judge(inputs(3.0, 1.5))
    assert [(f.series["tenant"], f.labels["severity"], f.evidence) for f in judgement.findings] == [
        ("t0", "warning", {"Threshold": 1.0, "Unit": "USD"}),
        ("t1", "warning", {"Threshold": 1.0, "Unit": "USD"}),
        ("t0", "critical", {"Threshold": 2.0, "Unit": "USD"}),
    ]
    assert judgement.seen is not None
    assert len(judgement.seen) == 2, "series under the limit are seen too"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({}, "exactly one of", id="no limit"),
        pytest.param({"above": 1, "below": 2}, "exactly one of", id="two limits"),
        pytest.param({"above": 1, "clear_below": 2}, "must not be greater", id="clear bound on the wrong side"),
        pytest.param(
            {"below": 1, "clear_below": 0}, "clear_below belongs to above", id="clear bound of the other limit"
        ),
        pytest.param({"below": 2, "clear_above": 1}, "must not be less", id="mirrored clear bound on the wrong side"),
        pytest.param({"outside": [2, 1]}, "less than the second", id="bounds in the wrong order"),
        pytest.param({"levels": [{"above": 1}], "above": 2}, "give either levels or above", id="levels beside a limit"),
        pytest.param({"levels": [{"above": 1}, {"above": 2}]}, "labels of its own", id="levels that look alike"),
        pytest.param({"abve": 1}, "Extra inputs", id="a misspelt key"),
    ],
)
def test_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ThresholdSettings.model_validate(settings)


@given(st.lists(st.floats(allow_nan=True)), st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_a_series_is_never_both_breached_and_held_and_nan_is_neither(
    values: list[float], above: float, gap: float
) -> None:
    found = verdicts({"above": above, "clear_below": above - gap}, *values)
    for number, value in enumerate(values):
        expected = B if value > above else H if value >= above - gap else None
        assert found.get(f"t{number}") is expected
