"""`/api/alertd/v1/budgets`: what every scope has spent of its budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aiohttp import web

from alertd.api.answers import answering
from alertd.engine.budgets import budgets
from alertd.engine.state import GroupState


class Budgets:
    """Handlers."""

    def __init__(self, groups: Callable[[], Sequence[GroupState]]) -> None:
        self._groups = groups

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """Every path under `prefix`."""
        return [web.get(f"{prefix}/api/alertd/v1/budgets", answering(self.list))]

    async def list(self, request: web.Request) -> object:
        """`{"budgets": [BudgetRow, ...]}`; with `rule=` only those of rules with that name."""
        rule = request.query.get("rule", "")
        return {"budgets": [row for row in budgets(self._groups()) if rule in ("", row.rule)]}
