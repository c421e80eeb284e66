"""Remote write 1.0: samples -> the body of one request. Pure; who sends it is `engine/remote_writer.py`.

source   prometheus.io/docs/specs/prw/remote_write_spec: a snappy block of the protobuf message
         WriteRequest{ repeated TimeSeries timeseries = 1 }
         TimeSeries{ repeated Label labels = 1; repeated Sample samples = 2 }
         Label{ string name = 1; string value = 2 }   Sample{ double value = 1; int64 timestamp = 2 }
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import cramjam
from pydantic import Field, field_validator

from alertd import __version__
from alertd.http import HttpSettings
from alertd.labels import LabelSet
from alertd.query.recent import Recent
from alertd.query.source import server_url
from alertd.query.unix_time import unix_ms
from alertd.settings import Duration, SecretText, Settings

HEADERS: Mapping[str, str] = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "User-Agent": f"alertd/{__version__}",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}

# The NaN that ends a series; a Python float could not carry these bits safely.
_STALE = struct.pack("<Q", 0x7FF0000000000002)


class QueueSettings(Settings):
    """`queue_config:` of a remote write target."""

    capacity: int = Field(
        default=100_000, ge=1, description="samples kept while the target is down; beyond it the oldest are dropped"
    )
    max_samples_per_send: int = Field(default=2000, ge=1, description="most samples in one request")
    max_backoff: Duration = Field(default=timedelta(seconds=30), description="longest wait before trying again")


class RemoteWriteSettings(HttpSettings):
    """One entry of `remote_write:`, in the shape of Prometheus' own."""

    url: str = Field(description="where samples are written, such as http://localhost:9090/api/v1/write")
    name: str = Field(default="", description="what logs and metrics call it; the host where it is not given")
    remote_timeout: Duration = Field(default=timedelta(seconds=30), description="longest wait for one request")
    headers: dict[str, SecretText] = Field(
        default_factory=dict, description="further headers, such as X-Scope-OrgID; values are never shown"
    )
    queue_config: QueueSettings = Field(default=QueueSettings(), description="what is kept while the target is down")

    @field_validator("url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        server_url(value)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSample:
    """One value of one series; `stale` ends the series at `at`, whatever the value."""

    labels: LabelSet
    value: float
    at: datetime
    stale: bool = False


class TimeOrder:
    """Lets a sample through only if it is newer than the last one of its series.

    A receiver refuses a whole request for one sample that is not. Two rules can write the same series at one time:
    the first wins, as in Prometheus' own storage.
    """

    def __init__(self, size: int = 200_000) -> None:
        self._newest: Recent[LabelSet, datetime] = Recent(size)

    def newer(self, samples: Iterable[SeriesSample]) -> list[SeriesSample]:
        """Those of `samples` that may be written, in their order."""
        taken = []
        for sample in samples:
            newest = self._newest.get(sample.labels)
            if newest is None or sample.at > newest:
                self._newest.put(sample.labels, sample.at)
                taken.append(sample)
        return taken


def encode(samples: Iterable[SeriesSample]) -> bytes:
    """The body of a request: each series once, its samples by time; labels without empty values, sorted."""
    series: dict[LabelSet, list[SeriesSample]] = {}
    for sample in samples:
        series.setdefault(sample.labels, []).append(sample)
    message = b"".join(_field(1, _time_series(labels, values)) for labels, values in series.items())
    return bytes(cramjam.snappy.compress_raw(message))


def _time_series(labels: LabelSet, samples: list[SeriesSample]) -> bytes:
    parts = [_field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in labels.items()]
    samples.sort(key=lambda sample: sample.at)
    return b"".join(parts + [_field(2, _sample(sample)) for sample in samples])


def _sample(sample: SeriesSample) -> bytes:
    value = _STALE if sample.stale else struct.pack("<d", sample.value)
    # 0x09: field 1, 64 bits; 0x10: field 2, varint
    return b"\x09" + value + b"\x10" + _varint(unix_ms(sample.at))


def _field(number: int, data: bytes) -> bytes:
    """A field of given length: its key (wire type 2), the length, the data."""
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1  # a negative number is sent as its two's complement
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
