"""Thousands of points on some hundred pixels: what may be left out without anything disappearing."""

from __future__ import annotations

import numpy as np

from alertd.charts.chart import F64


def thinned(times: F64, values: F64, columns: int) -> tuple[F64, F64]:
    """[points] -> at most 2 * `columns` points that draw the same line: the least and the greatest of each column.

    A column without a number stays one NaN, so that gaps stay gaps.
    """
    if len(times) <= 2 * columns:
        return times, values
    kept: list[int] = []
    for part in np.array_split(np.arange(len(times)), columns):
        numbers = part[np.isfinite(values[part])]
        if not len(numbers):
            kept.append(int(part[0]))
            continue
        extremes = {int(numbers[np.argmin(values[numbers])]), int(numbers[np.argmax(values[numbers])])}
        kept += sorted(extremes)
    rows = np.array(kept, dtype=np.intp)
    return times[rows], values[rows]


def pieces(times: F64, values: F64) -> list[tuple[F64, F64]]:
    """The stretches without a gap, in order."""
    is_number = np.isfinite(values)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_number, [False]]).astype(np.int8)))
    return [
        (times[start:end], values[start:end])
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    ]
