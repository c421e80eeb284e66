"""`Seasonal`: profiles over parts of the day or week, judged by the tail of their own deviations.

A profile holds, for every part of a cycle, an exponentially weighted mean and spread; the spread is shrunk towards the series' common one
while a part is young. A season asks profiles of different coarseness, so that an edge between two parts is not one in both, and one
of the smoothed series, which sees what stays; the mean of their digits of rarity (`tail.py`) is the surprise. A value outside everything seen
so far adds to it. `auto` keeps the day's and the week's profiles, and asks the week's for the rows it predicts clearly better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from alertd.detect.columns import F32, F64, Bool, Column, Columns, mask, put
from alertd.detect.local_time import DAY, WEEK, Moment
from alertd.detect.method import STRONGEST, Reading, watched
from alertd.detect.rarity import digits_of, sigmas_of
from alertd.detect.settings import Direction, Season
from alertd.detect.tail import Tail, log_deviation

_PART_RATE = 1.0 - 2.0 ** (-1.0 / 60.0)  # half-life in points of one part
_PART_FULL = 86.0
_COMMON_RATE = 1.0 - 2.0 ** (-1.0 / 500.0)
_COMMON_WEIGHT = 10.0
_COMMON_CLIP = 25.0
_LEVEL_RATE = 0.002
_LEVEL_SHARE = 1e-4
_LEAST_VISITS = 2.0
_SMOOTH_RATE = 1.0 - 2.0 ** (-1.0 / 12.0)
_RANGE_POINTS = 50.0
_RANGE_WEIGHT = 2.0
_FARTHEST = 1e6
_TINY = 1e-280
_WEEK_GAIN = (
    0.8  # the week is asked where its squared error is that much smaller, measured over its second turn at least
)


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile: how many parts of which cycle, and whether it follows the smoothed series."""

    parts: int
    cycle: int = DAY
    smooth: bool = False

    def part(self, moment: Moment) -> Any:
        """The part this moment lies in, a number or [rows]."""
        fraction = moment.of_week if self.cycle == WEEK else moment.of_day
        return (
            (fraction * self.parts).astype(np.intp) if isinstance(fraction, np.ndarray) else int(fraction * self.parts)
        )


_NONE = (Profile(1), Profile(1, smooth=True))
_DAILY = (Profile(12), Profile(24), Profile(24, smooth=True))
_FINEST_DAILY = 1
_WEEKLY = (Profile(84, WEEK), Profile(84, WEEK, smooth=True))
_PROFILES: dict[Season, tuple[Profile, ...]] = {"none": _NONE, "day": _DAILY, "week": _WEEKLY, "auto": _DAILY + _WEEKLY}


@dataclass(slots=True, eq=False)
class _Work:
    """What `read` computed that `update` needs again; all [profiles, rows] but `cells`."""

    cells: tuple[Any, ...]
    mean: F64
    spread: F64
    visits: F64
    logs: F32


