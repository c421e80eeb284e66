"""Label sets: one identity whatever the order, the fingerprint Alertmanager prints."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.labels import EMPTY, LabelSet, fingerprint

label_sets = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=6)


@pytest.mark.parametrize(
    ("labels", "digits"),
    [
        pytest.param({}, "cbf29ce484222325", id="the empty set is the offset basis"),
        pytest.param({"alertname": "W", "severity": "critical"}, "9303e720346b0a33", id="as Alertmanager printed it"),
        pytest.param({"severity": "critical", "alertname": "W"}, "9303e720346b0a33", id="order does not matter"),
        pytest.param(
            {"alertname": "W", "severity": "critical", "x": ""}, "9303e720346b0a33", id="an empty label is none"
        ),
    ],
)
def test_fingerprint(labels: dict[str, str], digits: str) -> None:
    assert LabelSet(labels).fingerprint == digits


@given(label_sets, st.randoms())
def test_equal_labels_are_equal_and_hash_alike_in_any_order(labels: dict[str, str], random: object) -> None:
    shuffled = list(labels.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = LabelSet(labels), LabelSet(shuffled)
    assert (one, hash(one), one.fingerprint) == (other, hash(other), other.fingerprint)
    assert pickle.loads(pickle.dumps(one)) == one


@given(label_sets, label_sets)
def test_setting_labels_over_others_wins_and_an_empty_value_removes(
    labels: dict[str, str], over: dict[str, str]
) -> None:
    merged = LabelSet(labels).with_labels(over)
    assert dict(merged) == {name: value for name, value in {**labels, **over}.items() if value}
    assert fingerprint(merged) == int(merged.fingerprint, 16)


def test_an_absent_label_reads_as_empty() -> None:
    labels = LabelSet({"a": "1", "b": ""})
    assert (labels.get("a"), labels.get("b"), labels.get("c"), "b" in labels) == ("1", "", "", False)
    assert labels.without("a") == EMPTY
    assert LabelSet({"a": "1", "c": "3"}).only(["c", "nope"]) == LabelSet({"c": "3"})
    assert repr(LabelSet({"b": "2", "a": "1"})) == '{a="1", b="2"}'


def test_label_sets_are_ordered_by_their_sorted_labels() -> None:
    sets = [LabelSet({"b": "1"}), LabelSet({"a": "2"}), LabelSet({"a": "1", "b": "0"}), EMPTY]
    assert sorted(sets) == [EMPTY, LabelSet({"a": "1", "b": "0"}), LabelSet({"a": "2"}), LabelSet({"b": "1"})]
