"""`Events`: from scores to events: m of n, hysteresis, since when, how much, and a level that came to stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alertd.detect.columns import F64, Bool, Column, Columns
from alertd.detect.settings import DetectorSettings
from alertd.detect.slot import U8, State

_DRIFT_SHARE = 0.25  # the level to adopt is that of the last quarter of `adopt_after`
_NEWS_RATIO = 1.1  # a little stronger is no news: a slow rise would be news in every slot


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What one slot did to the events; all [rows]."""

    state: U8
    begun: Bool
    opened: Bool
    closed: Bool
    adopted: Bool


class Events:
    """One event at most per row."""

    def __init__(self, settings: DetectorSettings) -> None:
        least, of = settings.points
        if not 1 <= least <= of <= 16:
            raise ValueError(f"points: {least} of {of} is not 1 <= m <= n <= 16")
        self._least, self._of = least, of
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
        ok                   [rows]: the rows that have a point
        """
        columns = self.columns
        hit = ok & (score >= 1.0)
        earlier = np.where(gap, 0, columns["recent"] << 1) & ((1 << self._of) - 1)
        recent = (earlier | hit).astype(np.uint16)
        was_open = columns["open"].copy()
        begins = hit & ~was_open & (earlier == 0)
        pending = ok & (recent != 0)
        running = was_open | pending
        opened = hit & ~was_open & (np.bitwise_count(recent) >= self._least)
        np.copyto(columns["recent"], recent, where=ok)
        np.copyto(columns["since"], at, where=begins)
        np.copyto(columns["last_high"], at, where=ok & (score >= self._clear_below))
        self._accumulate(residual, dt, begins=begins, running=ok & running)
        closed = ok & was_open & (score < self._clear_below) & (at - columns["last_high"] >= self._recovery)
        adopted = hit & was_open & (at - columns["since"] >= self._adopt_after)
        np.logical_or(columns["open"], opened, out=columns["open"])
        self.end(closed)
        # The slot that closes an event still tells of it.
        over = ok & ~was_open & ~pending
        np.copyto(columns["since"], np.nan, where=over)
        np.copyto(columns["excess"], 0.0, where=over)
        state = np.where(columns["open"], np.where(hit, State.ANOMALOUS, State.HELD), State.NORMAL)
        state = np.where(~columns["open"] & pending, State.PENDING, state)
        return Change(state.astype(np.uint8), begins, opened, closed, adopted)

    def end(self, rows: Bool) -> None:
        """Close the events of these rows."""
        columns = self.columns
        np.logical_and(columns["open"], ~rows, out=columns["open"])
        np.copyto(columns["recent"], 0, where=rows)
        np.copyto(columns["drift"], 0.0, where=rows)

    @property
    def drift(self) -> F64:
        """[rows]: the recent mean of value - expected in the row's event; 0 without one."""
        drift: F64 = np.where(self.columns["open"], self.columns["drift"], 0.0)
        return drift

    def news(self, at: float | F64, strength: F64, *, ok: Bool) -> F64:
        """`strength` where nothing nearly as strong was news during the last `rearm`, else 0."""
        columns = self.columns
        told = np.where(at - columns["told_at"] >= self._rearm, 0.0, columns["told"])
        new = ok & (strength.astype(np.float32) > told * _NEWS_RATIO)
        np.copyto(columns["told"], strength, where=new, casting="same_kind")
        np.copyto(columns["told_at"], at, where=new)
        return np.where(new, strength, 0.0)

    def _accumulate(self, residual: F64, dt: F64, *, begins: Bool, running: Bool) -> None:
        columns = self.columns
        for name in ("excess", "drift", "drift_points"):
            np.copyto(columns[name], 0.0, where=begins)
        known = running & np.isfinite(residual)
        points = columns["drift_points"] + 1.0
        fresh = 1.0 - np.exp(-dt / (_DRIFT_SHARE * self._adopt_after))
        drift = columns["drift"] + np.maximum(fresh, 1.0 / points) * (residual - columns["drift"])
        np.copyto(columns["excess"], columns["excess"] + residual * dt, where=known)
        np.copyto(columns["drift"], drift, where=known)
        np.copyto(columns["drift_points"], points, where=known, casting="same_kind")
