"""What operators say of an anomaly once they know."""

from __future__ import annotations

from enum import StrEnum


class Feedback(StrEnum):
    """What it was."""

    EXPECTED = "expected"  # meant to be so: expect it from now on
    INCIDENT = "incident"  # not to be learned from: expect what was expected before it
