"""Alerts in Alertmanager's JSON: field order, times, and parts that are kept."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from alertd.alerts.posted import PostedAlert
from alertd.api.alertmanager_json import AlertJson, receivers_json, status_json, timestamp
from alertd.labels import LabelSet

AT = datetime(2026, 11, 20, 15, 31, 23, 330_999, tzinfo=UTC)
ALERT = PostedAlert(
    labels=LabelSet({"x": "1", "alertname": "W"}),
    annotations={"summary": 's "<é>'},
    starts_at=AT,
    ends_at=AT + timedelta(minutes=5),
    updated_at=AT,
    generator_url="http://p/graph?g0",
)
ACTIVE = status_json(inhibited_by=(), silenced_by=(), muted_by=())


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (AT, "2026-11-20T15:31:23.330Z"),
        (AT.replace(microsecond=0), "2026-11-20T15:31:23.000Z"),
        (AT.replace(tzinfo=timezone(timedelta(hours=2))), "2026-11-20T15:31:23.330+02:00"),
        (AT.replace(tzinfo=timezone(-timedelta(hours=2, minutes=30))), "2026-11-20T15:31:23.330-02:30"),
        (None, "0001-01-01T00:00:00.000Z"),
    ],
)
def test_times_have_three_decimals_and_their_own_zone(at: datetime | None, text: str) -> None:
    assert timestamp(at) == text


def test_an_alert_has_alertmanagers_fields_in_its_order() -> None:
    encoded = AlertJson().encode(ALERT, receivers=receivers_json(["two", "wh"]), status=ACTIVE)
    alert = json.loads(encoded)
    assert list(alert) == [
        "annotations", "endsAt", "fingerprint", "receivers", "startsAt", "status", "updatedAt", "generatorURL", "labels",
    ]  # fmt: skip
    assert alert["receivers"] == [{"name": "two"}, {"name": "wh"}]
    assert alert["status"] == {"inhibitedBy": [], "mutedBy": [], "silencedBy": [], "state": "active"}
    assert (alert["labels"], alert["annotations"]) == (dict(ALERT.labels), dict(ALERT.annotations))
    assert alert["fingerprint"] == ALERT.fingerprint


def test_an_empty_generator_url_is_left_out() -> None:
    encoded = AlertJson().encode(replace(ALERT, generator_url=""), receivers=b"[]", status=ACTIVE)
    assert "generatorURL" not in json.loads(encoded)


def test_a_newer_copy_is_encoded_anew_in_place_of_the_older_one() -> None:
    cache = AlertJson()
    cache.encode(ALERT, receivers=b"[]", status=ACTIVE)
    newer = replace(ALERT, annotations={"summary": "new"})
    assert json.loads(cache.encode(newer, receivers=b"[]", status=ACTIVE))["annotations"] == {"summary": "new"}
    assert len(cache) == 1


@pytest.mark.parametrize("what", ["inhibited_by", "silenced_by", "muted_by"])
def test_whatever_keeps_an_alert_from_being_told_makes_it_suppressed(what: str) -> None:
    status = json.loads(status_json(**{"inhibited_by": (), "silenced_by": (), "muted_by": (), what: ("x",)}))
    assert status["state"] == "suppressed"
