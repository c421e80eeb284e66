"""What is told of alerts that are muted: nothing, but for the end of what was told before. No message calls a group
resolved while something that was told still fires behind a mute.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from alertd.alerts.posted import PostedAlert
from alertd.dispatch.grouping import AggregationGroup, GroupFlush
from alertd.dispatch.mutes import MutedAlert, Mutes
from alertd.labels import EMPTY
from alertd.notify.log import Stream
from alertd.notify.plan import FlushPlan, settled
from alertd.notify.told import Told
from tests.support.builders import T0, a_posted_alert, a_route
from tests.support.pipeline import FakeIntegration, a_planner

SILENCED = Mutes(silenced_by=("s1",))
TICK = timedelta(minutes=5)


class Story:
    """One group, flushed every five minutes. What it sends is delivered at once, unless `receiver_up` is False."""

    def __init__(self, *, send_resolved: bool = True, per_alert: bool = False) -> None:
        self.channel = FakeIntegration(send_resolved=send_resolved, per_alert=per_alert)
        self.receiver_up = True
        self.muted: set[str] = set()
        self.group = AggregationGroup(key="{}:{}", labels=EMPTY, route=a_route(), next_at=T0)
        self._planner = a_planner(seed=1)
        self._told: dict[Stream, Told] = {}
        self._now = T0

    def fires(self, *names: str) -> None:
        for name in names:
            self.group.put(a_posted_alert(name, starts_at=self._now))

    def ends(self, *names: str) -> None:
        for alert in self._known(names):
            self.group.put(replace(alert, ends_at=self._now, updated_at=self._now))

    def flush(self) -> list[str]:
        """What is said at the next tick."""
        self.group.next_at = self._now = self._now + TICK
        snapshot = self.group.snapshot(self._now)
        flush = self._held_back(snapshot)
        plan = self._planner.plan(flush, [self.channel], self._told, at=self._now)
        self._save(plan)
        for alert in settled(flush, [self.channel], self._told, at=self._now):
            self.group.drop(alert)
        return [queued.delivery.payload.body.decode() for queued in plan.queued]

    def _held_back(self, flush: GroupFlush) -> GroupFlush:
        muted = [alert for alert in flush.alerts if alert.labels["alertname"] in self.muted]
        told = [alert for alert in flush.alerts if alert not in muted]
        return flush.of(told, muted=(MutedAlert(alert=alert, why=SILENCED) for alert in muted))

    def _known(self, names: Iterable[str]) -> list[PostedAlert]:
        return [alert for alert in self.group.alerts if alert.labels["alertname"] in names and alert.ends_at is None]

    def _save(self, plan: FlushPlan) -> None:
        taken = [queued.delivery.entry for queued in plan.queued] if self.receiver_up else []
        for entry in [*plan.entries, *taken]:
            self._told[entry.stream] = Told(stream=entry.stream, entry=entry)


def test_a_muted_alert_is_not_told() -> None:
    story = Story()
    story.fires("A")
    story.muted = {"A"}
    assert story.flush() == []
    story.muted = set()
    assert story.flush() == ["FIRING A: first notification"]


def test_others_are_told_without_it_and_it_is_told_again_once_it_is_free() -> None:
    story = Story()
    story.fires("A", "B")
    assert story.flush() == ["FIRING A B: first notification"]
    story.muted = {"A"}
    assert story.flush() == []
    story.fires("C")
    assert story.flush() == ["FIRING B C: new alerts added"]
    story.muted = set()
    assert story.flush() == ["FIRING A B C: new alerts added"]


def test_one_that_was_told_and_is_free_again_is_not_told_twice() -> None:
    story = Story()
    story.fires("A")
    story.flush()
    story.muted = {"A"}
    story.flush()
    story.muted = set()
    assert story.flush() == []


def test_the_end_of_what_was_told_is_told_though_it_is_muted() -> None:
    story = Story()
    story.fires("A")
    story.flush()
    story.muted = {"A"}
    story.ends("A")
    assert story.flush() == ["RESOLVED A: all alerts resolved"]
    assert not len(story.group)


def test_the_end_of_what_was_never_told_is_not() -> None:
    story = Story()
    story.muted = {"A"}
    story.fires("A")
    story.flush()
    story.ends("A")
    assert story.flush() == []
    assert not len(story.group), "nobody waits for it"


def test_what_fires_again_behind_a_mute_is_told_when_it_is_free() -> None:
    story = Story()
    story.fires("A")
    story.flush()
    story.muted = {"A"}
    story.ends("A")
    story.flush()
    story.fires("A")
    assert story.flush() == []
    story.muted = set()
    assert story.flush() == ["FIRING A: first notification"]


def test_what_ended_and_fired_between_two_ticks_behind_a_mute_is_told_when_it_is_free() -> None:
    story = Story()
    story.fires("A")
    story.flush()
    story.muted = {"A"}
    story.ends("A")
    story.fires("A")
    assert story.flush() == []
    story.ends("A")
    assert story.flush() == ["RESOLVED A: all alerts resolved"], "what it knows of A is an earlier episode"


class TestNoFalseResolved:
    def test_the_end_of_one_waits_for_the_muted_other(self) -> None:
        story = Story()
        story.fires("A", "B")
        story.flush()
        story.muted = {"A"}
        story.ends("B")
        assert [story.flush(), story.flush()] == [[], []]
        story.muted = set()
        assert story.flush() == ["FIRING A | B: some alerts resolved"]

    def test_and_is_told_when_the_other_ends_too(self) -> None:
        story = Story()
        story.fires("A", "B")
        story.flush()
        story.muted = {"A"}
        story.ends("B")
        story.flush()
        story.ends("A")
        assert story.flush() == ["RESOLVED A B: all alerts resolved"]
        assert not len(story.group)

    def test_also_when_the_muted_one_was_left_out_meanwhile(self) -> None:
        story = Story()
        story.fires("A")
        story.flush()
        story.muted = {"A"}
        story.fires("B")
        assert story.flush() == ["FIRING B: new alerts added"]
        story.ends("B")
        assert story.flush() == [], "A was told, and still fires"
        story.ends("A")
        assert story.flush() == ["RESOLVED A B: all alerts resolved"]

    def test_what_was_never_told_does_not_count(self) -> None:
        story = Story()
        story.muted = {"A"}
        story.fires("A", "B")
        story.flush()
        story.ends("B")
        assert story.flush() == ["RESOLVED B: all alerts resolved"]

    def test_where_each_alert_is_told_by_itself_nothing_waits(self) -> None:
        story = Story(per_alert=True)
        story.fires("A", "B")
        story.flush()
        story.muted = {"A"}
        story.ends("B")
        assert story.flush() == ["RESOLVED B: all alerts resolved"]
        story.ends("A")
        assert story.flush() == ["RESOLVED A: all alerts resolved"]

    def test_without_send_resolved_nothing_is_said_and_nothing_waits(self) -> None:
        story = Story(send_resolved=False)
        story.fires("A", "B")
        story.flush()
        story.muted = {"A"}
        story.ends("B")
        assert story.flush() == []
        story.ends("A")
        assert story.flush() == []
        assert not len(story.group)


def test_an_owed_end_is_tried_again_until_it_is_taken() -> None:
    story = Story()
    story.fires("A")
    story.flush()
    story.muted = {"A"}
    story.ends("A")
    story.receiver_up = False
    assert story.flush() == ["RESOLVED A: all alerts resolved"]
    story.receiver_up = True
    assert story.flush() == ["RESOLVED A: all alerts resolved"]
    assert not len(story.group)


STEPS = st.lists(
    st.tuples(st.sampled_from(["fires", "ends", "muted", "free", "up", "down"]), st.sampled_from("ABC"), st.booleans()),
    max_size=25,
)


@given(STEPS, st.booleans())
def test_whoever_was_told_firing_is_told_resolved_and_never_too_early(
    steps: list[tuple[str, str, bool]], per_alert: bool
) -> None:
    story = Story(per_alert=per_alert)
    heard: dict[str, bool] = {}  # what the receiver believes of each alert: whether it fires
    for what, name, tick in [*steps, *(("ends", name, False) for name in "ABC"), ("up", "", True), ("", "", True)]:
        act(story, what, name)
        if tick:
            firing = {alert.labels["alertname"] for alert in story.group.alerts if alert.ends_at is None}
            for message in story.flush():
                check(message, heard, firing=firing, muted=story.muted, per_alert=per_alert)
                if story.receiver_up:
                    learn(message, heard)
    assert not any(heard.values())
    assert not len(story.group)


def act(story: Story, what: str, name: str) -> None:
    match what:
        case "fires" if not story._known([name]):
            story.fires(name)
        case "ends":
            story.ends(name)
        case "muted":
            story.muted.add(name)
        case "free":
            story.muted.discard(name)
        case "up" | "down":
            story.receiver_up = what == "up"


def check(message: str, heard: dict[str, bool], *, firing: set[str], muted: set[str], per_alert: bool) -> None:
    """No muted alert is told as firing; an end is told of what was heard; not of all while something heard still fires."""
    status, fires, over = parsed(message)
    believed = {name for name, fires_still in heard.items() if fires_still}
    assert not fires & muted
    if status == "RESOLVED":
        assert over & believed
        assert per_alert or not believed & firing


def learn(message: str, heard: dict[str, bool]) -> None:
    _, fires, over = parsed(message)
    heard.update(dict.fromkeys(fires, True) | dict.fromkeys(over, False))


def parsed(message: str) -> tuple[str, set[str], set[str]]:
    """`FIRING A B | C: reason` -> status, those that fire, those that are over."""
    status, _, names = message.partition(":")[0].partition(" ")
    if status == "RESOLVED":
        return status, set(), set(names.split())
    fires, _, over = names.partition(" | ")
    return status, set(fires.split()), set(over.split())
