"""A detector's memory as bytes: arrays by name, a version, and the settings they mean something under."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Mapping
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from alertd.detect import sigma
from alertd.detect.errors import SavedStateError
from alertd.detect.settings import DetectorSettings

_VERSION = 2
_OF_POINTS = 1  # until then a bucket of `sigma` weighed as many points as it held
_HEADER = "header"
_FAST = 1


def pack(settings: DetectorSettings, arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """One compressed npz."""
    header = np.frombuffer(_header(settings), dtype=np.uint8)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{_HEADER: header, **arrays})
    return zlib.compress(file.getbuffer(), _FAST)


def unpack(settings: DetectorSettings, saved: bytes) -> dict[str, NDArray[Any]]:
    """The arrays. raises: SavedStateError when they are damaged, of another version, or of settings that remember otherwise."""
    try:
        with np.load(io.BytesIO(zlib.decompress(saved)), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (zlib.error, BadZipFile, ValueError, OSError, EOFError, KeyError) as error:
        raise SavedStateError(f"the saved memory of a detector is damaged: {error}") from error
    header = arrays.pop(_HEADER, None)
    if header is not None and header.tobytes() == _header(settings, version=_OF_POINTS):
        return _converted(settings, arrays)
    if header is None or header.tobytes() != _header(settings):
        raise SavedStateError("the saved memory of a detector is of another version or of other settings")
    return arrays


def _converted(settings: DetectorSettings, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    if settings.method != "sigma":
        return arrays
    prefixes = [prefix for prefix in ("method", "snapshot.method") if f"{prefix}.weight" in arrays]
    try:
        for prefix in prefixes:
            arrays |= sigma.of_points(arrays, prefix)
    except (KeyError, ValueError, IndexError) as error:
        raise SavedStateError(f"the saved memory of a detector is damaged: {error}") from error
    return arrays


def _header(settings: DetectorSettings, *, version: int = _VERSION) -> bytes:
    """Whatever changes what the numbers mean; thresholds do not."""
    meaning = {
        "version": version,
        "method": settings.method,
        "direction": settings.direction,
        "window": settings.window.total_seconds() if settings.method != "seasonal" else None,
        "season": settings.season if settings.method == "seasonal" else None,
        "zone": str(settings.zone) if settings.method == "seasonal" else None,
        "points": settings.points[1],
    }
    return json.dumps(meaning, sort_keys=True).encode()
