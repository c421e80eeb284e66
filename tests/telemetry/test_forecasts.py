"""What a scrape shows of forecasts whose period has ended."""

from math import nan

from prometheus_client import generate_latest
from prometheus_client.registry import CollectorRegistry

from alertd.telemetry.forecasts import forecast_metrics
from alertd.telemetry.readings import ForecastReading


def lines(*forecasts):
    """The samples of a scrape, without help and types."""

    class Read:
        def collect(self):
            return forecast_metrics(forecasts)

    registry = CollectorRegistry()
    registry.register(Read())
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


def forecast(**given):
    return ForecastReading(**{"horizon": "8-14", "level": 0.8, "coverage": 0.75, "errors": [], "brier": nan} | given)


def test_coverage_errors_and_scores_stand_beside_their_horizon():
    errors = [number / 100 for number in range(11)]
    assert lines(forecast(errors=errors, brier=0.1)) == [
        'alertd_forecast_coverage_ratio{horizon="8-14",level="0.8"} 0.75',
        'alertd_forecast_ape{horizon="8-14",quantile="0.5"} 0.05',
        'alertd_forecast_ape{horizon="8-14",quantile="0.9"} 0.09',
        'alertd_forecast_brier_score{horizon="8-14"} 0.1',
    ]


def test_one_period_is_its_own_quantile():
    assert lines(forecast(coverage=nan, errors=[0.2])) == [
        'alertd_forecast_ape{horizon="8-14",quantile="0.5"} 0.2',
        'alertd_forecast_ape{horizon="8-14",quantile="0.9"} 0.2',
    ]


def test_before_the_first_period_has_ended_there_is_nothing():
    assert lines() == []
    assert lines(forecast(coverage=nan)) == []
