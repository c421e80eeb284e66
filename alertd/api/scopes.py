"""What a caller may do: three scopes, and which one each route needs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Scope(StrEnum):
    """Each covers those before it."""

    READ = "read"  # see everything
    OPERATE = "operate"  # and post alerts, silence, acknowledge, test receivers
    ADMIN = "admin"  # and change how alertd runs

    def covers(self, needed: Scope) -> bool:
        """Whether whoever has this one may do what needs `needed`."""
        scopes = list(Scope)
        return scopes.index(self) >= scopes.index(needed)


_SEEN: Mapping[str, Scope] = MappingProxyType({"GET": Scope.READ, "HEAD": Scope.READ})
_SHARED: Mapping[str, Scope] = MappingProxyType({**_SEEN, "OPTIONS": Scope.READ})

NEEDED: Mapping[str, Mapping[str, Scope]] = MappingProxyType({
    "/": _SEEN,
    "/graph": _SEEN,
    "/metrics": _SEEN,
    "/health": _SEEN,
    "/health/providers": _SEEN,
    "/healthz": _SEEN,
    "/-/healthy": _SEEN,
    "/-/ready": _SEEN,
    "/-/reload": {"POST": Scope.ADMIN},
    "/api/v1/rules": _SHARED,
    "/api/v1/alerts": {**_SHARED, "POST": Scope.OPERATE},
    "/api/v1/status/buildinfo": _SHARED,
    "/api/v2{path}": {**_SHARED, "*": Scope.OPERATE},
    "/api/alertd/v1/explain/{fingerprint}": _SEEN,
    "/api/alertd/v1/alerts/{fingerprint}/chart.svg": _SEEN,
    "/api/alertd/v1/alerts/{fingerprint}/chart.png": _SEEN,
    "/api/alertd/v1/budgets": _SEEN,
    "/api/alertd/v1/history": _SEEN,
    "/api/alertd/v1/deliveries": _SEEN,
    "/api/alertd/v1/feedback": {"POST": Scope.OPERATE},
    "/api/alertd/v1/receivers/{name}/test": {"POST": Scope.OPERATE},
})  # fmt: skip
"""The scope by path, as it was declared below the prefix, and method; `*`: every other method."""


def scope_of(method: str, path: str) -> Scope:
    """What a route needs, by the table; one without a row needs the highest scope."""
    methods = NEEDED.get(path, {})
    return methods.get(method) or methods.get("*") or Scope.ADMIN
