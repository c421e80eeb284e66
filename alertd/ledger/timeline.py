"""`Timeline`: amounts of many accounts over time, in buckets that grow coarser as they age.

Five minutes for the last hours, hours for the last weeks, local days beyond: enough to tell what was spent in any period and
in any recent window, in a few kilobytes per account. Every offset of a time zone is a multiple of five minutes, so every
period begins where a bucket begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from alertd.ledger.periods import Calendar
from alertd.query.batch import F64

FINE_SECONDS = 300.0
HOUR_SECONDS = 3600.0
_SHORTEST_DAY = 23 * HOUR_SECONDS
_SLACK = 64  # accounts and buckets allocated ahead

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Ages:
    """How long buckets stay fine, how long they stay hours, and when they are forgotten."""

    fine: timedelta = timedelta(hours=4)
    hours: timedelta = timedelta(days=36)
    days: timedelta = timedelta(days=400)


class SavedTimeline(msgspec.Struct, frozen=True, array_like=True):
    """A timeline as bytes: little-endian float64."""

    filled: float
    edges: bytes
    covered: bytes
    amounts: bytes


class Timeline:
    """Amounts per account and bucket, float64 [account, bucket]; an amount is spread evenly over the time it came in.

    calendar   whose days and hours the coarse buckets are
    """

    def __init__(self, calendar: Calendar, ages: Ages) -> None:
        self._calendar = calendar
        self._ages = ages
        self._edges = np.empty(0)  # [buckets + 1] Unix seconds, rising; the buckets lie between them
        self._covered = np.empty(0)  # [buckets] seconds that were observed
        self._amounts = np.zeros((_SLACK, _SLACK))
        self._filled = -np.inf  # Unix seconds: the last bucket is known up to here only
        self.accounts = 0

    @property
    def buckets(self) -> int:
        return len(self._covered)

    @property
    def edges(self) -> F64:
        """[buckets + 1] Unix seconds; empty before the first `extend`."""
        return self._edges

    @property
    def covered(self) -> F64:
        """[buckets] seconds of each bucket that were observed."""
        return self._covered

    @property
    def amounts(self) -> F64:
        """[accounts, buckets]."""
        return self._amounts[: self.accounts, : self.buckets]

    def open_accounts(self, count: int) -> None:
        """Have at least `count` accounts, the new ones empty."""
        self.accounts = max(self.accounts, count)
        if self.accounts > len(self._amounts):
            more = self.accounts + self.accounts // 2 + _SLACK - len(self._amounts)
            self._amounts = np.pad(self._amounts, ((0, more), (0, 0)))

    def extend(self, start: float, end: float) -> None:
        """Have buckets up to `end`; `start` is where the first one begins when there are none yet."""
        if not len(self._edges):
            self._edges = np.array([np.floor(start / FINE_SECONDS) * FINE_SECONDS])
        self._filled = max(self._filled, end)
        last = float(self._edges[-1])
        if end <= last:
            return
        cuts = self._cuts(last, end)
        self._edges = np.concatenate([self._edges, cuts])
        self._covered = np.concatenate([self._covered, np.zeros(len(cuts))])
        if self.buckets > self._amounts.shape[1]:
            self._amounts = np.pad(self._amounts, ((0, 0), (0, len(cuts) + _SLACK)))
        if last // HOUR_SECONDS != float(self._edges[-1]) // HOUR_SECONDS:
            self._coarsen(end)

    def _cuts(self, last: float, end: float) -> F64:
        """Edges after `last` up to the first that is not before `end`: hours over a long gap, fine ones at its end."""
        fine_from = np.floor((end - self._ages.fine.total_seconds()) / HOUR_SECONDS) * HOUR_SECONDS
        hours = np.arange((last // HOUR_SECONDS + 1) * HOUR_SECONDS, fine_from, HOUR_SECONDS)
        begin = float(hours[-1]) if len(hours) else last
        steps = int(np.ceil((end - begin) / FINE_SECONDS))
        return np.concatenate([hours, begin + FINE_SECONDS * np.arange(1, steps + 1)])

    def cover(self, start: float, end: float) -> None:
        """Mark [start, end] as observed; buckets must reach that far."""
        first, shares = self._shares(start, end)
        self._covered[first : first + len(shares)] += shares * (end - start)

    def add(self, amounts: F64, start: float, end: float, *, accounts: Rows | None = None) -> None:
        """Add `amounts`, spread evenly over [start, end]; buckets must reach that far. What is older than the first goes there.

        amounts    one per account; with `accounts` one for each of these, none twice
        """
        first, shares = self._shares(start, end)
        columns = slice(first, first + len(shares))
        rows: slice | Rows = slice(0, len(amounts)) if accounts is None else accounts
        self._amounts[rows, columns] += amounts[:, None] * shares

    def _shares(self, start: float, end: float) -> tuple[int, F64]:
        """The first bucket of [start, end], and the share of it that lies in that and each following bucket; they sum to 1."""
        first = max(int(np.searchsorted(self._edges, start, side="right")) - 1, 0)
        last = min(max(int(np.searchsorted(self._edges, end, side="left")), first + 1), self.buckets)
        if last - first <= 1 or end <= start:
            return min(first, self.buckets - 1), np.ones(1)
        edges = np.clip(self._edges[first : last + 1], start, end)
        edges[0] = start
        return first, np.diff(edges) / (end - start)

    def total(self, start: float, end: float) -> F64:
        """[accounts] what came in in [start, end); of a bucket that is cut, its share."""
        first, weights = self._weights(start, end)
        total: F64 = self._amounts[: self.accounts, first : first + len(weights)] @ weights
        return total

    def before(self, times: F64, *, account: int) -> F64:
        """[times] what came to one account before each moment (Unix seconds), since the first bucket."""
        edges, amounts = np.minimum(self._edges, self._filled), self._amounts[account, : self.buckets]
        return (
            np.interp(times, edges, np.concatenate([[0.0], np.cumsum(amounts)])) if len(edges) else np.zeros(len(times))
        )

    def observed(self, times: F64) -> NDArray[np.bool_]:
        """[times] whether each moment lies in a bucket of which anything was observed."""
        if not self.buckets:
            return np.zeros(len(times), dtype=bool)
        bucket = np.searchsorted(self._edges, times, side="left") - 1
        within: NDArray[np.bool_] = (times >= self._edges[0]) & (times <= self._filled)
        return within & (self._covered[np.clip(bucket, 0, self.buckets - 1)] > 0)

    def covered_seconds(self, start: float, end: float) -> float:
        """How much of [start, end) was observed."""
        first, weights = self._weights(start, end)
        return float(self._covered[first : first + len(weights)] @ weights)

    def _weights(self, start: float, end: float) -> tuple[int, F64]:
        """The first bucket that overlaps [start, end), and which share of that and of each following one does."""
        if not self.buckets or end <= self._edges[0] or start >= self._filled:
            return 0, np.empty(0)
        first = max(int(np.searchsorted(self._edges, start, side="right")) - 1, 0)
        last = min(int(np.searchsorted(self._edges, end, side="left")), self.buckets)
        edges = np.minimum(self._edges[first : last + 1], self._filled)
        return first, np.diff(np.clip(edges, start, end)) / np.diff(edges)

    def _coarsen(self, now: float) -> None:
        """Merge old buckets into hours and days, and forget the oldest."""
        kept = int(np.searchsorted(self._edges[:-1], now - self._ages.days.total_seconds(), side="left"))
        starts = np.array(list(self._merged_starts(now, kept)), dtype=np.intp)
        if len(starts) == self.buckets:
            return
        self._amounts[: self.accounts, : len(starts)] = np.add.reduceat(self.amounts, starts, axis=1)
        self._amounts[:, len(starts) : self.buckets] = 0.0
        self._covered = np.add.reduceat(self._covered, starts)
        self._edges = np.append(self._edges[starts], self._edges[-1])

    def _merged_starts(self, now: float, kept: int) -> Iterator[int]:
        """Indexes of the buckets that go on as the first of a merged one."""
        fine_from = now - self._ages.fine.total_seconds()
        hours_from = now - self._ages.hours.total_seconds()
        end = -np.inf
        for index, (edge, next_edge) in enumerate(pairwise(self._edges[kept:].tolist()), start=kept):
            if edge < end and edge < fine_from:
                continue
            yield index
            if edge >= fine_from or next_edge - edge >= (HOUR_SECONDS if edge >= hours_from else _SHORTEST_DAY):
                end = next_edge  # coarse enough already
                continue
            at = datetime.fromtimestamp(edge, UTC)
            day = self._calendar.day(at).end.timestamp()
            # An hour that a day begins in is cut there, so that no bucket lies in two periods.
            end = day if edge < hours_from else min(self._calendar.hour(at).end.timestamp(), day)

    def save(self) -> SavedTimeline:
        """Its bytes."""
        edges, covered, amounts = (
            array.astype("<f8").tobytes() for array in (self._edges, self._covered, self.amounts)
        )
        return SavedTimeline(self._filled, edges, covered, amounts)

    def restore(self, saved: SavedTimeline) -> None:
        """Take what was saved; raises ValueError when the sizes do not fit."""
        self._filled = saved.filled
        self._edges = np.frombuffer(saved.edges, "<f8").copy()
        self._covered = np.frombuffer(saved.covered, "<f8").copy()
        amounts = np.frombuffer(saved.amounts, "<f8").reshape(-1, max(self.buckets, 1))
        self.accounts = len(amounts)
        self._amounts = np.pad(amounts, ((0, _SLACK), (0, _SLACK)))
