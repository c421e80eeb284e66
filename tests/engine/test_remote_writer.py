"""`RemoteWriter` loses nothing it need not lose, keeps the order, and never holds anybody up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import cramjam
import pytest
from aiohttp import web

from alertd.clock import Clock, SimulatedClock, SystemClock
from alertd.engine.remote_writer import RemoteWriter
from alertd.http import new_session
from alertd.labels import LabelSet
from alertd.query.prometheus import PrometheusSource
from alertd.query.remote_write import RemoteWriteSettings, SeriesSample
from alertd.query.source import SourceSettings
from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.servers import Scripted, answer, hang, hang_up, nobody_listens, scripted
from tests.support.waiting import until

AT = datetime(2026, 1, 2, tzinfo=UTC)
LONG, SHORT = timedelta(seconds=20), timedelta(milliseconds=50)
OK = answer(status=204)


class Latest(Random):
    """Waits are as long as they may become."""

    def random(self) -> float:
        return 1.0


def sample(name: str, *, seconds: float = 0, value: float = 1.0) -> SeriesSample:
    return SeriesSample(labels=LabelSet({"__name__": name}), value=value, at=AT + timedelta(seconds=seconds))


@asynccontextmanager
async def writing(*urls: str, clock: Clock | None = None, **settings: Any) -> AsyncIterator[RemoteWriter]:
    """A writer that runs; cancelled at the end."""
    targets = [RemoteWriteSettings.model_validate({"url": url, **settings}) for url in urls]
    async with new_session() as session:
        writer = RemoteWriter(targets, session, clock=clock or SystemClock(), random=Latest())
        running = asyncio.create_task(writer.run())
        try:
            yield writer
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def names(server: Scripted) -> list[list[str]]:
    """Per request the names of the series in it, in order."""
    return [sorted(_names(bytes(cramjam.snappy.decompress_raw(asked.body)))) for asked in server.asked]


def _names(message: bytes) -> list[str]:
    return [part[2 : 2 + part[1]].decode() for part in message.split(b"__name__")[1:]]


async def test_what_is_flushed_can_be_queried_from_prometheus() -> None:
    async with LocalPrometheus() as prometheus, new_session() as session:
        source = PrometheusSource(SourceSettings(url=prometheus.url), session)
        async with writing(f"{prometheus.url}/api/v1/write") as writer:
            await writer.write([sample("one", value=7)])
            assert await writer.flush(LONG)
            got = await source.instant("one", AT)

    assert got.values.tolist() == [7.0]
    assert writer.targets[0].counters.written == 1


async def test_one_bad_sample_does_not_take_the_others_with_it() -> None:
    async with LocalPrometheus() as prometheus, new_session() as session:
        await prometheus.write([sample("m3", seconds=5)])
        source = PrometheusSource(SourceSettings(url=prometheus.url), session)
        async with writing(f"{prometheus.url}/api/v1/write") as writer:
            await writer.write([sample(f"m{number}") for number in range(8)])
            assert await writer.flush(LONG)
            got = await source.instant("count({__name__=~'m.*'})", AT + timedelta(seconds=1))

    assert got.values.tolist() == [7.0]
    assert writer.targets[0].counters.written == 7
    assert writer.targets[0].counters.dropped == {"refused": 1}


async def test_a_request_says_what_it_is() -> None:
    async with scripted(OK) as server, writing(server.url + "/w", headers={"X-Scope-OrgID": "team"}) as writer:
        await writer.write([sample("a")])
        assert await writer.flush(LONG)

    (asked,) = server.asked
    assert (asked.method, asked.path, asked.headers["X-Scope-OrgID"]) == ("POST", "/w", "team")
    assert asked.headers["Content-Encoding"] == "snappy"
    assert asked.headers["Content-Type"] == "application/x-protobuf"
    assert asked.headers["X-Prometheus-Remote-Write-Version"] == "0.1.0"


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(answer(status=500), id="HTTP 500"),
        pytest.param(answer(status=429), id="HTTP 429"),
        pytest.param(hang_up, id="a lost connection"),
    ],
)
async def test_a_failure_is_tried_again_in_order(failure: Any) -> None:
    clock = SimulatedClock(AT)
    async with (
        scripted(failure, failure, OK) as server,
        writing(server.url, clock=clock, queue_config={"max_samples_per_send": 2}) as writer,
    ):
        await writer.write([sample(name) for name in "abc"])
        await until(lambda: writer.targets[0].counters.written == 3, clock=clock)

    assert names(server) == [["a", "b"], ["a", "b"], ["a", "b"], ["c"]]
    assert writer.targets[0].counters.retries == 2


async def test_retry_after_is_heeded() -> None:
    clock = SimulatedClock(AT)
    async with (
        scripted(answer(status=503, Retry_After="120"), OK) as server,
        writing(server.url, clock=clock) as writer,
    ):
        await writer.write([sample("a")])
        assert not await writer.flush(LONG)
        await clock.advance(timedelta(seconds=119))
        assert len(server.asked) == 1
        await clock.advance(timedelta(seconds=1))
        await until(lambda: writer.targets[0].counters.written)

    assert len(server.asked) == 2


async def test_what_is_refused_for_good_is_dropped_and_the_rest_goes_on() -> None:
    async with scripted(answer("bad", status=400), OK) as server, writing(server.url) as writer:
        await writer.write([sample("a")])
        assert await writer.flush(LONG)
        await writer.write([sample("b")])
        assert await writer.flush(LONG)

    assert names(server) == [["a"], ["b"]]
    assert writer.targets[0].counters.dropped == {"refused": 1}


async def test_looking_for_bad_samples_ends() -> None:
    async with scripted(answer("all bad", status=400)) as server, writing(server.url) as writer:
        await writer.write([sample(f"m{number}") for number in range(1000)])
        assert await writer.flush(LONG)

    assert len(server.asked) <= 2 * 16 + 1
    assert writer.targets[0].counters.dropped == {"refused": 1000}


async def test_a_full_queue_drops_the_oldest() -> None:
    async with scripted(hang) as server, writing(server.url, queue_config={"capacity": 3}) as writer:
        await writer.write([sample(name) for name in "abcde"])
        await server.arrived.wait()

    assert writer.targets[0].counters.dropped == {"queue_full": 2, "stopped": 3}


async def test_a_queue_that_overflows_during_a_request_loses_nothing_twice() -> None:
    release = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        await release.wait()
        return await OK(request)

    limits = {"capacity": 4, "max_samples_per_send": 3}
    async with scripted(slow) as server, writing(server.url, queue_config=limits) as writer:
        await writer.write([sample(name) for name in "abcd"])
        await server.arrived.wait()  # a, b, c are under way
        await writer.write([sample(name) for name in "ef"])  # a and b fall out meanwhile
        release.set()
        assert await writer.flush(LONG)

    assert names(server) == [["a", "b", "c"], ["d", "e", "f"]]


async def test_a_series_goes_forward_in_time_only() -> None:
    async with scripted(OK) as server, writing(server.url) as writer:
        await writer.write([sample("a", seconds=60), sample("a", seconds=60, value=2), sample("a")])
        assert await writer.flush(LONG)

    assert names(server) == [["a"]]
    assert writer.targets[0].counters.dropped == {"out_of_order": 2}


async def test_a_target_that_is_down_is_not_waited_for() -> None:
    with nobody_listens() as port:
        async with writing(f"http://127.0.0.1:{port}/write") as writer:
            await writer.write([sample("a")])

            assert not await writer.flush(LONG)


async def test_a_slow_target_is_waited_for_up_to_the_limit() -> None:
    async with scripted(hang) as server, writing(server.url) as writer:
        await writer.write([sample("a")])

        assert not await writer.flush(SHORT)


async def test_nothing_to_flush() -> None:
    async with scripted(OK) as server, writing(server.url) as writer:
        assert await writer.flush(SHORT)


async def test_targets_do_not_wait_for_each_other() -> None:
    async with scripted(hang) as stuck, scripted(OK) as healthy, writing(stuck.url, healthy.url) as writer:
        await writer.write([sample("a")])
        assert await writer.targets[1].flush(LONG)

    assert [target.counters.written for target in writer.targets] == [0, 1]


async def test_stopping_writes_what_is_queued() -> None:
    async with scripted(OK) as server, new_session() as session:
        settings = [RemoteWriteSettings(url=server.url)]
        writer = RemoteWriter(settings, session, clock=SystemClock(), random=Random())
        await writer.write([sample("a")])
        running = asyncio.create_task(writer.run())

        await writer.stop(LONG)
        await running

    assert names(server) == [["a"]]


async def test_stopping_ends_a_request_that_hangs() -> None:
    async with scripted(hang) as server, new_session() as session:
        settings = [RemoteWriteSettings(url=server.url)]
        writer = RemoteWriter(settings, session, clock=SystemClock(), random=Random())
        running = asyncio.create_task(writer.run())
        await writer.write([sample("a")])
        await server.arrived.wait()

        await writer.stop(SHORT)
        await running

    assert writer.targets[0].counters.dropped == {"stopped": 1}
