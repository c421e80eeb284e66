"""`Hourly`: what a detector learns by the hour, beside its points: slow multiples and weekly habits; upwards only."""

from __future__ import annotations

import numpy as np

from alertd.detect.columns import F64, Bool, Columns, Rows, rows_of
from alertd.detect.habit import Habit
from alertd.detect.hours import Hours
from alertd.detect.local_time import Moment
from alertd.detect.settings import DetectorSettings
from alertd.detect.slot import SLOW, U8
from alertd.detect.slow import Slow

PARTS = ("hours", "slow", "habit")


class Hourly:
    """Three additions a slot; everything else once an hour."""

    def __init__(self, settings: DetectorSettings) -> None:
        self._hours = Hours()
        self._slow = Slow(multiple=settings.slow, least=settings.min_value, clear_below=settings.clear_below)
        self._habit = Habit()
        self._is_asked = settings.slow > 0.0

    @staticmethod
    def of(settings: DetectorSettings) -> Hourly | None:
        """None for settings that have no use for it."""
        return Hourly(settings) if settings.method == "seasonal" and settings.direction != "below" else None

    @property
    def parts(self) -> dict[str, Columns]:
        """All it remembers, by the names `PARTS`."""
        return dict(zip(PARTS, (self._hours.columns, self._slow.columns, self._habit.columns), strict=True))

    @property
    def multiple(self) -> F64:
        """[rows] the total of the last 24 whole hours over what is usual in them; NaN while that is not known."""
        return self._slow.multiple.copy()

    @property
    def habit(self) -> F64:
        """[rows] the peak that both of the last two weeks had about the present hour; 0 without one."""
        return self._habit.peak

    def turn(self, moment: Moment, *, told: Bool, ok: Bool) -> None:
        """Before the points of a slot are judged: learn the hours that end with them. told: [rows] in an event"""
        turn = self._hours.turn(moment, ok=ok)
        if turn is not None:
            self._slow.learn(turn.ended, told=told)
            self._habit.turn(turn)

    def add(self, values: F64, *, silent: Bool, over: Rows) -> None:
        """Take in the points [rows] of a slot. over: the rows whose event it ends; what they brought is told"""
        self._hours.add(np.where(silent, 0.0, values), ok=~silent)
        if over.size:
            self._slow.tell(over)

    def judge(self, score: F64, ruling: U8, *, judged: Bool) -> tuple[F64, U8]:
        """Scores [rows] of points and what decided them, and with them those of slow rows, where they are higher."""
        slow = self._slow.score
        if not self._is_asked or not slow.any():
            return score, ruling
        rows = rows_of(judged & (slow > score) & (slow > 0.0))
        score, ruling = score.copy(), ruling.copy()
        score[rows], ruling[rows] = slow[rows], SLOW
        return score, ruling

    def move(self, rows: Rows, by: F64) -> None:
        """The events of these rows are their new level, so much higher."""
        if rows.size:
            self._slow.move(rows, by)
            self._slow.tell(rows)

    def forget(self, rows: Rows) -> None:
        """What these rows brought last is not to be measured by."""
        self._slow.forget(rows)
