"""Posted alerts: what is taken, and how posts about one alert are put together. Facts: Alertmanager 0.25."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.alerts.ingest import InvalidAlertError, RawAlert, accept, merge
from alertd.alerts.posted import PostedAlert
from alertd.labels import LabelSet
from tests.support.rules import T0

TIMEOUT = timedelta(minutes=5)
LABELS = {"alertname": "A"}


def second(number: float) -> datetime:
    return T0 + timedelta(seconds=number)


def post(at: float, *, starts: float | None = None, ends: float | None = None, **rest: object) -> PostedAlert:
    raw = RawAlert(
        labels=LABELS,
        starts_at=None if starts is None else second(starts),
        ends_at=None if ends is None else second(ends),
        **rest,  # type: ignore[arg-type]
    )
    return accept(raw, at=second(at), resolve_timeout=TIMEOUT)


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        pytest.param(None, None, (10, 310, True), id="neither: it begins now and ends after the timeout"),
        pytest.param(3, None, (3, 310, True), id="a start: the timeout counts from now"),
        pytest.param(3, 60, (3, 60, False), id="both as they are"),
        pytest.param(None, 7, (7, 7, False), id="an end alone is the start, too"),
        pytest.param(20, None, (20, 310, True), id="a start in the future is taken"),
    ],
)
def test_times(starts: float | None, ends: float | None, expected: tuple[float, float, bool]) -> None:
    alert = post(10, starts=starts, ends=ends)
    assert (alert.starts_at, alert.ends_at, alert.assumed_end) == (
        second(expected[0]),
        second(expected[1]),
        expected[2],
    )


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        pytest.param({"labels": {}}, "at least one label pair required", id="no labels"),
        pytest.param({"labels": {"a": ""}}, "at least one label pair required", id="only empty values"),
        pytest.param({"labels": LABELS, "annotations": {"": "x"}}, 'invalid annotations: invalid name ""', id="no name"),
        pytest.param({"labels": LABELS, "starts_at": second(5), "ends_at": second(3)}, "start time must be before end time", id="ends before it starts"),
        pytest.param({"labels": LABELS, "starts_at": second(400)}, "start time must be before end time", id="starts after the timeout"),
    ],
)  # fmt: skip
def test_refused(raw: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidAlertError, match=message):
        accept(RawAlert(**raw), at=second(0), resolve_timeout=TIMEOUT)  # type: ignore[arg-type]


def test_empty_label_values_are_dropped_and_utf8_names_taken() -> None:
    raw = RawAlert(labels={"alertname": "A", "gone": "", "läbel.x": "1"})
    assert accept(raw, at=T0, resolve_timeout=TIMEOUT).labels == LabelSet({"alertname": "A", "läbel.x": "1"})


def times(alert: PostedAlert) -> tuple[float, float | None]:
    end = None if alert.ends_at is None else (alert.ends_at - T0).total_seconds()
    return (alert.starts_at - T0).total_seconds(), end


@pytest.mark.parametrize(
    ("old", "new", "at", "expected"),
    [
        pytest.param(post(0, starts=0), post(5, starts=5), 5, (0, 305), id="sent again with a later start: it keeps the first"),
        pytest.param(post(0, starts=0, ends=60), post(30, starts=30), 30, (0, 330), id="an assumed end later than the said one is taken"),
        pytest.param(post(0, starts=0, ends=900), post(30, starts=30), 30, (0, 900), id="a far end that was said is not shortened"),
        pytest.param(post(0, starts=0), post(30, starts=0, ends=29), 30, (0, 29), id="an end in the past resolves it"),
        pytest.param(post(0, starts=0, ends=10), post(30, starts=30), 30, (30, 330), id="after its end it is a new episode"),
        pytest.param(post(0, starts=0, ends=10), post(12, starts=5, ends=9), 12, (0, 10), id="two resolved posts: the later end"),
    ],
)  # fmt: skip
def test_merge(old: PostedAlert, new: PostedAlert, at: float, expected: tuple[float, float]) -> None:
    assert times(merge(old, new, at=second(at))) == expected


def test_an_alert_of_our_own_rules_ends_when_its_rule_says_so() -> None:
    own = PostedAlert(labels=LabelSet(LABELS), annotations={}, starts_at=second(0), ends_at=None, updated_at=second(0))
    assert times(merge(own, post(9, starts=9), at=second(9))) == (0, 309)


numbers = st.integers(0, 1000)


@given(numbers, numbers, numbers, numbers, numbers)
def test_a_merged_alert_never_starts_later_and_is_as_new_as_the_newest_post(
    a: int, b: int, c: int, d: int, at: int
) -> None:
    old, new = (
        post(at, starts=min(a, b), ends=max(a, b)),
        post(at + 1, starts=min(c, d), ends=max(c, d), annotations={"n": "1"}),
    )
    merged = merge(old, new, at=second(at + 1))
    assert merged.starts_at <= new.starts_at
    assert merged.annotations == {"n": "1"}
    assert merged.ends_at is not None
    assert merged.starts_at <= merged.ends_at
