"""`Columns`: what a detector remembers, as named arrays whose last axis is the row of a series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from alertd.detect.errors import SavedStateError

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Column:
    """One array: its type, what a fresh row holds, and the axes before the row's."""

    dtype: DTypeLike = np.float64
    blank: float = 0.0
    lead: tuple[int, ...] = ()


class Columns:
    """Structure of arrays over rows; `columns["mean"]` is the array [*lead, rows] itself, to be changed in place."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = dict(columns)
        self._arrays = {name: _blank(column, 0) for name, column in columns.items()}
        self.rows = 0

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def grow(self, count: int) -> None:
        """`count` fresh rows behind the others."""
        for name, column in self._columns.items():
            self._arrays[name] = np.concatenate((self._arrays[name], _blank(column, count)), axis=-1)
        self.rows += count

    def clear(self, rows: Rows) -> None:
        """Make these rows fresh again."""
        for name, column in self._columns.items():
            self._arrays[name][..., rows] = column.blank

    def copy(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """What these rows hold, by column."""
        return {name: array[..., rows].copy() for name, array in self._arrays.items()}

    def paste(self, rows: Rows, copied: Mapping[str, NDArray[Any]]) -> None:
        """Put back what `copy` gave."""
        for name, array in self._arrays.items():
            array[..., rows] = copied[name]

    def save(self, prefix: str) -> dict[str, NDArray[Any]]:
        """The arrays by name, for a file."""
        return {f"{prefix}.{name}": array for name, array in self._arrays.items()}

    def load(self, prefix: str, saved: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `save` gave. raises: SavedStateError when an array is missing or has another shape or type."""
        arrays = {name: saved.get(f"{prefix}.{name}") for name in self._columns}
        rows = {array.shape[-1] for array in arrays.values() if array is not None and array.ndim}
        if len(rows) != 1:
            raise SavedStateError(f"arrays of {prefix} differ in their number of rows, or are missing")
        (self.rows,) = rows
        for name, column in self._columns.items():
            array = arrays[name]
            if array is None or array.shape != (*column.lead, self.rows) or array.dtype != np.dtype(column.dtype):
                raise SavedStateError(f"array {prefix}.{name} is missing or has another shape or type")
            self._arrays[name] = array


def _blank(column: Column, rows: int) -> NDArray[Any]:
    return np.full((*column.lead, rows), column.blank, dtype=column.dtype)


def put(column: NDArray[Any], new: NDArray[Any], where: Bool | bool) -> None:
    """column = new at `where`; float64 into a float32 column is rounded."""
    np.copyto(column, new, where=where, casting="same_kind")


def mask(where: Bool) -> Bool | bool:
    """The mask, or True where it holds everywhere: writing without one is several times faster."""
    return True if where.all() else where
