"""The recorded values a run has read, as a table for notebooks. Needs the extra `analysis`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from alertd.errors import AlertdError
from alertd.query.history import HistoryNeed, HistorySource, SeriesMatrix

INSTALL = "pip install 'alertd[analysis]'"

_LIBRARIES = ("pandas", "pyarrow")
_COLUMNS = frozenset({"query", "timestamp", "value"})


class ExportError(AlertdError):
    """The values cannot be exported."""


def require_analysis(find: Callable[[str], object] = find_spec) -> None:
    """Raises ExportError with the way out when a library is not installed."""
    if missing := [name for name in _LIBRARIES if find(name) is None]:
        raise ExportError(f"--export needs {' and '.join(missing)}: {INSTALL}")


@dataclass(slots=True)
class Keeping:
    """Reads of a source, and keeps what it read by expression. Implements `HistorySource`."""

    source: HistorySource
    kept: list[tuple[str, SeriesMatrix]] = field(default_factory=list)

    async def read(self, need: HistoryNeed) -> AsyncIterator[SeriesMatrix]:
        """See `HistorySource`."""
        async for matrix in self.source.read(need):
            self.kept.append((need.expr, matrix))
            yield matrix


def metrics(kept: Sequence[tuple[str, SeriesMatrix]]) -> Iterator[Mapping[str, Any]]:
    """Each series as Prometheus answers ranges, with its expression as a label `query`; samples that are NaN are none.

    A label that is called as a column is goes by `exported_query`, as Prometheus does with labels of its own.
    """
    for expr, matrix in kept:
        for labels, values in zip(matrix.labels, matrix.values.T, strict=True):
            known = ~np.isnan(values)
            named = {f"exported_{name}" if name in _COLUMNS else name: value for name, value in labels.items()}
            samples = zip(matrix.times[known].tolist(), values[known].tolist(), strict=True)
            yield {"metric": {"query": expr, **named}, "values": list(samples)}


def write_parquet(kept: Sequence[tuple[str, SeriesMatrix]], to: Path) -> int:
    """Write a row per sample, by `timestamp`: labels, `query`, `value`; returns how many. Raises ExportError, OSError."""
    from prometheus_api_client import MetricRangeDataFrame

    series = [one for one in metrics(kept) if one["values"]]
    if not series:
        raise ExportError(f"nothing was read, {to} is not written")
    # Two groups may have asked for the same.
    table = MetricRangeDataFrame(series).reset_index().drop_duplicates().set_index("timestamp")
    table.to_parquet(to)
    return len(table)
