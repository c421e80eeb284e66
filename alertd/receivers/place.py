"""`Place`: which integration of a receiver one is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """The integration of its kind that has the number `index` at a receiver, see `notify.numbering`."""

    receiver: str
    index: int
