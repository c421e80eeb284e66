"""Notifications as they are printed."""

import click
import msgspec
import pytest

from alertd.demo.text import NotifiedAlert, describe

FIRING = {
    "status": "firing",
    "labels": {"alertname": "ProviderErrors", "backend": "provider-a", "severity": "critical"},
    "annotations": {"summary": "provider-a fails requests", "value": "28%", "limit": "5%"},
    "startsAt": "2026-01-05T12:00:10Z",
    "endsAt": "0001-01-01T00:00:00Z",
}
RESOLVED = FIRING | {"status": "resolved", "endsAt": "2026-01-05T12:01:40.2Z"}


@pytest.mark.parametrize(
    ("alert", "lines"),
    [
        pytest.param(
            FIRING,
            [
                "12:00:10  FIRING    ProviderErrors  critical  backend=provider-a",
                "          provider-a fails requests: 28% (limit 5%)",
                "          since 12:00:10 UTC",
            ],
            id="a firing alert says where, how bad, and since when",
        ),
        pytest.param(
            RESOLVED,
            [
                "12:01:40  RESOLVED  ProviderErrors  critical  backend=provider-a",
                "          provider-a fails requests: was 28% (limit 5%)",
                "          since 12:00:10 UTC, for 1m30s",
            ],
            id="a resolved alert says how long it lasted",
        ),
        pytest.param(
            FIRING | {"labels": {"alertname": "Bare"}, "annotations": {}},
            ["12:00:10  FIRING    Bare", "          since 12:00:10 UTC"],
            id="nothing is made up for an alert without labels and annotations",
        ),
        pytest.param(
            FIRING | {"labels": {"alertname": "Bare"}, "annotations": {"value": "3"}},
            ["12:00:10  FIRING    Bare", "          3", "          since 12:00:10 UTC"],
            id="a value without a limit stands alone",
        ),
    ],
)
def test_describe(alert, lines):
    assert click.unstyle(describe(msgspec.convert(alert, NotifiedAlert))).splitlines() == lines


def test_the_state_is_coloured():
    assert "\x1b[31m" in describe(msgspec.convert(FIRING, NotifiedAlert))
    assert "\x1b[32m" in describe(msgspec.convert(RESOLVED, NotifiedAlert))
