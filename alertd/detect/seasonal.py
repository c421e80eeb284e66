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

from alertd.detect.columns import F32, F64, Bool, Column, Columns, Rows, rows_of
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
_COMMON, _LEVEL, _SMOOTH = range(3)
_RATES = np.array([[_COMMON_RATE], [_LEVEL_RATE], [_SMOOTH_RATE]])
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

    def part(self, of_day: float | F64, of_week: float | F64) -> int | Rows:
        """The part a moment lies in, a number or [rows], by how much of its day and week has passed."""
        part = (of_week if self.cycle == WEEK else of_day) * self.parts
        return part.astype(np.intp) if isinstance(part, np.ndarray) else int(part)


_NONE = (Profile(1), Profile(1, smooth=True))
_DAILY = (Profile(12), Profile(24), Profile(24, smooth=True))
_WEEKLY = (Profile(84, WEEK), Profile(84, WEEK, smooth=True))
_FINEST_DAILY = 1
_COMPARED = slice(_FINEST_DAILY, len(_DAILY) + 1, len(_DAILY) - _FINEST_DAILY)  # that one, and the first of the week
_PROFILES: dict[Season, tuple[Profile, ...]] = {"none": _NONE, "day": _DAILY, "week": _WEEKLY, "auto": _DAILY + _WEEKLY}


@dataclass(slots=True, eq=False)
class _Work:
    """What `read` computed that `update` needs again; [profiles, rows], but those marked with their own."""

    cells: tuple[Any, ...]
    mean: F64
    square: F64  # of the spread
    visits: F64
    rates: F64  # [3, rows]: of the common spread, the level and the smoothed series
    weight: F64  # [rows]: the one `read` assumed
    values: F64  # [rows]
    smoothed: F64  # [rows], these values included
    offset: F64
    logs: F32
    outside: Rows  # whose value is over the highest or under the lowest so far: few


