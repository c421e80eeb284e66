"""The bodies of webhooks, byte for byte."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.alerts.posted import PostedAlert
from alertd.labels import LabelSet
from alertd.notify.log import episodes
from alertd.notify.message import compose
from alertd.notify.reason import Reason
from alertd.receivers.webhook_payload import alertmanager_payload, simple_payload
from tests.support.builders import a_flush, a_log_entry, a_posted_alert, a_route, after

START = datetime(2026, 11, 20, 15, 32, 30, 228637, tzinfo=UTC)


def payload(*alerts: PostedAlert, receiver: str = "all", max_alerts: int = 0) -> bytes:
    flush = a_flush(*alerts, route=a_route(receiver), labels=LabelSet({"alertname": "Disk full"}))
    message = compose(
        flush,
        Reason.FIRST_NOTIFICATION,
        send_resolved=True,
        max_alerts=max_alerts,
        external_url="http://am.example.org/pre/",
    )
    return alertmanager_payload(message)


def test_version_4_byte_for_byte() -> None:
    firing = a_posted_alert("Disk full", instance="h:1", starts_at=START, annotations={"summary": "disk <1%", "d": ""})
    over = a_posted_alert("Disk full", instance="h:2", starts_at=START, ends_at=START.replace(microsecond=500_000))
    assert payload(firing, replace(over, generator_url="http://p/graph?a=1&b")) == (
        rb'{"receiver":"all","status":"firing","alerts":['
        rb'{"status":"firing","labels":{"alertname":"Disk full","instance":"h:1"},'
        rb'"annotations":{"d":"","summary":"disk \u003c1%"},'
        rb'"startsAt":"2026-11-20T15:32:30.228637Z","endsAt":"0001-01-01T00:00:00Z",'
        rb'"generatorURL":"","fingerprint":"dddf06bd38010a76"},'
        rb'{"status":"resolved","labels":{"alertname":"Disk full","instance":"h:2"},"annotations":{},'
        rb'"startsAt":"2026-11-20T15:32:30.228637Z","endsAt":"2026-11-20T15:32:30.5Z",'
        rb'"generatorURL":"http://p/graph?a=1\u0026b","fingerprint":"ddd506bd37f8b5f1"}],'
        rb'"notification_reason":"first notification",'
        rb'"groupLabels":{"alertname":"Disk full"},"commonLabels":{"alertname":"Disk full"},"commonAnnotations":{},'
        rb'"routeLabels":{},"externalURL":"http://am.example.org/pre","version":"4",'
        rb'"groupKey":"{}:{alertname=\"Disk full\"}","truncatedAlerts":0}'
        b"\n"
    )


def test_the_receiver_is_a_regular_expression() -> None:
    assert json.loads(payload(a_posted_alert(), receiver="web.hook (x)"))["receiver"] == r"web\.hook \(x\)"


def test_truncated_alerts_are_counted() -> None:
    body = json.loads(payload(*(a_posted_alert("Disk full", n=str(n)) for n in range(3)), max_alerts=2))
    assert ([alert["labels"]["n"] for alert in body["alerts"]], body["truncatedAlerts"]) == (["0", "1"], 1)


def simple(alert: PostedAlert, *, include_labels: bool = False, send_resolved: bool = True) -> bytes:
    message = compose(a_flush(alert), Reason.FIRST_NOTIFICATION, send_resolved=True, external_url="")
    return simple_payload(message, include_labels=include_labels, send_resolved=send_resolved)


def test_extended_adds_what_only_alertd_knows() -> None:
    firing = a_posted_alert("A", value=0.082, threshold=0.05, annotations={"runbook_url": "http://r.example.org/1"})
    resolved = replace(
        a_posted_alert("A", x="2", ends_at=after(minutes=1), annotations=firing.annotations, value=math.nan),
        resolved_value=math.inf,
        peak=7.0,
    )
    flush = a_flush(firing, resolved, labels=LabelSet({"alertname": 'A "quoted"'}))
    message = compose(
        flush,
        Reason.SOME_RESOLVED,
        send_resolved=True,
        external_url="http://a.example.com",
        known=a_log_entry(firing=episodes([firing])),
    )
    plain, extended = (json.loads(alertmanager_payload(message, extended=more)) for more in (False, True))
    assert extended.pop("alertd") == {
        "values": {
            firing.fingerprint: {
                "value": 0.082,
                "threshold": 0.05,
                "unit": "",
                "peak": None,
                "durationSeconds": 0.0,
                "new": False,
            },
            resolved.fingerprint: {
                "value": None,
                "threshold": None,
                "unit": "",
                "peak": 7.0,
                "durationSeconds": 60.0,
                "new": True,
            },
        },
        "changes": {"new": 0, "resolved": 1, "stillFiring": 1},
        "silenceURL": "http://a.example.com/#/silences/new?filter=%7Balertname%3D%22A%20%5C%22quoted%5C%22%22%7D",
        "runbookURL": "http://r.example.org/1",
    }
    assert extended == plain, "the rest stays as it is"


def test_the_simple_payload_byte_for_byte() -> None:
    alert = a_posted_alert(
        "HighErrorRate",
        severity="critical",
        starts_at=datetime(2025, 9, 6, 1, 0, tzinfo=UTC),
        annotations={"message": "Error rate exceeded 10% for 2 minutes", "summary": "not this"},
        value=0.15,
        threshold=0.1,
    )
    assert simple(alert) == (
        b'{"alert":"HighErrorRate","severity":"critical","message":"Error rate exceeded 10% for 2 minutes",'
        b'"timestamp":"2025-09-06T01:00:00Z","metadata":{"current_value":0.15,"threshold":0.1}}\n'
    )


@pytest.mark.parametrize(
    ("alert", "key", "expected"),
    [
        pytest.param(a_posted_alert(), "severity", "warning", id="without a severity it is a warning"),
        pytest.param(a_posted_alert(severity="page"), "severity", "page", id="a severity is passed on as it is"),
        pytest.param(a_posted_alert(annotations={"summary": "s", "description": "d"}), "message", "s", id="summary"),
        pytest.param(a_posted_alert(annotations={"description": "d"}), "message", "d", id="description"),
        pytest.param(a_posted_alert("Down"), "message", "Down is firing", id="without annotations"),
        pytest.param(a_posted_alert(), "metadata", {"current_value": None}, id="unknown value, unknown threshold"),
        pytest.param(a_posted_alert(value=math.nan), "metadata", {"current_value": None}, id="NaN is null"),
        pytest.param(
            a_posted_alert(value=math.inf, threshold=5.0),
            "metadata",
            {"current_value": None, "threshold": 5},
            id="infinity is null",
        ),
    ],
)
def test_the_simple_payload_of_a_firing_alert(alert: PostedAlert, key: str, expected: object) -> None:
    body = json.loads(simple(alert))
    assert body[key] == expected
    assert "status" not in body


def test_the_simple_payload_of_a_resolved_alert_has_its_end_its_last_value_and_a_status() -> None:
    alert = replace(a_posted_alert("Down", value=9.0, ends_at=after(minutes=5)), resolved_value=0.5)
    assert json.loads(simple(alert)) == {
        "alert": "Down",
        "severity": "warning",
        "message": "Down is resolved",
        "timestamp": "2026-01-05T12:05:00Z",
        "metadata": {"current_value": 0.5},
        "status": "resolved",
    }


def test_the_end_of_an_alert_of_our_own_rules_has_its_peak_and_its_duration() -> None:
    alert = replace(a_posted_alert("Down", ends_at=after(minutes=5)), resolved_value=0.5, peak=9.0)
    assert json.loads(simple(alert))["metadata"] == {"current_value": 0.5, "peak": 9.0, "duration_seconds": 300.0}


def test_labels_are_included_on_demand() -> None:
    alert = a_posted_alert("Down", team="ai")
    assert json.loads(simple(alert, include_labels=True))["metadata"] == {
        "current_value": None,
        "labels": {"alertname": "Down", "team": "ai"},
        "fingerprint": alert.fingerprint,
        "group_key": "{}:{}",
    }


@given(st.text(), st.text(), st.floats())
def test_whatever_an_alert_says_both_bodies_are_json(name: str, summary: str, value: float) -> None:
    alert = a_posted_alert(name, annotations={"summary": summary}, value=value, threshold=value)
    assert json.loads(payload(alert))["alerts"][0]["annotations"] == {"summary": summary}
    assert json.loads(simple(alert))["alert"] == name
