"""Prometheus' API about rules: `/api/v1/rules`, `/api/v1/alerts`, `/api/v1/status/buildinfo`, as Grafana reads them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

import msgspec
from aiohttp import web
from multidict import MultiMapping

from alertd.alerts.machine import active
from alertd.api.prometheus_json import GroupJson, alert_json, encode, group_json, rule_json
from alertd.api.services import Services
from alertd.engine.state import GroupState, RuleState
from alertd.errors import AlertdError
from alertd.rules.rule import AlertingRule, RecordingRule

CORS = {
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, Origin",
    "Access-Control-Allow-Methods": "GET, OPTIONS",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Date",
    "Vary": "Origin",
}
"""Given to whoever names an Origin: the answers hold no more than anybody who reaches us may read."""

RULE_TYPES: dict[str, tuple[type, ...]] = {
    "": (AlertingRule, RecordingRule),
    "alert": (AlertingRule,),
    "record": (RecordingRule,),
}
BOOLEANS = {"": False} | dict.fromkeys(("1", "t", "true"), True) | dict.fromkeys(("0", "f", "false"), False)


class ParameterError(AlertdError):
    """A query parameter has a value that means nothing; worded as Prometheus words it."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f'invalid parameter "{name}": {text}')


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesQuery:
    """Which rules are asked for; an empty set asks for all."""

    types: tuple[type, ...] = RULE_TYPES[""]
    rule_names: frozenset[str] = frozenset()
    group_names: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    with_alerts: bool = True

    @classmethod
    def parse(cls, parameters: MultiMapping[str]) -> Self:
        """From the parameters of the URL; others than those of Prometheus are ignored. Raises ParameterError."""
        kind = parameters.get("type", "").lower()
        if kind not in RULE_TYPES:
            raise ParameterError("type", f'not supported value "{parameters["type"]}"')
        exclude = parameters.get("exclude_alerts", "").lower()
        if exclude not in BOOLEANS:
            raise ParameterError(
                "exclude_alerts",
                f'error converting exclude_alerts: strconv.ParseBool: parsing "{exclude}": invalid syntax',
            )
        return cls(
            types=RULE_TYPES[kind],
            rule_names=frozenset(parameters.getall("rule_name[]", ())),
            group_names=frozenset(parameters.getall("rule_group[]", ())),
            files=frozenset(parameters.getall("file[]", ())),
            with_alerts=not BOOLEANS[exclude],
        )

    def wants_group(self, state: GroupState) -> bool:
        return (not self.group_names or state.group.name in self.group_names) and (
            not self.files or state.group.file in self.files
        )

    def wants_rule(self, state: RuleState) -> bool:
        return isinstance(state.rule, self.types) and (not self.rule_names or state.rule.name in self.rule_names)

    def group(self, state: GroupState) -> GroupJson | None:
        """The group with the rules asked for; None when it is not asked for, or none of its rules."""
        if not self.wants_group(state):
            return None
        rules = [rule_json(rule, with_alerts=self.with_alerts) for rule in state.rules if self.wants_rule(rule)]
        return group_json(state, rules) if rules or not state.rules else None


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
        except ParameterError as error:
            return _answer(
                request, {"status": "error", "errorType": "bad_data", "error": str(error)}, HTTPStatus.BAD_REQUEST
            )
        groups = [
            msgspec.Raw(encode(group)) async for state in self._groups() if (group := query.group(state)) is not None
        ]
        return _success(request, {"groups": groups})

    async def alerts(self, request: web.Request) -> web.Response:
        """Every pending and firing alert."""
        alerts = [
            msgspec.Raw(encode(alert_json(alert)))
            async for group in self._groups()
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

    async def _groups(self) -> AsyncIterator[GroupState]:
        """Groups by file and name; others may run between two of them, since thousands of rules take their time."""
        for state in sorted(self._services.groups(), key=lambda state: (state.group.file, state.group.name)):
            yield state
            await asyncio.sleep(0)


def _success(request: web.Request, data: object) -> web.Response:
    return _answer(request, {"status": "success", "data": data})


def _answer(request: web.Request, document: object, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.Response(body=encode(document), status=status, content_type="application/json", headers=_cors(request))


def _cors(request: web.Request) -> dict[str, str]:
    return CORS if "Origin" in request.headers else {}
