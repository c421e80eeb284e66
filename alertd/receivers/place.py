"""`Place`: where an integration stands in the configuration."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """The `index`-th integration of its kind of a receiver."""

    receiver: str
    index: int
