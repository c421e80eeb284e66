"""What a judge of anomalies remembers, as bytes: who has which row, and the detector's arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import numpy as np

from alertd.detect.columns import F64
from alertd.labels import LabelSet
from alertd.rules.anomaly_group import GroupEvent

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """All of it.

    query     the expression the past is of: that of another one is another past
    known_to  the newest slot that was judged or learned
    series    by row; None for a row nobody has
    seen      [rows] unix seconds of a series' newest sample
    detector  as `Detector.dump` gave it
    """

    query: str
    known_to: datetime
    series: Sequence[LabelSet | None]
    seen: F64
    group: GroupEvent | None
    detector: bytes


class _Saved(msgspec.Struct, array_like=True):
    version: int
    query: str
    known_to: datetime
    series: list[dict[str, str] | None]
    seen: bytes
    group: tuple[dict[str, str], float] | None
    detector: bytes


_DECODER = msgspec.msgpack.Decoder(_Saved)


def pack(memory: Memory) -> bytes:
    """For `unpack`."""
    group = memory.group
    saved = _Saved(
        version=_VERSION,
        query=memory.query,
        known_to=memory.known_to,
        series=[None if one is None else one.to_dict() for one in memory.series],
        seen=memory.seen.tobytes(),
        group=None if group is None else (group.series.to_dict(), group.since),
        detector=memory.detector,
    )
    return msgspec.msgpack.encode(saved)


def unpack(saved: bytes) -> Memory | None:
    """What `pack` was given; None where it is empty, damaged or of another version."""
    try:
        memory = _DECODER.decode(saved)
    except msgspec.DecodeError:
        return None
    if memory.version != _VERSION or len(memory.seen) != 8 * len(memory.series):
        return None
    return Memory(
        query=memory.query,
        known_to=memory.known_to,
        series=[None if one is None else LabelSet(one) for one in memory.series],
        seen=np.frombuffer(memory.seen).copy(),
        group=None if memory.group is None else GroupEvent(LabelSet(memory.group[0]), memory.group[1]),
        detector=memory.detector,
    )
