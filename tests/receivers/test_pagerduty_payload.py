"""Events of PagerDuty: what is not seen beside Alertmanager in test_beside_alertmanager.py."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alertd.labels import LabelSet
from alertd.notify.message import Message
from alertd.notify.reason import Reason
from alertd.receivers.pagerduty_payload import (
    EVENT_BYTES,
    SUMMARY_CHARACTERS,
    TOO_LARGE,
    addressed,
    event_v1,
    event_v2,
    plain_event,
    slimmed,
)
from alertd.receivers.pagerduty_settings import PagerdutySettings
from tests.support.builders import a_posted_alert, after
from tests.support.receivers import a_message, a_rendering

FIRING = a_message(a_posted_alert("Disk full", severity="page"), labels=LabelSet({"alertname": "Disk full"}))
RESOLVED = a_message(
    a_posted_alert("Disk full", ends_at=after(minutes=1)),
    labels=LabelSet({"alertname": "Disk full"}),
    reason=Reason.ALL_RESOLVED,
)
KEY = "0e84e1cefabd5607db9badd73430f24effb6142095b878bef8a85a686fd9253c"


def settings(**given: Any) -> PagerdutySettings:
    return PagerdutySettings.model_validate({"routing_key": "rk"} | given)


def v2(message: Message = FIRING, **given: Any) -> dict[str, Any]:
    event: dict[str, Any] = msgspec.json.decode(event_v2(settings(**given), message, a_rendering().text(message)).body)
    return event


def v1(message: Message, **given: Any) -> dict[str, Any]:
    event: dict[str, Any] = msgspec.json.decode(event_v1(settings(**given), message, a_rendering().text(message)).body)
    return event


def test_the_key_of_an_incident_is_made_of_the_group_alone() -> None:
    assert v2(FIRING)["dedup_key"] == v2(RESOLVED)["dedup_key"] == v1(FIRING)["incident_key"] == KEY


@pytest.mark.parametrize(
    ("template", "severity", "unknown"),
    [
        pytest.param("{{ .CommonLabels.severity }}", "critical", "", id="page is critical"),
        pytest.param("WARN", "warning", "", id="warn is warning"),
        pytest.param("purple", "error", "purple", id="what nobody knows is an error, and told of"),
        pytest.param("", "error", "", id="without a word it is an error"),
    ],
)
def test_a_severity_is_always_one_of_the_four(template: str, severity: str, unknown: str) -> None:
    written = event_v2(settings(severity=template), FIRING, a_rendering().text(FIRING))
    assert msgspec.json.decode(written.body)["payload"]["severity"] == severity
    assert written.unknown_severity == unknown


def test_the_default_severity_can_be_set() -> None:
    assert v2(severity="purple", default_severity="critical")["payload"]["severity"] == "critical"


def test_the_source_is_the_client_unless_it_is_set() -> None:
    assert v2(client="us")["payload"]["source"] == "us"
    assert v2(client="us", source="{{ .Receiver }}")["payload"]["source"] == "ops"


def test_details_may_be_nested() -> None:
    details = v2(details={"more": {"labels": "{{ .CommonLabels | toJson }}", "n": 1}})["payload"]["custom_details"]
    assert details["more"] == {"labels": {"alertname": "Disk full", "severity": "page"}, "n": 1}
    assert set(details) == {"firing", "resolved", "num_firing", "num_resolved", "more"}


def test_the_older_event_names_the_client_only_when_it_triggers() -> None:
    assert v1(FIRING) == {
        "incident_key": KEY,
        "event_type": "trigger",
        "description": "[FIRING:1] Disk full (page)",
        "client": "Alertmanager",
        "client_url": "http://am.example.org/#/alerts?receiver=ops",
        "details": {
            "firing": "Labels:\n - alertname = Disk full\n - severity = page\nAnnotations:\nSource: \n",
            "num_firing": "1",
            "num_resolved": "0",
            "resolved": "",
        },
    }
    resolved = v1(RESOLVED)
    assert resolved["event_type"] == "resolve"
    assert not {"client", "client_url"} & resolved.keys()


@pytest.mark.parametrize("write", [event_v1, event_v2])
def test_an_event_that_is_too_large_goes_without_its_details(write: Any) -> None:
    given = settings(details={"large": "x" * EVENT_BYTES})
    body = write(given, FIRING, a_rendering().text(FIRING)).body
    event = msgspec.json.decode(body)
    assert (event.get("details") or event["payload"]["custom_details"]) == TOO_LARGE
    assert len(body) < EVENT_BYTES


def test_slimmed_is_without_details_and_pictures() -> None:
    text = a_rendering().text(FIRING)
    given = settings(images=[{"src": "http://a/"}])
    event = msgspec.json.decode(slimmed(event_v2(given, FIRING, text).body))
    assert event["payload"]["custom_details"] == TOO_LARGE
    assert "images" not in event
    assert msgspec.json.decode(slimmed(event_v1(given, FIRING, text).body))["details"] == TOO_LARGE


def test_the_key_stands_in_front() -> None:
    assert (
        addressed(b'{"dedup_key":"d"}\n', name="routing_key", key='r"k') == b'{"routing_key":"r\\"k","dedup_key":"d"}\n'
    )


@pytest.mark.parametrize("key", ["routing_key", "service_key"])
def test_a_plain_event_has_a_summary_and_the_key_of_the_incident(key: str) -> None:
    given = PagerdutySettings.model_validate({key: "k"})
    event = msgspec.json.decode(plain_event(given, RESOLVED, "x" * 2000))
    assert KEY in (event.get("dedup_key"), event.get("incident_key"))
    assert "resolve" in (event.get("event_action"), event.get("event_type"))
    summary = event.get("description") or event["payload"]["summary"]
    assert len(summary) == SUMMARY_CHARACTERS
