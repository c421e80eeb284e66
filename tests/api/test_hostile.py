"""Hostile texts at every door: in paths, parameters and headers. Nothing breaks, and nothing of them becomes markup or a header."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from alertd.api.auth import Access
from alertd.api.auth_middleware import Gate
from alertd.api.server import SECURITY_HEADERS, make_app
from alertd.api.web_settings import AccessSettings, RateLimitSettings, WebFile
from alertd.clock import SimulatedClock
from tests.support.services import AT, services

TEXTS = (
    '<script>alert("x")</script>',
    "<!channel> <@U0123>",
    "a\r\nX-Injected: yes",
    "\x00\x1b[31m\x7f",
    "\u202e\u2028\U0001f600",
    "../../etc/passwd",
    "%s %n {{ .Labels }} ${HOME}",
    "' OR 1=1 --",
    "(" * 100,
    "x" * 500,
)
PARAMETERS = (
    "filter",
    "receiver",
    "active",
    "type",
    "rule_name[]",
    "match[]",
    "since",
    "limit",
    "state",
    "fingerprint",
)
TOKEN = "0123456789abcdef"


def requests(text: str) -> list[tuple[str, str]]:
    """Every route, with the text in place of what is variable in its path."""
    written = quote(text, safe="")
    found = set()
    for route in make_app(services()).router.routes():
        assert route.resource is not None
        path = route.resource.canonical.replace("{path}", f"/{written}")
        for name in ("fingerprint", "name"):
            path = path.replace(f"{{{name}}}", written)
        methods = ("GET", "POST", "PUT", "DELETE") if route.method == "*" else (route.method,)
        found |= {(method, path) for method in methods}
    found |= {("GET", f"/api/v2/{path}") for path in ("alerts", "alerts/groups", "silences", f"silence/{written}")}
    return sorted(found | {("GET", f"/{written}"), ("DELETE", f"/api/v2/silence/{written}")})


@pytest.mark.parametrize("is_guarded", [False, True], ids=["open", "guarded"])
@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
async def test_hostile_texts_are_answered_and_never_become_markup_or_headers(text: str, is_guarded: bool) -> None:
    access = AccessSettings.model_validate(
        {"tokens": [{"name": "eye", "scope": "read", "token": TOKEN}]} if is_guarded else {}
    )
    gate = Gate(Access.from_settings(WebFile(), access), RateLimitSettings(), monotonic=SimulatedClock(AT).monotonic)
    in_a_header = text.encode().decode("latin-1").translate(dict.fromkeys([*range(32), 127]))
    headers = {"Origin": in_a_header, "X-Forwarded-Host": in_a_header, "Accept": in_a_header}
    async with TestClient[Any, Any](TestServer(make_app(services(), gate=gate))) as client:
        for credentials in ({"Authorization": f"Bearer {TOKEN}"}, {"Authorization": in_a_header}):
            for method, path in requests(text):
                query = "&".join(f"{name}={quote(text, safe='')}" for name in PARAMETERS)
                url = URL(f"{client.make_url('')}".rstrip("/") + f"{path}?{query}", encoded=True)
                async with client.session.request(method, url, headers=headers | credentials) as answer:
                    body = await answer.text(errors="replace")
                    assert answer.status < 500, (method, path, body)
                    assert "X-Injected" not in answer.headers
                    assert not [value for value in answer.headers.values() if in_a_header in value]
                    assert answer.content_type != "text/html" or text not in body
                    assert answer.headers.keys() >= SECURITY_HEADERS.keys()
    gate.close()
