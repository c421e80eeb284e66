"""Prometheus' API about rules: `/api/v1/rules`, `/api/v1/alerts`, `/api/v1/status/buildinfo`, as Grafana reads them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

import msgspec
from aiohttp import web

from alertd.alerts.machine import active
from alertd.api.prometheus_json import alert_json, encode
from alertd.api.prometheus_query import ParameterError, RulesQuery, group_token
from alertd.api.services import Services
from alertd.engine.state import GroupState

CORS = {
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, Origin",
    "Access-Control-Allow-Methods": "GET, OPTIONS",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Date",
    "Vary": "Origin",
}
"""Given to whoever names an Origin: the answers hold no more than anybody who reaches us may read."""


class PrometheusV1:
    """Handlers; every answer is `{"status": ...}` in JSON."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """Every path under `prefix`."""
        handlers = {"rules": self.rules, "alerts": self.alerts, "status/buildinfo": self.buildinfo}
        return [
            route
            for path, handler in handlers.items()
            for route in (
                web.get(f"{prefix}/api/v1/{path}", handler),
                web.options(f"{prefix}/api/v1/{path}", self.preflight),
            )
        ]

    async def rules(self, request: web.Request) -> web.Response:
        """Rule groups by file and name, rules in the order of their file."""
        try:
            query = RulesQuery.parse(request.query)
            states = query.from_page(self._groups())
        except ParameterError as error:
            return _answer(
                request, {"status": "error", "errorType": "bad_data", "error": str(error)}, HTTPStatus.BAD_REQUEST
            )
        groups: list[msgspec.Raw] = []
        async for state in _one_by_one(states):
            if (group := query.group(state)) is None:
                continue
            if query.limit and len(groups) == query.limit:
                return _success(request, {"groups": groups, "groupNextToken": group_token(state)})
            groups.append(msgspec.Raw(encode(group)))
        return _success(request, {"groups": groups})

    async def alerts(self, request: web.Request) -> web.Response:
        """Every pending and firing alert."""
        alerts = [
            msgspec.Raw(encode(alert_json(alert)))
            async for group in _one_by_one(self._groups())
            for rule in group.rules
            for alert in active(rule.alerts)
        ]
        return _success(request, {"alerts": alerts})

    async def buildinfo(self, request: web.Request) -> web.Response:
        """Without a key `features`: Grafana then takes us for a Prometheus, whose rules it shows and does not edit."""
        unknown = dict.fromkeys(("revision", "branch", "buildUser", "buildDate", "goVersion"), "")
        return _success(request, {"version": self._services.version, **unknown})

    async def preflight(self, request: web.Request) -> web.Response:
        """What a browser asks before it asks from another site."""
        return web.Response(status=HTTPStatus.NO_CONTENT, headers=_cors(request))

    def _groups(self) -> list[GroupState]:
        """Groups by file and name."""
        return sorted(self._services.groups(), key=lambda state: (state.group.file, state.group.name))


async def _one_by_one(states: list[GroupState]) -> AsyncIterator[GroupState]:
    """Others may run between two groups, since thousands of rules take their time."""
    for state in states:
        yield state
        await asyncio.sleep(0)


def _success(request: web.Request, data: object) -> web.Response:
    return _answer(request, {"status": "success", "data": data})


def _answer(request: web.Request, document: object, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.Response(body=encode(document), status=status, content_type="application/json", headers=_cors(request))


def _cors(request: web.Request) -> dict[str, str]:
    return CORS if "Origin" in request.headers else {}
