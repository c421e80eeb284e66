"""`Columns`: what a detector remembers, as named arrays whose last axis is the row of a series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from alertd.detect.errors import SavedStateError

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]
Rows = NDArray[np.intp]
Copied = list[NDArray[Any]]
"""What some rows of `Columns` hold, an array [columns, *lead, rows] per type and shape."""


@dataclass(frozen=True, slots=True)
class Column:
    """One array: its type, what a fresh row holds, and the axes before the row's."""

    dtype: DTypeLike = np.float64
    blank: float = 0.0
    lead: tuple[int, ...] = ()


class Columns:
    """Structure of arrays over rows; `columns["mean"]` is the array [*lead, rows] itself, to be changed in place.

    Arrays of one type and one shape are views of one block: what is done to all of them, or to neighbours, is one call.
    """

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = dict(columns)
        self._members: dict[tuple[np.dtype[Any], tuple[int, ...]], list[str]] = {}
        for name, column in columns.items():
            self._members.setdefault((np.dtype(column.dtype), column.lead), []).append(name)
        self._places = {
            name: (block, place)
            for block, members in enumerate(self._members.values())
            for place, name in enumerate(members)
        }
        self._blocks: list[NDArray[Any]] = []
        self._arrays: dict[str, NDArray[Any]] = {}
        self._hold(self._blank(0))

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._arrays[name]

    @property
    def rows(self) -> int:
        return int(self._blocks[0].shape[-1])

    def together(self, *names: str) -> NDArray[Any]:
        """[names, *lead, rows]: columns of one type and shape, declared one after the other; to be changed in place."""
        block, first = self._places[names[0]]
        return self._blocks[block][first : first + len(names)]

    def grow(self, count: int) -> None:
        """`count` fresh rows behind the others."""
        fresh = self._blank(count)
        self._hold([np.concatenate(both, axis=-1) for both in zip(self._blocks, fresh, strict=True)])

    def clear(self, rows: Rows) -> None:
        """Make these rows fresh again."""
        for name, column in self._columns.items():
            self._arrays[name][..., rows] = column.blank

    def copy(self, rows: Rows) -> Copied:
        """What these rows hold."""
        return [block.take(rows, axis=-1) for block in self._blocks]

    def paste(self, rows: Rows, copied: Copied, places: Rows) -> None:
        """Put what `copy` gave for the rows at these places of its argument into `rows`."""
        for block, part in zip(self._blocks, copied, strict=True):
            block[..., rows] = part[..., places]

    def save(self, prefix: str) -> dict[str, NDArray[Any]]:
        """The arrays by name, for a file."""
        return {f"{prefix}.{name}": array for name, array in self._arrays.items()}

    def load(self, prefix: str, saved: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `save` gave. raises: SavedStateError when an array is missing or has another shape or type."""
        self._hold(self.unnamed(prefix, saved))

    def named(self, copied: Copied) -> dict[str, NDArray[Any]]:
        """Copies, or the blocks themselves, by column."""
        return {
            name: array
            for members, block in zip(self._members.values(), copied, strict=True)
            for name, array in zip(members, block, strict=True)
        }

    def unnamed(self, prefix: str, saved: Mapping[str, NDArray[Any]]) -> Copied:
        """The inverse of `named`. raises: SavedStateError as `load`"""
        arrays = {name: saved.get(f"{prefix}.{name}") for name in self._columns}
        rows = {array.shape[-1] for array in arrays.values() if array is not None and array.ndim}
        if len(rows) != 1:
            raise SavedStateError(f"arrays of {prefix} differ in their number of rows, or are missing")
        copied = self._blank(rows.pop())
        for name, into in self.named(copied).items():
            array = arrays[name]
            if array is None or array.shape != into.shape or array.dtype != into.dtype:
                raise SavedStateError(f"array {prefix}.{name} is missing or has another shape or type")
            into[...] = array
        return copied

    def _hold(self, blocks: Copied) -> None:
        self._blocks = blocks
        self._arrays = self.named(blocks)

    def _blank(self, rows: int) -> Copied:
        blanks = []
        for (dtype, lead), members in self._members.items():
            block = np.empty((len(members), *lead, rows), dtype)
            for array, name in zip(block, members, strict=True):
                array[...] = self._columns[name].blank
            blanks.append(block)
        return blanks


def lines(places: Rows, rows: Rows, *, of: Columns) -> tuple[Rows, Rows | slice]:
    """Index (places, rows) of arrays [places, rows]: of whole lines where all rows ask for the same, which is much faster.

    places   [..., rows]
    """
    same = places[..., :1]
    return (places[..., 0], slice(None)) if rows.size == of.rows and (places == same).all() else (places, rows)


def rows_of(mask: Bool) -> Rows:
    """The rows a mask holds for; an index of few rows is several times faster than a mask."""
    rows: Rows = mask.nonzero()[0]
    return rows
