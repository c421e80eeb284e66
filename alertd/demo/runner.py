"""Starts the gateway, Prometheus, alertd and the receiver; ends all of them, always."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from alertd.clock import SystemClock
from alertd.demo.daemon import running_daemon
from alertd.demo.exporter import Exporter
from alertd.demo.receiver import Receiver
from alertd.demo.scenario import Scenario
from alertd.demo.trace import load_trace
from alertd.demo.web import serving
from alertd.replay.local_prometheus import LocalPrometheus

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SCRAPE = {"job_name": "agentgateway", "scrape_interval": "1s"}
_PACK = {
    "name": "agentgateway",
    "set": {
        **dict.fromkeys(("interval", "hold", "high_token_rate_for"), "2s"),
        "window": "10s",
        "scope": "tenant",
        "high_token_rate": 1_500_000,
        # An hour of traffic goes by in a minute: what counts by the day is out of reach here.
        **dict.fromkeys(("excessive_token_rate", "daily_tokens_warning", "daily_tokens_limit"), 1e12),
    },
    # A gateway without tools, and without the series of a real one's build.
    "without": ["TokenUsageAnomaly", "MetricsScrapeFailure", "NoMCPRequests", "NoLLMRequests"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """The command line of `alertd demo`.

    lasts            how long it runs, from its start; None: until it is interrupted
    prometheus_url   an existing Prometheus; empty: start one
    gateway_port     where the gateway is found by a Prometheus that is not ours
    """

    lasts: timedelta | None = None
    prometheus_url: str = ""
    gateway_port: int = 19464


async def run_demo(options: DemoOptions, *, tell: Callable[[str], None]) -> set[str]:
    """Run until the time is over or SIGINT, SIGTERM or SIGHUP comes. What is worth reading goes to `tell`.

    returns  the states that notifications really delivered: `firing`, `resolved`
    raises   AlertdError when something does not start, or alertd ends by itself
    """
    with _interrupts() as stop:

        def tell_or_stop(text: str) -> None:
            try:
                tell(text)
            except OSError:  # nobody reads any more
                stop.set()

        receiver = Receiver(tell_or_stop)
        show = asyncio.create_task(_show(options, receiver, tell_or_stop))
        stopped = asyncio.create_task(stop.wait())
        try:
            seconds = options.lasts.total_seconds() if options.lasts else None
            await asyncio.wait({show, stopped}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (stopped, show):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await show
    return receiver.delivered


async def run_gateway(host: str, port: int, *, tell: Callable[[str], None]) -> None:
    """Only the simulated gateway, until SIGINT, SIGTERM or SIGHUP; raises AlertdError when the port is taken."""
    exporter = Exporter(Scenario(load_trace()), clock=SystemClock())
    with _interrupts() as stop:
        async with serving(exporter.app, host=host, port=port) as url:
            tell(f"{url}/metrics  (real LLM traffic, an hour of it in a minute)")
            exporter.begin()
            await stop.wait()


@contextmanager
def _interrupts() -> Iterator[asyncio.Event]:
    """An event that is set by the first signal to end; later ones change nothing, so that the end is never cut short."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _ENDING:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in _ENDING:
            loop.remove_signal_handler(number)


async def _show(options: DemoOptions, receiver: Receiver, tell: Callable[[str], None]) -> None:
    """Start everything, let the traffic flow, and watch alertd; whatever ends this ends everything."""
    exporter = Exporter(Scenario(load_trace()), clock=SystemClock())
    async with AsyncExitStack() as owned:
        port = options.gateway_port if options.prometheus_url else 0
        gateway = await owned.enter_async_context(serving(exporter.app, port=port))
        scrape = {**_SCRAPE, "static_configs": [{"targets": [gateway.removeprefix("http://")]}]}
        tell(f"  gateway      {gateway}/metrics  (real LLM traffic, an hour of it in a minute)")
        prometheus = options.prometheus_url
        if not prometheus:
            prometheus = (await owned.enter_async_context(LocalPrometheus(scrape_configs=[scrape]))).url
        tell(f"  Prometheus   {prometheus}")
        inbox = await owned.enter_async_context(serving(receiver.app))
        tell(f"  receiver     {inbox}")
        folder = Path(owned.enter_context(TemporaryDirectory(prefix="alertd-demo-", ignore_cleanup_errors=True)))
        config_file = write_configuration(folder, prometheus=prometheus, inbox=inbox)
        daemon = await owned.enter_async_context(running_daemon(config_file, folder / "data", tell=tell))
        tell(f"  alertd       {daemon.url}/  (configuration: {config_file})")
        if options.prometheus_url:
            tell(f"\nprometheus.yml of that Prometheus must have:\n\n{_yaml({'scrape_configs': [scrape]})}")
        await exporter.scraped.wait()
        exporter.begin()
        tell("\nTraffic flows. Soon a provider fails, later a tenant uses far too many tokens. Ctrl-C ends all.\n")
        await daemon.ended()


def write_configuration(folder: Path, *, prometheus: str, inbox: str) -> Path:
    """alertd.yml in `folder`: the agentgateway pack with windows and timers short enough to watch; returns its path."""
    route: dict[str, object] = {"receiver": "terminal", "group_by": ["alertname"]}
    route |= {"group_wait": "1s", "group_interval": "2s", "repeat_interval": "1h"}
    config_file = folder / "alertd.yml"
    config_file.write_text(
        _yaml(
            {
                "prometheus": {"url": prometheus},
                "packs": [_PACK],
                "route": route,
                "receivers": [{"name": "terminal", "webhook_configs": [{"url": f"{inbox}/", "extended": True}]}],
            }
        )
    )
    return config_file


def _yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False)
