"""`Observer`: what alertd says of itself at this moment: metrics, the health report, whether it is ready and advances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from alertd import __version__
from alertd.clock import Clock
from alertd.deferred import deferred
from alertd.engine.dispatcher import Dispatcher
from alertd.engine.evaluator import Evaluator
from alertd.engine.intake import AlertIntake
from alertd.engine.janitor import Janitor
from alertd.engine.ports import Store
from alertd.engine.readings import (
    count_alerts,
    count_silences,
    read_forecasts,
    read_group,
    read_outbox,
    read_sources,
    read_suppressed,
)
from alertd.engine.silencer import Silencer
from alertd.telemetry import health
from alertd.telemetry.machine import Host
from alertd.telemetry.metrics import Metrics
from alertd.telemetry.readings import AlertmanagerReading, GroupReading

if TYPE_CHECKING:
    from alertd.engine import budgets
else:
    budgets = deferred("alertd.engine.budgets")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigReading:
    """The configuration that is in force.

    taken_at      when it was taken: no rule group can be late before
    refused       the newest reload was refused
    """

    taken_at: datetime
    refused: bool
    digest: str
    receivers: int
    integrations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """Reads the loops and the store; every wait has a limit of its own.

    api_version   of Alertmanager's API, a label of its metrics
    running       whether the loops run
    """

    metrics: Metrics
    host: Host
    clock: Clock
    store: Store
    evaluator: Evaluator
    dispatcher: Dispatcher
    intake: AlertIntake
    janitor: Janitor
    silencer: Silencer
    config: Callable[[], ConfigReading]
    running: Callable[[], bool]
    started_at: datetime
    api_version: str

    async def render(self, accept: str) -> tuple[bytes, str]:
        """The text for a scrape that sent this Accept header, and its content type."""
        at, judges = self.clock.now(), self.evaluator.judges()
        outbox = await read_outbox(self.store, at=at)
        return await self.metrics.render(
            accept,
            outbox=outbox,
            alertmanager=await self._alertmanager(at),
            forecasts=read_forecasts(judges),
            unpriced_tokens=budgets.unpriced_tokens(judges) if judges else 0.0,
        )

    async def report(self) -> health.Report:
        """The health report."""
        at = self.clock.now()
        config = self.config()
        readings = health.Readings(
            host=self.host.read(),
            sources=read_sources(self.evaluator.states()),
            groups=self._groups(),
            groups_since=config.taken_at,
            outbox=await read_outbox(self.store, at=at),
            storage_error=self.store.write_error,
            config_refused=config.refused,
        )
        return health.assess(readings, version=__version__, started_at=self.started_at, at=at)

    def not_ready(self) -> str:
        """Why it is not ready yet; empty once every rule group has been evaluated."""
        if not self.running():
            return "not running"
        waiting = [state.group.key for state in self.evaluator.states() if not state.iterations]
        return f"first evaluation under way: {', '.join(waiting[:3])}" if waiting else ""

    def advances(self) -> bool:
        """Whether evaluation goes on: what systemd's watchdog is told."""
        check = health.evaluation(self._groups(), since=self.config().taken_at, at=self.clock.now())
        return check.status is health.Status.HEALTHY

    def _groups(self) -> list[GroupReading]:
        return [read_group(state) for state in self.evaluator.states()]

    async def _alertmanager(self, at: datetime) -> AlertmanagerReading:
        counters, config = self.intake.counters, self.config()
        return AlertmanagerReading(
            api_version=self.api_version,
            alerts=await count_alerts(self.dispatcher, at=at),
            silences=count_silences(self.silencer, at=at),
            received={"firing": counters.firing, "resolved": counters.resolved},
            invalid=counters.invalid,
            suppressed=read_suppressed(self.dispatcher),
            cleanings=self.janitor.cleanings,
            failed_cleanings=self.janitor.failures,
            groups=self.dispatcher.group_count,
            receivers=config.receivers,
            integrations=config.integrations,
            config_taken=not config.refused,
            config_taken_at=config.taken_at,
            config_hash=int(config.digest[:12], 16),
        )
