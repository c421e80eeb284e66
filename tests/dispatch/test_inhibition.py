"""Inhibition: who keeps whom from being told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alertd.alerts.posted import PostedAlert
from alertd.dispatch.inhibition import Inhibition, Inhibitor, InhibitRule, InhibitRuleSettings
from alertd.labels import LabelSet
from alertd.labels.matcher import all_match
from tests.support.builders import T0, a_posted_alert, after
from tests.support.matchers import LABEL_SETS, MATCHER_LISTS, NAMES


def a_rule(position: int = 0, **settings: Any) -> InhibitRule:
    return InhibitRule.from_settings(InhibitRuleSettings.model_validate(settings), position)


CRITICAL_OVER_WARNING = a_rule(source_matchers=["sev=crit"], target_matchers=["sev=warn"], equal=["cluster", "zone"])


def inhibitor(*alerts: PostedAlert, rules: tuple[InhibitRule, ...] = (CRITICAL_OVER_WARNING,)) -> Inhibitor:
    found = Inhibitor(rules)
    found.put(alerts)
    return found


def inhibited(by: Inhibitor, alert: PostedAlert, at: datetime = T0) -> bool:
    return next(by.inhibitions(alert.labels, at), None) is not None


class TestSharedLabels:
    @pytest.mark.parametrize(
        ("labels", "muted"),
        [
            pytest.param({"cluster": "a"}, True, id="the same, and both lack the other"),
            pytest.param({"cluster": "a", "zone": ""}, True, id="an empty label is absent"),
            pytest.param({"cluster": "a", "zone": "z"}, False, id="one that only one side has is not shared"),
            pytest.param({"cluster": "b"}, False, id="another value"),
            pytest.param({}, False, id="the source has it, the target lacks it"),
        ],
    )
    def test_must_be_equal(self, labels: dict[str, str], muted: bool) -> None:
        source = a_posted_alert("S", sev="crit", cluster="a")
        assert inhibited(inhibitor(source), a_posted_alert("T", sev="warn", **labels)) is muted

    def test_none_to_share_means_any_source(self) -> None:
        rule = a_rule(source_matchers=["sev=crit"], target_matchers=["sev=warn"])
        source = a_posted_alert("S", sev="crit", cluster="a")
        assert inhibited(inhibitor(source, rules=(rule,)), a_posted_alert("T", sev="warn", cluster="b"))


class TestSources:
    TARGET = a_posted_alert("T", sev="warn")

    def test_inhibit_only_while_they_fire(self) -> None:
        source = a_posted_alert("S", sev="crit", ends_at=after(minutes=5))
        found = inhibitor(source)
        assert [inhibited(found, self.TARGET, after(minutes=minute)) for minute in (0, 4, 5)] == [True, True, False]

    def test_their_newest_copy_counts(self) -> None:
        found = inhibitor(a_posted_alert("S", sev="crit", updated_at=after(minutes=1)))
        over = a_posted_alert("S", sev="crit", ends_at=T0)
        found.put([over])
        assert inhibited(found, self.TARGET), "older news than what is known"
        over = a_posted_alert("S", sev="crit", ends_at=T0, updated_at=after(minutes=2))
        found.put([over])
        assert not inhibited(found, self.TARGET)

    def test_are_forgotten_when_they_are_dropped_unless_a_newer_copy_came(self) -> None:
        old, new = (a_posted_alert("S", sev="crit", updated_at=after(minutes=minute)) for minute in (0, 1))
        found = inhibitor(old, new)
        found.drop([old])
        assert inhibited(found, self.TARGET)
        found.drop([new])
        assert not inhibited(found, self.TARGET)
        assert not found._alerts

    def test_that_are_inhibited_inhibit_too(self) -> None:
        rules = (
            a_rule(0, source_matchers=["l=a"], target_matchers=["l=b"]),
            a_rule(1, source_matchers=["l=b"], target_matchers=["l=c"]),
        )
        a, b, c = (a_posted_alert(name, l=name) for name in "abc")
        found = inhibitor(a, b, c, rules=rules)
        assert [list(found.inhibitions(alert.labels, T0)) for alert in (a, b, c)] == [
            [],
            [Inhibition(source=a.fingerprint, rule="inhibit_rules[0]")],
            [Inhibition(source=b.fingerprint, rule="inhibit_rules[1]")],
        ]

    def test_are_all_named_rule_by_rule(self) -> None:
        rules = (CRITICAL_OVER_WARNING, a_rule(1, name="gateway down", source_matchers=["alertname=S2"]))
        one, two = a_posted_alert("S1", sev="crit"), a_posted_alert("S2", sev="crit")
        assert list(inhibitor(one, two, rules=rules).inhibitions(self.TARGET.labels, T0)) == [
            Inhibition(source=one.fingerprint, rule="inhibit_rules[0]"),
            Inhibition(source=two.fingerprint, rule="inhibit_rules[0]"),
            Inhibition(source=two.fingerprint, rule="gateway down"),
        ]


class TestBothSides:
    RULE = a_rule(source_matchers=["sev=~crit|both"], target_matchers=["sev=~warn|both"])
    BOTH, OTHER = a_posted_alert("B", sev="both"), a_posted_alert("O", sev="both")
    SOURCE, TARGET = a_posted_alert("S", sev="crit"), a_posted_alert("T", sev="warn")

    def test_an_alert_does_not_inhibit_itself_nor_another_that_is_both(self) -> None:
        found = inhibitor(self.BOTH, self.OTHER, rules=(self.RULE,))
        assert not inhibited(found, self.BOTH)
        assert not inhibited(found, self.OTHER)

    def test_one_that_is_both_is_inhibited_by_a_mere_source_and_inhibits_a_mere_target(self) -> None:
        assert inhibited(inhibitor(self.BOTH, self.SOURCE, rules=(self.RULE,)), self.BOTH)
        assert inhibited(inhibitor(self.BOTH, rules=(self.RULE,)), self.TARGET)

    def test_the_empty_rule_inhibits_nothing(self) -> None:
        found = inhibitor(self.BOTH, self.SOURCE, rules=(a_rule(),))
        assert not any(inhibited(found, alert) for alert in (self.BOTH, self.SOURCE, self.TARGET))


def test_the_older_words_mean_the_same() -> None:
    older = a_rule(
        source_match={"sev": "crit"}, source_match_re={"job": "a.*"}, target_match={"sev": "warn"}, equal=["job"]
    )
    newer = a_rule(source_matchers=['sev="crit",job=~"^(?:a.*)$"'], target_matchers=["sev=warn"], equal=["job"])
    assert older == newer
    found = inhibitor(a_posted_alert("S", sev="crit", job="api"), rules=(older,))
    assert inhibited(found, a_posted_alert("T", sev="warn", job="api"))
    assert not inhibited(found, a_posted_alert("T", sev="warn", job="bpi"))


@pytest.mark.parametrize(
    ("settings", "problem", "at"),
    [
        pytest.param({"source_matchers": ["x"]}, "bad matcher format: x", ("source_matchers", 0), id="no matcher"),
        pytest.param(
            {"target_match_re": {"x": "("}},
            "error parsing regexp: missing closing ): `^(?:()$`",
            ("target_match_re", "x"),
            id="a bad pattern",
        ),
        pytest.param({"equal": [""]}, 'invalid label name ""', ("equal", 0), id="no label name"),
        pytest.param({"sources": []}, "Extra inputs are not permitted", ("sources",), id="unknown keys are refused"),
    ],
)
def test_bad_rules_are_refused(settings: dict[str, Any], problem: str, at: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as raised:
        InhibitRuleSettings.model_validate(settings)
    (detail,) = raised.value.errors()
    assert problem in detail["msg"]
    assert detail["loc"] == at


RULES = st.builds(
    InhibitRule,
    name=st.just("r"),
    source=MATCHER_LISTS,
    target=MATCHER_LISTS,
    equal=st.lists(NAMES, max_size=2, unique=True).map(tuple),
)
ALERTS = st.builds(
    lambda labels, end: PostedAlert(
        labels=labels.with_labels({"alertname": "A"}),
        annotations={},
        starts_at=T0,
        ends_at=after(minutes=end) if end is not None else None,
        updated_at=T0,
    ),
    LABEL_SETS,
    st.sampled_from([None, 5, 15]),
)


def inhibits(rule: InhibitRule, source: PostedAlert, target: LabelSet, at: datetime) -> bool:
    """The rule in so many words."""
    return (
        all_match(rule.source, source.labels)
        and all_match(rule.target, target)
        and not source.resolved(at)
        and all(source.labels.get(name) == target.get(name) for name in rule.equal)
        and not (all_match(rule.source, target) and all_match(rule.target, source.labels))
    )


@given(st.lists(RULES, max_size=3), st.lists(ALERTS, max_size=6, unique_by=lambda alert: alert.labels), LABEL_SETS)
def test_an_alert_is_inhibited_if_and_only_if_it_has_a_firing_source(
    rules: list[InhibitRule], alerts: list[PostedAlert], other: LabelSet
) -> None:
    at = after(minutes=10)
    found = inhibitor(*alerts, rules=tuple(rules))
    for labels in [other, *(alert.labels for alert in alerts)]:
        sources = {alert.fingerprint for rule in rules for alert in alerts if inhibits(rule, alert, labels, at)}
        assert {inhibition.source for inhibition in found.inhibitions(labels, at)} == sources
        assert labels.fingerprint not in sources, "nothing inhibits itself"
    found.drop(alerts)
    assert not found._alerts
    assert not any(sources.mere or sources.both for sources in found._sources)
