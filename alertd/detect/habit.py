"""`Habit`: what an hour of the week brought two weeks running, so that a weekly job is no news from its third time on.

A profile cannot learn it: two hours of 168 are too few for a season of means, and a percentile of all values sees the job only
where it makes up more than a hundredth of them. One week alone teaches nothing: it may have been an incident.
"""

from __future__ import annotations

import numpy as np

from alertd.detect.columns import F64, Column, Columns, lines
from alertd.detect.hours import Ended, Turn

_HOURS = 168
_NEIGHBOURS = np.array([[-1], [0], [1]])  # a job may run an hour early or late


class Habit:
    """The peaks of the hours of the last two weeks each hour was seen in."""

    def __init__(self) -> None:
        lead = (_HOURS,)
        self.columns = Columns(
            {
                "now": Column(),
                "last": Column(np.float32, 0.0, lead),
                "before": Column(np.float32, 0.0, lead),
            }
        )

    @property
    def peak(self) -> F64:
        """[rows] what both of the last two weeks reached about the present hour; 0 where nothing positive."""
        now: F64 = self.columns["now"]
        return now

    def turn(self, turn: Turn) -> None:
        """Learn the hours that have ended; look up those that begin."""
        self._learn(turn.ended)
        last, before = self.columns["last"], self.columns["before"]
        about = lines((turn.of_week + _NEIGHBOURS) % _HOURS, turn.rows, of=self.columns)
        self.columns["now"][turn.rows] = np.minimum(last[about], before[about]).max(axis=0)

    def _learn(self, ended: Ended) -> None:
        if not ended.rows.size:
            return
        here = lines(ended.of_week, ended.rows, of=self.columns)
        self.columns["before"][here] = self.columns["last"][here]
        self.columns["last"][here] = ended.peak
