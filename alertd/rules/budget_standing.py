"""`Standing`: how the budgets of a rule stand at a slot, for whoever shows them. Nothing of it changes any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alertd.labels import LabelSet
from alertd.ledger.periods import Span
from alertd.ledger.views import Completeness
from alertd.query.batch import F64


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Every scope at `at`.

    spent, limits   [scopes]; NaN where a scope has no limit
    known           how well the period is known
    price_table     version of the prices that increments have now; empty where nothing is priced
    unpriced        tokens that nobody had a price for, since this process began
    missing         those of this period, by scope and model: they are not in what was spent
    """

    at: datetime
    period: Span
    unit: str
    scopes: tuple[LabelSet, ...]
    spent: F64
    limits: F64
    known: Completeness
    price_table: str = ""
    unpriced: float = 0.0
    missing: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
