"""A notification that only tries whether a receiver takes it, and what to do when it does not.

It is marked as a test wherever people look, and belongs to a group of its own, so that it touches no incident, thread or
log entry of a real one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from alertd.alerts.posted import PostedAlert
from alertd.dispatch.grouping import GroupFlush
from alertd.dispatch.route import Route
from alertd.labels import LabelSet
from alertd.notify import retry
from alertd.notify.log import LogEntry, Stream, episodes
from alertd.notify.message import Message, compose
from alertd.notify.outbox import Cause, Delivered, Delivery, Kind, Outcome
from alertd.notify.plan import Channel
from alertd.notify.reason import Reason

MARK = "[TEST]"
ALERT_NAME = f"{MARK} alertd"
_TEXT = f"{MARK} Somebody tries whether this receiver can be reached. Nothing is wrong, nothing is to be done."


def trial_message(channel: Channel, *, trial_id: str, external_url: str, at: datetime) -> Message:
    """The test as a firing alert; `trial_id` tells it from every other test."""
    labels = LabelSet({"alertname": ALERT_NAME, "severity": "info", "receiver": channel.receiver})
    alert = PostedAlert(
        labels=labels,
        annotations={"summary": _TEXT, "description": _TEXT, "message": _TEXT},
        starts_at=at,
        ends_at=None,
        updated_at=at,
        generator_url=external_url,
    )
    route = Route(receiver=channel.receiver, key=f'{{}}/{{alertd_test="{trial_id}"}}')
    group_labels = labels.only(["alertname"])
    flush = GroupFlush(
        group_key=f"{route.key}:{group_labels}", labels=group_labels, route=route, alerts=(alert,), tick=at
    )
    return compose(flush, Reason.FIRST_NOTIFICATION, send_resolved=channel.send_resolved, external_url=external_url)


def trial_delivery(channel: Channel, message: Message, *, trial_id: str) -> Delivery:
    """The test rendered; it is sent once and never saved."""
    at = message.tick
    stream = Stream(
        receiver=channel.receiver, integration=channel.integration, index=channel.index, group_key=message.group_key
    )
    return Delivery(
        id=trial_id,
        entry=LogEntry(stream=stream, at=at, firing=episodes(message.alerts)),
        kind=Kind.FIRING,
        reason=message.reason,
        payload=channel.render(message),
        destination=channel.destination,
        created_at=at,
        next_at=at,
        deadline=at + retry.SHORTEST_LIFE,
        longest_delay=retry.LONGEST_DELAY,
    )


_BY_KIND: Mapping[tuple[str, Cause], str] = {
    ("slack", Cause.AUTH_ERROR): "make a new webhook or token in Slack and set api_url, or app_token",
    ("slack", Cause.CLIENT_ERROR): "check api_url, the channel, and that the app is in it",
    ("pagerduty", Cause.CLIENT_ERROR): "check routing_key: the integration key of a service, 32 letters and digits",
    ("email", Cause.AUTH_ERROR): "user or password refused: check auth_username and auth_password",
    ("email", Cause.CLIENT_ERROR): "check from, to, and whether the server relays for this sender",
}
_BY_CAUSE: Mapping[Cause, str] = {
    Cause.AUTH_ERROR: "check its credentials: key, token, or user and password",
    Cause.CLIENT_ERROR: "check its URL, and what is sent: alertd receivers test --dry-run shows it",
    Cause.RATE_LIMITED: "it gets too many messages: try again later",
    Cause.SERVER_ERROR: "the trouble is on its side: try again later, or look at its status page",
    Cause.TIMEOUT: "it does not answer in time: check firewall and proxy_url, or raise timeout",
    Cause.OTHER: "check its host name and port, tls_config and proxy_url",
}


def next_step(integration: str, outcome: Outcome) -> str:
    """What to do about the outcome of a test; "" when it was taken."""
    if isinstance(outcome, Delivered):
        return ""
    return _BY_KIND.get((integration, outcome.cause), _BY_CAUSE[outcome.cause])
