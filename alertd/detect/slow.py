"""`Slow`: a day that brings a multiple of what its hours usually bring, though no single point may stand out.

The mean of every hour is held against what that hour of the day brought before, and both are summed over the last 24 hours. A
burst counts no more than a few usual hours: it is the points' business. What an event has told of counts as usual, so that
nothing is told twice. A row is slow when the multiple of its day is high enough, higher than those it has had, and still goes
on in its last hours.

Totals are compared, so values are kept as they are, in single precision: three digits are plenty for a multiple.
"""

from __future__ import annotations

import numpy as np

from alertd.detect.columns import F32, F64, Bool, Column, Columns, Rows, lines, rows_of
from alertd.detect.hours import Ended

_HOURS = 24
_LEAST_HOURS = 12
_LEAST_DAYS = 3.0
_DAY_RATE = 0.25
_RECENT = np.arange(6)[:, None]  # hours back
_RECENT_SHARE = 0.75  # of the multiple asked for: what goes on may be less than the day's
_BURST = 4.0
_LEAST_OF_MEAN = 0.5  # what is expected of an hour, in average ones: the end of an idle night is no multiple of it
_RECORD_MARGIN = 1.25  # with the next line: what comes back after a week is no news, and after four it is
_RECORD_KEEP = 2.0 ** (-1.0 / 56.0)  # per day
_NEVER = -1
_TODAY, _YESTERDAY, _BEFORE = range(3)


