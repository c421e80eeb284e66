"""`Silences`: every silence there is, and at once which of them mute a label set."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from alertd.dispatch.silences import Silence
from alertd.labels import LabelSet
from alertd.labels.matcher_index import MatcherIndex

MOST_REMEMBERED = 200_000
"""Label sets whose silences are remembered; beyond that they are looked up anew."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The silences that match some labels, among those the index numbered below `until`."""

    until: int
    matching: tuple[Silence, ...]


class Silences:
    """Silences by id. Only those that have not ended cost anything when labels are asked about."""

    def __init__(self, silences: Iterable[Silence] = ()) -> None:
        self._all: dict[str, Silence] = {}
        self._index: MatcherIndex[Silence] = MatcherIndex()
        self._numbers: dict[str, int] = {}  # id -> number in the index, of those that have not ended
        self._ends: list[tuple[datetime, str]] = []  # a heap
        self._remembered: dict[LabelSet, _Seen] = {}
        for silence in silences:
            self.put(silence)

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Silence]:
        return iter(self._all.values())

    def get(self, silence_id: str) -> Silence | None:
        return self._all.get(silence_id)

    def put(self, silence: Silence) -> None:
        """Add it, or replace the one with its id."""
        self.drop(silence.id)
        self._all[silence.id] = silence
        self._numbers[silence.id] = self._index.add(silence.matchers, silence)
        heapq.heappush(self._ends, (silence.ends_at, silence.id))

    def drop(self, silence_id: str) -> None:
        """Forget it, if it is there."""
        self._all.pop(silence_id, None)
        self._leave_index(silence_id)

    def muted_by(self, labels: LabelSet, at: datetime) -> tuple[str, ...]:
        """The ids of all silences that mute these labels at that time, sorted."""
        self._leave_ended(at)
        if not self._numbers:
            return ()
        seen = self._remembered.get(labels)
        if seen is None or seen.until != self._index.next_number:
            seen = self._look(labels, seen)
        return tuple(
            silence.id
            for silence in seen.matching
            if silence.starts_at <= at < silence.ends_at and self._all.get(silence.id) is silence
        )

    def ended_before(self, time: datetime) -> list[str]:
        """The ids of those that ended before `time`: kept long enough."""
        return [silence.id for silence in self._all.values() if silence.ends_at < time]

    def _look(self, labels: LabelSet, seen: _Seen | None) -> _Seen:
        """What matches these labels; of what was seen before only the newer silences are tried."""
        if seen is None:
            matching = self._index.matching(labels)
        else:
            matching = [*seen.matching, *self._index.matching_since(labels, seen.until)]
        current = (silence for silence in matching if self._all.get(silence.id) is silence)
        found = _Seen(self._index.next_number, tuple(sorted(current, key=lambda silence: silence.id)))
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[labels] = found
        return found

    def _leave_ended(self, at: datetime) -> None:
        while self._ends and self._ends[0][0] <= at:
            ends_at, silence_id = heapq.heappop(self._ends)
            silence = self._all.get(silence_id)
            if silence is not None and silence.ends_at == ends_at:
                self._leave_index(silence_id)

    def _leave_index(self, silence_id: str) -> None:
        number = self._numbers.pop(silence_id, None)
        if number is not None:
            self._index.remove(number)
