"""Where a service finds the picture of the series an alert came from: it fetches that itself, from our API."""

from __future__ import annotations

from dataclasses import dataclass

from alertd.notify.message import Message

CHART = "api/alertd/v1/alerts/{fingerprint}/chart.png"

REACHABLE = (
    "The service fetches it from web.external_url, which it must reach; where alertd asks for tokens or passwords, "
    "web.open must name the chart."
)
"""What whoever sets `charts: true` has to know."""


@dataclass(frozen=True, slots=True)
class ChartLink:
    """A picture and the name of its alert."""

    url: str
    name: str


def chart_link(message: Message) -> ChartLink | None:
    """The chart of the first firing alert of our own rules, which alone have a series; None: there is no such alert."""
    for alert in message.alerts:
        if alert.ends_at is None and alert.value is not None:
            path = CHART.format(fingerprint=alert.fingerprint)
            return ChartLink(f"{message.external_url}/{path}", alert.labels.get("alertname"))
    return None
