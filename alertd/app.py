"""The composition root: a configuration -> a running alertd.

Everything is built here, once, in the order in which data flows, and stopped in the opposite order.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import uuid
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import SystemRandom
from urllib.parse import urlsplit

import aiohttp
import structlog

from alertd import __version__
from alertd.api.alertmanager_v2 import API_VERSION
from alertd.api.server import Server, make_app, parse_address
from alertd.api.services import AlertmanagerServices, OperatorServices, Services
from alertd.clock import Clock, SystemClock
from alertd.config.load import Config, digest, load
from alertd.deferred import import_deferred
from alertd.engine.charting import Charting
from alertd.engine.deliverer import Deliverer
from alertd.engine.dispatcher import Dispatcher
from alertd.engine.evaluator import Evaluator, Outlets
from alertd.engine.explain import Explainer
from alertd.engine.intake import AlertIntake
from alertd.engine.janitor import HISTORY_RETENTION, INTERVAL, Janitor
from alertd.engine.numbers import take_numbers
from alertd.engine.observer import ConfigReading, Observer
from alertd.engine.ports import Store
from alertd.engine.readings import (
    read_group,
    read_traffic,
)
from alertd.engine.scheduler import Scheduler
from alertd.engine.silencer import SilenceLimits, Silencer
from alertd.engine.teacher import Teacher
from alertd.engine.trial import Trial, TrialLimit, try_receiver
from alertd.engine.warm_up import WarmUp
from alertd.entrance import Entrance
from alertd.errors import AlertdError, StoreError
from alertd.http import new_session
from alertd.links import Linker, Links
from alertd.notify.numbering import Numbered
from alertd.notify.ulid import Ulids
from alertd.receivers.registry import configured, import_kinds
from alertd.store.settings import StorageSettings
from alertd.store.sqlite import SqliteStore
from alertd.telemetry.machine import Host
from alertd.telemetry.metrics import Metrics
from alertd.telemetry.systemd import Systemd, watch

log = structlog.get_logger(__name__)

STOP_LIMIT = timedelta(seconds=2)
"""How long each stage may take to finish what it has begun; all of them together stay under 10 s."""

SETTLED = timedelta(seconds=1)
"""For how long changed files must stay the same before they are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line of `alertd run`; `route_prefix` None: the path of the external URL; `web_timeout` 0: none."""

    config_file: Path
    listen_address: str
    storage_path: Path | None = None
    external_url: str = ""
    auto_reload: timedelta = timedelta(seconds=30)
    keep_history: timedelta = HISTORY_RETENTION
    maintenance_interval: timedelta = INTERVAL
    route_prefix: str | None = None
    most_gets: int = 0
    web_timeout: timedelta = timedelta()
    web_config_file: Path | None = None
    silence_limits: SilenceLimits = field(default_factory=SilenceLimits)


async def serve(options: Options) -> None:
    """Run until SIGTERM or SIGINT; raises AlertdError when it cannot start."""
    config = await asyncio.to_thread(load_for_a_run, options.config_file)
    clock = SystemClock()
    async with AsyncExitStack() as owned:
        entrance = await Entrance.open(options.web_config_file, config.web, clock=clock)
        owned.callback(entrance.close)
        session = await owned.enter_async_context(new_session())
        store = await SqliteStore.open(_storage(config, options))
        owned.push_async_callback(store.close)
        numbers = await take_numbers(store, configured(config.receivers))
        app = App(config, options, clock=clock, store=store, session=session, numbers=numbers, entrance=entrance)
        await app.run()


def load_for_a_run(file: Path) -> Config:
    """The configuration, and whatever it needs imported: the event loop would stand still meanwhile. For a thread."""
    config = load(file)
    import_kinds(config.receivers)
    if config.groups:
        import_deferred()
    return config


def _storage(config: Config, options: Options) -> StorageSettings:
    return StorageSettings(path=options.storage_path) if options.storage_path else config.storage


def _collect_rarely() -> None:
    """Let the collector leave alone what a start has made, and look through a hundred thousand alerts only now and then.

    Hardly anything here is part of a circle. With Python's thresholds a tenth of the time in which alerts come by the
    thousand is spent on looking for some, in pauses of up to 100 ms; with these, collections of the young take 5 ms.
    """
    gc.freeze()
    gc.set_threshold(5000, 5, 50)
    gc.enable()


class App:
    """A running alertd."""

    def __init__(
        self,
        config: Config,
        options: Options,
        *,
        clock: Clock,
        store: Store,
        session: aiohttp.ClientSession,
        numbers: Sequence[Numbered],
        entrance: Entrance,
    ) -> None:
        self._config = config
        self._options = options
        self._clock = clock
        self._store = store
        self._entrance = entrance
        self._trial_limit = TrialLimit(clock)
        self._random = SystemRandom()
        self._ids = Ulids(self._random)
        self._started_at = self._config_taken_at = clock.now()
        self._refused = False
        self._running = False
        self._stopping = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._systemd = Systemd.from_environ(os.environ)
        self._metrics = self._new_metrics()
        self._warm_up = WarmUp(store)
        self._linker = self._new_linker(session)
        links = self._links = self._linker.link(config, numbers, url=self._url(config))
        self._evaluator = self._new_evaluator()
        self._charting = self._new_charting()
        self._scheduler = Scheduler(self._evaluator.run_slot, clock=clock)
        self._silencer = Silencer(store, clock=clock, new_id=lambda: str(uuid.uuid4()), limits=options.silence_limits)
        self._dispatcher = Dispatcher(
            links.dispatching, silences=self._silencer.silences, clock=clock, store=store,
            queued=lambda: self._deliverer.wake(),
        )  # fmt: skip
        self._intake = AlertIntake(
            self._dispatcher, store=store, clock=clock, resolve_timeout=config.defaults.resolve_timeout
        )  # fmt: skip
        self._deliverer = self._new_deliverer(links)
        self._janitor = Janitor(
            store, self._silencer, clock=clock, keep_history=options.keep_history, interval=options.maintenance_interval
        )
        self._observer = self._new_observer()
        self._server = self._new_server()

    def _new_metrics(self) -> Metrics:
        return Metrics(
            version=__version__,
            started_at=self._started_at,
            groups=lambda: map(read_group, self._evaluator.states()),
            traffic=lambda: read_traffic(self._links.setup.fetcher, self._links.writer, self._links.alertmanagers),
        )

    def _new_linker(self, session: aiohttp.ClientSession) -> Linker:
        return Linker(
            session=session, clock=self._clock, store=self._store, random=self._random, new_id=self._ids,
            new_planned_id=Ulids(self._random), metrics=self._metrics, warm_up=self._warm_up,
            chart=lambda fingerprint: self._charting.picture(fingerprint),
        )  # fmt: skip

    def _new_evaluator(self) -> Evaluator:
        outlets = Outlets(
            dispatch=lambda alerts: self._dispatcher.ingest(alerts),
            alertmanagers=lambda alerts: self._links.alertmanagers.post(alerts),
            evaluated=lambda state: self._metrics.group_evaluated(read_group(state)),
        )
        return Evaluator(self._links.setup, store=self._store, clock=self._clock, outlets=outlets)

    def _new_charting(self) -> Charting:
        return Charting(
            clock=self._clock,
            rules=self._evaluator.states,
            between_slots=self._evaluator.between_slots,
            history=lambda: self._links.history,
            external_labels=lambda: self._links.setup.settings.external_labels,
        )

    def _new_deliverer(self, links: Links) -> Deliverer:
        return Deliverer(
            links.receivers, store=self._store, clock=self._clock, random=self._random,
            hooks=self._metrics.notifications, delivered=self._dispatcher.settle, alerts=self._dispatcher.alerts_in,
            fallback=links.fallback, digester=links.digester,
        )  # fmt: skip

    def _new_observer(self) -> Observer:
        return Observer(
            metrics=self._metrics, host=Host(_storage(self._config, self._options).path), clock=self._clock,
            store=self._store, evaluator=self._evaluator, dispatcher=self._dispatcher, intake=self._intake,
            silencer=self._silencer, janitor=self._janitor, config=self._read_config, running=lambda: self._running,
            started_at=self._started_at, api_version=API_VERSION,
        )  # fmt: skip

    def _new_server(self) -> Server:
        doors = make_app(
            self._services(), prefix=self._prefix(self._config), most_gets=self._options.most_gets,
            timeout=self._options.web_timeout, gate=self._entrance.gate, requests=self._metrics.requests,
        )  # fmt: skip
        return Server(doors, self._options.listen_address, tls=self._entrance.tls)

    def _url(self, config: Config) -> str:
        """How people reach this alertd, without a trailing slash."""
        named = self._options.external_url or config.web.external_url
        scheme = "http" if self._entrance.tls is None else "https"
        port = parse_address(self._options.listen_address)[1]
        return named.rstrip("/") or f"{scheme}://{socket.gethostname()}:{port}"

    def _prefix(self, config: Config) -> str:
        """The path under which everything is answered."""
        given = self._options.route_prefix
        return urlsplit(self._url(config)).path if given is None else f"/{given.strip('/')}".rstrip("/")

    def _read_config(self) -> ConfigReading:
        return ConfigReading(
            taken_at=self._config_taken_at,
            refused=self._refused,
            digest=self._config.digest,
            receivers=len(self._config.receivers),
            integrations=sum(map(len, self._links.receivers.values())),
        )

    def _services(self) -> Services:
        return Services(
            version=__version__,
            groups=self._evaluator.states,
            metrics=self._observer.render,
            health=self._observer.report,
            sources=lambda: self._config.sources,
            not_ready=self._observer.not_ready,
            reload=self.reload,
            alertmanager=AlertmanagerServices(
                started_at=self._started_at,
                now=self._clock.now,
                receivers=lambda: [receiver.name for receiver in self._config.receivers],
                original=lambda: self._config.original,
                dispatcher=self._dispatcher,
                intake=self._intake,
                silencer=self._silencer,
            ),
            operators=OperatorServices(
                store=self._store, explain=self._explainer().explain, try_receiver=self._try_receiver,
                chart=self._charting.chart, teach=self._teacher().teach,
            ),
        )  # fmt: skip

    def _teacher(self) -> Teacher:
        return Teacher(
            evaluator=self._evaluator,
            store=self._store,
            clock=self._clock,
            external_labels=lambda: self._links.setup.settings.external_labels,
        )

    def _explainer(self) -> Explainer:
        return Explainer(
            store=self._store,
            clock=self._clock,
            dispatcher=self._dispatcher,
            silences=self._silencer.silences,
            rules=self._evaluator.states,
            external_labels=lambda: self._links.setup.settings.external_labels,
        )

    async def _try_receiver(self, name: str, *, dry_run: bool) -> Sequence[Trial] | None:
        integrations = self._links.receivers.get(name)
        if integrations is None:
            return None
        if not dry_run:
            self._trial_limit.count(name)
        return await try_receiver(
            integrations,
            new_id=self._ids,
            external_url=self._links.setup.external_url,
            clock=self._clock,
            dry_run=dry_run,
        )

    # -- running ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until `stop` is called, SIGTERM or SIGINT; then finish what has begun, within limits."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        await self._prepare()
        _collect_rarely()
        async with asyncio.TaskGroup() as self._tasks:
            self._start()
            loop.add_signal_handler(signal.SIGHUP, lambda: self._spawn(self._reload_quietly()))
            await self._stopping.wait()
            await self._finish()

    def stop(self) -> None:
        """Begin to end."""
        self._stopping.set()

    async def _prepare(self) -> None:
        """Whatever may fail at a start, with a reason to tell; nothing is running yet but the doors."""
        self._note_loaded()
        await self._silencer.start()
        await self._deliverer.start()
        await self._dispatcher.start()
        await self._evaluator.start(self._config.groups)
        self._warm_up.replace(self._links.history, self._evaluator.judges())
        await self._evaluator.withdraw(self._dispatcher.alerts())
        await self._server.start()

    def _start(self) -> None:
        self._loops = [
            self._spawn(loop)
            for loop in (
                self._dispatcher.run(),
                self._warm_up.run(),
                self._deliverer.run(),
                self._janitor.run(),
                self._look_for_changes(),
                self._entrance.run(),
                watch(self._systemd, alive=self._observer.advances),
            )
        ]
        self._run_links(self._links)
        self._scheduler.start(self._config.groups)
        self._running = True
        self._systemd.ready(f"evaluating {len(self._config.groups)} rule groups")
        log.info("alertd_started", version=__version__, groups=len(self._config.groups), url=self._server.url)

    async def _finish(self) -> None:
        """Last in, first out: no new slots, then no new notifications, then no more answers."""
        self._running = False
        self._systemd.stopping()
        log.info("alertd_stopping")
        await self._scheduler.stop(STOP_LIMIT)
        await self._save_memories()
        await self._links.stop(STOP_LIMIT)
        await self._deliverer.stop(STOP_LIMIT)
        for task in self._loops:
            task.cancel()
        await self._server.stop()
        log.info("alertd_stopped")

    async def _save_memories(self) -> None:
        try:
            async with asyncio.timeout(STOP_LIMIT.total_seconds()):
                await self._evaluator.save_memories()
        except (StoreError, TimeoutError) as error:
            log.warning("memories_not_saved", error=str(error), next="what was saved before is gone on with")

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        return self._tasks.create_task(work)

    def _run_links(self, links: Links) -> None:
        self._spawn(links.writer.run())
        self._spawn(links.alertmanagers.run())

    # -- reloading --------------------------------------------------------------------------------------------------

    async def reload(self) -> None:
        """Read the configuration again and take all of it, or nothing; raises AlertdError with every problem."""
        async with self._reloading:
            self._systemd.reloading(monotonic=self._clock.monotonic())
            try:
                config = await asyncio.to_thread(load_for_a_run, self._options.config_file)
                admission = await self._entrance.prepare(config.web)
                numbers = await take_numbers(self._store, configured(config.receivers))
                links = self._linker.link(config, numbers, url=self._url(config))
                await asyncio.to_thread(links.setup.evaluator.read_ahead, config.groups)
            except AlertdError as error:
                self._refused = True
                self._metrics.config_refused()
                log.error("config_refused", error=str(error), running="the old configuration goes on")
                raise
            else:
                self._entrance.take(admission)
                await self._take(config, links)
            finally:
                self._systemd.ready()

    async def _take(self, config: Config, links: Links) -> None:
        old, self._links, self._config = self._links, links, config
        self._run_links(links)
        await self._evaluator.replace(config.groups, links.setup)
        self._warm_up.replace(links.history, self._evaluator.judges())
        self._deliverer.replace(links.receivers, links.fallback, links.digester)
        self._dispatcher.replace(links.dispatching)
        self._intake.resolve_timeout = config.defaults.resolve_timeout
        await self._evaluator.withdraw(self._dispatcher.alerts())
        self._scheduler.replace(config.groups)
        self._note_loaded()
        await old.stop(STOP_LIMIT)

    def _note_loaded(self) -> None:
        self._refused = False
        self._config_taken_at = self._clock.now()
        self._metrics.config_loaded(at=self._config_taken_at)
        self._metrics.notifications.expect(
            (one.receiver, one.integration) for several in self._links.receivers.values() for one in several
        )
        for problem in self._config.warnings:
            log.warning("config_warning", problem=str(problem))
        log.info("config_loaded", file=str(self._config.file), groups=len(self._config.groups))

    async def _reload_quietly(self) -> None:
        """For callers that nobody answers: SIGHUP and changed files. What was wrong is in the log."""
        with suppress(AlertdError):
            await self.reload()

    async def _look_for_changes(self) -> None:
        """Reload when the contents of a file have changed and have stopped changing."""
        interval = self._options.auto_reload
        seen = self._config.digest
        while interval:
            await self._clock.sleep_until(self._clock.now() + interval)
            now = await asyncio.to_thread(digest, self._options.config_file)
            if now in (seen, self._config.digest):
                continue
            await self._clock.sleep_until(self._clock.now() + SETTLED)
            if now == await asyncio.to_thread(digest, self._options.config_file):
                seen = now
                await self._reload_quietly()
