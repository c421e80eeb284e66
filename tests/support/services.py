"""`Services` over rule groups built by hand, for tests of the doors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alertd.alerts.alert import Alert, State
from alertd.api.services import Services
from alertd.config.rule_files import load_rule_file
from alertd.engine.readings import read_group
from alertd.engine.state import GroupState, Health
from alertd.labels import LabelSet
from alertd.telemetry.health import Check, Report, Status
from alertd.telemetry.metrics import Metrics

AT = datetime(2026, 1, 2, 3, 4, 5, 120_000, tzinfo=UTC)


def groups_of(text: str, *, file: str = "rules.yml") -> list[GroupState]:
    """The groups of a rule file, not evaluated yet."""
    loaded = load_rule_file(text, file=file)
    assert not loaded.problems
    return [GroupState.fresh(group) for group in loaded.groups]


def an_alert(labels: dict[str, str], *, state: State = State.FIRING, value: float = 1.0) -> Alert:
    """An alert active since `AT`."""
    alert = Alert(
        labels=LabelSet(labels), annotations={"summary": "seen"}, value=value, state=state, active_at=AT,
        fired_at=None if state is State.PENDING else AT,
    )  # fmt: skip
    return replace(alert, resolved_at=AT) if state is State.INACTIVE else alert


def evaluate(state: GroupState, rule: int, *alerts: Alert, error: str = "") -> None:
    """Note that rule number `rule` was evaluated at `AT`, and what became of it."""
    state.evaluated_at, state.seconds = AT, 0.25
    evaluated = state.rules[rule]
    evaluated.evaluated_at, evaluated.seconds = AT, 0.125
    evaluated.alerts = {alert.labels: alert for alert in alerts}
    evaluated.health, evaluated.last_error = (Health.ERR if error else Health.OK), error


def a_report(status: Status) -> Report:
    return Report(at=AT, uptime=timedelta(hours=1), version="1.2.3", checks={"storage": Check(status=status)})


async def no_reload() -> None:
    """A reload that succeeds."""


def services(
    groups: Sequence[GroupState] = (),
    *,
    status: Status = Status.HEALTHY,
    not_ready: str = "",
    reload: Callable[[], Awaitable[None]] = no_reload,
) -> Services:
    """Services that answer with exactly this."""

    registry = Metrics(version="1.2.3", started_at=AT, groups=lambda: map(read_group, groups))

    async def health() -> Report:
        return a_report(status)

    return Services(
        version="1.2.3", groups=lambda: groups, metrics=registry.render, health=health, not_ready=lambda: not_ready,
        reload=reload,
    )  # fmt: skip
