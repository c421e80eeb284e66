"""Keeps what every series was worth, and what was expected of it, in as many points as a chart can show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from alertd.charts import Chart, Span
from alertd.engine.state import GroupState
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.replay.episodes import Episode
from alertd.rules.finding import Band, Judgement

POINTS = 1200
MOST_SERIES = 2000
"""Of one rule; further ones are judged, and not drawn."""

_VALUE, _LOWER, _EXPECTED, _UPPER = range(4)

F32 = NDArray[np.float32]


@dataclass(slots=True)
class _Roll:
    """One rule: [fields, POINTS, series]; `rows` is the place of each series, `due` the points that slots fell on."""

    due: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(POINTS, np.bool_))
    rows: dict[LabelSet, int] = field(default_factory=dict)
    values: F32 = field(default_factory=lambda: np.full((4, POINTS, 8), np.nan, np.float32))
    _labels: tuple[LabelSet, ...] = ()
    _places: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))

    def places(self, labels: tuple[LabelSet, ...]) -> NDArray[np.intp]:
        """[series of the batch] -> their rows, -1 for those that found no room any more."""
        if labels is not self._labels:
            for series in labels:
                if len(self.rows) < MOST_SERIES:
                    self.rows.setdefault(series, len(self.rows))
            self._labels = labels
            self._places = np.array([self.rows.get(series, -1) for series in labels], dtype=np.intp)
            while len(self.rows) > self.values.shape[2]:
                self.values = np.concatenate([self.values, np.full_like(self.values, np.nan)], axis=2)
        return self._places

    def put(self, point: int, batch: SeriesBatch, band: Band | None) -> None:
        places = self.places(batch.labels)
        room = places >= 0
        rows = places[room]
        known, new = self.values[_VALUE, point, rows], batch.values[room].astype(np.float32)
        # Of several slots on one point the largest magnitude is kept: what fired must be seen.
        self.values[_VALUE, point, rows] = np.where(np.isnan(known) | (np.abs(new) > np.abs(known)), new, known)
        if band is not None:
            for number, array in ((_LOWER, band.lower), (_EXPECTED, band.expected), (_UPPER, band.upper)):
                self.values[number, point, rows] = array[room]


@dataclass(slots=True, kw_only=True)
class Recorder:
    """Sees every slot from `start` to `end`; afterwards draws a chart per series."""

    start: datetime
    end: datetime
    _rolls: dict[tuple[str, str], _Roll] = field(default_factory=dict)

    def see(self, state: GroupState, at: datetime) -> None:
        """A group after slot `at`."""
        point = min(POINTS - 1, int((at - self.start) / (self.end - self.start) * POINTS))
        for rule in state.rules:
            roll = self._rolls.setdefault((state.group.name, rule.rule.name), _Roll())
            roll.due[point] = True
            if rule.judgement is not None and not rule.last_error:
                roll.put(point, _seen(rule.judgement, at), rule.judgement.band)

    def chart(self, group: str, rule: str, series: LabelSet, episodes: Sequence[Episode], *, unit: str = "") -> Chart:
        """The series with its episodes; `series` has no points where it found no room."""
        roll = self._rolls.get((group, rule), _Roll())
        row = roll.rows.get(series)
        values = np.full((4, POINTS), np.nan) if row is None else roll.values[:, :, row].astype(np.float64)
        has_band = bool(np.isfinite(values[_EXPECTED]).any())
        # Slots may be further apart than points: what lies between is no gap.
        times = np.linspace(self.start.timestamp(), self.end.timestamp(), POINTS)[roll.due]
        values = values[:, roll.due]
        return Chart.judged(
            times, values[_VALUE], title=f"{rule}{series if len(series) else ''}", unit=unit,
            band=(values[_LOWER], values[_EXPECTED], values[_UPPER]) if has_band else None,
            evidences=(one.evidence for one in episodes),
            firing=tuple(
                Span(start=one.fired_at.timestamp(), end=one.resolved_at.timestamp() if one.resolved_at else None)
                for one in episodes
            ),
        )  # fmt: skip

    def extremes(self, group: str, rule: str) -> tuple[float, float, float]:
        """Least, median and greatest number any series of the rule was worth; NaN where there is none."""
        values = self._rolls.get((group, rule), _Roll()).values[_VALUE]
        known = values[np.isfinite(values)]
        return (float(known.min()), float(np.median(known)), float(known.max())) if len(known) else (np.nan,) * 3


def _seen(judgement: Judgement, at: datetime) -> SeriesBatch:
    """What was seen; where the answer holds only what breached, that."""
    if judgement.seen is not None:
        return judgement.seen
    findings = {finding.series: finding.value for finding in judgement.findings}
    return SeriesBatch(labels=tuple(findings), values=np.array(list(findings.values()), dtype=float), at=at)
