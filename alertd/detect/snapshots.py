"""`Snapshots`: what rows remembered before their last event, so that an incident can be taken out of their past."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alertd.detect.columns import Columns, Rows

Copied = dict[str, dict[str, NDArray[Any]]]


class Snapshots:
    """One copy per row at most, of the named columns; copies taken together are kept together."""

    def __init__(self, parts: Mapping[str, Columns]) -> None:
        self._parts = parts
        self._batches: list[tuple[Rows, Copied]] = []

    def take(self, rows: Rows) -> None:
        """Copy these rows; an earlier copy of theirs is dropped."""
        if rows.size:
            self.drop(rows)
            self._batches.append((rows, {name: part.copy(rows) for name, part in self._parts.items()}))

    def restore(self, rows: Rows) -> None:
        """Put the copies of these rows back, and drop them; rows without one stay as they are."""
        for owners, copied in self._batches:
            found = np.flatnonzero(np.isin(owners, rows))
            for name, part in self._parts.items():
                part.paste(owners[found], {key: array[..., found] for key, array in copied[name].items()})
        self.drop(rows)

    def drop(self, rows: Rows) -> None:
        """Forget the copies of these rows."""
        self._batches = [_without(batch, rows) for batch in self._batches if not np.isin(batch[0], rows).all()]

    def save(self) -> dict[str, NDArray[Any]]:
        """All copies as arrays by name."""
        if not self._batches:
            return {}
        saved: dict[str, NDArray[Any]] = {"snapshot.rows": np.concatenate([rows for rows, _ in self._batches])}
        for name, part in self._parts.items():
            for key in part:
                arrays = [copied[name][key] for _, copied in self._batches]
                saved[f"snapshot.{name}.{key}"] = np.concatenate(arrays, axis=-1)
        return saved

    def load(self, saved: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `save` gave, for columns that have been loaded."""
        if "snapshot.rows" in saved:
            copied = {
                name: {key: saved[f"snapshot.{name}.{key}"] for key in part} for name, part in self._parts.items()
            }
            self._batches = [(saved["snapshot.rows"], copied)]


def _without(batch: tuple[Rows, Copied], rows: Rows) -> tuple[Rows, Copied]:
    owners, copied = batch
    if not np.isin(owners, rows).any():
        return batch
    kept = np.flatnonzero(~np.isin(owners, rows))
    return owners[kept], {name: {key: array[..., kept] for key, array in part.items()} for name, part in copied.items()}
