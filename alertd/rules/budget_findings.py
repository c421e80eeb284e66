"""What a budget's alerts are about: steps of the ladder, windows that burn too fast, models without a price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from alertd.labels import EMPTY
from alertd.ledger.ledger import Ledger
from alertd.rules.budget_burn import Burn
from alertd.rules.budget_evidence import Evidence
from alertd.rules.budget_quality import unpriced_summary
from alertd.rules.budget_settings import StepSettings
from alertd.rules.finding import REASON_LABEL, Finding

THRESHOLD_LABEL = "budget_threshold"
WINDOW_LABEL = "burn_window"
UNPRICED = "unpriced"


def ladder(steps: Sequence[StepSettings], evidence: Evidence) -> Iterator[Finding]:
    """Every step that a scope has crossed."""
    shares = evidence.spent / evidence.limits
    for step in steps:
        for row in np.flatnonzero(shares >= step.share).tolist():
            yield Finding(
                evidence.scopes[row],
                float(evidence.spent[row]),
                labels={THRESHOLD_LABEL: step.at, **step.labels},
                evidence={**evidence.of(row), "Threshold": float(evidence.limits[row]) * step.share},
                told_once=True,
            )


def burning(burns: Sequence[Burn], evidence: Evidence) -> Iterator[Finding]:
    """Every window over which a scope is used much faster than it lasts."""
    for burn in burns:
        severity = {"severity": burn.window.severity} if burn.window.severity else {}
        for row in np.flatnonzero(burn.breached).tolist():
            yield Finding(
                evidence.scopes[row],
                float(evidence.spent[row]),
                labels={WINDOW_LABEL: burn.label, **severity},
                evidence={**evidence.of(row), **evidence.burning(row, burn)},
            )


def unpriced(ledger: Ledger) -> Iterator[Finding]:
    """One for all models that have no price now."""
    models, scopes = ledger.unpriced()
    if models:
        yield Finding(
            EMPTY,
            sum(models.values()),
            labels={REASON_LABEL: UNPRICED},
            annotations={"summary": unpriced_summary(models, scopes)},
            told_once=True,
        )
