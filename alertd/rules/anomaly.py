"""The anomaly kind: each series is judged by its own past, by one detector for all series of the rule.

anomaly: {method: seasonal, min_change: 25%, min_impact: 5 USD, price: 3 USD per 1M, points: 2 of 3}
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from alertd.detect import Detector, SavedStateError, Slot, State
from alertd.duration import format_duration
from alertd.labels import LabelSet
from alertd.query.history import HistoryNeed, SeriesMatrix
from alertd.rules import anomaly_group
from alertd.rules.anomaly_evidence import Witness
from alertd.rules.anomaly_memory import Memory, pack, unpack
from alertd.rules.anomaly_rows import SeriesRows
from alertd.rules.anomaly_settings import AnomalySettings
from alertd.rules.feedback import Feedback
from alertd.rules.finding import Band, Finding, Judgement, Verdict
from alertd.rules.kind import Inputs

LEAST_POINTS = 30
"""Slots a window must hold for a method that looks back over it."""

BYTES_PER_SECOND = 1_000
"""How much memory a judge may write on average: that of a thousand series is megabytes, and takes ten times as long as a slot."""

SAVE_EVERY, LONGEST_UNSAVED = timedelta(minutes=5), timedelta(minutes=30)
"""How long it is unsaved: at least, unless an event begins or ends, and at most. A crash loses nothing: it is read again."""

_DAY = timedelta(days=1)
_GAP = timedelta(hours=1)
_PATIENCE = timedelta(minutes=10)
_SECOND = timedelta(seconds=1)
_HISTORY_POINTS = 4032  # a fortnight of 5 minutes
_FORTNIGHT = 14 * _DAY


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A rule whose condition is that a series is unlike itself.

    interval   distance of slots; raises ValueError when the window holds too few of them
    """

    query: str
    settings: AnomalySettings
    unit: str
    interval: timedelta
    name: str = "anomaly"
    further_queries: Sequence[str] = ()

    def __post_init__(self) -> None:
        least = LEAST_POINTS * self.interval
        if self.settings.looks_back and self.settings.window < least:
            points = self.settings.window // self.interval
            raise ValueError(
                f"window holds {points} of the rule's slots, and {self.settings.method} needs {LEAST_POINTS}: "
                f"make it at least {format_duration(least)}, or the group's interval shorter"
            )

    def open(self, memory: bytes) -> AnomalyJudge:
        """A judge that goes on where `memory` ended; a fresh one where it is of another expression or other settings."""
        known = unpack(memory)
        if known is None or known.query != self.query:
            return AnomalyJudge(self)
        try:
            return AnomalyJudge(self, known)
        except SavedStateError:
            return AnomalyJudge(self)

    def history(self, at: datetime, known_to: datetime | None) -> HistoryNeed:
        """What is to be read before slot `at` when everything up to `known_to` is known."""
        settings = self.settings
        if settings.looks_back:
            depth = settings.window * (3 if settings.method == "ewma" else 1)
        else:
            depth = _FORTNIGHT * (2 if settings.season == "week" else 1)
        slots = max(1, math.ceil(depth / _HISTORY_POINTS / self.interval))
        step = timedelta(seconds=max(1, round((slots * self.interval).total_seconds())))
        start = at - depth if known_to is None else max(at - depth, known_to + step)
        return HistoryNeed(expr=self.query, start=start, end=at - self.interval, step=step)

    def slots_between(self, known_to: datetime, at: datetime) -> HistoryNeed | None:
        """Every slot after `known_to` and before `at`; None where there is none, or ranges cannot have such steps."""
        start, end = known_to + self.interval, at - self.interval
        if start > end or self.interval % _SECOND:
            return None
        return HistoryNeed(expr=self.query, start=start, end=end, step=self.interval)


