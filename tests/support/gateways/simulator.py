"""`Simulator`: a system whose metrics are a function of time, and of the faults that were switched on meanwhile. Pure.

The same simulator is scraped live and writes days of history: counters grow without a step between the two.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from alertd.labels import LabelSet
from alertd.query.remote_write import SeriesSample
from tests.support.gateways.metrics import Faults, Series, Target

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How traffic rises and falls: waves of a share of it and of a period in seconds, on top of each other."""

    waves: tuple[tuple[float, float], ...] = ()

    def passed(self, start: float, end: float) -> float:
        """The time between two moments, each second counted as often as its traffic is the usual one."""
        return end - start + sum(
            share * period / math.tau * (math.cos(math.tau * start / period) - math.cos(math.tau * end / period))
            for share, period in self.waves
        )  # fmt: skip


STEADY = Rhythm()
DAILY = Rhythm(((0.3, 86400.0), (0.06, 2100.0), (0.04, 740.0)))
"""A day with its peak, and minutes that differ."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """From `start` on these faults are on; what counters have then, and how much they grow per second."""

    start: float
    faults: Faults
    totals: F64
    rates: F64


class Simulator:
    """The targets of one system.

    faults   what can be switched on, by name: what happens then
    born     when every counter was 0; there is nothing before
    """

    def __init__(
        self,
        name: str,
        targets: Sequence[Target],
        *,
        faults: Mapping[str, str],
        born: datetime,
        rhythm: Rhythm = STEADY,
    ) -> None:
        self.name = name
        self.targets = tuple(targets)
        self.faults = faults
        self._rhythm = rhythm
        self._counters = [series for target in targets for series in target.series if series.is_counter]
        self._slices = dict(_slices(targets))
        self._stored = {
            (target.path, series.text): LabelSet({**target.identity, **series.labels, "__name__": series.name})
            for target in targets
            for series in (*target.series, _UP)
        }
        start = born.timestamp()
        self._pieces = [_Piece(start, frozenset(), np.zeros(len(self._counters)), self._rates(frozenset(), start))]

    def switch(self, at: datetime, *, on: Collection[str] = (), off: Collection[str] = ()) -> None:
        """Faults begin and end; never before an earlier call."""
        unknown = {*on, *off} - self.faults.keys()
        if unknown:
            raise KeyError(f"{self.name} has no fault {sorted(unknown)}; it has {sorted(self.faults)}")
        last, start = self._pieces[-1], at.timestamp()
        if start < last.start:
            raise ValueError(f"{self.name} was switched at a later time before")
        faults = (last.faults | {*on}) - {*off}
        self._pieces.append(_Piece(start, faults, self._grown(last, start), self._rates(faults, start)))

    def samples(self, at: datetime, *, only: Collection[str] = ()) -> list[SeriesSample]:
        """What Prometheus would have stored of a scrape at this moment; `only` series of these names, by default all."""
        return [
            SeriesSample(labels=self._stored[target.path, series.text], value=value, at=at)
            for target in self.targets
            for series, value in (*self._values(target, at), (_UP, float(self.is_up(target, at))))
            if not only or series.name in only
        ]

    def page(self, target: Target, at: datetime) -> str:
        """What a target that is up answers, in Prometheus' text format."""
        by_family: dict[str, list[str]] = {}
        for series, value in self._values(target, at):
            by_family.setdefault(series.family, []).append(f"{series.text} {value!r}\n")
        return "".join(
            f"# TYPE {family} {target.types[family]}\n{''.join(lines)}" for family, lines in by_family.items()
        )

    def is_up(self, target: Target, at: datetime) -> bool:
        return not target.down & self._piece(at.timestamp()).faults

    def _values(self, target: Target, at: datetime) -> list[tuple[Series, float]]:
        moment = at.timestamp()
        piece = self._piece(moment)
        if (target.down | target.bare) & piece.faults:
            return []
        counted = iter(self._grown(piece, moment)[self._slices[target.path]].tolist())
        return [
            (series, next(counted) if series.is_counter else float(series.value(piece.faults, moment)))
            for series in target.series
        ]

    def _piece(self, moment: float) -> _Piece:
        index = bisect_right(self._pieces, moment, key=lambda piece: piece.start) - 1
        if index < 0:
            raise ValueError(f"{self.name} is younger than that")
        return self._pieces[index]

    def _grown(self, piece: _Piece, moment: float) -> F64:
        return piece.totals + piece.rates * self._rhythm.passed(piece.start, moment)

    def _rates(self, faults: Faults, moment: float) -> F64:
        return np.array([series.value(faults, moment) for series in self._counters])


def _slices(targets: Sequence[Target]) -> Iterator[tuple[str, slice]]:
    """Where the counters of each target are among all."""
    start = 0
    for target in targets:
        end = start + sum(series.is_counter for series in target.series)
        yield target.path, slice(start, end)
        start = end


_UP = Series("up", "up", {}, is_counter=False, value=lambda _, __: 1.0)
