"""The evaluators that are measured side by side, all on the same Prometheus. A further one is a function and a row."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.support.datasource import Datasource, page, total
from tests.bench.support.processes import Process, binary, free_address, ready, running
from tests.bench.support.rule_set import Group, write_rule_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What an evaluator is given.

    notifier   host:port of what takes its alerts and notifications
    interval   of every group, as rule files write it
    folder     for its files
    """

    source: Datasource
    notifier: str
    groups: Sequence[Group]
    interval: str
    folder: Path

    def rule_file(self) -> Path:
        """Write the groups to a file; its path."""
        path = self.folder / "rules.yml"
        write_rule_file(self.groups, path, interval=self.interval)
        return path


@dataclass(frozen=True, slots=True)
class Counters:
    """Since the evaluator's start: rules evaluated, slots missed, rules failed, seconds groups took, one after the other."""

    evaluations: float
    missed: float
    failures: float
    seconds: float

    def since(self, before: Counters) -> Counters:
        """What was counted after `before`."""
        return Counters(
            self.evaluations - before.evaluations,
            self.missed - before.missed,
            self.failures - before.failures,
            self.seconds - before.seconds,
        )


@dataclass(frozen=True, slots=True)
class Running:
    """An evaluator at work; `process` is None when it is Prometheus itself."""

    process: Process | None
    counters: Callable[[], Awaitable[Counters]]


Evaluator = Callable[[Setup], AbstractAsyncContextManager[Running]]


def _reader(read: Callable[[], Awaitable[str]], names: Sequence[str]) -> Callable[[], Awaitable[Counters]]:
    async def counters() -> Counters:
        metrics = await read()
        return Counters(*[total(metrics, name) for name in names])

    return counters


@asynccontextmanager
async def prometheus_rules(setup: Setup) -> AsyncIterator[Running]:
    """The rule manager inside Prometheus."""
    names = (
        "prometheus_rule_evaluations_total",
        "prometheus_rule_group_iterations_missed_total",
        "prometheus_rule_evaluation_failures_total",
        "prometheus_rule_group_duration_seconds_sum",
    )
    await setup.source.evaluate(setup.rule_file(), setup.notifier)
    try:
        yield Running(None, _reader(setup.source.metrics, names))
    finally:
        await setup.source.evaluate(None)


@asynccontextmanager
async def vmalert(setup: Setup) -> AsyncIterator[Running]:
    """vmalert, one request per rule."""
    names = (
        "vmalert_execution_total",
        "vmalert_iteration_missed_total",
        "vmalert_execution_errors_total",
        "vmalert_iteration_duration_seconds_sum",
    )
    address = free_address()
    command = [
        binary("vmalert", "victoria-metrics"),
        f"-httpListenAddr={address}",
        f"-rule={setup.rule_file()}",
        f"-datasource.url={setup.source.url}",
        f"-notifier.url=http://{setup.notifier}",
        f"-evaluationInterval={setup.interval}",
    ]
    async with running("vmalert", command, folder=setup.folder) as process:
        await ready(process, setup.source.session, f"http://{address}/health")
        yield Running(process, _reader(lambda: page(setup.source.session, f"http://{address}/metrics"), names))


@asynccontextmanager
async def alertd(setup: Setup) -> AsyncIterator[Running]:
    """This daemon as it is deployed: store, routing and notifications included, which the others leave to an Alertmanager."""
    names = (
        "alertd_rule_evaluations_total",
        "alertd_rule_group_iterations_missed_total",
        "alertd_rule_evaluation_failures_total",
        "alertd_rule_group_duration_seconds_sum",
    )
    address = free_address()
    async with running("alertd", alertd_command(setup, address), folder=setup.folder) as process:
        await ready(process, setup.source.session, f"http://{address}/-/ready")
        yield Running(process, _reader(lambda: page(setup.source.session, f"http://{address}/metrics"), names))


def alertd_command(setup: Setup, address: str) -> list[str]:
    """The command that runs alertd on the setup; its configuration is written here."""
    config = setup.folder / "alertd.yml"
    config.write_text(json.dumps(alertd_config(setup)))  # JSON is YAML
    return [
        *(sys.executable, "-m", "alertd", "run"),
        f"--config.file={config}",
        f"--storage.path={setup.folder / 'alertd-data'}",
        f"--web.listen-address={address}",
    ]


def alertd_config(setup: Setup) -> Mapping[str, object]:
    """alertd.yml: the rules, the Prometheus, and one webhook for everything."""
    return {
        "prometheus": {"url": setup.source.url},
        "rule_files": [str(setup.rule_file())],
        "evaluation": {"interval": setup.interval},
        "route": {"receiver": "sink", "group_by": ["alertname"]},
        "receivers": [{"name": "sink", "webhook_configs": [{"url": f"http://{setup.notifier}/"}]}],
    }


EVALUATORS: Mapping[str, Evaluator] = {"prometheus": prometheus_rules, "vmalert": vmalert, "alertd": alertd}
"""By the name the options and tables call them."""
