"""When a group is due: slots are `k * interval + phase` of Unix time, the same after a restart and on every replica.

source   Prometheus rules.Group.EvalTimestamp. There the phase is any nanosecond of the interval; here it is one of `PHASES`
         equal steps, so that groups fall on common slots and equal queries of different groups are sent once.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

PHASES = 15
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def phase(key: str, interval: timedelta) -> timedelta:
    """How far after a multiple of `interval` the slots of the group `key` lie: 0 <= phase < interval, whole milliseconds."""
    digest = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    return digest % PHASES * (interval // _MS // PHASES) * _MS


def slot_at(at: datetime, *, interval: timedelta, phase: timedelta) -> datetime:
    """The slot under way at `at`: the last one that is not after it."""
    return at - (at - _EPOCH - phase) % interval


def missed(last: datetime | None, slot: datetime, interval: timedelta) -> int:
    """Slots between the last evaluated one and `slot` that were left out; 0 before the first evaluation."""
    return 0 if last is None else max((slot - last) // interval - 1, 0)
