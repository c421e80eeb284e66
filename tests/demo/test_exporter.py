"""What Prometheus scrapes from the simulated gateway."""

from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from alertd.clock import SimulatedClock
from alertd.demo.exporter import SPEED, Exporter, exposition
from alertd.demo.scenario import Scenario, TenantCounters
from alertd.demo.trace import load_trace
from alertd.demo.web import serving
from alertd.errors import AlertdError

COUNTERS = TenantCounters(
    tenant="t", model="m-large", backend="provider-a", answered=7, failed=3, input_tokens=100, output_tokens=20
)


def samples(text: bytes) -> dict[tuple[str, str], float]:
    """Value by name and by the label that tells the samples of that name apart."""
    return {
        (sample.name, sample.labels.get("status") or sample.labels.get("gen_ai_token_type", "")): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_counters_are_shown_as_agentgateway_shows_them():
    usage = "agentgateway_gen_ai_client_token_usage"
    assert samples(exposition([COUNTERS])) == {
        ("agentgateway_requests_total", "200"): 7,
        ("agentgateway_requests_total", "503"): 3,
        (f"{usage}_sum", "input"): 100,
        (f"{usage}_sum", "output"): 20,
        (f"{usage}_count", "input"): 7,
        (f"{usage}_count", "output"): 7,
        (f"{usage}_bucket", "input"): 7,
        (f"{usage}_bucket", "output"): 7,
    }


async def test_traffic_stands_still_until_it_begins_and_then_runs_faster_than_the_clock():
    clock = SimulatedClock(datetime(2026, 1, 5, tzinfo=UTC))
    scenario = Scenario(load_trace())
    exporter = Exporter(scenario, clock=clock)

    async with serving(exporter.app) as url, aiohttp.ClientSession() as session:

        async def scrape() -> bytes:
            async with session.get(f"{url}/metrics") as response:
                assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
                return await response.read()

        assert not exporter.scraped.is_set()
        await clock.advance(timedelta(seconds=100))
        assert await scrape() == exposition(scenario.counters(0))
        assert exporter.scraped.is_set()
        exporter.begin()
        await clock.advance(timedelta(seconds=10))
        assert await scrape() == exposition(scenario.counters(10 * SPEED))


async def test_a_port_that_is_taken_is_named():
    async with serving(web.Application()) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(AlertdError, match=f"cannot listen on 127.0.0.1:{port}: .*in use"):
            async with serving(web.Application(), port=port):
                pass
