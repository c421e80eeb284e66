"""What telemetry is told of a rule group."""

from __future__ import annotations

from collections import Counter

from alertd.engine.state import GroupState, Health
from alertd.telemetry.readings import GroupReading


def read_group(state: GroupState) -> GroupReading:
    """The group as it is after its newest evaluation."""
    return GroupReading(
        key=state.group.key,
        interval=state.group.interval,
        rules=len(state.rules),
        evaluated_at=state.evaluated_at,
        seconds=state.seconds,
        iterations=state.iterations,
        missed=state.missed,
        samples=sum(rule.samples for rule in state.rules),
        failed_rules=sum(rule.health is Health.ERR for rule in state.rules),
        rule_seconds=tuple([rule.seconds for rule in state.rules]),
        alerts=Counter(alert.state.value for rule in state.rules for alert in rule.alerts.values()),
    )
