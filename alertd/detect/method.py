"""`Method`: how unusual a value is for its row, by one kind of memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from alertd.detect.columns import F64, Bool, Rows
from alertd.detect.local_time import Moment


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a method says before it learns; all [rows], values relative to each row's base.

    centre         what was expected; NaN where the method knows nothing yet
    lower, upper   where strength reaches k
    strength       0 or more: standard deviations in the watched direction, or their equal in rarity
    """

    centre: F64
    lower: F64
    upper: F64
    strength: F64


class Method(Protocol):
    """Memory of many rows. Values come relative to a base per row, so levels of 1e9 keep their digits."""

    def grow(self, count: int) -> None:
        """Fresh rows behind the others."""
        ...

    def clear(self, rows: Rows) -> None:
        """Forget these rows."""
        ...

    def read(self, moment: Moment, values: F64, *, k: float) -> Reading:
        """Judge by what is remembered; remembers nothing. NaN values give NaN or 0, no warning."""
        ...

    def update(self, moment: Moment, values: F64, *, weight: F64, ok: Bool) -> None:
        """Learn the values of the rows `ok`, each with its weight in (0, 1]; always right after `read` of this slot."""
        ...

    def mark(self, rows: Rows, at: float) -> None:
        """An event may have begun on these rows: what is learned from now on may have to be forgotten."""
        ...

    def forget(self, rows: Rows, since: F64, until: float) -> None:
        """Unlearn what these rows learned between their `since` and `until`."""
        ...

    def save(self) -> dict[str, NDArray[Any]]:
        """All memory by name."""
        ...

    def load(self, saved: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `save` gave. raises: SavedStateError."""
        ...
