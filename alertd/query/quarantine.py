"""Which left-hand sides get on badly with others in one request, and how large a join each may travel in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from alertd.query.need import QueryNeed

_FIRST_TERM = 10
_LONGEST_TERM = 640
_MOST = 10_000  # beyond it the longest inside are let out


@dataclass(slots=True)
class _Stay:
    size: int  # largest join allowed
    term: int  # good answers in a row before the size is doubled
    good: int = 0  # answers at this size
    answered: bool = False  # at all since it was confined


class Quarantine(Mapping[QueryNeed, int]):
    """Left-hand side -> largest join it may travel in; absent means any.

    Who spoils a join travels alone; a join that was too much work is halved. After a term of good answers the size
    doubles; each relapse doubles the term, so one that never gets better costs its neighbours ever less. Who stays
    good for a whole term at full size is forgotten.
    """

    def __init__(self, join_size: int) -> None:
        self._join_size = join_size
        self._stays: dict[QueryNeed, _Stay] = {}

    def confine(self, asked: Iterable[QueryNeed], size: int) -> None:
        """Let these travel in joins of at most `size` from now on."""
        for need in asked:
            self._stays[need] = _Stay(max(1, size), _term_after(self._stays.pop(need, None)))
        while len(self._stays) > _MOST:
            del self._stays[next(iter(self._stays))]

    def good(self, need: QueryNeed) -> None:
        """This one was answered."""
        stay = self._stays.get(need)
        if stay is None:
            return
        stay.good, stay.answered = stay.good + 1, True
        if stay.good < stay.term:
            return
        if stay.size >= self._join_size:
            del self._stays[need]
        else:
            stay.size, stay.good = min(2 * stay.size, self._join_size), 0

    def __getitem__(self, need: QueryNeed) -> int:
        return self._stays[need].size

    def __iter__(self) -> Iterator[QueryNeed]:
        return iter(self._stays)

    def __len__(self) -> int:
        return len(self._stays)


def _term_after(before: _Stay | None) -> int:
    if before is None:
        return _FIRST_TERM
    # Halved again before a single good answer: still the same trouble, no relapse.
    return min(2 * before.term, _LONGEST_TERM) if before.answered else before.term
