"""Pictures that Slack and PagerDuty fetch by themselves."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from alertd.alerts.posted import PostedAlert
from alertd.api.scopes import NEEDED
from alertd.api.web_settings import OpenPath
from alertd.receivers.chart_links import CHART
from alertd.receivers.pagerduty_payload import event_v1, event_v2
from alertd.receivers.pagerduty_settings import PagerdutySettings
from alertd.receivers.place import Place
from alertd.receivers.slack import Slack
from alertd.receivers.slack_settings import SlackSettings
from tests.support.builders import a_posted_alert, after
from tests.support.receivers import EXTERNAL_URL, a_message, a_rendering, some_tools

OURS = a_posted_alert("Ours", x="1", value=5.0)
OTHER = a_posted_alert("Ours", x="2", value=6.0)
POSTED = a_posted_alert("Posted")
RESOLVED = a_posted_alert("Ours", x="0", value=5.0, ends_at=after(minutes=1))
URL = f"{EXTERNAL_URL}/api/alertd/v1/alerts/{OURS.fingerprint}/chart.png"


def slack(*alerts: PostedAlert, **keys: Any) -> dict[str, Any]:
    """The attachment."""
    settings = SlackSettings.model_validate({"api_url": "http://slack.example.com/", **keys})
    payload = Slack(Place("ops", 0), settings, some_tools(cast(Any, None))).render(a_message(*alerts))
    [attachment] = msgspec.json.decode(payload.body)["attachments"]
    return cast(dict[str, Any], attachment)


def pagerduty(*alerts: PostedAlert, **keys: Any) -> dict[str, Any]:
    message, settings = a_message(*alerts), PagerdutySettings.model_validate({"routing_key": "rk", **keys})
    event: dict[str, Any] = msgspec.json.decode(event_v2(settings, message, a_rendering().text(message)).body)
    return event


def test_slack_shows_the_first_firing_alert_of_ours() -> None:
    assert slack(RESOLVED, POSTED, OURS, OTHER, charts=True)["image_url"] == URL


def test_a_picture_of_slack_s_own_settings_goes_before_it() -> None:
    assert slack(OURS, charts=True, image_url="http://example.com/{{ .Status }}.png")["image_url"].endswith(
        "/firing.png"
    )
    assert slack(OURS, charts=True, image_url="{{ .CommonLabels.none }}")["image_url"] == URL


def test_pagerduty_shows_it_beside_its_own_pictures() -> None:
    images = pagerduty(POSTED, OURS, charts=True, images=[{"src": "http://a/b.png"}])["images"]
    assert images == [
        {"src": "http://a/b.png", "alt": "", "href": ""},
        {"src": URL, "alt": "chart of Ours", "href": URL},
    ]


def test_the_older_api_of_pagerduty_has_no_pictures() -> None:
    message = a_message(OURS)
    settings = PagerdutySettings.model_validate({"service_key": "sk", "charts": True})
    assert "images" not in msgspec.json.decode(event_v1(settings, message, a_rendering().text(message)).body)


@pytest.mark.parametrize(
    "alerts",
    [
        pytest.param([POSTED], id="an alert posted by others has no series"),
        pytest.param([RESOLVED], id="a resolved alert is no news to look at"),
    ],
)
def test_without_such_an_alert_there_is_no_picture(alerts: list[PostedAlert]) -> None:
    assert "image_url" not in slack(*alerts, charts=True)
    assert "images" not in pagerduty(*alerts, charts=True)


def test_off_by_default() -> None:
    assert "image_url" not in slack(OURS)
    assert "images" not in pagerduty(OURS)


def test_the_picture_is_a_path_of_the_api_that_may_be_open() -> None:
    assert f"/{CHART}" == OpenPath.CHART_PNG
    assert f"/{CHART}" in NEEDED
