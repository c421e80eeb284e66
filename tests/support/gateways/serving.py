"""Simulators that a real Prometheus scrapes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiohttp import web

from alertd.clock import Clock
from tests.support.gateways.simulator import Simulator

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@asynccontextmanager
async def served(simulators: Iterable[Simulator], clock: Clock) -> AsyncIterator[str]:
    """Answer for every target at its path; the address, `127.0.0.1:PORT`. A target that is down answers 503."""
    owners = {target.path: (simulator, target) for simulator in simulators for target in simulator.targets}

    async def answer(request: web.Request) -> web.Response:
        simulator, target = owners[request.path]
        at = clock.now()
        if not simulator.is_up(target, at):
            return web.Response(status=503)
        return web.Response(body=simulator.page(target, at).encode(), headers={"Content-Type": _CONTENT_TYPE})

    app = web.Application()
    app.add_routes([web.get(path, answer) for path in owners])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"{host}:{port}"
    finally:
        await runner.cleanup()


def scrape_config(simulators: Iterable[Simulator], address: str, *, interval: str) -> dict[str, object]:
    """The targets as an entry of Prometheus' `scrape_configs`."""
    targets = [
        {"targets": [address], "labels": {**target.identity, "__metrics_path__": target.path}}
        for simulator in simulators
        for target in simulator.targets
    ]
    return {
        "job_name": "simulated", "scrape_interval": interval, "scrape_timeout": interval, "static_configs": targets,
    }  # fmt: skip
