"""Every route has its row in the table of scopes, and every row its route."""

from __future__ import annotations

import pytest

from alertd.api.scopes import NEEDED, Scope, scope_of
from alertd.api.server import make_app
from tests.support.services import services

PREFIX = "/alertd"
REDIRECTS = {"/", PREFIX}
"""What is answered above the prefix, by leading to it."""


def routes() -> set[tuple[str, str]]:
    """Method and path below the prefix of every route of the server."""
    found = {
        (route.method, route.resource.canonical)
        for route in make_app(services(), prefix=PREFIX).router.routes()
        if route.resource is not None
    }
    return {(method, path.removeprefix(PREFIX)) for method, path in found if path not in REDIRECTS}


def test_every_route_has_a_row() -> None:
    assert {(method, path) for method, path in routes() if method not in NEEDED.get(path, {})} == set()


def test_every_row_has_a_route() -> None:
    paths = {path for _, path in routes()}
    assert set(NEEDED) - paths == set()


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("GET", "/api/v2{path}", Scope.READ),
        ("POST", "/api/v2{path}", Scope.OPERATE),
        ("DELETE", "/api/v2{path}", Scope.OPERATE),
        ("POST", "/api/alertd/v1/receivers/{name}/test", Scope.OPERATE),
        ("POST", "/-/reload", Scope.ADMIN),
        pytest.param("GET", "/somebody/forgot", Scope.ADMIN, id="what has no row needs the highest"),
    ],
)
def test_what_a_route_needs(method: str, path: str, needed: Scope) -> None:
    assert scope_of(method, path) is needed


def test_each_scope_covers_those_before_it() -> None:
    covered = {scope: {needed for needed in Scope if scope.covers(needed)} for scope in Scope}
    assert covered == {
        Scope.READ: {Scope.READ},
        Scope.OPERATE: {Scope.READ, Scope.OPERATE},
        Scope.ADMIN: set(Scope),
    }
