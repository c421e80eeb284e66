"""The bytes of remote write, and that real receivers read them as they were meant."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alertd.http import HttpClient, new_session
from alertd.labels import LabelSet
from alertd.query.prometheus import PrometheusSource
from alertd.query.remote_write import HEADERS, RemoteWriteSettings, SeriesSample, TimeOrder, encode
from alertd.query.source import SourceSettings
from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.servers import make_visible, victoria_metrics

AT = datetime(2026, 1, 2, tzinfo=UTC)
M = LabelSet({"a": "b", "__name__": "m"})


def sample(value: float = 1.0, *, seconds: float = 0, labels: LabelSet = M, stale: bool = False) -> SeriesSample:
    return SeriesSample(labels=labels, value=value, at=AT + timedelta(seconds=seconds), stale=stale)


def test_the_bytes_of_one_sample() -> None:
    at = datetime(1970, 1, 1, 0, 0, 0, 300_900, tzinfo=UTC)
    body = encode([SeriesSample(labels=M, value=1.5, at=at)])

    assert bytes(cramjam.snappy.decompress_raw(body)) == (
        b"\x0a\x25"  # timeseries, 37 bytes
        b"\x0a\x0d" b"\x0a\x08__name__" b"\x12\x01m"
        b"\x0a\x06" b"\x0a\x01a" b"\x12\x01b"
        b"\x12\x0c" b"\x09" + struct.pack("<d", 1.5) + b"\x10\xac\x02"  # 300 ms: cut off, not rounded
    )  # fmt: skip


def test_a_stale_marker_has_exactly_the_bits_prometheus_looks_for() -> None:
    message = bytes(cramjam.snappy.decompress_raw(encode([sample(stale=True)])))

    assert b"\x09\x02\x00\x00\x00\x00\x00\xf0\x7f\x10" in message


Decoded = dict[tuple[tuple[str, str], ...], list[tuple[float, int]]]


def _decode(body: bytes) -> Decoded:
    """An independent reading of the message: fields by number, nothing assumed about their order."""
    series: Decoded = {}
    for _, one in _fields(bytes(cramjam.snappy.decompress_raw(body))):
        labels, samples = [], []
        for number, data in _fields(one):
            inner = dict(_fields(data))
            if number == 1:
                labels.append((inner.get(1, b"").decode(), inner.get(2, b"").decode()))
            else:
                samples.append((struct.unpack("<d", inner[1])[0], inner[2]))
        assert tuple(labels) not in series
        series[tuple(labels)] = samples
    return series


def _fields(data: bytes) -> list[tuple[int, Any]]:
    found, at = [], 0
    while at < len(data):
        key, at = _varint(data, at)
        if key & 7 == 1:
            value: Any = data[at : at + 8]
            at += 8
        elif key & 7 == 0:
            value, at = _varint(data, at)
        else:
            length, at = _varint(data, at)
            value = data[at : at + length]
            at += length
        found.append((key >> 3, value))
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return number, at


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
SAMPLES = st.lists(
    st.builds(
        sample,
        st.floats(allow_nan=False),
        seconds=st.integers(0, 10**6),
        labels=st.builds(LabelSet, st.dictionaries(TEXT, TEXT, max_size=4)),
    )
)


@given(SAMPLES)
def test_every_sample_is_in_the_message_once_by_series_and_time(samples: list[SeriesSample]) -> None:
    expected: Decoded = {}
    for one in sorted(samples, key=lambda one: one.at):
        expected.setdefault(tuple(one.labels.items()), []).append((one.value, round(one.at.timestamp() * 1000)))

    decoded = _decode(encode(samples))

    assert decoded == expected
    assert all(list(labels) == sorted(labels) for labels in decoded)


async def test_prometheus_reads_values_and_stale_markers() -> None:
    other = LabelSet({"__name__": "m", "a": 'ü\n"'})
    written = [
        sample(1.0),
        sample(2.5, labels=other),
        sample(math.inf, seconds=60),
        sample(seconds=60, labels=other, stale=True),
    ]
    async with LocalPrometheus() as prometheus, new_session() as session:
        await prometheus.write(written)
        source = PrometheusSource(SourceSettings(url=prometheus.url), session)
        before, after = [await source.instant("m", AT + timedelta(seconds=seconds)) for seconds in (59, 60)]

    assert dict(before.samples()) == {M: 1.0, other: 2.5}
    assert dict(after.samples()) == {M: math.inf}


async def test_victoria_metrics_reads_values_and_stale_markers() -> None:
    other = LabelSet({"__name__": "m", "a": "c"})
    written = [
        sample(1.0),
        sample(2.5, labels=other),
        sample(3.0, seconds=60),
        sample(seconds=60, labels=other, stale=True),
    ]
    async with victoria_metrics() as url, new_session() as session:
        answer = await HttpClient(session).request("POST", f"{url}/api/v1/write", data=encode(written), headers=HEADERS)
        await make_visible(url)
        source = PrometheusSource(SourceSettings(url=url), session)
        before, after = [await source.instant("m", AT + timedelta(seconds=seconds)) for seconds in (30, 60)]

    assert answer.ok
    assert dict(before.samples()) == {M: 1.0, other: 2.5}
    assert dict(after.samples()) == {M: 3.0}


def test_only_newer_samples_of_a_series_pass() -> None:
    order, other = TimeOrder(), LabelSet({"__name__": "n"})
    given_ = [sample(1), sample(2), sample(3, seconds=1), sample(4, labels=other), sample(5, seconds=0.5)]

    assert [one.value for one in order.newer(given_)] == [1, 3, 4]
    assert order.newer([sample(6, seconds=1)]) == []


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        pytest.param({"url": "here"}, "must be an http:// or https:// URL", id="no URL"),
        pytest.param({"url": "http://u:p@h/w"}, "give them as basic_auth", id="a password in the URL"),
        pytest.param({"url": "http://h/w", "queue_config": {"capacity": 0}}, "greater than or equal", id="no queue"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        RemoteWriteSettings.model_validate(settings)


def test_settings_hide_header_values() -> None:
    settings = RemoteWriteSettings.model_validate({"url": "http://h/api/v1/write?x=y", "headers": {"X-Key": "hush"}})

    assert "hush" not in repr(settings)
    assert settings.headers["X-Key"].reveal() == "hush"