class Seasonal:
    """The method `seasonal`; see `Method`."""

    def __init__(self, *, season: Season, direction: Direction) -> None:
        self._direction = direction
        self._season = season
        self._profiles = _PROFILES[season]
        self._starts = np.cumsum((0, *(profile.parts for profile in self._profiles[:-1])))
        self._smooth = np.array([[profile.smooth] for profile in self._profiles])
        lead = (len(self._profiles),)
        parts = (sum(profile.parts for profile in self._profiles),)
        self.columns = Columns(
            {
                "mean": Column(np.float32, 0.0, parts),
                "spread": Column(np.float32, 0.0, parts),
                "visits": Column(np.float32, 0.0, parts),
                "common": Column(np.float64, 0.0, lead),
                "error": Column(np.float64, 0.0, (2,)),  # of the day's and the week's profile, where there are both
                "age": Column(),
                "points": Column(),
                "smoothed": Column(),
                "level": Column(),
                "level_variance": Column(),
                "highest": Column(blank=-np.inf),
                "lowest": Column(blank=np.inf),
                **Tail.layout(len(self._profiles)),
            }
        )
        self._tail = Tail(self.columns)
        self._work: _Work | None = None

    def read(self, moment: Moment, values: F64, *, k: float) -> Reading:
        columns = self.columns
        cells = self._cells(moment)
        mean, spread, visits = (columns[name][cells].astype(np.float64) for name in ("mean", "spread", "visits"))
        scale = np.sqrt(self._variance(spread, visits))
        offset = watched(self._followed(values, weight=moment.share) - mean, self._direction)
        deviation = np.where(visits >= _LEAST_VISITS, np.minimum(offset / scale, STRONGEST), 0.0)
        logs = log_deviation(np.fmax(deviation, 0.0))
        weekly = self._weekly()
        digits = self._asked(self._tail.digits(logs), weekly) + self._record(values)
        farthest = np.exp(self._asked(self._tail.log_at(digits_of(k)), weekly))
        reach = self._asked(scale, weekly) * np.minimum(farthest, STRONGEST)
        centre = np.where(columns["points"] > 0.0, self._asked(mean, weekly), np.nan)
        self._work = _Work(cells, mean, spread, visits, logs)
        return Reading(centre, reach, sigmas_of(digits))

    def update(self, moment: Moment, values: F64, *, weight: F64, ok: Bool) -> None:
        work, self._work = self._work, None
        assert work is not None, "update follows read"
        columns, weight = self.columns, weight * moment.share
        self._tail.update(work.logs, weight=weight, ok=ok & (work.visits >= _LEAST_VISITS))
        offset = self._followed(values, weight=weight) - work.mean
        square = offset * offset
        common = columns["common"]
        rate = weight * np.maximum(_COMMON_RATE, 1.0 / (columns["points"] + 1.0))
        clipped = np.where(common > 0.0, np.minimum(square, _COMMON_CLIP * common), square)
        put(common, common + rate * (clipped - common), mask(ok & (work.visits > 0.0)))
        if self._season == "auto":
            self._compare(square, weight=weight, ok=ok)
        rate = weight * np.maximum(_PART_RATE, 1.0 / (work.visits + 1.0))
        rate = np.where(work.visits > 0.0, rate, 1.0)
        where = mask(ok)
        spread = np.sqrt((1.0 - rate) * (work.spread * work.spread + rate * square))
        self._put("mean", work.cells, work.mean + rate * offset, where)
        self._put("spread", work.cells, spread, where)
        self._put("visits", work.cells, np.minimum(work.visits + weight, _PART_FULL), where)
        self._update_level(values, weight=weight, where=where)
        put(columns["age"], columns["age"] + moment.dt, where)

    def _put(self, name: str, cells: tuple[Any, ...], new: F64, ok: Bool | bool) -> None:
        column = self.columns[name]
        column[cells] = new if ok is True else np.where(ok, new, column[cells])

    def _cells(self, moment: Moment) -> tuple[Any, ...]:
        """Index of the profiles' cells of this moment: [profiles, rows] of them."""
        parts = [start + profile.part(moment) for start, profile in zip(self._starts, self._profiles, strict=True)]
        if np.ndim(parts[0]) == 0:
            return (np.array(parts),)
        return np.array(parts), np.arange(self.columns.rows)

    def _followed(self, values: F64, *, weight: float | F64) -> F64:
        """What each profile follows, [profiles, rows]: the values, or the series smoothed with them."""
        columns = self.columns
        rate = weight * np.maximum(_SMOOTH_RATE, 1.0 / (columns["points"] + 1.0))
        smoothed = columns["smoothed"]
        followed: F64 = np.where(self._smooth, smoothed + rate * (values - smoothed), values)
        return followed

    def _variance(self, spread: F64, visits: F64) -> F64:
        columns = self.columns
        shrunk = (visits * spread * spread + _COMMON_WEIGHT * columns["common"]) / (visits + _COMMON_WEIGHT)
        variance: F64 = shrunk + (_LEVEL_SHARE * columns["level_variance"] + _TINY)
        return variance

    def _asked(self, answers: F64 | F32, weekly: Bool | None) -> F64:
        """The mean over the profiles that are asked: [profiles, rows] to [rows]."""
        if weekly is None:
            mean: F64 = answers.mean(axis=0, dtype=np.float64)
            return mean
        daily: F64 = answers[: len(_DAILY)].mean(axis=0, dtype=np.float64)
        if weekly.any():
            np.copyto(daily, answers[len(_DAILY) :].mean(axis=0, dtype=np.float64), where=weekly)
        return daily

    def _weekly(self) -> Bool | None:
        """The rows whose week is asked; None without a choice."""
        if self._season != "auto":
            return None
        daily, weekly = self.columns["error"]
        asked: Bool = (self.columns["age"] >= 2 * WEEK) & (weekly < _WEEK_GAIN * daily)
        return asked

    def _compare(self, square: F64, *, weight: F64, ok: Bool) -> None:
        """Keep both seasons' errors; in its first turn a week knows its parts by the hour before only, and seems to be right."""
        columns = self.columns
        errors, known = columns["error"], ok & (columns["age"] >= WEEK)
        if not known.any():
            return
        both = square[[_FINEST_DAILY, len(_DAILY)]]
        clipped = np.minimum(both, _COMMON_CLIP * np.maximum(columns["common"][_FINEST_DAILY], _TINY))
        np.copyto(errors, errors + weight * _COMMON_RATE * (clipped - errors), where=known)

    def _record(self, values: F64) -> F64:
        """Digits for a value outside everything seen, by the share of the range it lies outside."""
        columns = self.columns
        highest, lowest = columns["highest"], columns["lowest"]
        over = values - highest if self._direction != "below" else np.zeros_like(values)
        under = lowest - values if self._direction != "above" else np.zeros_like(values)
        beyond = np.fmax(np.fmax(over, under), 0.0)
        span = highest - lowest
        share = np.divide(beyond, span, out=np.full_like(values, _FARTHEST), where=span > 0.0)
        counts = (columns["points"] >= _RANGE_POINTS) & (beyond > 0.0)
        digits: F64 = np.where(counts, _RANGE_WEIGHT * np.log10(1.0 + 100.0 * np.minimum(share, _FARTHEST)), 0.0)
        return digits

    def _update_level(self, values: F64, *, weight: F64, where: Bool | bool) -> None:
        columns = self.columns
        points, level, smoothed = columns["points"], columns["level"], columns["smoothed"]
        offset = values - level
        share = 1.0 / (points + 1.0)
        rate = weight * np.maximum(_LEVEL_RATE, share)
        put(columns["level_variance"], (1.0 - rate) * (columns["level_variance"] + rate * offset * offset), where)
        put(level, level + rate * offset, where)
        put(smoothed, smoothed + weight * np.maximum(_SMOOTH_RATE, share) * (values - smoothed), where)
        for name, extreme in (("highest", np.maximum), ("lowest", np.minimum)):
            seen = columns[name]
            moved = seen + weight * (extreme(seen, values) - seen)
            put(seen, np.where(np.isfinite(seen), moved, values), where)
        put(points, points + weight, where)
