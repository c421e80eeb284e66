"""Probes, metrics, health, reload, and what every answer has in common."""

from __future__ import annotations

import pytest
from yarl import URL

from alertd.alerts.sending import generator_url
from alertd.errors import AlertdError
from alertd.query.source import SourceSettings
from alertd.telemetry.health import Status
from tests.api.conftest import Connect
from tests.support.services import groups_of, services


@pytest.mark.parametrize(("path", "text"), [("/healthz", "ok"), ("/-/healthy", "OK"), ("/-/ready", "OK")])
async def test_probes_answer_in_plain_text(connect: Connect, path: str, text: str) -> None:
    answer = await (await connect(services())).get(path)
    assert (answer.status, await answer.text(), answer.content_type) == (200, text, "text/plain")


async def test_a_probe_may_ask_for_the_head_alone(connect: Connect) -> None:
    answer = await (await connect(services())).head("/-/ready")
    assert (answer.status, await answer.read()) == (200, b"")


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("", "text/plain"), ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text")],
)
async def test_metrics_come_in_the_format_that_was_asked_for(connect: Connect, accept: str, content_type: str) -> None:
    answer = await (await connect(services())).get("/metrics", headers={"Accept": accept})
    assert (answer.status, answer.content_type) == (200, content_type)
    assert 'alertd_build_info{pythonversion="' in await answer.text()


async def test_not_ready_says_why(connect: Connect) -> None:
    answer = await (await connect(services(not_ready="the first evaluation is under way"))).get("/-/ready")
    assert (answer.status, await answer.text()) == (503, "not ready: the first evaluation is under way")


@pytest.mark.parametrize(
    ("status", "code"), [(Status.HEALTHY, 200), (Status.DEGRADED, 200), (Status.UNHEALTHY, 503)], ids=str
)
async def test_only_an_unhealthy_report_is_a_failure(connect: Connect, status: Status, code: int) -> None:
    answer = await (await connect(services(status=status))).get("/health")
    assert answer.status == code
    assert await answer.json() == {
        "status": str(status),
        "timestamp": "2026-01-02T03:04:05Z",
        "uptime": 3600,
        "version": "1.2.3",
        "checks": {"storage": {"status": str(status)}},
    }


async def test_a_reload_that_succeeds_answers_nothing(connect: Connect) -> None:
    calls = []

    async def reload() -> None:
        calls.append("reload")

    answer = await (await connect(services(reload=reload))).post("/-/reload")
    assert (answer.status, await answer.read(), calls) == (200, b"", ["reload"])


async def test_a_reload_that_is_refused_answers_every_problem(connect: Connect) -> None:
    async def reload() -> None:
        raise AlertdError("alertd.yml:3:1 route: no receiver\nrules.yml:9:5 groups[0]: no name")

    answer = await (await connect(services(reload=reload))).post("/-/reload")
    assert answer.status == 500
    assert await answer.text() == (
        "failed to reload config: alertd.yml:3:1 route: no receiver\nrules.yml:9:5 groups[0]: no name\n"
        "alertd.yml:3:1 route: no receiver\nrules.yml:9:5 groups[0]: no name\n"
    )


async def test_a_mistake_of_ours_is_not_told_to_the_client(connect: Connect) -> None:
    async def reload() -> None:
        raise KeyError("password=hunter2")

    answer = await (await connect(services(reload=reload))).post("/-/reload")
    assert (answer.status, await answer.text()) == (500, "internal error; see the log")


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        pytest.param("GET", "/nothing", 404, "404 page not found\n", id="unknown path"),
        pytest.param("GET", "/-/reload", 405, "Method Not Allowed\n", id="reload is no GET"),
        pytest.param("PUT", "/-/reload", 405, "Method Not Allowed\n", id="reload is no PUT, as in Alertmanager"),
        pytest.param("DELETE", "/metrics", 405, "Method Not Allowed\n", id="metrics are read"),
    ],
)
async def test_wrong_requests_are_answered_in_text(
    connect: Connect, method: str, path: str, status: int, text: str
) -> None:
    answer = await (await connect(services())).request(method, path)
    assert (answer.status, await answer.text(), answer.content_type) == (status, text, "text/plain")
    assert (answer.status != 405) or "OPTIONS" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        pytest.param("/-/reload", "OPTIONS, POST", id="reload"),
        pytest.param("/-/ready", "GET, HEAD, OPTIONS", id="ready"),
    ],
)
async def test_options_tells_what_a_path_can_be_asked(connect: Connect, path: str, methods: str) -> None:
    answer = await (await connect(services())).request("OPTIONS", path)
    assert (answer.status, await answer.text(), answer.headers["Allow"]) == (200, "", methods)


async def test_the_first_page_links_what_there_is(connect: Connect) -> None:
    client = await connect(services(), prefix="/alertd")
    page = await client.get("/alertd/")
    text = await page.text()
    assert page.content_type == "text/html"
    for path in ("metrics", "health", "api/v1/rules", "api/v1/alerts"):
        assert f'href="{path}"' in text
        assert (await client.get(f"/alertd/{path}")).status == 200


LINKED = "groups: [{name: g, source: other, rules: [{alert: A, expr: 'a + b{c=\"d\"}'}]}]"


@pytest.mark.parametrize(
    ("expr", "there"),
    [
        pytest.param('a + b{c="d"}', "https://graphs.example.com/p", id="of a rule, in the source that it asks, where people reach it"),
        pytest.param("up", "http://prometheus:9090", id="of no rule, in the first source"),
    ],
)  # fmt: skip
async def test_the_link_of_an_alert_leads_to_its_expression_in_prometheus(
    connect: Connect, expr: str, there: str
) -> None:
    sources = [
        SourceSettings(url="http://prometheus:9090/"),
        SourceSettings(name="other", url="http://10.0.0.1", external_url="https://graphs.example.com/p/"),
    ]
    client = await connect(services(groups_of(LINKED), sources=sources), prefix="/alertd")
    link = generator_url(expr, "/alertd")
    answer = await client.get(URL(link, encoded=True), allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (302, generator_url(expr, there))


async def test_without_a_prometheus_the_link_leads_nowhere(connect: Connect) -> None:
    assert (await (await connect(services())).get("/graph?g0.expr=up")).status == 404


@pytest.mark.parametrize("path", ["/", "/metrics", "/nothing", "/api/v1/rules"])
async def test_every_answer_is_hardened_and_names_no_software(connect: Connect, path: str) -> None:
    headers = (await (await connect(services())).get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Server" not in headers


async def test_under_a_prefix_everything_moves_and_the_root_leads_there(connect: Connect) -> None:
    client = await connect(services(), prefix="/pre/")
    assert (await client.get("/pre/-/ready")).status == 200
    assert (await client.get("/-/ready")).status == 404
    root = await client.get("/", allow_redirects=False)
    assert (root.status, root.headers["Location"]) == (302, "/pre/")
