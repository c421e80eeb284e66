"""Every word for a severity that teams use is one of PagerDuty's four."""

from __future__ import annotations

import pytest

from alertd.receivers.severity import Severity, severity_of


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        *(
            (word, Severity.CRITICAL)
            for word in ["critical", "crit", "page", "fatal", "emergency", "p1", "sev1", "high"]
        ),
        *((word, Severity.ERROR) for word in ["error", "err", "major", "p2", "sev2"]),
        *((word, Severity.WARNING) for word in ["warning", "warn", "minor", "medium", "p3", "sev3", "ticket"]),
        *((word, Severity.INFO) for word in ["info", "notice", "none", "low", "debug", "p4", "p5", "sev4"]),
        (" PAGE ", Severity.CRITICAL),
        ("", None),
        ("purple", None),
    ],
)
def test_words(word: str, severity: Severity | None) -> None:
    assert severity_of(word) is severity
