"""The order of alerts in a notification."""

from __future__ import annotations

from functools import cmp_to_key

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.alerts.posted import PostedAlert
from alertd.dispatch.order import notification_order
from tests.support.builders import a_posted_alert

LABELS = st.dictionaries(st.sampled_from(["job", "instance", "a", "ab", "b"]), st.sampled_from(["1", "12", "2"]))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"job": "a"}, {"job": "b"}, id="by job"),
        pytest.param({"job": "b"}, {"x": "1"}, id="those without a job are last"),
        pytest.param({"job": "a", "instance": "1"}, {"job": "a", "instance": "2"}, id="by instance within a job"),
        pytest.param({"job": "a", "instance": "1"}, {"job": "a"}, id="those without an instance are last"),
        pytest.param({"z": "9"}, {"a": "1", "b": "1"}, id="fewer labels first"),
        pytest.param({"a": "1", "z": "0"}, {"a": "2", "z": "0"}, id="by the first value that differs"),
        pytest.param({"b": "1"}, {"a": "1"}, id="the set that lacks the lesser name comes first"),
        pytest.param({"ab": "1"}, {"a": "1"}, id="also when one name begins with the other"),
    ],
)
def test_order(first: dict[str, str], second: dict[str, str]) -> None:
    alerts = [a_posted_alert("A", **second), a_posted_alert("A", **first)]
    assert sorted(alerts, key=notification_order) == alerts[::-1]


def compare(one: PostedAlert, other: PostedAlert) -> int:
    """Alertmanager's comparison, as it is written there: label by label."""
    for name in ("job", "instance"):
        if (name in one.labels) != (name in other.labels):
            return -1 if name in one.labels else 1
        if one.labels.get(name) != other.labels.get(name):
            return -1 if one.labels.get(name) < other.labels.get(name) else 1
    if len(one.labels) != len(other.labels):
        return len(one.labels) - len(other.labels)
    for name in sorted({*one.labels, *other.labels}):
        if name not in one.labels:
            return -1
        if name not in other.labels:
            return 1
        if one.labels[name] != other.labels[name]:
            return -1 if one.labels[name] < other.labels[name] else 1
    return 0


@given(st.lists(LABELS))
def test_the_sort_key_orders_as_the_comparison_does(sets: list[dict[str, str]]) -> None:
    alerts = [a_posted_alert("A", **labels) for labels in sets]
    assert sorted(alerts, key=notification_order) == sorted(alerts, key=cmp_to_key(compare))
