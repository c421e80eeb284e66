"""The kinds of rules: one extra key of a rule chooses its kind. A new kind is a module and a row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from alertd.deferred import deferred
from alertd.rules.kind import Kind
from alertd.rules.promql import PromQL
from alertd.settings import Settings

if TYPE_CHECKING:
    from alertd.rules import (
        anomaly,
        anomaly_settings,
        budget,
        budget_settings,
        projection,
        projection_settings,
        threshold,
    )
else:
    anomaly, anomaly_settings = deferred("alertd.rules.anomaly"), deferred("alertd.rules.anomaly_settings")
    budget, budget_settings = deferred("alertd.rules.budget"), deferred("alertd.rules.budget_settings")
    projection = deferred("alertd.rules.projection")
    projection_settings = deferred("alertd.rules.projection_settings")
    threshold = deferred("alertd.rules.threshold")


@dataclass(frozen=True, slots=True)
class KindEntry:
    """How a kind's key is read, and how a rule of that kind is built from `expr`, its settings, `unit` and distance of slots.

    model         its settings; asked for when there is such a rule, so that kinds nobody has are not imported
    build         raises ValueError for settings that are fine by themselves but not for this rule
    asks_itself   the kind makes its own query: such a rule has no `expr`
    """

    model: Callable[[], type[Settings]]
    build: Callable[[str, Any, str, timedelta], Kind]
    asks_itself: bool = False

    @property
    def settings(self) -> type[Settings]:
        return self.model()


KINDS: Mapping[str, KindEntry] = {
    "threshold": KindEntry(
        lambda: threshold.ThresholdSettings,
        lambda expr, settings, unit, interval: threshold.Threshold(expr, settings.as_levels(), unit),
    ),
    "anomaly": KindEntry(
        lambda: anomaly_settings.AnomalySettings,
        lambda expr, settings, unit, interval: anomaly.Anomaly(expr, settings, unit, interval),
    ),
    "budget": KindEntry(
        lambda: budget_settings.BudgetSettings,
        lambda expr, settings, unit, interval: budget.Budget(settings, unit),
        asks_itself=True,
    ),
    "projection": KindEntry(
        lambda: projection_settings.ProjectionSettings,
        lambda expr, settings, unit, interval: projection.Projection.of(settings, unit, interval),
        asks_itself=True,
    ),
}
"""By key of the rule. A rule with none of these keys is a plain Prometheus rule: `plain(expr)`."""


def plain(expr: str) -> Kind:
    """The kind of a rule that has only Prometheus' keys."""
    return PromQL(expr)