class AnomalyJudge:
    """Judges the series of one rule, slot after slot."""

    def __init__(self, kind: Anomaly, memory: Memory | None = None) -> None:
        """raises: SavedStateError when the memory does not fit the settings."""
        settings = kind.settings.for_detector()
        self._kind = kind
        self._witness = Witness(kind.settings, kind.unit)
        self._patience = min(kind.settings.recovery, _PATIENCE).total_seconds()
        self._detector = Detector(settings) if memory is None else Detector.load(settings, memory.detector)
        self.rows = SeriesRows(self._detector, keep=max(2 * kind.settings.window, _DAY))
        self._events: dict[int, Finding] = {}
        self._group = None if memory is None else memory.group
        self._known_to = None if memory is None else memory.known_to
        self._saved: tuple[datetime, int] | None = None  # up to when, and how many bytes
        self._resumes = memory is not None  # slots were judged after the memory was saved: they are read again
        self._turned = False
        self._begins = False
        if memory is not None:
            self.rows.restore(memory.series, memory.seen)

    def judge(self, inputs: Inputs) -> Judgement:
        """A finding for each series in an event, and one for a group event."""
        batch, at = inputs.batch, inputs.at.timestamp()
        rows = self.rows.of(batch.labels, batch.values, at)
        values = np.full(self._detector.rows, np.nan)
        values[rows] = batch.values
        slot = self._detector.judge(at, values)
        self._known_to, self._resumes = inputs.at, False
        self._turned |= bool((slot.opened | slot.closed | slot.adopted).any())
        band = Band(slot.lower[rows], slot.expected[rows], slot.upper[rows])
        return self._grouped(Judgement(tuple(self._in_event(slot)), seen=batch, band=band), slot)

    def wants(self, at: datetime) -> Sequence[HistoryNeed]:
        """The past at the first start, what was missed of more than an hour, and what a crash took."""
        need, known_to = self._kind.history(at, self._known_to), self._known_to
        if known_to is None or at - known_to > max(_GAP, 3 * need.step):
            return (need,) if need.start <= need.end else ()
        again = self._kind.slots_between(known_to, at) if self._resumes else None
        return () if again is None else (again,)

    def learn(self, need: HistoryNeed, matrix: SeriesMatrix) -> None:
        """Judge a chunk of the past, without findings: an event that lasts is known when the first slot comes."""
        last = float(matrix.times[-1]) if len(matrix.times) else need.end.timestamp()
        self._resumes &= last + need.step.total_seconds() <= need.end.timestamp()
        if not len(matrix.times):
            self._known_to = need.end
            return
        rows = self.rows.of(matrix.labels, matrix.values[-1], last)
        values = np.full((len(matrix.times), self._detector.rows), np.nan)
        values[:, rows] = matrix.values
        self._detector.learn(matrix.times, values)
        self._known_to = datetime.fromtimestamp(last, UTC)

    def saves(self, at: datetime) -> bool:
        """Every few minutes, and at once when an event began or ended; a large memory less often."""
        if self._known_to is None or self._saved is None:
            return self._known_to is not None
        saved_to, size = self._saved
        pause = timedelta(seconds=size / BYTES_PER_SECOND)
        if not self._turned:
            pause = max(pause, SAVE_EVERY)
        return self._known_to - saved_to >= min(pause, LONGEST_UNSAVED)

    def memory(self) -> bytes:
        if self._known_to is None:
            return b""
        memory = pack(
            Memory(
                query=self._kind.query,
                known_to=self._known_to,
                series=self.rows.series,
                seen=self.rows.seen,
                group=self._group,
                detector=self._detector.dump(),
            )
        )
        self._saved, self._turned = (self._known_to, len(memory)), False
        return memory

    def teach(self, series: LabelSet, feedback: Feedback) -> int:
        """What an operator says of the alert of `series`, or of all series in a group event; how many it is about."""
        row = self.rows.row(series)
        if row is not None:
            about = [row]
        elif self._group is not None and series == self._group.series:
            about = list(self._events)
        else:
            about = []
        tell = self._detector.expect if feedback is Feedback.EXPECTED else self._detector.incident
        tell(np.array(about, dtype=np.intp))
        for row in about:
            self._events.pop(row, None)
        return len(about)

    def _in_event(self, slot: Slot) -> Iterator[Finding]:
        """The series in an event; one that has no sample for a moment is still in it."""
        before, self._events = self._events, {}
        in_event = (slot.state == State.ANOMALOUS) | (slot.state == State.HELD)
        for row in np.flatnonzero(in_event & ~slot.adopted).tolist():
            self._events[row] = self._finding(slot, row)
        self._begins = any(
            _breached(finding) and not _breached(before.get(row)) for row, finding in self._events.items()
        )
        for row in np.flatnonzero(slot.adopted).tolist():
            yield self._adopted(slot, row)
        for row, finding in before.items():
            if slot.state[row] == State.ABSENT and slot.at - self.rows.seen[row] <= self._patience:
                self._events[row] = replace(finding, verdict=Verdict.HELD)
        yield from self._events.values()

    def _finding(self, slot: Slot, row: int) -> Finding:
        least = self._kind.settings.min_impact
        enough = least is None or abs(self._witness.impact(slot, row)) >= least.value
        breached = enough and slot.state[row] == State.ANOMALOUS
        return Finding(
            self._series(row),
            float(slot.value[row]),
            Verdict.BREACHED if breached else Verdict.HELD,
            evidence=self._witness.evidence(slot, row),
        )

    def _adopted(self, slot: Slot, row: int) -> Finding:
        """The last word on a deviation that came to stay; held, so that only an alert that fires says it, and then ends."""
        evidence = self._witness.evidence(slot, row) | self._witness.adopted(slot, row)
        text = {"summary": str(evidence["Summary"])}
        return Finding(self._series(row), float(slot.value[row]), Verdict.HELD, evidence=evidence, annotations=text)

    def _series(self, row: int) -> LabelSet:
        series = self.rows.series[row]
        assert series is not None, "only rows of a series are in events"
        return series

    def _grouped(self, judgement: Judgement, slot: Slot) -> Judgement:
        """The judgement as it is; in a group event with a finding of its own, and no series' alert begins."""
        before, batch = self._group, judgement.seen
        assert batch is not None
        self._group = event = anomaly_group.step(
            before, batch.labels, common=slot.common, begins=self._begins, open_rows=len(self._events), at=slot.at
        )
        self._turned |= (before is None) is not (event is None)
        told = event or before
        if told is None:
            return judgement
        judgement = anomaly_group.with_series(judgement, told.series, float(len(self._events)))
        if event is None:
            return judgement
        held = [replace(finding, verdict=Verdict.HELD) for finding in judgement.findings]
        return replace(judgement, findings=(*held, self._of_group(event, slot, len(batch))))

    def _of_group(self, event: anomaly_group.GroupEvent, slot: Slot, series: int) -> Finding:
        count = len(self._events)
        evidence = self._witness.of_group(slot, since=event.since, count=count, series=series, worst=self._worst(slot))
        return Finding(
            event.series,
            float(count),
            Verdict.BREACHED if slot.common else Verdict.HELD,
            labels=anomaly_group.LABEL,
            evidence=evidence,
            annotations={"summary": str(evidence["Summary"])},
        )

    def _worst(self, slot: Slot) -> tuple[LabelSet, int] | None:
        """The series that is most unlike itself, with its row."""
        row = int(slot.score.argmax())
        return (self._series(row), row) if slot.score[row] > 0.0 else None


def _breached(finding: Finding | None) -> bool:
    return finding is not None and finding.verdict is Verdict.BREACHED
