"""Aggregation groups: who is told together, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.alerts.posted import PostedAlert
from alertd.dispatch.grouping import Groups, first_flush_at, tick_at
from alertd.dispatch.route import Route, RouteSettings
from alertd.labels import LabelSet
from tests.support.builders import T0, a_posted_alert, a_route, after

WAIT = timedelta(seconds=30)
INTERVAL = timedelta(minutes=5)
NAMES = st.sampled_from(["alertname", "a", "b", "c"])
ALERTS = st.builds(
    lambda labels: a_posted_alert("A", **labels), st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "2"]))
)


@pytest.mark.parametrize(
    ("starts_at", "due"),
    [
        pytest.param(T0, after(seconds=30), id="a new alert waits for company"),
        pytest.param(after(seconds=-30), after(seconds=30), id="one exactly as old as the wait still waits"),
        pytest.param(after(seconds=-31), T0, id="one older than the wait is told at once"),
        pytest.param(after(minutes=5), after(seconds=30), id="one from the future waits like any other"),
    ],
)
def test_first_flush(starts_at: datetime, due: datetime) -> None:
    assert first_flush_at(a_posted_alert(starts_at=starts_at), group_wait=WAIT, at=T0) == due


@pytest.mark.parametrize(
    ("late", "tick"),
    [
        pytest.param(timedelta(), T0, id="on time"),
        pytest.param(timedelta(minutes=4, seconds=59), T0, id="late by less than an interval keeps the rhythm"),
        pytest.param(timedelta(minutes=5), after(minutes=5), id="late by an interval starts a new rhythm"),
        pytest.param(timedelta(hours=9), after(hours=9), id="many missed ticks are caught up once"),
    ],
)
def test_tick(late: timedelta, tick: datetime) -> None:
    assert tick_at(T0, interval=INTERVAL, at=T0 + late) == tick


def groups_with(*alerts: PostedAlert, at: datetime = T0, **route: object) -> Groups:
    groups = Groups(a_route(**route))
    for alert in alerts:
        groups.insert(alert, at)
    return groups


class TestGroups:
    def test_alerts_that_share_their_group_labels_are_one_group(self) -> None:
        groups = groups_with(
            a_posted_alert("A", x="1"), a_posted_alert("A", x="2"), a_posted_alert("B"), group_by=["alertname"]
        )
        assert {group.key: len(group) for group in groups} == {'{}:{alertname="A"}': 2, '{}:{alertname="B"}': 1}

    def test_a_later_alert_does_not_move_the_clock_of_its_group(self) -> None:
        groups = groups_with(a_posted_alert("A"))
        groups.insert(a_posted_alert("B", starts_at=after(hours=-1)), after(seconds=10))
        assert groups.next_at() == after(seconds=30)

    def test_groups_are_due_in_order_of_their_time(self) -> None:
        groups = groups_with(a_posted_alert("A"), group_by=["alertname"])
        groups.insert(a_posted_alert("B", starts_at=after(hours=-1)), T0)
        assert [group.key for group in groups.due(after(seconds=30), 9)] == ['{}:{alertname="B"}', '{}:{alertname="A"}']
        assert [group.key for group in groups.due(after(seconds=29), 9)] == ['{}:{alertname="B"}']
        assert len(groups.due(after(seconds=30), 1)) == 1

    def test_a_group_is_due_until_it_is_armed_anew(self) -> None:
        groups = groups_with(a_posted_alert("A"))
        [group] = groups.due(after(seconds=30), 9)
        assert groups.due(after(seconds=30), 9) == [group]
        groups.arm(group, after(minutes=5))
        assert groups.due(after(minutes=4), 9) == []
        assert groups.next_at() == after(minutes=5)

    def test_an_ended_group_is_never_due(self) -> None:
        groups = groups_with(a_posted_alert("A"))
        groups.end(next(iter(groups)))
        assert (groups.next_at(), groups.due(after(days=1), 9), len(groups)) == (None, [], 0)

    @pytest.mark.parametrize("minutes", [pytest.param(1, id="later"), pytest.param(-59, id="by a clock set back")])
    def test_the_copy_put_last_counts(self, minutes: float) -> None:
        old, new = a_posted_alert(value=1.0), replace(a_posted_alert(value=2.0), updated_at=after(minutes=minutes))
        assert next(iter(groups_with(old, new))).alerts == (new,)

    def test_groups_that_are_due_later_than_any_wait_is_long_wait_anew(self) -> None:
        groups = groups_with(a_posted_alert("A"), a_posted_alert("B"), group_by=["alertname"])
        soon, late = groups
        groups.arm(soon, after(minutes=5))
        groups.arm(late, after(hours=1))
        assert groups.pull_in(T0) == [late], "group_interval is five minutes"
        assert (soon.next_at, late.next_at) == (after(minutes=5), after(seconds=30))

    def test_it_knows_which_groups_hold_an_episode(self) -> None:
        alert = a_posted_alert()
        groups = groups_with(alert)
        assert len(groups.holding(replace(alert, ends_at=after(minutes=1)))) == 1
        assert groups.holding(replace(alert, starts_at=after(minutes=1))) == []
        assert groups.holding(a_posted_alert("B")) == []

    def test_dropping_an_old_copy_keeps_the_newer_one(self) -> None:
        old, new = a_posted_alert(), replace(a_posted_alert(), updated_at=after(minutes=1))
        group = next(iter(groups_with(old, new)))
        group.drop(old)
        assert group.alerts == (new,)
        group.drop(new)
        assert len(group) == 0

    def test_regrouping_keeps_the_clock_of_groups_that_stay_the_same(self) -> None:
        groups = groups_with(a_posted_alert("A"), a_posted_alert("B", x="1"), group_by=["alertname"])
        regrouped = groups.regrouped(a_route(group_by=["alertname", "x"]), after(seconds=10))
        assert {group.key: group.next_at for group in regrouped} == {
            '{}:{alertname="A"}': after(seconds=30),
            '{}:{alertname="B", x="1"}': after(seconds=40),
        }


class TestSnapshot:
    def test_what_fires_has_no_end_and_what_ended_keeps_it(self) -> None:
        ends_later = a_posted_alert("A", ends_at=after(minutes=5), updated_at=T0)
        ended = a_posted_alert("B", ends_at=after(minutes=1))
        flush = next(iter(groups_with(ends_later, ended))).snapshot(after(minutes=1))
        assert [alert.ends_at for alert in flush.firing] == [None]
        assert flush.resolved == (ended,)

    def test_it_says_which_group_it_is_and_when_it_is_due_again(self) -> None:
        group = next(iter(groups_with(a_posted_alert("A"), group_by=["alertname"])))
        flush = group.snapshot(after(seconds=31))
        assert (flush.group_key, flush.labels, flush.receiver) == (
            '{}:{alertname="A"}',
            LabelSet({"alertname": "A"}),
            "ops",
        )
        assert flush.tick == after(seconds=30)
        assert flush.next_timer.next_at == after(seconds=330)


@given(st.lists(ALERTS), st.one_of(st.none(), st.sets(NAMES)))
def test_every_alert_is_in_exactly_one_group_of_a_route(alerts: list[PostedAlert], group_by: set[str] | None) -> None:
    groups = groups_with(*alerts, group_by=group_by)
    members = [alert.labels for group in groups for alert in group.alerts]
    assert sorted(members) == sorted({alert.labels for alert in alerts})
    for group in groups:
        wanted = None if group_by is None else group_by
        for alert in group.alerts:
            assert group.labels == (alert.labels if wanted is None else alert.labels.only(wanted))


@given(st.lists(st.integers(min_value=0, max_value=20), min_size=1))
def test_ticks_lie_on_one_grid_as_long_as_no_flush_is_an_interval_late(delays: list[int]) -> None:
    due = T0
    for delay in delays:
        tick = tick_at(due, interval=timedelta(seconds=30), at=due + timedelta(seconds=delay))
        assert (tick - T0) % timedelta(seconds=30) == timedelta()
        due = tick + timedelta(seconds=30)


class TestWhereAlertsAre:
    """An alert is routed once; whoever asks finds it by its labels."""

    def test_siblings_with_equal_matchers_have_groups_of_their_own(self) -> None:
        root = Route(
            receiver="root",
            routes=(
                Route(receiver="one", key='{}/{x="1"}', id='{}/{x="1"}', continues=True),
                Route(receiver="two", key='{}/{x="1"}', id='{}/{x="1"}#2'),
            ),
        )
        groups = Groups(root)
        begun = groups.insert(a_posted_alert(), T0)
        assert [group.route.receiver for group in begun] == ["one", "two"]
        groups.drop(begun[1], begun[1].alerts[0])
        groups.end(begun[1])
        assert groups.with_labels(a_posted_alert().labels) == begun[:1]

    def test_an_alert_is_known_until_it_has_left_its_last_group(self) -> None:
        groups = Groups(a_route())
        alert = a_posted_alert()
        (group,) = groups.insert(alert, T0)
        assert (groups.known(alert.labels), groups.alerts()) == (alert, [alert])
        groups.drop(group, alert)
        assert (groups.known(alert.labels), groups.alerts()) == (None, [])

    def test_a_newer_copy_stays_known_when_an_older_one_leaves(self) -> None:
        groups = Groups(a_route())
        old, new = a_posted_alert(), a_posted_alert(updated_at=after(seconds=1))
        (group,) = groups.insert(old, T0)
        groups.insert(new, T0)
        groups.drop(group, old)
        assert groups.known(old.labels) is new


def test_sibling_routes_with_the_same_matchers_have_groups_of_their_own_under_one_key() -> None:
    critical = {"matchers": ['severity="critical"'], "continue": True}
    settings = {"receiver": "ops", "routes": [{**critical, "receiver": "pager"}, {**critical, "receiver": "chat"}]}
    groups = Groups(Route.from_settings(RouteSettings.model_validate(settings)))
    alert = a_posted_alert("A", severity="critical")
    pager, chat = groups.insert(alert, T0)
    assert [group.route.receiver for group in (pager, chat)] == ["pager", "chat"]
    assert pager.key != chat.key
    assert len(groups.holding(alert)) == 2
    assert {group.snapshot(T0).shown_key for group in (pager, chat)} == {'{}/{severity="critical"}:{}'}
