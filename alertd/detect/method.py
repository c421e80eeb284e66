"""`Method`: how unusual a value is for its row, by one kind of memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from alertd.detect.columns import F64, Bool, Columns
from alertd.detect.local_time import Moment
from alertd.detect.settings import Direction

STRONGEST = 1e3
"""The most standard deviations a strength is told in: those of a flat series are without limit."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a method says before it learns; all [rows], values relative to each row's base.

    centre     what was expected; NaN where the method knows nothing yet
    reach      how far from it strength gets to k
    strength   0 to `STRONGEST`: standard deviations in the watched direction, or their equal in rarity
    """

    centre: F64
    reach: F64
    strength: F64


class Method(Protocol):
    """Memory of many rows. Values come relative to a base per row, so levels of 1e9 keep their digits."""

    @property
    def columns(self) -> Columns:
        """All it remembers."""
        ...

    def read(self, moment: Moment, values: F64, *, k: float, ok: Bool) -> Reading:
        """Judge by what is remembered; learns nothing. Rows without a point (not `ok`, value 0) may answer any strength."""
        ...

    def update(self, moment: Moment, values: F64, *, weight: F64) -> None:
        """Learn each row's value with its weight, 0 to 1: 0 leaves all as it is. Right after `read` of the same moment."""
        ...


def watched(offset: F64, direction: Direction) -> F64:
    """The part of an offset from the centre that counts: 0 or more."""
    if direction == "both":
        return np.abs(offset)
    return np.maximum(offset if direction == "above" else -offset, 0.0)


def plain_reading(offset: F64, centre: F64, scale: F64, *, k: float, direction: Direction) -> Reading:
    """The reading of a centre and a standard deviation; a scale of 0 makes every offset as strong as can be."""
    size = watched(offset, direction)
    strength = np.minimum(size / scale, STRONGEST)
    np.copyto(strength, np.where(size > 0.0, STRONGEST, 0.0), where=scale <= 0.0)
    np.copyto(strength, 0.0, where=np.isnan(centre))
    return Reading(centre, k * scale, strength)
