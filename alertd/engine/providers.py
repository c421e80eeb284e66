"""How each provider of LLMs is, as far as the rules tell: those they look at, and the alerts that fire about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from alertd.alerts.alert import Alert, State
from alertd.engine.state import GroupState, RuleState
from alertd.labels import LabelSet
from alertd.telemetry.health import Status

PROVIDER_LABELS = ("provider", "gen_ai_provider_name", "gen_ai_system", "api_provider")
"""How gateways call who answers; the first that a series has."""

PAGING = frozenset({"critical", "page", "emergency"})
"""Values of `severity` that make a provider unhealthy; any other alert makes it degraded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderHealth:
    """One provider and the alerts that fire about it."""

    status: Status
    alerts: tuple[Alert, ...]

    def document(self) -> dict[str, object]:
        """As `/health/providers` shows it."""
        return {
            "status": str(self.status),
            "alerts": [
                {
                    "alertname": alert.labels.get("alertname"),
                    "severity": alert.labels.get("severity"),
                    "since": _time(alert.fired_at),
                    "summary": alert.annotations.get("summary", ""),
                }
                for alert in self.alerts
            ],
        }


def provider_health(groups: Iterable[GroupState]) -> dict[str, ProviderHealth]:
    """By name of the provider, sorted."""
    firing: dict[str, list[Alert]] = defaultdict(list)
    for group in groups:
        for rule in group.rules:
            for series in _looked_at(rule):
                if name := provider_of(series):
                    _ = firing[name]
            for alert in rule.alerts.values():
                name = provider_of(alert.series) or provider_of(alert.labels)
                if name and alert.state is State.FIRING:
                    firing[name].append(alert)
    return {
        name: ProviderHealth(status=_status(alerts), alerts=tuple(alerts)) for name, alerts in sorted(firing.items())
    }


def provider_of(series: LabelSet) -> str:
    """The provider a series is about; empty when it names none."""
    return next((series[name] for name in PROVIDER_LABELS if series.get(name)), "")


def _looked_at(rule: RuleState) -> Iterator[LabelSet]:
    if rule.judgement is not None and rule.judgement.seen is not None:
        yield from rule.judgement.seen.labels


def _status(alerts: list[Alert]) -> Status:
    if any(alert.labels.get("severity") in PAGING for alert in alerts):
        return Status.UNHEALTHY
    return Status.DEGRADED if alerts else Status.HEALTHY


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
