"""The doors for operators and their tools: metrics, probes, health, reload, and a page for people."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from aiohttp import web
from yarl import URL

from alertd.api.front_page import firing, page
from alertd.api.services import Services
from alertd.engine.providers import provider_health
from alertd.errors import AlertdError
from alertd.rules.promql_text import promql_text
from alertd.telemetry.health import Status


class Operational:
    """Handlers; answers are plain text unless said otherwise."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """Every path under `prefix`."""
        return [
            web.get(f"{prefix}/", self.index),
            web.get(f"{prefix}/graph", self.graph),
            web.get(f"{prefix}/metrics", self.metrics),
            web.get(f"{prefix}/health", self.health),
            web.get(f"{prefix}/health/providers", self.providers),
            web.get(f"{prefix}/healthz", self.healthz),
            web.get(f"{prefix}/-/healthy", self.healthy),
            web.get(f"{prefix}/-/ready", self.ready),
            web.post(f"{prefix}/-/reload", self.reload),
        ]

    async def index(self, _: web.Request) -> web.Response:
        """What fires, and where else to look (HTML)."""
        shown = await firing(self._services.alertmanager)
        return web.Response(text=page(self._services.version, shown), content_type="text/html")

    async def graph(self, request: web.Request) -> web.Response:
        """To where the link of an alert of our own rules leads: its expression, in the Prometheus that answers it."""
        sources = self._services.sources()
        if not sources:
            raise web.HTTPNotFound
        asked = self._source_of(request.query.get("g0.expr", ""))
        source = next((one for one in sources if one.name == asked), sources[0])
        raise web.HTTPFound(URL(source.graph_url(request.rel_url.raw_query_string), encoded=True))

    def _source_of(self, expr: str) -> str:
        """Which source the rule with this expression asks; "" where there is none."""
        return next(
            (
                state.group.source
                for state in self._services.groups()
                if any(expr in (rule.expr, promql_text(rule.expr)) for rule in state.group.rules)
            ),
            "",
        )

    async def metrics(self, request: web.Request) -> web.Response:
        """What Prometheus scrapes; OpenMetrics when it asks for that."""
        body, content_type = await self._services.metrics(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def health(self, _: web.Request) -> web.Response:
        """The health report (JSON); 503 when it is unhealthy."""
        report = await self._services.health()
        unhealthy = report.status is Status.UNHEALTHY
        return web.Response(
            body=msgspec.json.encode(report.document()),
            status=HTTPStatus.SERVICE_UNAVAILABLE if unhealthy else HTTPStatus.OK,
            content_type="application/json",
        )

    async def providers(self, _: web.Request) -> web.Response:
        """How each provider is by the rules that look at it (JSON); 503 when not one of them is usable."""
        found = provider_health(self._services.groups())
        worst = max((one.status for one in found.values()), default=Status.HEALTHY)
        none_left = bool(found) and all(one.status is Status.UNHEALTHY for one in found.values())
        document = {"status": str(worst), "providers": {name: one.document() for name, one in found.items()}}
        return web.Response(
            body=msgspec.json.encode(document),
            status=HTTPStatus.SERVICE_UNAVAILABLE if none_left else HTTPStatus.OK,
            content_type="application/json",
        )

    async def healthz(self, _: web.Request) -> web.Response:
        """200 as long as requests are answered at all."""
        return web.Response(text="ok")

    async def healthy(self, _: web.Request) -> web.Response:
        """As Alertmanager answers: 200 as long as requests are answered at all."""
        return web.Response(text="OK")

    async def ready(self, _: web.Request) -> web.Response:
        """200 once alertd does its work; until then 503 and why."""
        if reason := self._services.not_ready():
            return web.Response(text=f"not ready: {reason}", status=HTTPStatus.SERVICE_UNAVAILABLE)
        return web.Response(text="OK")

    async def reload(self, _: web.Request) -> web.Response:
        """200 and nothing, or 500 and every problem of the configuration; then the old one goes on."""
        try:
            await self._services.reload()
        except AlertdError as error:
            text = f"failed to reload config: {error.summary}\n{error}\n"
            return web.Response(text=text, status=HTTPStatus.INTERNAL_SERVER_ERROR)
        return web.Response()
