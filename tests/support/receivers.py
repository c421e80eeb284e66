"""Integrations for tests: their tools, the messages they render, and deliveries of what they rendered."""

from __future__ import annotations

from dataclasses import replace

import aiohttp

from alertd.alerts.posted import PostedAlert
from alertd.engine.ports import Integration
from alertd.labels import EMPTY, LabelSet
from alertd.notify.log import NotificationLog, episodes
from alertd.notify.message import Message, compose
from alertd.notify.outbox import Delivery
from alertd.notify.reason import Reason
from alertd.receivers.rendering import Rendering
from alertd.receivers.tools import ChartOf, Tools, no_chart
from alertd.store.memory import MemoryStore
from alertd.template.alertmanager import TemplateSet
from tests.support.builders import a_delivery, a_flush, a_route

EXTERNAL_URL = "http://am.example.org"


def a_rendering(*files: tuple[str, str]) -> Rendering:
    return Rendering(templates=TemplateSet(files))


def some_tools(
    session: aiohttp.ClientSession,
    *,
    rendering: Rendering | None = None,
    log: NotificationLog | None = None,
    chart: ChartOf = no_chart,
) -> Tools:
    return Tools(session=session, rendering=rendering or a_rendering(), log=log or MemoryStore(), chart=chart)


def a_message(
    *alerts: PostedAlert,
    receiver: str = "ops",
    labels: LabelSet = EMPTY,
    reason: Reason = Reason.FIRST_NOTIFICATION,
    send_resolved: bool = True,
) -> Message:
    """The message about a group; an alert with `ends_at` is resolved."""
    flush = a_flush(*alerts, route=a_route(receiver), labels=labels)
    return compose(flush, reason, send_resolved=send_resolved, external_url=EXTERNAL_URL)


def a_delivery_of(integration: Integration, message: Message) -> Delivery:
    """What the planner would put into the outbox."""
    delivery = a_delivery()
    stream = replace(
        delivery.stream,
        receiver=integration.receiver,
        integration=integration.integration,
        index=integration.index,
        group_key=message.group_key,
    )
    firing, resolved = (
        [one for one in message.alerts if (one.ends_at is None) is is_firing] for is_firing in (True, False)
    )
    entry = replace(delivery.entry, stream=stream, firing=episodes(firing), resolved=episodes(resolved))
    return replace(delivery, entry=entry, payload=integration.render(message), reason=message.reason)
