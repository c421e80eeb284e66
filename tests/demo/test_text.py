"""Notifications as they are printed."""

import click
import msgspec
import pytest

from alertd.demo.text import NotifiedAlert, Values, describe

FIRING = {
    "status": "firing",
    "fingerprint": "f",
    "labels": {"alertname": "HighLLMErrorRate", "backend": "provider-a", "severity": "critical"},
    "annotations": {"summary": "provider-a fails 28% of its requests"},
    "startsAt": "2026-01-05T12:00:10Z",
    "endsAt": "0001-01-01T00:00:00Z",
}
RESOLVED = FIRING | {"status": "resolved", "endsAt": "2026-01-05T12:01:40.2Z"}
VALUES = {"value": 0.012, "threshold": 0.05, "peak": 0.3812, "unit": "ratio"}


@pytest.mark.parametrize(
    ("alert", "values", "lines"),
    [
        pytest.param(
            FIRING, VALUES | {"peak": None},
            [
                "12:00:10  FIRING    HighLLMErrorRate  critical  backend=provider-a",
                "          provider-a fails 28% of its requests (limit 5.0%)",
                "          since 12:00:10 UTC",
            ],
            id="a firing alert says where, how bad, and since when",
        ),
        pytest.param(
            RESOLVED, VALUES,
            [
                "12:01:40  RESOLVED  HighLLMErrorRate  critical  backend=provider-a",
                "          1.2% now, 38.1% at worst (limit 5.0%)",
                "          since 12:00:10 UTC, for 1m30s",
            ],
            id="a resolved alert says how it is now, how bad it was, and how long it lasted",
        ),
        pytest.param(
            RESOLVED, {"peak": 2_500_000, "unit": "tokens/s"},
            [
                "12:01:40  RESOLVED  HighLLMErrorRate  critical  backend=provider-a",
                "          2.5M tokens/s at worst",
                "          since 12:00:10 UTC, for 1m30s",
            ],
            id="a value that is not known at the end is left out",
        ),
        pytest.param(
            FIRING | {"labels": {"alertname": "Bare"}, "annotations": {}}, {},
            ["12:00:10  FIRING    Bare", "          since 12:00:10 UTC"],
            id="nothing is made up for an alert without labels and annotations",
        ),
    ],
)  # fmt: skip
def test_describe(alert, values, lines):
    text = describe(msgspec.convert(alert, NotifiedAlert), msgspec.convert(values, Values))
    assert click.unstyle(text).splitlines() == lines


def test_the_state_is_coloured():
    assert "\x1b[31m" in describe(msgspec.convert(FIRING, NotifiedAlert))
    assert "\x1b[32m" in describe(msgspec.convert(RESOLVED, NotifiedAlert))
