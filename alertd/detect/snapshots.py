"""`Snapshots`: what rows remembered when their last event opened, so that an incident can be taken out of their past."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alertd.detect.columns import Columns, Copied, Rows


class Snapshots:
    """One copy per row at most, of the named columns. Rows copied together share arrays, which go with the last of them."""

    def __init__(self, parts: Mapping[str, Columns]) -> None:
        self._parts = parts
        self._held: dict[int, tuple[dict[str, Copied], int]] = {}

    def take(self, rows: Rows) -> None:
        """Copy these rows, in place of their earlier copies."""
        if rows.size:
            copied = {name: part.copy(rows) for name, part in self._parts.items()}
            self._held |= {row: (copied, place) for place, row in enumerate(rows.tolist())}

    def restore(self, rows: Rows) -> None:
        """Put the copies of these rows back, and drop them; rows without one stay as they are."""
        for row in rows.tolist():
            if row in self._held:
                copied, place = self._held.pop(row)
                for name, part in self._parts.items():
                    part.paste(np.array([row]), copied[name], np.array([place]))

    def drop(self, rows: Rows) -> None:
        """Forget the copies of these rows."""
        for row in rows.tolist():
            self._held.pop(row, None)

    def save(self) -> dict[str, NDArray[Any]]:
        """All copies as arrays by name."""
        if not self._held:
            return {}
        saved: dict[str, NDArray[Any]] = {"snapshot.rows": np.array(list(self._held))}
        for name, part in self._parts.items():
            copies = [[block[..., place] for block in copied[name]] for copied, place in self._held.values()]
            blocks = [np.stack(block, axis=-1) for block in zip(*copies, strict=True)]
            saved |= {f"snapshot.{name}.{key}": array for key, array in part.named(blocks).items()}
        return saved

    def load(self, saved: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `save` gave, for columns that have been loaded."""
        if "snapshot.rows" in saved:
            rows = saved["snapshot.rows"]
            copied = {name: self._copied(name, saved, rows) for name in self._parts}
            self._held = {row: (copied, place) for place, row in enumerate(rows.tolist())}

    def _copied(self, name: str, saved: Mapping[str, NDArray[Any]], rows: Rows) -> Copied:
        part, prefix = self._parts[name], f"snapshot.{name}"
        if any(key.startswith(f"{prefix}.") for key in saved):
            return part.unnamed(prefix, saved)
        return part.copy(rows)  # a part that was not saved is fresh
