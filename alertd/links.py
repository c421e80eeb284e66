"""`Links`: everything a configuration says alertd talks to, built at once and replaced at once by a reload."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import aiohttp

from alertd.alerts.annotate import TemplateContext
from alertd.clock import Clock
from alertd.config.load import Config
from alertd.dispatch.inhibition import InhibitRule
from alertd.dispatch.route import Route
from alertd.engine.alertmanagers import Alertmanagers
from alertd.engine.dispatcher import Dispatching
from alertd.engine.evaluator import Setup
from alertd.engine.group_evaluator import GroupEvaluator
from alertd.engine.ports import Integration, Store
from alertd.engine.remote_writer import RemoteWriter
from alertd.engine.warm_up import WarmUp
from alertd.http import HttpClient
from alertd.notify.condense import Digester
from alertd.notify.fallback import Fallback
from alertd.notify.numbering import Numbered
from alertd.notify.plan import Planner
from alertd.query.fetcher import Fetcher
from alertd.query.history import HistorySource
from alertd.query.history_source import PrometheusHistory
from alertd.query.prometheus import PrometheusSource
from alertd.query.source import SourceSettings
from alertd.receivers.registry import by_receiver
from alertd.receivers.rendering import Rendering
from alertd.receivers.tools import ChartOf, Tools
from alertd.telemetry.metrics import Metrics
from alertd.template.alertmanager import TemplateSet

NOBODY = Route(receiver="")
"""Where alerts go without a `route:`; only other Alertmanagers are told then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What one configuration talks to."""

    setup: Setup
    history: Mapping[str, HistorySource]
    writer: RemoteWriter
    alertmanagers: Alertmanagers
    dispatching: Dispatching
    fallback: Fallback | None
    digester: Digester
    closing: ExitStack

    @property
    def receivers(self) -> Mapping[str, Sequence[Integration]]:
        return self.dispatching.receivers

    async def stop(self, within: timedelta) -> None:
        """Send what is queued for up to `within`, drop the rest. No connection is kept for later any more."""
        self.closing.close()
        await asyncio.gather(self.writer.stop(within), self.alertmanagers.stop(within))


def dispatching_of(config: Config, receivers: Mapping[str, Sequence[Integration]], planner: Planner) -> Dispatching:
    """What `config` says about telling people, with these receivers."""
    return Dispatching(
        route=Route.from_settings(config.route) if config.route else NOBODY,
        receivers=receivers,
        planner=planner,
        inhibit_rules=[InhibitRule.from_settings(rule, number) for number, rule in enumerate(config.inhibit_rules)],
        intervals={interval.name: interval for interval in config.time_intervals},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Linker:
    """Builds links; nothing of them runs yet.

    new_planned_id   as `new_id`, for the planner alone: it may run in a thread
    chart            for receivers, see `Tools`
    """

    session: aiohttp.ClientSession
    clock: Clock
    store: Store
    random: Random
    new_id: Callable[[datetime], str]
    new_planned_id: Callable[[datetime], str]
    warm_up: WarmUp
    metrics: Metrics
    chart: ChartOf

    def link(self, config: Config, numbers: Sequence[Numbered], *, url: str) -> Links:
        """The links of `config`; `url` is how people reach this alertd. Raises AlertdError."""
        tools = self._tools(config)
        receivers = by_receiver(config.receivers, tools, numbers)
        writer = RemoteWriter(config.remote_write, self.session, clock=self.clock, random=self.random)
        return Links(
            setup=self._setup(config, writer, url),
            history={source.name: self._history(source) for source in config.sources},
            writer=writer,
            alertmanagers=Alertmanagers(config.alertmanagers, self.session, clock=self.clock, random=self.random),
            dispatching=dispatching_of(config, receivers, Planner(new_id=self.new_planned_id, external_url=url)),
            fallback=self._fallback(config.fallback_receiver, receivers, url),
            digester=Digester(above=config.digest_above, new_id=self.new_id, external_url=url),
            closing=tools.closing,
        )

    def _setup(self, config: Config, writer: RemoteWriter, url: str) -> Setup:
        fetcher = Fetcher({source.name: PrometheusSource(source, self.session) for source in config.sources})
        context = TemplateContext(external_labels=config.evaluation.external_labels, external_url=url)
        sink = writer if config.remote_write else None
        evaluator = GroupEvaluator(fetcher=fetcher, context=context, clock=self.clock, sink=sink, history=self.warm_up)
        return Setup(evaluator=evaluator, fetcher=fetcher, settings=config.evaluation, external_url=url)

    def _history(self, source: SourceSettings) -> HistorySource:
        return PrometheusHistory(source, HttpClient(self.session, source))

    def _fallback(self, name: str | None, receivers: Mapping[str, Sequence[Integration]], url: str) -> Fallback | None:
        if name is None:
            return None
        return Fallback(receiver=name, channels=receivers[name], new_id=self.new_id, external_url=url)

    def _tools(self, config: Config) -> Tools:
        """What receivers work with."""
        rendering = Rendering(
            templates=TemplateSet(config.templates),
            failed=lambda place, kind: self.metrics.notifications.template_failed(
                receiver=place.receiver, integration=kind
            ),
        )
        return Tools(session=self.session, rendering=rendering, log=self.store, chart=self.chart)
