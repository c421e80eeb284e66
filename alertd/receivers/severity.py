"""PagerDuty's four severities, and what other words for them mean: an unknown word would lose the page."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


_WORDS: dict[Severity, tuple[str, ...]] = {
    Severity.CRITICAL: ("crit", "page", "fatal", "emergency", "p1", "sev1", "high"),
    Severity.ERROR: ("err", "major", "p2", "sev2"),
    Severity.WARNING: ("warn", "minor", "medium", "p3", "sev3", "ticket"),
    Severity.INFO: ("notice", "none", "low", "debug", "p4", "p5", "sev4"),
}
_MEANINGS = {word: severity for severity, words in _WORDS.items() for word in (severity.value, *words)}


def severity_of(word: str) -> Severity | None:
    """The severity a word means, whatever its case: `page` is critical; None for a word nobody knows."""
    return _MEANINGS.get(word.strip().lower())
