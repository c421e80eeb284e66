"""`Services`: what the doors ask. They translate the answers and decide nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from alertd.engine.dispatcher import Dispatcher
from alertd.engine.intake import AlertIntake
from alertd.engine.ports import Store
from alertd.engine.silencer import Silencer
from alertd.engine.state import GroupState
from alertd.engine.teacher import Lesson
from alertd.engine.trial import Trial
from alertd.notify.explain import Explanation
from alertd.query.source import SourceSettings
from alertd.rules.feedback import Feedback
from alertd.telemetry.health import Report

if TYPE_CHECKING:
    from alertd.charts import Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertmanagerServices:
    """What Alertmanager's API asks.

    now        the present
    receivers  names of all receivers, in the order of the configuration
    original   the configuration as that API shows it: its keys alone, without secrets
    """

    started_at: datetime
    now: Callable[[], datetime]
    receivers: Callable[[], Sequence[str]]
    original: Callable[[], str]
    dispatcher: Dispatcher
    intake: AlertIntake
    silencer: Silencer


class TryReceiver(Protocol):
    async def __call__(self, name: str, *, dry_run: bool) -> Sequence[Trial] | None:
        """Test every integration of the receiver; None when there is no such receiver."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorServices:
    """What alertd's own API asks.

    store     for history and deliveries
    explain   everything about the alert with this fingerprint; None when nobody has ever heard of it
    teach     what operators say of an alert of an anomaly rule; None when no rule has such an alert; raises NotTaughtError, TimeoutError
    chart     its series over a time; None when no rule has such an alert now; raises QueryError, TimeoutError
    """

    store: Store
    explain: Callable[[str], Awaitable[Explanation | None]]
    try_receiver: TryReceiver
    teach: Callable[[str, Feedback], Awaitable[Lesson | None]]
    chart: Callable[[str, timedelta | None], Awaitable[Chart | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The running alertd as its doors see it. Whatever it awaits, it awaits with a limit of its own.

    groups     every rule group with its alerts
    metrics    the text for a scrape that sent this Accept header, and its content type
    health     the health report of this moment
    sources    every Prometheus that is asked; the first one answers groups that name none
    not_ready  why it is not ready yet; empty once it is
    reload     read the configuration again; raises AlertdError whose text lists every problem
    """

    version: str
    groups: Callable[[], Sequence[GroupState]]
    metrics: Callable[[str], Awaitable[tuple[bytes, str]]]
    health: Callable[[], Awaitable[Report]]
    sources: Callable[[], Sequence[SourceSettings]]
    not_ready: Callable[[], str]
    reload: Callable[[], Awaitable[None]]
    alertmanager: AlertmanagerServices
    operators: OperatorServices
