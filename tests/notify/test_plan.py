"""When a message goes whose template failed; when an alert that ended may leave its group."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from alertd.alerts.posted import PostedAlert
from alertd.notify.message import Message
from alertd.notify.outbox import Delivery, Kind, Payload
from alertd.notify.plan import STAND_IN_WAIT, FlushPlan, Planner
from alertd.notify.told import Told, by_stream
from alertd.notify.ulid import Ulids
from tests.support.builders import T0, a_flush, a_posted_alert, after


@dataclass
class Channel:
    """A channel whose template fails as long as `broken`."""

    receiver: str = "ops"
    integration: str = "slack"
    index: int = 0
    send_resolved: bool = True
    per_alert: bool = False
    max_alerts: int = 0
    destination: str = "somewhere"
    broken: bool = True
    rendered: list[Message] = field(default_factory=list)

    def render(self, message: Message) -> Payload:
        self.rendered.append(message)
        return Payload(body=b"{}", is_fallback=self.broken)


PLANNER = Planner(new_id=Ulids(Random(1)), external_url="http://alertd.example.com")
ALERT = a_posted_alert("A")


def plan(channel: Channel, *open_deliveries: Delivery, at: datetime, alert: PostedAlert = ALERT) -> FlushPlan:
    told = by_stream([], open_deliveries)
    return PLANNER.plan(a_flush(alert, tick=at), [channel], told, at=at)


def test_a_message_goes_at_once_and_a_plain_one_waits_for_the_template_to_be_mended() -> None:
    channel = Channel(broken=False)
    [queued] = plan(channel, at=T0).queued
    assert queued.delivery.next_at == T0
    channel.broken = True
    [queued] = plan(channel, at=T0).queued
    assert queued.delivery.next_at == T0 + STAND_IN_WAIT


def test_trying_the_template_again_does_not_postpone_the_plain_message() -> None:
    channel = Channel()
    [first] = plan(channel, at=T0).queued
    [second] = plan(channel, first.delivery, at=after(seconds=2)).queued
    assert second.supersedes == (first.delivery.id,)
    assert second.delivery.next_at == T0 + STAND_IN_WAIT


def test_a_mended_template_takes_its_place() -> None:
    channel = Channel()
    [plain] = plan(channel, at=T0).queued
    channel.broken = False
    [proper] = plan(channel, plain.delivery, at=after(seconds=4)).queued
    assert (proper.delivery.next_at, proper.supersedes) == (after(seconds=4), (plain.delivery.id,))


def test_an_alert_whose_queued_message_is_made_void_stays_until_that_is_seen_to_be_so() -> None:
    # The message may be leased between this decision and its transaction: then it arrives, and its end is owed.
    channel, planner = Channel(broken=False), PLANNER
    alert = a_posted_alert("A")
    queued = planner.plan(a_flush(alert), [channel], {}, at=T0).queued[0].delivery
    over = replace(alert, ends_at=T0 + timedelta(seconds=1))
    open_told = {queued.stream: Told(stream=queued.stream, open=(queued,))}

    plan = planner.plan(a_flush(over), [channel], open_told, at=T0 + timedelta(minutes=5))
    assert (plan.superseded, plan.settled) == ([queued.id], [])

    arrived = {queued.stream: Told(stream=queued.stream, entry=queued.entry)}
    plan = planner.plan(a_flush(over), [channel], arrived, at=T0 + timedelta(minutes=10))
    assert [one.delivery.kind for one in plan.queued] == [Kind.RESOLVED]

    gone = {queued.stream: Told(stream=queued.stream)}
    assert planner.plan(a_flush(over), [channel], gone, at=T0 + timedelta(minutes=10)).settled == [over]