class Slow:
    """The multiple of the usual amount, over the last 24 hours of every row; upwards only.

    multiple     of the usual total that makes a row slow
    least        mean excess over the 24 hours from which that counts
    clear_below  share of what is asked for under which it ends
    """

    def __init__(self, *, multiple: float, least: float, clear_below: float) -> None:
        self._asked = multiple
        self._least = least
        self._clear_below = clear_below
        lead = (_HOURS,)
        self.columns = Columns(
            {
                "multiple": Column(blank=np.nan),
                "score": Column(),
                "newest": Column(np.int64, _NEVER),  # hour that has ended
                "records": Column(
                    np.float32, 0.0, (3,)
                ),  # highest multiples: of today, of yesterday, of the time before
                "usual": Column(np.float32, 0.0, lead),  # by hour of the local day
                "days": Column(np.float32, 0.0, lead),
                "amount": Column(np.float32, 0.0, lead),  # of the last 24 hours, by their number modulo 24
                "untold": Column(np.float32, 0.0, lead),
                "expected": Column(np.float32, 0.0, lead),  # 0, as the others are, where it is not known or nothing
            }
        )

    @property
    def score(self) -> F64:
        """[rows] 1 or more in a row that is slow, else 0."""
        score: F64 = self.columns["score"]
        return score

    @property
    def multiple(self) -> F64:
        """[rows] the total of the last 24 whole hours over what is usual in them; NaN while that is not known."""
        multiple: F64 = self.columns["multiple"]
        return multiple

    def learn(self, ended: Ended, *, told: Bool) -> None:
        """Judge the hours that have ended, then learn them. told: [rows] in an event, which tells of the hour"""
        rows, columns = ended.rows, self.columns
        if not rows.size:
            return
        self._forget(ended)
        self._remember(ended, told[rows])
        every = slice(None) if rows.size == columns.rows else rows
        hours = columns.together("amount", "untold", "expected")[:, :, every]
        known = _count(hours[2])
        amount, untold, expected = hours.sum(axis=1).astype(np.float64)
        newest = lines((ended.number - _RECENT) % _HOURS, rows, of=columns)
        recent = columns["amount"][newest].sum(axis=0), columns["expected"][newest].sum(axis=0)
        multiple = np.where(known >= _LEAST_HOURS, amount / expected, np.nan)
        news, excess = multiple * (untold / amount), (untold - expected) / known
        columns["score"][rows] = self._score(rows, news, recent[0] / recent[1], excess)
        columns["multiple"][rows] = multiple
        self._record(ended, multiple)

    def tell(self, rows: Rows) -> None:
        """What these rows have brought is told: from now on it counts as usual."""
        columns = self.columns
        columns["untold"][:, rows] = np.minimum(columns["untold"][:, rows], columns["expected"][:, rows])
        columns["score"][rows] = 0.0

    def forget(self, rows: Rows) -> None:
        """The last day of these rows was never seen."""
        columns = self.columns
        columns.together("amount", "untold", "expected")[..., rows] = 0.0
        columns["records"][_TODAY, rows] = 0.0
        columns["score"][rows] = 0.0

    def move(self, rows: Rows, by: F64) -> None:
        """These rows have a new level, [rows] so much higher."""
        usual = self.columns["usual"]
        usual[:, rows] = np.maximum(usual[:, rows] + by, 0.0)

    def _forget(self, ended: Ended) -> None:
        """The hours between the newest one and these were not seen: what is in their places is older than a day."""
        columns, rows = self.columns, ended.rows
        missed = rows_of(ended.number > columns["newest"][rows] + 1)
        if missed.size:
            back = (ended.number[missed] - np.arange(_HOURS)[:, None]) % _HOURS
            hour, place = np.nonzero((back > 0) & (back < ended.number[missed] - columns["newest"][rows[missed]]))
            columns.together("amount", "untold", "expected")[:, hour, rows[missed[place]]] = 0.0
        columns["newest"][rows] = ended.number

    def _remember(self, ended: Ended, told: Bool) -> None:
        """Put the hours beside the others of their day, each with what was expected of it; then learn them."""
        columns, rows = self.columns, ended.rows
        here, place = (lines(hours % _HOURS, rows, of=columns) for hours in (ended.of_week, ended.number))
        usual, days = columns["usual"][here], columns["days"][here]
        every = slice(None) if rows.size == columns.rows else rows
        seen = np.maximum(_count(columns["days"][:, every]), 1)
        average = columns["usual"][:, every].sum(axis=0) / seen
        expected = np.where(days >= _LEAST_DAYS, np.maximum(np.maximum(usual, _LEAST_OF_MEAN * average), 0.0), 0.0)
        amount = np.where(expected > 0.0, np.minimum(ended.mean, _BURST * np.maximum(usual, average)), ended.mean)
        counted = np.where(expected > 0.0, amount, 0.0)
        columns["amount"][place] = counted
        columns["untold"][place] = np.where(told, np.minimum(counted, expected), counted)
        columns["expected"][place] = expected
        columns["usual"][here] = usual + np.maximum(_DAY_RATE, 1.0 / (days + 1.0)) * (amount - usual)
        columns["days"][here] = days + 1.0

    def _score(self, rows: Rows, news: F64, recent: F64, excess: F64) -> F64:
        """Of these rows: the least of all conditions' ratios where it lets a row become slow, or stay so; else, or unknown, 0."""
        columns = self.columns
        asked = np.maximum(self._asked, _RECORD_MARGIN * columns["records"][_BEFORE, rows])
        score = np.minimum(news / asked, recent / (_RECENT_SHARE * self._asked))
        if self._least > 0.0:
            score = np.minimum(score, excess / self._least)
        stays = (columns["score"][rows] >= 1.0) & (score >= self._clear_below)
        return np.where(score >= 1.0, score, np.where(stays, 1.0, 0.0))

    def _record(self, ended: Ended, multiple: F64) -> None:
        """A record counts from a day after its own day on: what rises now is not measured by itself."""
        records, rows = self.columns["records"], ended.rows
        today, yesterday, before = records[:, rows]
        fresh = ended.number % _HOURS == 0
        records[_BEFORE, rows] = np.where(fresh, np.maximum(before * _RECORD_KEEP, yesterday), before)
        records[_YESTERDAY, rows] = np.where(fresh, today, yesterday)
        records[_TODAY, rows] = np.fmax(np.where(fresh, 0.0, today), multiple)


def _count(hours: F32) -> F64:
    """[rows] of [24, rows]: how many are not 0; `count_nonzero` takes three times as long."""
    count: F64 = np.add.reduce(hours != 0.0, axis=0, dtype=np.uint8).astype(np.float64)
    return count
