"""`Flow`: one counter metric split into lines (scope, part, kind), and what each line grew by in this period and the last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import msgspec
import numpy as np

from alertd.labels import LabelSet
from alertd.ledger.counters import Born, Counters, Increments, Rows, SavedCounters
from alertd.query.batch import F64


class Line(msgspec.Struct, frozen=True, array_like=True):
    """What is told apart within a scope.

    scope           number of the scope
    part            value of the drilldown label
    kind            of token, "" where there are no kinds
    model, provider what the price depends on, "" where nothing does
    """

    scope: int
    part: str = ""
    kind: str = ""
    model: str = ""
    provider: str = ""


class Rates(Protocol):
    """What one unit of a line is worth."""

    @property
    def version(self) -> str:
        """Changes when rates do."""
        ...

    def rate(self, line: Line, at: datetime) -> float:
        """Per unit; NaN when nobody knows."""
        ...


class OneToOne:
    """Every unit is worth one: counters of dollars."""

    version = ""

    def rate(self, line: Line, at: datetime) -> float:
        return 1.0


class SavedFlow(msgspec.Struct, frozen=True, array_like=True):
    counters: SavedCounters
    lines: list[Line]
    sums: bytes
    period_start: float


@dataclass(frozen=True, slots=True)
class Growth:
    """What the scopes' value grew by within [start, end] (Unix seconds). amounts: [scopes]"""

    amounts: F64
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class LineSums:
    """What the lines came to in one period, [lines] each.

    quantity   in the counter's own unit
    value      at the rates of the moment each increment was seen
    unpriced   the part of `quantity` whose rate nobody knew
    """

    quantity: F64
    value: F64
    unpriced: F64


class Flow:
    """Counters, lines and rates of one metric.

    line_of   the line a raw series belongs to; None leaves it out
    """

    def __init__(self, line_of: Callable[[LabelSet], Line | None], rates: Rates) -> None:
        self._line_of = line_of
        self._rates = rates
        self._lines: dict[Line, int] = {}
        self._listed: list[Line] = []
        self._by_scope: dict[int, list[int]] = {}
        self._scopes: Rows = np.empty(0, dtype=np.intp)
        self._rate = np.empty(0)
        self._rated_at = ""
        self._sums = np.zeros((2, 3, 0))  # [this period, last], [quantity, value, unpriced], [lines]
        self._period_start = -np.inf
        self.unpriced_in_all = 0.0
        self.counters = Counters(self._group_of)

    @property
    def at(self) -> datetime | None:
        """The newest observation that had data."""
        newest = self.counters.at
        return None if newest is None else datetime.fromtimestamp(newest, UTC)

    @property
    def lines(self) -> list[Line]:
        """In the order of every [lines] array; new ones come last."""
        if len(self._listed) < len(self._lines):
            self._listed = list(self._lines)
            self._by_scope.clear()
        return self._listed

    def lines_of(self, scope: int) -> Rows:
        """The numbers of a scope's lines that have sums."""
        if not self._by_scope:
            for number, line in enumerate(self.lines[: self._sums.shape[2]]):
                self._by_scope.setdefault(line.scope, []).append(number)
        return np.array(self._by_scope.get(scope, []), dtype=np.intp)

    def this_period(self) -> LineSums:
        return LineSums(*self._sums[0])

    def last_period(self) -> LineSums:
        return LineSums(*self._sums[1])

    def unpriced_now(self) -> F64:
        """[lines] what came in this period without a rate, of lines that still have none."""
        return np.where(np.isnan(self._rate), self._sums[0, 2, : len(self._rate)], 0.0)

    def observe(
        self, labels: tuple[LabelSet, ...], values: F64, at: datetime, *, born: Born | None, scopes: Callable[[], int]
    ) -> list[Growth]:
        """Take one answer. `scopes` tells how many there are, asked once new series have theirs."""
        increments = self.counters.observe(labels, values, at.timestamp(), born=born)
        self._value_lines(at)
        return [self._grow(increment, scopes()) for increment in increments]

    def _grow(self, increment: Increments, scopes: int) -> Growth:
        quantity: F64 = np.bincount(increment.groups, weights=increment.amounts, minlength=len(self._lines)).astype(
            np.float64
        )
        known = np.isfinite(self._rate)
        value: F64 = np.where(known, quantity * np.where(known, self._rate, 0.0), 0.0)
        unpriced: F64 = np.where(known, 0.0, quantity)
        self.unpriced_in_all += max(float(unpriced.sum()), 0.0)
        # The sums tell who spent it; an increment over the turn of a period counts in the one it ended in.
        self._sums[0] += (quantity, value, unpriced)
        amounts: F64 = np.bincount(self._scopes, weights=value, minlength=scopes).astype(np.float64)
        return Growth(amounts, increment.start, increment.end)

    def roll(self, period_start: float) -> None:
        """A period begins; the one before, if it is not the last that is known, is forgotten."""
        if period_start > self._period_start:
            self._sums = np.stack([np.zeros_like(self._sums[0]), self._sums[0]])
            self._period_start = period_start

    def _group_of(self, series: LabelSet) -> int:
        line = self._line_of(series)
        return -1 if line is None else self._lines.setdefault(line, len(self._lines))

    def _value_lines(self, at: datetime) -> None:
        """Rates of all lines: of new ones at once, of all each hour, since prices have dates."""
        known, hour = len(self._rate), f"{at:%Y%m%d%H}"
        first = known if hour == self._rated_at else 0
        if first == len(self._lines):
            return
        lines = self.lines[first:]
        self._rate = np.concatenate([self._rate[:first], [self._rates.rate(line, at) for line in lines]])
        self._rated_at = hour
        self._by_scope.clear()
        self._scopes = np.array([line.scope for line in self._lines], dtype=np.intp)
        self._sums = np.pad(self._sums, ((0, 0), (0, 0), (0, len(self._lines) - self._sums.shape[2])))

    def save(self) -> SavedFlow:
        return SavedFlow(
            self.counters.save(), self.lines, self._sums.astype("<f8").tobytes(), float(self._period_start)
        )

    def restore(self, saved: SavedFlow) -> None:
        """Take what was saved; raises ValueError when the sizes do not fit."""
        self.counters.restore(saved.counters)
        self._lines = {line: number for number, line in enumerate(saved.lines)}
        self._sums = np.frombuffer(saved.sums, "<f8").reshape(2, 3, -1).copy()
        self._scopes = np.array([line.scope for line in saved.lines], dtype=np.intp)
        self._listed, self._by_scope = [], {}
        self._rate, self._rated_at = np.empty(0), ""
        self._period_start = saved.period_start
