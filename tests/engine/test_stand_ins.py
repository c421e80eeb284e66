"""A message whose template fails: a plain one goes in its place, unless the template is mended within moments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from alertd.notify.message import Message
from alertd.notify.outbox import Payload
from tests.support.builders import a_posted_alert, a_route
from tests.support.pipeline import FakeIntegration, pipeline

ROUTE = a_route(group_wait=timedelta(seconds=1), group_interval=timedelta(seconds=2))
PLAIN = "plain"


@dataclass
class Templated(FakeIntegration):
    """An integration whose template fails as long as `broken`."""

    broken: bool = True

    def render(self, message: Message) -> Payload:
        return Payload(body=PLAIN.encode(), is_fallback=True) if self.broken else super().render(message)


async def test_a_template_that_is_mended_in_time_is_used() -> None:
    slack = Templated()
    async with pipeline(slack, route=ROUTE) as running:
        await running.post(a_posted_alert("A"))
        await running.advance(seconds=4)
        slack.broken = False
        await running.advance(seconds=60)
        assert slack.said == [(5, "FIRING A: first notification")]


async def test_a_template_that_stays_broken_delays_the_plain_message_once() -> None:
    slack = Templated()
    async with pipeline(slack, route=ROUTE) as running:
        await running.post(a_posted_alert("A"))
        await running.advance(seconds=60)
        assert slack.said == [(11, PLAIN)]


async def test_what_is_over_before_the_plain_message_went_is_not_told() -> None:
    slack = Templated()
    alert = a_posted_alert("A")
    async with pipeline(slack, route=ROUTE) as running:
        await running.post(alert)
        await running.advance(seconds=4)
        await running.resolve(alert)
        await running.advance(seconds=60)
        assert slack.said == []


async def test_what_was_told_plainly_is_resolved_too() -> None:
    slack = Templated()
    alert = a_posted_alert("A")
    async with pipeline(slack, route=ROUTE) as running:
        await running.post(alert)
        await running.advance(seconds=20)
        slack.broken = False
        await running.resolve(alert)
        await running.advance(seconds=60)
        assert [said for _, said in slack.said] == [PLAIN, "RESOLVED A: all alerts resolved"]


async def test_another_integration_is_not_held_up() -> None:
    slack, webhook = Templated(integration="slack"), FakeIntegration()
    async with pipeline(slack, webhook, route=ROUTE) as running:
        await running.post(a_posted_alert("A"))
        await running.advance(seconds=2)
        assert webhook.said == [(1, "FIRING A: first notification")]
