"""`step()`: the life of one rule's alerts, slot by slot. Facts: Prometheus 2.42 (P cases of promtool's unit tests)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.alerts.alert import Alert, Resolution, State
from alertd.alerts.machine import RESOLVED_RETENTION, Candidate, Holds, active, explain_ends, resolve_all, step
from alertd.labels import LabelSet

T0 = datetime(2026, 1, 5, 12, tzinfo=UTC)
A = LabelSet({"alertname": "A"})
B = LabelSet({"alertname": "A", "tenant": "b"})


def minute(number: float) -> datetime:
    return T0 + timedelta(minutes=number)


def candidate(labels: LabelSet = A, value: float = 6.0, *, held: bool = False) -> Candidate:
    return Candidate(labels=labels, annotations={"v": str(value)}, value=value, held=held, series=labels)


def states(pattern: str, *, hold: int = 0, keep: int = 0) -> list[str]:
    """One letter per minute in (`x` breached, `h` held, `.` not), one out: p(ending), f(iring), r(esolved), `-` gone."""
    holds = Holds(hold=timedelta(minutes=hold), keep_firing_for=timedelta(minutes=keep))
    alerts: dict[LabelSet, Alert] = {}
    out = []
    for number, sign in enumerate(pattern):
        present = [] if sign == "." else [candidate(held=sign == "h")]
        alerts = step(alerts, present, holds=holds, at=minute(number))
        out.append(
            {State.PENDING: "p", State.FIRING: "f", State.INACTIVE: "r"}[alerts[A].state] if A in alerts else "-"
        )
    return out


@pytest.mark.parametrize(
    ("pattern", "hold", "keep", "expected"),
    [
        pytest.param("x", 0, 0, "f", id="without 'for' it fires in the evaluation that first breaches"),
        pytest.param(".xxxx", 3, 0, "-pppf", id="it fires when 'for' has passed, not one evaluation later"),
        pytest.param("xx.xxxx", 3, 0, "pp-pppf", id="one missing evaluation while pending starts 'for' afresh"),
        pytest.param("xx..", 0, 0, "ffrr", id="it resolves at the first evaluation without a breach"),
        pytest.param("xx.x", 3, 0, "pp-p", id="a pending alert is forgotten without a word"),
        pytest.param(".xx.....", 0, 3, "-fffffrr", id="keep_firing_for holds from the first clear evaluation on"),
        pytest.param("x..x....", 0, 3, "fffffffr", id="a comeback starts keep_firing_for afresh"),
        pytest.param("xhh.", 0, 0, "fffr", id="a held value keeps a firing alert firing"),
        pytest.param("hh", 0, 0, "--", id="a held value begins no alert"),
        pytest.param("xhx", 3, 0, "p-p", id="a held value does not keep a pending alert pending"),
        pytest.param("x.h", 0, 0, "frr", id="a held value does not wake a resolved alert"),
        pytest.param("x.x", 2, 0, "p-p", id="a flap while pending begins again"),
    ],
)
def test_states(pattern: str, hold: int, keep: int, expected: str) -> None:
    assert "".join(states(pattern, hold=hold, keep=keep)) == expected


def test_a_new_episode_has_new_times_and_owes_a_new_send() -> None:
    first = step({}, [candidate()], holds=Holds(), at=minute(0))
    ended = step(first, [], holds=Holds(), at=minute(1))
    assert (ended[A].state, ended[A].resolved_at, ended[A].resolution) == (
        State.INACTIVE,
        minute(1),
        Resolution.CLEARED,
    )
    again = step(ended, [candidate(value=9.0)], holds=Holds(), at=minute(2))
    assert (again[A].active_at, again[A].fired_at, again[A].resolved_at, again[A].last_sent_at) == (
        minute(2), minute(2), None, None,
    )  # fmt: skip
    assert again[A].peak == 9.0


def test_value_and_annotations_follow_the_newest_breach_and_stay_while_kept() -> None:
    holds = Holds(keep_firing_for=timedelta(minutes=5))
    alerts = step({}, [candidate(value=6)], holds=holds, at=minute(0))
    alerts = step(alerts, [candidate(value=8)], holds=holds, at=minute(1))
    assert (alerts[A].value, alerts[A].annotations, alerts[A].peak) == (8, {"v": "8"}, 8)
    kept = step(alerts, [], holds=holds, at=minute(2))
    assert (kept[A].value, kept[A].keep_firing_since) == (8, minute(2))
    back = step(kept, [candidate(value=7)], holds=holds, at=minute(3))
    assert (back[A].value, back[A].peak, back[A].keep_firing_since, back[A].fired_at) == (7, 8, None, minute(0))


def test_a_resolved_alert_is_kept_a_quarter_of_an_hour() -> None:
    alerts = step(step({}, [candidate()], holds=Holds(), at=minute(0)), [], holds=Holds(), at=minute(1))
    last = minute(1) + RESOLVED_RETENTION
    assert A in step(alerts, [], holds=Holds(), at=last)
    assert A not in step(alerts, [], holds=Holds(), at=last + timedelta(seconds=1))


def test_a_longer_for_after_a_reload_does_not_take_a_firing_alert_back() -> None:
    alerts = step({}, [candidate()], holds=Holds(), at=minute(0))
    later = step(alerts, [candidate()], holds=Holds(hold=timedelta(hours=1)), at=minute(1))
    assert later[A].state is State.FIRING


def test_an_unchanged_alert_is_the_same_object_so_that_it_need_not_be_saved() -> None:
    alerts = step({}, [candidate(value=float("nan"))], holds=Holds(), at=minute(0))
    assert step(alerts, [candidate(value=float("nan"))], holds=Holds(), at=minute(1))[A] is alerts[A]


def test_ending_all_keeps_what_was_firing_as_resolved_and_forgets_what_was_pending() -> None:
    holds = Holds(hold=timedelta(minutes=1))
    alerts = step(
        step({}, [candidate(A)], holds=holds, at=minute(0)), [candidate(A), candidate(B)], holds=holds, at=minute(1)
    )
    ended = resolve_all(alerts, Resolution.LIMIT, at=minute(2))
    assert {labels: alert.resolution for labels, alert in ended.items()} == {A: Resolution.LIMIT}


def test_an_end_carries_the_value_its_series_has_now_or_says_that_there_is_none() -> None:
    before = step({}, [candidate(A), candidate(B)], holds=Holds(), at=minute(0))
    after = step(before, [], holds=Holds(), at=minute(1))
    ended = explain_ends(before, after, {A: 2.0}.get)
    assert (ended[A].resolved_value, ended[A].resolution) == (2.0, Resolution.CLEARED)
    assert (ended[B].resolved_value, ended[B].resolution) == (None, Resolution.NO_DATA)
    later = explain_ends(ended, ended, {A: 3.0}.get)
    assert later[A].resolved_value == 2.0, "only the evaluation that ended it looks at the value"


slots = st.lists(st.sets(st.sampled_from(["a", "b", "c"])), max_size=30)
holds_ = st.builds(
    Holds,
    hold=st.integers(0, 4).map(lambda m: timedelta(minutes=m)),
    keep_firing_for=st.integers(0, 4).map(lambda m: timedelta(minutes=m)),
)


def replay(history: list[set[str]], holds: Holds, alerts: dict[LabelSet, Alert], start: int) -> dict[LabelSet, Alert]:
    for number, present in enumerate(history, start):
        found = [candidate(LabelSet({"alertname": "A", "tenant": name})) for name in sorted(present)]
        alerts = step(alerts, found, holds=holds, at=minute(number))
    return alerts


@given(slots, holds_, st.integers(0, 30))
def test_replaying_in_two_halves_equals_replaying_at_once(history: list[set[str]], holds: Holds, cut: int) -> None:
    halves = replay(history[cut:], holds, replay(history[:cut], holds, {}, 0), len(history[:cut]))
    assert halves == replay(history, holds, {}, 0)


@given(slots, holds_)
def test_times_are_set_exactly_where_the_state_says_so(history: list[set[str]], holds: Holds) -> None:
    for end in range(len(history) + 1):
        for alert in replay(history[:end], holds, {}, 0).values():
            assert (alert.fired_at is None) == (alert.state is State.PENDING)
            assert (alert.resolved_at is not None) == (alert.state is State.INACTIVE)
            assert alert.fired_at is None or alert.fired_at - alert.active_at >= holds.hold
            assert alert.keep_firing_since is None or alert.state is State.FIRING


@given(slots, holds_)
def test_what_breaches_is_active(history: list[set[str]], holds: Holds) -> None:
    alerts = replay(history, holds, {}, 0)
    breaching = history[-1] if history else set()
    assert breaching <= {alert.labels["tenant"] for alert in active(alerts)}
