"""The series `ALERTS` and `ALERTS_FOR_STATE` that an alerting rule writes.

source   Prometheus rules.AlertingRule.sample and forStateSample. Prometheus also writes a label whose template rendered
         empty, with its raw text; that wart is not copied.
"""

from __future__ import annotations

from alertd.alerts.alert import State
from alertd.alerts.machine import Alerts
from alertd.labels import LabelSet
from alertd.labels.labelset import METRIC_NAME


def alert_series(alerts: Alerts) -> dict[LabelSet, float]:
    """Label set and value of each series: 1 per state, and the Unix second since when the alert is active."""
    series: dict[LabelSet, float] = {}
    for alert in alerts.values():
        if alert.state is State.INACTIVE:
            continue
        series[alert.labels.with_labels({METRIC_NAME: "ALERTS", "alertstate": alert.state.value})] = 1.0
        since = alert.labels.with_labels({METRIC_NAME: "ALERTS_FOR_STATE"})
        series[since] = float(int(alert.active_at.timestamp()))
    return series
