"""How good the forecasts of projection rules were, as metrics: everybody can see what a forecast is worth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isnan
from statistics import quantiles

from prometheus_client.core import GaugeMetricFamily, Metric

from alertd.telemetry.readings import ForecastReading

_QUANTILES = {"0.5": 4, "0.9": 8}
"""Of ten parts the one that ends there."""


def forecast_metrics(forecasts: Iterable[ForecastReading]) -> Iterator[Metric]:
    """Families without any series until the first period of a projection rule has ended."""
    coverage = GaugeMetricFamily(
        "alertd_forecast_coverage_ratio",
        "Share of the intervals of ended periods that held what came; meant to be the level. By steps that were left.",
        labels=["level", "horizon"],
    )
    errors = GaugeMetricFamily(
        "alertd_forecast_ape",
        "Absolute error of forecasts of ended periods as a ratio of what came, by steps that were left.",
        labels=["quantile", "horizon"],
    )
    brier = GaugeMetricFamily(
        "alertd_forecast_brier_score",
        "Mean squared error of the probability of passing the limit: 0 is perfect, 0.25 is a coin. By steps that were left.",
        labels=["horizon"],
    )
    for one in forecasts:
        if not isnan(one.coverage):
            coverage.add_metric([f"{one.level:g}", one.horizon], one.coverage)
        if one.errors:
            tenths = quantiles(one.errors, n=10, method="inclusive") if len(one.errors) > 1 else [one.errors[0]] * 9
            for quantile, index in _QUANTILES.items():
                errors.add_metric([quantile, one.horizon], tenths[index])
        if not isnan(one.brier):
            brier.add_metric([one.horizon], one.brier)
    yield from (coverage, errors, brier)
