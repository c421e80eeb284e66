"""Requests are measured under the names Alertmanager's dashboards read."""

from __future__ import annotations

from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from alertd.api.server import make_app
from alertd.telemetry.alertmanager import AlertmanagerRequests
from tests.support.services import services

DURATION = "alertmanager_http_request_duration_seconds_count"
IN_FLIGHT = "alertmanager_http_requests_in_flight"


async def test_requests_are_counted_by_path_method_and_status() -> None:
    registry = CollectorRegistry()
    app = make_app(services(), prefix="/alertd", requests=AlertmanagerRequests(registry))

    def answers(handler: str, method: str, code: int) -> float | None:
        return registry.get_sample_value(DURATION, {"handler": handler, "method": method, "code": str(code)})

    async with TestClient(TestServer(app)) as client:
        for path in ("/-/healthy", "/-/healthy", "/api/v2/silence/7c1b0a3e-0000-4000-8000-000000000000", "/nowhere"):
            await client.get(f"/alertd{path}")
        await client.get("/alertd", allow_redirects=False)
        await client.request("PROPFIND", "/alertd/-/healthy")
    assert answers("/-/healthy", "get", 200) == 2
    assert answers("/api/v2/silence/", "get", 404) == 1, "what varies in a path makes no series"
    assert answers("/", "get", 404) == 1
    assert answers("/", "get", 302) == 1
    assert registry.get_sample_value(IN_FLIGHT, {"method": "get"}) == 0
    assert registry.get_sample_value(IN_FLIGHT, {"method": "other"}) == 0
