"""`Services` over rule groups built by hand, and over alerts and silences in memory, for tests of the doors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from alertd.alerts.alert import Alert, State
from alertd.api.services import AlertmanagerServices, OperatorServices, Services
from alertd.clock import SimulatedClock
from alertd.config.rule_files import load_rule_file
from alertd.dispatch.inhibition import InhibitRule
from alertd.dispatch.route import Route
from alertd.dispatch.time_intervals import TimeIntervalSettings
from alertd.engine.charting import Charting
from alertd.engine.dispatcher import Dispatcher, Dispatching
from alertd.engine.explain import Explainer
from alertd.engine.intake import AlertIntake
from alertd.engine.ports import Integration, Store
from alertd.engine.readings import read_group
from alertd.engine.silencer import SilenceLimits, Silencer
from alertd.engine.state import GroupState, Health
from alertd.engine.teacher import Lesson
from alertd.engine.trial import Trial, TrialLimit, try_receiver
from alertd.labels import LabelSet
from alertd.notify.plan import Planner
from alertd.notify.ulid import Ulids
from alertd.query.history import HistorySource
from alertd.query.source import SourceSettings
from alertd.rules.feedback import Feedback
from alertd.store.memory import MemoryStore
from alertd.telemetry.health import Check, Report, Status
from alertd.telemetry.metrics import Metrics

AT = datetime(2026, 1, 2, 3, 4, 5, 120_000, tzinfo=UTC)


def groups_of(text: str, *, file: str = "rules.yml") -> list[GroupState]:
    """The groups of a rule file, not evaluated yet."""
    loaded = load_rule_file(text, file=file)
    assert not loaded.problems
    return [GroupState.fresh(group) for group in loaded.groups]


def between_slots(groups: Sequence[GroupState]) -> Callable[[str], AbstractAsyncContextManager[GroupState | None]]:
    """Groups that nobody evaluates."""
    return lambda key: nullcontext(next((state for state in groups if state.group.key == key), None))


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
    sources: Sequence[SourceSettings] = (),
    reload: Callable[[], Awaitable[None]] = no_reload,
    alertmanager: AlertmanagerServices | None = None,
    operators: OperatorServices | None = None,
) -> Services:
    """Services that answer with exactly this."""

    registry = Metrics(version="1.2.3", started_at=AT, groups=lambda: map(read_group, groups))

    async def health() -> Report:
        return a_report(status)

    return Services(
        version="1.2.3", groups=lambda: groups, metrics=registry.render, health=health, sources=lambda: sources,
        not_ready=lambda: not_ready,
        reload=reload, alertmanager=alertmanager or an_alertmanager().services,
        operators=operators or operators_of(an_alertmanager()),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Alertmanager:
    """What stands behind Alertmanager's API, on a clock that stands still."""

    clock: SimulatedClock
    store: Store
    services: AlertmanagerServices


def operators_of(
    alertmanager: Alertmanager,
    *,
    groups: Sequence[GroupState] = (),
    external_labels: Mapping[str, str] | None = None,
    integrations: Mapping[str, Sequence[Integration]] | None = None,
    history: HistorySource | None = None,
    teach: Callable[[str, Feedback], Awaitable[Lesson | None]] | None = None,
) -> OperatorServices:
    """alertd's own services over the same alerts and silences."""
    services = alertmanager.services

    limit = TrialLimit(alertmanager.clock)

    async def trials(name: str, *, dry_run: bool) -> Sequence[Trial] | None:
        if name not in (integrations or {}):
            return None
        if not dry_run:
            limit.count(name)
        return await try_receiver(
            (integrations or {})[name], new_id=Ulids(Random(1)), external_url="http://alertd.example.com",
            clock=alertmanager.clock, dry_run=dry_run,
        )  # fmt: skip

    async def teaches_nobody(fingerprint: str, feedback: Feedback) -> Lesson | None:
        return None

    explainer = Explainer(
        store=alertmanager.store,
        clock=alertmanager.clock,
        dispatcher=services.dispatcher,
        silences=services.silencer.silences,
        rules=lambda: groups,
        external_labels=lambda: external_labels or {},
    )
    charting = Charting(
        clock=alertmanager.clock,
        rules=lambda: groups,
        between_slots=between_slots(groups),
        history=lambda: {} if history is None else {"default": history},
        external_labels=lambda: external_labels or {},
    )
    return OperatorServices(
        store=alertmanager.store, explain=explainer.explain, try_receiver=trials, chart=charting.chart,
        teach=teach or teaches_nobody,
    )  # fmt: skip


def an_alertmanager(
    route: Route | None = None,
    *,
    receivers: Sequence[str] = ("ops",),
    inhibit_rules: Sequence[InhibitRule] = (),
    intervals: Sequence[TimeIntervalSettings] = (),
    store: Store | None = None,
    most_alerts: int = 1000,
    limits: SilenceLimits | None = None,
) -> Alertmanager:
    """Without `run`: nothing is flushed."""
    clock, store, random = SimulatedClock(AT), store or MemoryStore(), Random(1)
    silencer = Silencer(
        store, clock=clock, new_id=lambda: str(UUID(int=random.getrandbits(128), version=4)), limits=limits
    )
    config = Dispatching(
        route=route or Route(receiver=receivers[0]),
        receivers={},
        planner=Planner(new_id=Ulids(random), external_url="http://alertd.example.com"),
        inhibit_rules=inhibit_rules,
        intervals={one.name: one for one in intervals},
    )
    dispatcher = Dispatcher(config, silences=silencer.silences, clock=clock, store=store, queued=lambda: None)
    return Alertmanager(
        clock=clock,
        store=store,
        services=AlertmanagerServices(
            started_at=AT,
            now=clock.now,
            receivers=lambda: receivers,
            original=lambda: "route:\n  receiver: ops\n",
            dispatcher=dispatcher,
            intake=AlertIntake(
                dispatcher, store=store, clock=clock, resolve_timeout=timedelta(minutes=5), most_alerts=most_alerts
            ),
            silencer=silencer,
        ),
    )
