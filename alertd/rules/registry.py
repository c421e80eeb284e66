"""The kinds of rules: one extra key of a rule chooses its kind. A new kind is a module and a row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from alertd.rules.anomaly import Anomaly
from alertd.rules.anomaly_settings import AnomalySettings
from alertd.rules.budget import Budget
from alertd.rules.budget_settings import BudgetSettings
from alertd.rules.kind import Kind
from alertd.rules.projection import Projection
from alertd.rules.projection_settings import ProjectionSettings
from alertd.rules.promql import PromQL
from alertd.rules.threshold import Threshold, ThresholdSettings
from alertd.settings import Settings


@dataclass(frozen=True, slots=True)
class KindEntry:
    """How a kind's key is read, and how a rule of that kind is built from `expr`, its settings, `unit` and distance of slots.

    build         raises ValueError for settings that are fine by themselves but not for this rule
    asks_itself   the kind makes its own query: such a rule has no `expr`
    """

    settings: type[Settings]
    build: Callable[[str, Any, str, timedelta], Kind]
    asks_itself: bool = False


KINDS: Mapping[str, KindEntry] = {
    "threshold": KindEntry(
        ThresholdSettings, lambda expr, settings, unit, interval: Threshold(expr, settings.as_levels(), unit)
    ),
    "anomaly": KindEntry(AnomalySettings, Anomaly),
    "budget": KindEntry(
        BudgetSettings, lambda expr, settings, unit, interval: Budget(settings, unit), asks_itself=True
    ),
    "projection": KindEntry(
        ProjectionSettings,
        lambda expr, settings, unit, interval: Projection.of(settings, unit, interval),
        asks_itself=True,
    ),
}
"""By key of the rule. A rule with none of these keys is a plain Prometheus rule: `plain(expr)`."""


def plain(expr: str) -> Kind:
    """The kind of a rule that has only Prometheus' keys."""
    return PromQL(expr)
