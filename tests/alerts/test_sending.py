"""When alerts are handed on, and in what shape. Facts: Prometheus 2.42 (cases L02 to L04)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.alerts.alert import Alert, Resolution, State
from alertd.alerts.machine import Candidate, Holds, step
from alertd.alerts.sending import Sending, due, for_alertmanager, generator_url, posted, withdrawn
from alertd.labels import LabelSet
from tests.support.rules import T0, an_alerting_rule

A = LabelSet({"alertname": "A", "zone": "x"})
S = timedelta(seconds=1)


def sends(*, interval: int, delay: int, breached_for: int, until: int) -> list[int]:
    """Seconds at which one alert is handed on, evaluated every `interval` from 0."""
    alerts: dict[LabelSet, Alert] = {}
    times = []
    for second in range(0, until + 1, interval):
        at = T0 + second * S
        present = [Candidate(labels=A, annotations={}, value=1)] if second < breached_for else []
        alerts = step(alerts, present, holds=Holds(), at=at)
        if due(alerts.values(), resend_delay=delay * S, at=at):
            alerts[A] = replace(alerts[A], last_sent_at=at)
            times.append(second)
    return times


@pytest.mark.parametrize(
    ("interval", "delay", "expected"),
    [
        pytest.param(2, 5, [0, 6, 12, 18], id="the first slot strictly later than the delay"),
        pytest.param(5, 5, [0, 10], id="delay equal to the interval: every second slot"),
        pytest.param(5, 0, [0, 5, 10, 15], id="no delay: every slot"),
    ],
)
def test_a_firing_alert_is_sent_again_after_the_delay(interval: int, delay: int, expected: list[int]) -> None:
    assert sends(interval=interval, delay=delay, breached_for=99, until=19) == expected


def test_a_resolved_alert_is_sent_at_once_and_again_for_a_quarter_of_an_hour() -> None:
    times = sends(interval=2, delay=5, breached_for=10, until=1200)
    assert times[:4] == [0, 6, 10, 16]
    assert times[-1] == 10 + 900


def test_a_pending_alert_is_never_sent() -> None:
    alerts = step({}, [Candidate(labels=A, annotations={}, value=1)], holds=Holds(hold=99 * S), at=T0)
    assert due(alerts.values(), resend_delay=S, at=T0 + 50 * S) == []


def an_alert(**changes: object) -> Alert:
    alert = Alert(labels=A, annotations={"s": "t"}, value=7.0, state=State.FIRING, active_at=T0, fired_at=T0 + S)
    return replace(alert, **changes)  # type: ignore[arg-type]


SENDING = Sending(
    interval=2 * S, resend_delay=5 * S, external_labels={"dc": "eu", "zone": "ext"}, external_url="http://a"
)


def test_what_is_handed_on() -> None:
    at = T0 + 9 * S
    handed = posted(
        an_alerting_rule(expr="g{i='a'}==1", unit="USD"), an_alert(evidence={"Threshold": 5.0}), SENDING, at=at
    )
    assert handed.labels == LabelSet({"alertname": "A", "dc": "eu", "zone": "x"}), "an alert's own label wins"
    assert (handed.starts_at, handed.ends_at, handed.updated_at) == (T0 + S, None, at)
    assert (handed.value, handed.threshold, handed.unit) == (7.0, 5.0, "USD")
    assert handed.generator_url == "http://a/graph?g0.expr=g%7Bi%3D%22a%22%7D+%3D%3D+1&g0.tab=1"


def test_other_alertmanagers_are_told_how_long_a_firing_alert_may_be_believed() -> None:
    at = T0 + 9 * S
    rule = an_alerting_rule()
    assert for_alertmanager(posted(rule, an_alert(), SENDING, at=at), SENDING.validity).ends_at == at + 20 * S
    ended = an_alert(state=State.INACTIVE, resolved_at=T0 + 3 * S, resolution=Resolution.CLEARED)
    assert for_alertmanager(posted(rule, ended, SENDING, at=at), SENDING.validity).ends_at == T0 + 3 * S


@given(st.floats() | st.none(), st.floats() | st.none())
def test_values_that_json_cannot_say_are_left_out(value: float | None, resolved: float | None) -> None:
    handed = posted(an_alerting_rule(), an_alert(value=value, resolved_value=resolved), SENDING, at=T0)
    for number in (handed.value, handed.resolved_value):
        assert number is None or abs(number) < float("inf")


def test_an_alert_whose_rule_is_gone_ends_now_and_says_why() -> None:
    at = T0 + 60 * S
    ended = withdrawn(posted(an_alerting_rule(), an_alert(), SENDING, at=T0), at=at)
    assert (ended.ends_at, ended.updated_at, ended.resolution, ended.starts_at) == (
        at,
        at,
        "rule deleted or disabled",
        T0 + S,
    )


def test_the_link_escapes_the_expression() -> None:
    assert generator_url("a + b", "http://x/p") == "http://x/p/graph?g0.expr=a+%2B+b&g0.tab=1"


def test_validity_follows_the_slower_of_interval_and_delay() -> None:
    def validity(interval: int, delay: int) -> timedelta:
        return replace(SENDING, interval=interval * S, resend_delay=delay * S).validity

    assert (validity(2, 5), validity(60, 5)) == (20 * S, 240 * S)


def test_an_alert_that_is_told_once_is_handed_on_as_one() -> None:
    assert posted(an_alerting_rule(), an_alert(told_once=True), SENDING, at=T0).told_once


def test_a_unit_that_only_the_kind_knows_is_handed_on() -> None:
    assert posted(an_alerting_rule(), an_alert(evidence={"Unit": "USD"}), SENDING, at=T0).unit == "USD"
    assert posted(an_alerting_rule(unit="EUR"), an_alert(evidence={"Unit": "USD"}), SENDING, at=T0).unit == "EUR"
