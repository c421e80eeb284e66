"""The webhook payload beside the one a real Alertmanager sends for the same alerts."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import msgspec

from alertd.alerts.posted import PostedAlert
from alertd.clock import SystemClock
from alertd.http import HttpClient, new_session
from alertd.labels import LabelSet
from alertd.notify.message import compose
from alertd.notify.reason import Reason
from alertd.receivers.webhook_payload import alertmanager_payload
from tests.support.builders import a_flush, a_posted_alert, a_route
from tests.support.receiver_server import receiver_server
from tests.support.servers import alertmanager

CONFIG = """
route: {{receiver: "web.hook (x)", group_by: [alertname], group_wait: 1s, group_interval: 1m}}
receivers: [{{name: "web.hook (x)", webhook_configs: [{{url: "{url}/hook", max_alerts: 5}}]}}]
"""
NAME = 'Disk "full" <é>\t\u200b'


def alerts(now: datetime) -> list[PostedAlert]:
    start = now.replace(microsecond=120_000)
    return [
        a_posted_alert(NAME, job="node", instance="h:2", starts_at=start, annotations={"z": "&<>", "a": "\u2028\n"}),
        a_posted_alert(NAME, job="node", instance="h:1", starts_at=start, annotations={"z": "&<>"}),
        a_posted_alert(NAME, job="node", starts_at=start.replace(microsecond=0), annotations={"z": "&<>"}),
        a_posted_alert(NAME, ends_at=now - timedelta(seconds=1), starts_at=now - timedelta(seconds=2)),
        a_posted_alert(NAME, a="1", b="2", starts_at=start),
        a_posted_alert(NAME, b="1", c="2", starts_at=start),
        a_posted_alert(NAME, x="dropped by max_alerts", y="2", z="3", starts_at=start),
    ]


def posted(alert: PostedAlert) -> dict[str, object]:
    ends = {} if alert.ends_at is None else {"endsAt": alert.ends_at.isoformat()}
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": alert.starts_at.isoformat(),
        **ends,
    }


async def test_it_is_the_same_but_for_the_keys_of_later_versions() -> None:
    given = alerts(SystemClock().now())
    async with (
        receiver_server() as server,
        alertmanager(CONFIG.format(url=server.url)) as url,
        new_session() as session,
    ):
        answer = await HttpClient(session).request(
            "POST",
            f"{url}/api/v2/alerts",
            data=msgspec.json.encode([posted(alert) for alert in given]),
            headers={"Content-Type": "application/json"},
        )
        assert answer.ok, answer.excerpt()
        [theirs] = await server.wait_for(1, "/hook")
    message = compose(
        a_flush(*given, route=a_route("web.hook (x)"), labels=LabelSet({"alertname": NAME})),
        Reason.FIRST_NOTIFICATION,
        send_resolved=True,
        max_alerts=5,
        external_url=theirs.json["externalURL"],
    )
    ours = alertmanager_payload(message)
    for key in (rb'"notification_reason":"first notification",', rb'"routeLabels":{},'):
        assert key in ours
        ours = ours.replace(key, b"")
    zone = re.compile(rb"\+00:00(?=\")")
    assert ours == zone.sub(b"Z", theirs.body)
