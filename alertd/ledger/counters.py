"""`Counters`: what raw counter series grew by, whatever happens to them: resets, restarts, new pods, gaps.

The sum is taken over raw series *before* they are aggregated, since a sum of counters hides the reset of one of them.

- A series seen before grew by the difference; after a drop (the counter began again) by its whole value.
- A series that is new counts from zero when it was born while we watched: others of the metric had been seen, and either
  its target was scraped before, or its target's process started since, or nobody says when it started. The first value of
  a process that is older than that, and of the first answer of all, is where counting begins.
- A series that drops more than `MAX_RESETS` times in an hour is not restarting, several processes answer to its name. What
  it added since the first of these drops is taken back, and from then on only what exceeds its highest value counts: a
  lower bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from alertd.labels import LabelSet
from alertd.labels.fingerprints import compute_fingerprints
from alertd.query.batch import F64

MAX_RESETS = 3
WINDOW_SECONDS = 3600.0
"""Drops of one series are counted within this time, and it is trusted again once it has not dropped for as long."""

FORGOTTEN_SECONDS = 7 * 86_400.0
"""A series that was not seen for so long is forgotten."""

_SLACK = 256

Rows = NDArray[np.intp]
Target = tuple[str, str]
Born = Callable[[Target], bool]
"""Whether a target that was never seen before began while we watched."""


@dataclass(frozen=True, slots=True)
class Increments:
    """What groups of series grew by within [start, end] (Unix seconds); a negative amount takes back what was counted there.

    groups, amounts   [series]; a group may come several times
    """

    groups: Rows
    amounts: F64
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Observed:
    """Values of series at the last two observations, [series] each; `amounts` is what counts of their difference."""

    before: F64
    seen: F64
    since: F64
    amounts: F64
    dropped: NDArray[np.bool_]


class Suspect(msgspec.Struct, array_like=True):
    """A series that dropped within the last hour.

    highest   the highest value it had since
    drops     when it dropped
    grown     start, end and amount of everything it added since the first of these drops
    """

    highest: float
    drops: list[float]
    grown: list[tuple[float, float, float]]


class SavedCounters(msgspec.Struct, frozen=True, array_like=True):
    """Counters as bytes: one row per series, little-endian."""

    fingerprints: bytes
    values: bytes
    seen_at: bytes
    groups: bytes
    trusted: bytes
    targets: list[Target]
    suspects: dict[int, Suspect]
    at: float | None


class Counters:
    """The last value of every raw series, one row each; `observe` brings it to the next slot.

    group_of    the group a new series belongs to; -1 leaves it out
    """

    def __init__(self, group_of: Callable[[LabelSet], int]) -> None:
        self._group_of = group_of
        self.at: float | None = None  # newest observation with any series in it
        self._count = 0
        self._values = np.empty(0)
        self._seen_at = np.empty(0)
        self._groups = np.empty(0, dtype=np.intp)
        self._trusted = np.empty(0, dtype=bool)
        self._fingerprints = np.empty(0, dtype=np.uint64)
        self._targets: dict[Target, bool] = {}  # (a set in order) every one a series was seen of
        self._suspects: dict[int, Suspect] = {}  # by row
        self._by_fingerprint: dict[int, int] = {}
        self._by_labels: dict[LabelSet, int] = {}
        self._answer: tuple[LabelSet, ...] = ()
        self._answer_rows = np.empty(0, dtype=np.intp)

    def __len__(self) -> int:
        return self._count

    def observe(
        self, labels: tuple[LabelSet, ...], values: F64, at: float, *, born: Born | None = None
    ) -> list[Increments]:
        """What every group grew by since each series was seen last.

        labels, values   [series] one answer; what is not finite was not seen
        at               Unix seconds, later than that of the last call, else nothing is taken
        born             asked about targets of new series; None: every new target was born while we watched
        """
        usable = np.isfinite(values)
        if (self.at is not None and at <= self.at) or not usable.any():
            return []
        all_rows = self._rows(labels)
        usable &= all_rows >= 0
        rows, seen = all_rows[usable], values[usable]
        fresh = np.isnan(self._seen_at[rows])
        if fresh.any():
            self._begin(
                [labels[index] for index in np.flatnonzero(usable)[fresh].tolist()], rows[fresh], born or _always
            )
        since, amounts = self._grow(rows, seen, at)
        increments = [*self._increments(rows, amounts, since, at), *self._take_back()]
        self.at = at
        return increments

    def _rows(self, labels: tuple[LabelSet, ...]) -> Rows:
        """[series] row of each label set, -1 for what is left out; new ones get a row."""
        if labels == self._answer:  # the same objects in the same order, nearly always
            self._answer = labels
            return self._answer_rows
        found = [self._by_labels.get(series) for series in labels]
        unknown = [series for series, row in zip(labels, found, strict=True) if row is None]
        if unknown:
            self._intern(unknown)
            found = [self._by_labels[series] for series in labels]
        self._answer, self._answer_rows = labels, np.array(found, dtype=np.intp)
        return self._answer_rows

    def _intern(self, unknown: Sequence[LabelSet]) -> None:
        """Give label sets their rows: those of a saved series by its fingerprint, or new ones."""
        compute_fingerprints(unknown)
        new: list[tuple[int, int]] = []
        for series in unknown:
            digest = int(series.fingerprint, 16)
            row = self._by_fingerprint.get(digest)
            if row is None and (group := self._group_of(series)) >= 0:
                row = self._by_fingerprint[digest] = self._count + len(new)
                new.append((digest, group))
            self._by_labels[series] = -1 if row is None else row
        self._append(new)

    def _append(self, new: Sequence[tuple[int, int]]) -> None:
        if self._count + len(new) > len(self._values):
            self._reserve(self._count + len(new) + self._count // 2 + _SLACK)
        rows = slice(self._count, self._count + len(new))
        for row, (digest, group) in enumerate(new, start=self._count):
            self._fingerprints[row], self._groups[row] = digest, group
        self._values[rows] = self._seen_at[rows] = np.nan
        self._trusted[rows] = True
        self._count += len(new)

    def _reserve(self, size: int) -> None:
        more = (0, size - len(self._values))
        self._values, self._seen_at = np.pad(self._values, more), np.pad(self._seen_at, more)
        self._groups, self._trusted = np.pad(self._groups, more), np.pad(self._trusted, more)
        self._fingerprints = np.pad(self._fingerprints, more)

    def _begin(self, labels: Sequence[LabelSet], rows: Rows, born: Born) -> None:
        """Where counting begins for series that are seen first: at 0 as of the last observation, or (NaN) at their first value."""
        verdicts: dict[Target, bool] = {}
        for series, row in zip(labels, rows.tolist(), strict=True):
            target = _target(series)
            if target not in verdicts:
                verdicts[target] = self.at is not None and (target in self._targets or born(target))
            if verdicts[target]:
                self._values[row], self._seen_at[row] = 0.0, self.at
        self._targets.update(verdicts)

    def _grow(self, rows: Rows, seen: F64, at: float) -> tuple[F64, F64]:
        """Since when, and by how much; takes the new values."""
        before, since = self._values[rows], self._seen_at[rows]
        amounts = seen - before
        amounts[np.isnan(amounts)] = 0.0
        dropped = amounts < 0
        if dropped.any() or self._suspects:
            amounts[dropped] = seen[dropped]
            self._watch(rows, Observed(before, seen, since, amounts, dropped), at)
        self._values[rows] = seen
        self._seen_at[rows] = at
        return since, amounts

    def _watch(self, rows: Rows, observed: Observed, at: float) -> None:
        """Keep the suspects up to date: those that dropped now, and what earlier ones did since.

        Of a series that is not trusted only what exceeds its highest value counts, until it has not dropped for an hour.
        """
        is_suspect = observed.dropped.copy()
        if self._suspects:
            is_suspect |= np.isin(rows, np.fromiter(self._suspects, np.intp))
        for index in np.flatnonzero(is_suspect).tolist():
            row, value = int(rows[index]), float(observed.seen[index])
            suspect = self._suspects.setdefault(row, Suspect(float(observed.before[index]), [], []))
            if observed.dropped[index]:
                suspect.drops.append(at)
            if not self._trusted[row]:
                observed.amounts[index] = max(value - suspect.highest, 0.0)
            elif amount := float(observed.amounts[index]):
                suspect.grown.append((float(observed.since[index]), at, amount))
            suspect.highest = max(suspect.highest, value)
        for row, suspect in list(self._suspects.items()):
            suspect.drops = [drop for drop in suspect.drops if drop > at - WINDOW_SECONDS]
            suspect.grown = [part for part in suspect.grown if suspect.drops and part[1] >= suspect.drops[0]]
            if not suspect.drops:
                del self._suspects[row]
                self._trusted[row] = True

    def _take_back(self) -> list[Increments]:
        """Series that dropped too often are not trusted any more; what they added since does not count."""
        back = []
        for row, suspect in self._suspects.items():
            if len(suspect.drops) > MAX_RESETS and self._trusted[row]:
                self._trusted[row] = False
                group = self._groups[row : row + 1]
                back += [Increments(group, np.array([-amount]), start, end) for start, end, amount in suspect.grown]
                suspect.grown = []
        return back

    def _increments(self, rows: Rows, amounts: F64, since: F64, at: float) -> list[Increments]:
        """Told apart by when each series was seen last: at the last slot, mostly."""
        grown = amounts != 0
        if not grown.any():
            return []
        rows, amounts, since = rows[grown], amounts[grown], since[grown]
        groups = self._groups[rows]
        starts = np.unique(since).tolist()
        if len(starts) == 1:
            return [Increments(groups, amounts, starts[0], at)]
        return [Increments(groups[since == start], amounts[since == start], start, at) for start in starts]

    def untrusted_groups(self) -> Rows:
        """Groups with a series that drops too often."""
        untrusted: Rows = np.unique(self._groups[: self._count][~self._trusted[: self._count]])
        return untrusted

    def forget(self, at: float) -> None:
        """Drop the rows of series that were not seen for long, once they are a quarter of all."""
        kept = ~(self._seen_at[: self._count] < at - FORGOTTEN_SECONDS)
        if np.count_nonzero(kept) > 0.75 * self._count:
            return
        renumbered = np.cumsum(kept) - 1
        self._suspects = {int(renumbered[row]): suspect for row, suspect in self._suspects.items() if kept[row]}
        for name in ("_values", "_seen_at", "_groups", "_trusted", "_fingerprints"):
            setattr(self, name, getattr(self, name)[: self._count][kept])
        self._count = len(self._values)
        self._targets = dict.fromkeys((_target(series) for series in self._answer), True)
        self._index()

    def _index(self) -> None:
        self._by_fingerprint = {digest: row for row, digest in enumerate(self._fingerprints[: self._count].tolist())}
        self._by_labels, self._answer = {}, ()

    def save(self) -> SavedCounters:
        """Its bytes: 33 per series."""
        used = slice(0, self._count)
        return SavedCounters(
            fingerprints=self._fingerprints[used].astype("<u8").tobytes(),
            values=self._values[used].astype("<f8").tobytes(),
            seen_at=self._seen_at[used].astype("<f8").tobytes(),
            groups=self._groups[used].astype("<i8").tobytes(),
            trusted=self._trusted[used].tobytes(),
            targets=list(self._targets),
            suspects=self._suspects,
            at=self.at,
        )

    def restore(self, saved: SavedCounters) -> None:
        """Take what was saved."""
        self._fingerprints = np.frombuffer(saved.fingerprints, "<u8").copy()
        self._values = np.frombuffer(saved.values, "<f8").copy()
        self._seen_at = np.frombuffer(saved.seen_at, "<f8").copy()
        self._groups = np.frombuffer(saved.groups, "<i8").astype(np.intp)
        self._trusted = np.frombuffer(saved.trusted, bool).copy()
        self._targets = dict.fromkeys(saved.targets, True)
        self._suspects = dict(saved.suspects)
        self.at = saved.at
        self._count = len(self._values)
        self._index()


def _target(series: LabelSet) -> Target:
    return series.get("job"), series.get("instance")


def _always(target: Target) -> bool:
    return True
