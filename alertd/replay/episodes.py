"""What would have happened: every episode of every rule, as the state machine went through it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alertd.alerts.alert import Alert, State
from alertd.engine.state import GroupState
from alertd.labels import LabelSet
from alertd.rules.rule import AlertingRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One alert from its first breach to its end.

    series        labels of the series it came from
    value         when it fired
    peak          largest magnitude while it was active
    evidence      what `$alert` offered when it fired: bounds, score, spend, ...
    resolved_at   None: it still fired at the end
    """

    rule: str
    group: str
    labels: LabelSet
    series: LabelSet
    annotations: Mapping[str, str]
    active_at: datetime
    fired_at: datetime
    value: float
    peak: float
    evidence: Mapping[str, object]
    resolved_at: datetime | None = None

    def lasted(self, until: datetime) -> timedelta:
        """From firing to its end, or to `until`."""
        return (self.resolved_at or until) - self.fired_at


@dataclass(slots=True)
class EpisodeLog:
    """Watches a group slot by slot."""

    _open: dict[tuple[str, LabelSet], Episode] = field(default_factory=dict)
    _closed: list[Episode] = field(default_factory=list)

    def see(self, state: GroupState) -> None:
        """The group after a slot."""
        for rule in state.rules:
            if rule.alerts and isinstance(rule.rule, AlertingRule):
                for alert in rule.alerts.values():
                    self._alert(state.group.name, rule.rule.name, rule.identity, alert)

    def _alert(self, group: str, rule: str, identity: str, alert: Alert) -> None:
        key = (identity, alert.labels)
        known = self._open.get(key)
        if known is not None and (alert.fired_at != known.fired_at or alert.state is State.INACTIVE):
            del self._open[key]
            ended = alert.resolved_at if alert.fired_at == known.fired_at else alert.active_at
            self._closed.append(replace(known, resolved_at=ended, peak=_peak(known, alert)))
            known = None
        if alert.state is not State.FIRING or alert.fired_at is None:
            return
        if known is None:
            known = Episode(
                rule=rule, group=group, labels=alert.labels, series=alert.series, annotations=alert.annotations,
                active_at=alert.active_at, fired_at=alert.fired_at, value=alert.value, peak=alert.value,
                evidence=alert.evidence,
            )  # fmt: skip
            self._open[key] = known
        elif _peak(known, alert) != known.peak:
            self._open[key] = replace(known, peak=_peak(known, alert))

    def episodes(self) -> list[Episode]:
        """Every episode so far, by the time it fired."""
        return sorted([*self._closed, *self._open.values()], key=lambda one: (one.fired_at, one.rule, str(one.labels)))


def _peak(known: Episode, alert: Alert) -> float:
    candidates: Iterable[float] = (known.peak, known.peak if alert.peak is None else alert.peak)
    return max(candidates, key=abs)
