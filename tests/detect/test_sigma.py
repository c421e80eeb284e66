"""The rolling window of `sigma`: what it weighs, and a memory that was saved when it weighed points."""

from __future__ import annotations

import io
import json
import zlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from alertd.detect import Detector, DetectorSettings, SavedStateError

MINUTE, HOUR = 60.0, 3600.0
START = datetime(2026, 3, 2, tzinfo=UTC).timestamp()


def detector(window: timedelta) -> Detector:
    made = Detector(DetectorSettings(method="sigma", window=window, direction="both", sparse_factor=0.0))
    made.add(1)
    return made


def wavering(made: Detector, start: float, end: float, *, step: float, level: float) -> None:
    """Learn a series that is ten over its level and ten under it by turns."""
    times = np.arange(start, end, step)
    values = level + np.where(np.arange(len(times)) % 2 == 0, 10.0, -10.0)
    made.learn(times, values[:, None])


def test_a_past_read_at_coarser_steps_weighs_as_long_as_it_lasted():
    read, lived = detector(timedelta(days=1)), detector(timedelta(days=1))
    for made, step in ((read, 4 * MINUTE), (lived, MINUTE)):
        wavering(made, START, START + 18 * HOUR, step=step, level=100.0)
        wavering(made, START + 18 * HOUR, START + 24 * HOUR, step=MINUTE, level=108.0)
    one, other = (made.judge(START + 24 * HOUR, np.array([130.0])) for made in (read, lived))
    assert one.expected[0] == pytest.approx((3 * 100.0 + 108.0) / 4, abs=0.1)
    assert one.expected[0] == pytest.approx(other.expected[0], abs=0.1)
    assert one.strength[0] == pytest.approx(other.strength[0], rel=0.01)


def test_a_window_of_many_points_a_bucket_has_the_known_mean_and_deviation():
    made = detector(timedelta(days=1))
    wavering(made, START, START + 26 * HOUR, step=MINUTE, level=100.0)
    slot = made.judge(START + 26 * HOUR, np.array([135.0]))
    assert slot.expected[0] == pytest.approx(100.0, abs=0.01)
    assert slot.strength[0] == pytest.approx(3.5, abs=0.01)


def of_points(saved: bytes, *, points: float) -> bytes:
    """A memory as it was saved when a bucket weighed its points, of which each had so many."""
    with np.load(io.BytesIO(zlib.decompress(saved))) as file:
        arrays = {name: file[name] for name in file.files if name != "method.points"}
    for name in ("weight", "squares", "total_weight", "total", "total_squares"):
        arrays[f"method.{name}"] = arrays[f"method.{name}"] * np.asarray(points, arrays[f"method.{name}"].dtype)
    header = json.loads(arrays["header"].tobytes()) | {"version": 1}
    arrays["header"] = np.frombuffer(json.dumps(header, sort_keys=True).encode(), dtype=np.uint8)
    file = io.BytesIO()
    np.savez(file, **arrays)
    return zlib.compress(file.getvalue())


def test_a_memory_that_weighed_points_goes_on_as_one_that_weighs_time():
    made = detector(timedelta(hours=6))  # buckets of a minute
    wavering(made, START, START + 7 * HOUR, step=MINUTE / 4, level=100.0)
    loaded = Detector.load(made.settings, of_points(made.dump(), points=4.0))
    for each in (made, loaded):
        wavering(each, START + 7 * HOUR, START + 8 * HOUR, step=MINUTE / 2, level=104.0)
    one, other = (each.judge(START + 8 * HOUR, np.array([150.0])) for each in (made, loaded))
    assert other.expected[0] == pytest.approx(one.expected[0])
    assert other.strength[0] == pytest.approx(one.strength[0])


def test_a_damaged_memory_that_weighed_points_is_refused():
    made = detector(timedelta(hours=6))
    wavering(made, START, START + HOUR, step=MINUTE, level=100.0)
    with np.load(io.BytesIO(zlib.decompress(of_points(made.dump(), points=1.0)))) as file:
        arrays = {name: file[name] for name in file.files if name != "method.bucket"}
    file = io.BytesIO()
    np.savez(file, **arrays)
    with pytest.raises(SavedStateError, match="damaged"):
        Detector.load(made.settings, zlib.compress(file.getvalue()))