class Seasonal:
    """The method `seasonal`; see `Method`."""

    def __init__(self, *, season: Season, direction: Direction) -> None:
        self._direction = direction
        self._season = season
        self._profiles = _PROFILES[season]
        self._starts = np.cumsum((0, *(profile.parts for profile in self._profiles[:-1]))).tolist()
        self._smooth = [number for number, profile in enumerate(self._profiles) if profile.smooth]
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

    def read(self, moment: Moment, values: F64, *, k: float, ok: Bool) -> Reading:
        columns = self.columns
        cells, points = self._cells(moment), columns["points"]
        mean, spread, visits = columns.together("mean", "spread", "visits")[cells].astype(np.float64)
        square = spread * spread
        scale = np.sqrt(self._variance(square, visits))
        rates = np.maximum(_RATES, 1.0 / (points + 1.0))
        smoothed = self._smoothed(values, columns["smoothed"], rate=rates[_SMOOTH] * moment.share)
        offset = self._offset(values, smoothed, mean)
        deviation = watched(offset, self._direction) / scale
        np.minimum(deviation, STRONGEST, out=deviation)
        np.copyto(deviation, 0.0, where=visits < _LEAST_VISITS)
        logs = log_deviation(deviation)
        outside = rows_of(((values > columns["highest"]) | (values < columns["lowest"])) & ok)
        self._work = _Work(cells, mean, square, visits, rates, moment.share, values, smoothed, offset, logs, outside)
        answers = mean, scale, self._tail.log_at(digits_of(k)), self._tail.digits(logs)
        centre, reach, log_reach, digits = self._asked(*answers)
        np.copyto(centre, np.nan, where=points == 0.0)
        reach *= np.minimum(np.exp(log_reach), STRONGEST)
        self._add_record(digits, values, outside)
        return Reading(centre, reach, sigmas_of(digits))

    def update(self, moment: Moment, values: F64, *, weight: F64) -> None:
        work, self._work = self._work, None
        assert work is not None, "update follows read"
        weight = weight * moment.share
        rates = work.rates * weight
        self._correct(work, values, weight=weight, rate=rates[_SMOOTH])
        square = work.offset * work.offset
        self._tail.update(work.logs, weight=weight.astype(np.float32) * (work.visits >= _LEAST_VISITS))
        fresh = work.visits == 0.0
        self._update_common(square, fresh, rate=rates[_COMMON])
        if self._season == "auto":
            self._compare(square, weight=weight)
        self._update_parts(work, square, fresh, weight=weight)
        self._update_level(values, rate=rates[_LEVEL])
        self._update_range(work.outside, values, weight=weight)
        points, age, smoothed = (self.columns[name] for name in ("points", "age", "smoothed"))
        points += weight
        age += moment.dt
        smoothed[...] = work.smoothed

    def _correct(self, work: _Work, values: F64, *, weight: F64, rate: F64) -> None:
        """Where `update` is told another value or weight than `read` was, as of anomalous points."""
        rows = rows_of((values != work.values) | (weight != work.weight))
        if rows.size:
            smoothed = self._smoothed(values[rows], self.columns["smoothed"][rows], rate=rate[rows])
            work.smoothed[rows] = smoothed
            work.offset[:, rows] = self._offset(values[rows], smoothed, work.mean[:, rows])

    def _update_common(self, square: F64, fresh: Bool, *, rate: F64) -> None:
        common = self.columns["common"]
        step = _COMMON_CLIP * common
        np.copyto(step, np.inf, where=common == 0.0)
        np.minimum(step, square, out=step)
        step -= common
        step *= rate
        np.copyto(step, 0.0, where=fresh)
        common += step

    def _update_parts(self, work: _Work, square: F64, fresh: Bool, *, weight: F64) -> None:
        rate = 1.0 / (work.visits + 1.0)
        np.maximum(rate, _PART_RATE, out=rate)
        rate *= weight
        np.copyto(rate, weight > 0.0, where=fresh)
        mean, spread, visits = parts = np.empty((3, *rate.shape))
        np.multiply(rate, work.offset, out=mean)
        mean += work.mean
        np.multiply(rate, square, out=spread)
        spread += work.square
        spread *= np.subtract(1.0, rate, out=rate)
        np.sqrt(spread, out=spread)
        np.add(work.visits, weight, out=visits)
        np.minimum(visits, _PART_FULL, out=visits)
        self.columns.together("mean", "spread", "visits")[work.cells] = parts

    def _update_level(self, values: F64, *, rate: F64) -> None:
        level, variance = self.columns["level"], self.columns["level_variance"]
        offset = values - level
        step = rate * offset
        level += step
        step *= offset
        variance += step
        variance *= 1.0 - rate

    def _update_range(self, rows: Rows, values: F64, *, weight: F64) -> None:
        if not rows.size:
            return
        values, weight = values[rows], weight[rows]
        for name, extreme in (("highest", np.maximum), ("lowest", np.minimum)):
            seen = self.columns[name][rows]
            moved = seen + weight * (extreme(seen, values) - seen)
            self.columns[name][rows] = np.where(np.isfinite(seen), moved, values)

    def _cells(self, moment: Moment) -> tuple[Any, ...]:
        """Index of the profiles' cells of this moment: [columns, profiles, rows] of them."""
        day, week = moment.of_day, moment.of_week
        parts = [start + profile.part(day, week) for start, profile in zip(self._starts, self._profiles, strict=True)]
        if isinstance(moment.at, np.ndarray):
            return slice(None), np.array(parts), np.arange(self.columns.rows)
        return slice(None), np.array(parts)

    def _smoothed(self, values: F64, before: F64, *, rate: F64) -> F64:
        smoothed = values - before
        smoothed *= rate
        smoothed += before
        return smoothed

    def _offset(self, values: F64, smoothed: F64, mean: F64) -> F64:
        """How far what each profile follows, the values or the smoothed series, is from its mean."""
        offset = values - mean
        for profile in self._smooth:
            np.subtract(smoothed, mean[profile], out=offset[profile])
        return offset

    def _variance(self, square: F64, visits: F64) -> F64:
        columns = self.columns
        variance = visits * square
        variance += _COMMON_WEIGHT * columns["common"]
        variance /= visits + _COMMON_WEIGHT
        variance += _LEVEL_SHARE * columns["level_variance"] + _TINY
        return variance

    def _asked(self, *answers: F64 | F32) -> list[F64]:
        """[rows] of each answer: its mean over the profiles that are asked."""
        if self._season != "auto":
            return [_mean(answer) for answer in answers]
        asked, error = [_mean(answer[: len(_DAILY)]) for answer in answers], self.columns["error"]
        weekly = rows_of((error[1] < _WEEK_GAIN * error[0]) & (self.columns["age"] >= 2 * WEEK))
        if weekly.size:
            for daily, answer in zip(asked, answers, strict=True):
                daily[weekly] = _mean(answer[len(_DAILY) :, weekly])
        return asked

    def _compare(self, square: F64, *, weight: F64) -> None:
        """Keep both seasons' errors; in its first turn a week knows its parts by the hour before only, and seems to be right."""
        columns = self.columns
        known = columns["age"] >= WEEK
        if np.count_nonzero(known):
            errors = columns["error"]
            clip = _COMMON_CLIP * np.maximum(columns["common"][_FINEST_DAILY], _TINY)
            rate = weight * _COMMON_RATE * known
            step = np.minimum(square[_COMPARED], clip)
            step -= errors
            step *= rate
            errors += step

    def _add_record(self, digits: F64, values: F64, outside: Rows) -> None:
        """Digits for a value outside everything seen, by the share of the range it lies outside."""
        columns = self.columns
        rows = outside[columns["points"][outside] >= _RANGE_POINTS]
        if rows.size:
            highest, lowest = columns["highest"][rows], columns["lowest"][rows]
            over, under = watched(values[rows] - highest, "above"), watched(values[rows] - lowest, "below")
            beyond = over * (self._direction != "below") + under * (self._direction != "above")
            share = np.minimum(beyond / (highest - lowest), _FARTHEST)
            digits[rows] += np.where(beyond > 0.0, _RANGE_WEIGHT * np.log10(1.0 + 100.0 * share), 0.0)


def _mean(answers: F64 | F32) -> F64:
    """Over the few profiles, in a fraction of what `mean` takes."""
    mean: F64 = answers[0].astype(np.float64)
    for answer in answers[1:]:
        mean += answer
    mean /= len(answers)
    return mean
