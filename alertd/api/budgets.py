"""`/api/alertd/v1/budgets`: what every scope has spent of its budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from alertd.api.answers import answering
from alertd.deferred import deferred
from alertd.engine.state import GroupState

if TYPE_CHECKING:
    from alertd.engine import budgets
else:
    budgets = deferred("alertd.engine.budgets")


class Budgets:
    """Handlers."""

    def __init__(self, groups: Callable[[], Sequence[GroupState]]) -> None:
        self._groups = groups

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """Every path under `prefix`."""
        return [web.get(f"{prefix}/api/alertd/v1/budgets", answering(self.list))]

    async def list(self, request: web.Request) -> object:
        """`{"budgets": [BudgetRow, ...]}`; with `rule=` only those of rules with that name."""
        rule, groups = request.query.get("rule", ""), self._groups()
        if not groups:
            return {"budgets": []}
        return {"budgets": [row for row in budgets.budgets(groups) if rule in ("", row.rule)]}
