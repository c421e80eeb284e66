"""The series of a measurement: a fleet of AI gateways with its tenants, written by remote write.

The last minutes of it lie in the future, so that nothing has to feed Prometheus while something is measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import product

import cramjam
import numpy as np
from numpy.typing import NDArray

from tests.bench.support.datasource import Datasource

STEP = timedelta(seconds=15)
PAST = timedelta(minutes=70)
FUTURE_LIMIT = timedelta(minutes=50)
"""Prometheus refuses samples over an hour older than its newest: the ALERTS it writes now must not be."""

TENANTS = 195
PODS_PER_POOL = 4
POOLS = 15
PROVIDERS = ("anthropic", "azure", "bedrock", "openai", "vertex")
MODELS = tuple(f"model-{number}" for number in range(10))
CODES = ("200", "429", "500", "503")
BUCKETS = ("0.1", "0.25", "0.5", "1", "2", "4", "8", "15", "30", "60", "120", "+Inf")

_STEPS_PER_WRITE = 20
_SERIES_PER_WRITE = 2_000


class Shape(Enum):
    """How the values of a series go on."""

    COUNTER = "counter"  # grows by about `level` per second
    GAUGE = "gauge"  # stays near `level`
    CONSTANT = "constant"  # is `level`


@dataclass(frozen=True, slots=True)
class Series:
    """One series; those of one `family` (the buckets of a histogram) share their noise, so that they stay cumulative."""

    labels: Mapping[str, str]
    shape: Shape
    level: float
    family: str = ""


def tenant(number: int) -> str:
    """Name of a tenant."""
    return f"tenant-{number:03d}"


def fleet(tenants: int) -> list[Series]:
    """All series: about 128 for each tenant, and 840 of the pods."""
    series = [one for number in range(tenants) for one in _tenant_series(tenant(number))]
    pods = product(range(POOLS), range(PODS_PER_POOL))
    return series + [one for pool, pod in pods for one in _pod_series(f"pool-{pool}", f"gateway-{pool}-{pod}")]


def _tenant_series(tenant: str) -> Iterator[Series]:
    for model, kind in product(MODELS, ("input", "output")):
        yield _series("llm_tokens_total", Shape.COUNTER, 400, tenant=tenant, model=model, type=kind)
    for model in MODELS:
        yield _series("llm_cost_usd_total", Shape.COUNTER, 0.02, tenant=tenant, model=model)
    for provider, code in product(PROVIDERS, CODES):
        level = 4 if code == "200" else 0.03
        yield _series("llm_requests_total", Shape.COUNTER, level, tenant=tenant, provider=provider, code=code)
    for provider in PROVIDERS:
        yield from _histogram("llm_request_duration_seconds", 4, tenant=tenant, provider=provider)
        yield _series("llm_inflight_requests", Shape.GAUGE, 10, tenant=tenant, provider=provider)
    yield _series("llm_cache_hits_total", Shape.COUNTER, 3, tenant=tenant)
    yield _series("llm_cache_misses_total", Shape.COUNTER, 2, tenant=tenant)
    yield _series("llm_budget_used_ratio", Shape.GAUGE, 0.5, tenant=tenant)


def _pod_series(pool: str, pod: str) -> Iterator[Series]:
    yield _series("gateway_up", Shape.CONSTANT, 1, pool=pool, pod=pod)
    yield _series("gateway_budget_debit_outbox_depth", Shape.GAUGE, 200, pool=pool, pod=pod)
    yield _series("gateway_budget_debit_outbox_capacity", Shape.CONSTANT, 10_000, pool=pool, pod=pod)
    yield _series("gateway_budget_debit_outbox_4xx_drops_total", Shape.CONSTANT, 0, pool=pool, pod=pod)
    for tier in ("l1", "l2"):
        yield _series("gateway_auth_cache_hits_total", Shape.COUNTER, 20, pool=pool, pod=pod, tier=tier)
        yield _series("gateway_auth_cache_misses_total", Shape.COUNTER, 1, pool=pool, pod=pod, tier=tier)
    for provider in PROVIDERS:
        yield _series("gateway_circuit_state", Shape.CONSTANT, 0, pool=pool, pod=pod, provider=provider)
    yield _series("gateway_mcp_requests_total", Shape.COUNTER, 8, pool=pool, pod=pod)


def _series(name: str, shape: Shape, level: float, **labels: str) -> Series:
    return Series({"__name__": name, "job": "gateway", **labels}, shape, level)


def _histogram(name: str, level: float, **labels: str) -> Iterator[Series]:
    family = f"{name}{sorted(labels.items())}"
    shared = {"job": "gateway", **labels}
    for place, bound in enumerate(BUCKETS, start=1):
        share = place / len(BUCKETS)
        yield Series({"__name__": f"{name}_bucket", **shared, "le": bound}, Shape.COUNTER, level * share, family)
    yield Series({"__name__": f"{name}_count", **shared}, Shape.COUNTER, level, family)
    yield Series({"__name__": f"{name}_sum", **shared}, Shape.COUNTER, level * 3, family)


async def write(source: Datasource, series: Sequence[Series], *, now: datetime, future: timedelta) -> int:
    """Write all samples from `PAST` ago to `future` from now; returns their number. The same values in every run."""
    first = int((now - PAST).timestamp() // STEP.total_seconds() * STEP.total_seconds())
    steps = int((PAST + future) / STEP)
    labels = [encode_labels(one.labels) for one in series]
    values = _Values(series)
    for start in range(0, steps, _STEPS_PER_WRITE):
        count = min(_STEPS_PER_WRITE, steps - start)
        times = first + np.arange(start, start + count) * int(STEP.total_seconds())
        await write_values(source, labels, times, values.next(count))
    return steps * len(series)


async def write_values(
    source: Datasource, labels: Sequence[bytes], times: NDArray[np.int64], values: NDArray[np.float64]
) -> None:
    """Write values [series, times]; labels as `encode_labels` made them, times in whole unix seconds."""
    samples = _encode_samples(values, times)
    for part in range(0, len(labels), _SERIES_PER_WRITE):
        until = part + _SERIES_PER_WRITE
        message = b"".join(map(_time_series, labels[part:until], samples[part:until]))
        await source.write(bytes(cramjam.snappy.compress_raw(message)))


class _Values:
    """Values of all series, some steps at a time."""

    def __init__(self, series: Sequence[Series]) -> None:
        self._random = np.random.default_rng(7)
        families = {
            name: row for row, name in enumerate(dict.fromkeys(one.family or str(i) for i, one in enumerate(series)))
        }
        self._family = np.array([families[one.family or str(i)] for i, one in enumerate(series)])
        self._families = len(families)
        self._is_counter = np.array([one.shape is Shape.COUNTER for one in series])
        self._is_constant = np.array([one.shape is Shape.CONSTANT for one in series])
        level = np.array([one.level for one in series])
        spread = self._random.lognormal(0.0, 0.5, self._families)[self._family]
        self._level = np.where(self._is_constant, level, level * spread)
        self._state = np.zeros(len(series))

    def next(self, steps: int) -> NDArray[np.float64]:
        """[series, steps] float64."""
        noise = 1 + 0.1 * self._random.standard_normal((self._families, steps)).clip(-3, 3)[self._family]
        flow = np.round(
            self._level[:, None] * noise * np.where(self._is_counter, STEP.total_seconds(), 1.0)[:, None], 3
        )
        counters = self._state[:, None] + np.cumsum(flow, axis=1)
        self._state = counters[:, -1]
        values = np.where(self._is_counter[:, None], counters, flow)
        return np.where(self._is_constant[:, None], self._level[:, None], values)


# A sample is the message {1: double value, 2: varint milliseconds}; the milliseconds of our days take six bytes.
_SAMPLE = np.dtype(
    [("field", "u1"), ("size", "u1"), ("value_key", "u1"), ("value", "<f8"), ("time_key", "u1"), ("time", "u1", 6)]
)
_SAMPLE_BYTES = _SAMPLE.itemsize - 2


def _encode_samples(values: NDArray[np.float64], times: NDArray[np.int64]) -> list[bytes]:
    """The samples of each series as fields of a TimeSeries message."""
    table = np.zeros(values.shape, dtype=_SAMPLE)
    table["field"], table["size"], table["value_key"], table["time_key"] = 0x12, _SAMPLE_BYTES, 0x09, 0x10
    table["value"] = values
    seven_bits = (times[:, None] * 1000 >> np.arange(0, 42, 7)) & 0x7F
    table["time"] = seven_bits | np.array([0x80] * 5 + [0])
    return [row.tobytes() for row in table]


def encode_labels(labels: Mapping[str, str]) -> bytes:
    """The labels of a series as fields of a TimeSeries message."""
    pairs = (_field(1, name.encode()) + _field(2, labels[name].encode()) for name in sorted(labels))
    return b"".join(_field(1, pair) for pair in pairs)


def _time_series(labels: bytes, samples: bytes) -> bytes:
    return _field(1, labels + samples)


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited protobuf field."""
    size, varint = len(content), bytearray()
    while size > 0x7F:
        varint.append(size & 0x7F | 0x80)
        size >>= 7
    varint.append(size)
    return bytes([number << 3 | 2]) + varint + content
