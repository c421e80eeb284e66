"""`Events`: from scores to events: m of n, hysteresis, since when, how much, and a level that came to stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alertd.detect.columns import F64, Bool, Column, Columns, Rows, rows_of
from alertd.detect.local_time import time_of
from alertd.detect.settings import DetectorSettings
from alertd.detect.slot import ANOMALOUS, HELD, NORMAL, PENDING, U8

_DRIFT_SHARE = 0.25  # the level to adopt is that of the last quarter of `adopt_after`
_NEWS_RATIO = 1.1  # a little stronger is no news: a slow rise would be news in every slot


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What one slot did to the events: the state of every row, and the rows whose event opened, closed or was adopted."""

    state: U8
    opened: Rows
    closed: Rows
    adopted: Rows


class Events:
    """One event at most per row."""

    def __init__(self, settings: DetectorSettings) -> None:
        least, of = settings.points
        if not 1 <= least <= of <= 16:
            raise ValueError(f"points: {least} of {of} is not 1 <= m <= n <= 16")
        self._least = least
        self._window = np.uint16((1 << of) - 1)
        self._clear_below = settings.clear_below
        self._recovery = settings.recovery.total_seconds()
        self._adopt_after = settings.adopt_after.total_seconds()
        self._rearm = settings.rearm.total_seconds()
        self.columns = Columns(
            {
                "recent": Column(np.uint16),  # one bit per point, the newest is the lowest
                "open": Column(np.bool_),
                "since": Column(blank=np.nan),
                "last_high": Column(blank=-np.inf),
                "excess": Column(),
                "drift": Column(),
                "drift_points": Column(np.float32),
                "told": Column(np.float32),
                "told_at": Column(blank=-np.inf),
            }
        )

    def step(self, at: float | F64, score: F64, residual: F64, dt: F64, *, gap: Bool, ok: Bool) -> Change:
        """Move on by one slot.

        score, residual, dt  [rows]: how anomalous, value - expected, and for how many seconds it stood
        gap                  [rows]: the point follows a gap, older anomalous points do not count with it
        ok                   [rows]: the rows that have a point; the others stay as they are
        """
        columns = self.columns
        state = np.full(len(score), NORMAL)
        rows = rows_of(ok & ((score >= 1.0) | ~np.isnan(columns["since"])))
        if not rows.size:  # nothing begins, nothing is going on
            return Change(state, rows, rows, rows)
        now, score = time_of(at, rows), score[rows]
        hit, was_open = score >= 1.0, columns["open"][rows]
        earlier = (columns["recent"][rows] << 1) & self._window
        earlier[gap[rows]] = 0
        recent = earlier | hit
        pending, fresh = recent != 0, hit & ~was_open
        begins = fresh & (earlier == 0)
        opened = fresh & (np.bitwise_count(recent) >= self._least)
        course = columns.together("since", "last_high", "excess", "drift")
        since, last_high, excess, drift = moved = course[:, rows]
        np.copyto(since, now, where=begins)
        np.copyto(last_high, now, where=score >= self._clear_below)
        points = columns["drift_points"][rows]
        for total in (excess, drift, points):
            total[begins] = 0.0
        self._accumulate(excess, drift, points, residual[rows], dt[rows], running=was_open | pending)
        closed = was_open & (score < self._clear_below) & (now - last_high >= self._recovery)
        adopted = hit & was_open & (now - since >= self._adopt_after)
        is_open = (was_open | opened) & ~closed
        # The slot that closes an event still tells of it.
        over = ~(was_open | pending)
        since[over], excess[over] = np.nan, 0.0
        course[:, rows] = moved
        columns["open"][rows], columns["recent"][rows], columns["drift_points"][rows] = is_open, recent, points
        ended = rows[closed]
        if ended.size:
            self.end(ended)
        state[rows] = np.where(is_open, np.where(hit, ANOMALOUS, HELD), np.where(pending, PENDING, NORMAL))
        return Change(state, rows[opened], ended, rows[adopted])

    def end(self, rows: Rows) -> None:
        """Close the events of these rows."""
        columns = self.columns
        columns["open"][rows] = False
        columns["recent"][rows] = 0
        columns["drift"][rows] = 0.0

    def drift(self, rows: Rows) -> F64:
        """[of these rows]: the recent mean of value - expected in the row's event; 0 without one."""
        drift: F64 = self.columns["drift"][rows] * self.columns["open"][rows]
        return drift

    def news(self, at: float | F64, strength: F64, *, ok: Bool) -> F64:
        """`strength` where nothing nearly as strong was news during the last `rearm`, else 0."""
        columns = self.columns
        told, told_at = columns["told"], columns["told_at"]
        rounded = strength.astype(np.float32)
        remembered = told * (at - told_at < self._rearm)
        rows = rows_of((rounded > remembered * _NEWS_RATIO) & ok)
        news = np.zeros(len(strength))
        news[rows] = told[rows] = strength[rows]
        told_at[rows] = time_of(at, rows)
        return news

    def _accumulate(self, excess: F64, drift: F64, points: F64, residual: F64, dt: F64, *, running: Bool) -> None:
        """Add a point to the events that are `running`; where nothing was expected yet, there is no residual."""
        known = running & np.isfinite(residual)
        residual = np.where(known, residual, 0.0)
        points += known
        excess += residual * dt
        rate = np.maximum(1.0 - np.exp(-dt / (_DRIFT_SHARE * self._adopt_after)), 1.0 / points)
        residual -= drift
        residual *= rate
        drift += np.where(known, residual, 0.0)
