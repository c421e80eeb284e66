"""What a kind of rule finds in the answer to its query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from alertd.labels import LabelSet
from alertd.query.batch import F64, SeriesBatch

REASON_LABEL = "alertd_reason"
"""Label of an alert that is about its rule or what the rule is judged from, and about no series: it says which of these."""


class Verdict(Enum):
    """How one series stands to its rule's condition."""

    BREACHED = "breached"
    HELD = (
        "held"  # no longer breached, not yet clear (hysteresis): an alert that fires already goes on, no new one begins
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """One series that is breached or held.

    series    the series' own labels, `__name__` included
    value     what `$value` is
    labels    static labels the kind adds (a level's labels), over the rule's own
    evidence  what `$alert` offers to templates, by field name (`Threshold`, `Unit`, ...)
    annotations  texts of the kind, over the rule's own
    told_once    nobody needs to hear of it again while it lasts
    """

    series: LabelSet
    value: float
    verdict: Verdict = Verdict.BREACHED
    labels: Mapping[str, str] = field(default_factory=dict)
    evidence: Mapping[str, object] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    told_once: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """What was expected of each series of a batch: arrays [series], NaN where nothing was."""

    lower: F64
    expected: F64
    upper: F64


@dataclass(frozen=True, slots=True)
class Judgement:
    """All a kind says about one slot.

    findings   the breached and held series; a clear one needs no mention
    seen       every series there were data for, breached or not; None when the answer cannot tell
    band       what was expected of the series of `seen`, where the kind expects something
    """

    findings: tuple[Finding, ...]
    seen: SeriesBatch | None = None
    band: Band | None = None
