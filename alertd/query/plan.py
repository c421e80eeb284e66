"""Needs of one slot -> the fewest requests that answer them, and the answers' way back. Pure.

Three savings, none of which changes a result: equal expressions are asked once; `> 5` and `> 10` of one left-hand side
share it; left-hand sides of one source travel together, told apart by a marker label:

    label_replace(LHS 0, "__q", "0", "", "") or label_replace(LHS 1, "__q", "1", "", "") or ...
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from alertd.deferred import np
from alertd.errors import QueryError
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.query.comparison import Comparison
from alertd.query.need import QueryNeed
from alertd.query.promql import is_vector
from alertd.query.recent import Recent
from alertd.query.split import apply, split

MARKER = "__q"
JOIN_SIZE = 50  # 250 cost the source 40 % more: every `or` hashes all series before it

_MAX_TEXT_BYTES = 64 * 1024
_MAX_JOINED_SERIES = 1000  # for the same reason: many series are better asked for alone
_LARGE = 2000  # series; more are filtered by the source unless two rules share them


@dataclass(frozen=True, slots=True)
class Part:
    """One expression of a request, and every need it answers: as it is (None) or after a comparison.

    asked   the expression with its source, as one need
    """

    asked: QueryNeed
    serves: tuple[tuple[QueryNeed, Comparison | None], ...]
    joinable: bool

    @property
    def needs(self) -> Iterator[QueryNeed]:
        return (need for need, _ in self.serves)

    def answers(self, batch: SeriesBatch) -> Iterator[tuple[QueryNeed, SeriesBatch | QueryError]]:
        """Per need its answer, given the answer to the part itself."""
        for need, comparison in self.serves:
            try:
                yield need, batch if comparison is None else apply(comparison, batch)
            except QueryError as error:
                yield need, error


@dataclass(frozen=True, slots=True)
class Request:
    """One query of a source. A single part is sent as it was written, several are joined."""

    source: str
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        if len(self.parts) == 1:
            return self.parts[0].asked.expr
        return " or ".join(_marked(part.asked.expr, number) for number, part in enumerate(self.parts))

    @property
    def needs(self) -> Iterator[QueryNeed]:
        return (need for part in self.parts for need in part.needs)

    def alone(self) -> list[Request]:
        """The same parts, one request each."""
        return [Request(self.source, (part,)) for part in self.parts]

    def unsplit(self) -> list[Request]:
        """The needs whose comparison was taken off, one request each, as they were written."""
        compared = [need for part in self.parts for need, comparison in part.serves if comparison is not None]
        return [Request(self.source, (Part(need, ((need, None),), joinable=False),)) for need in compared]


@dataclass(frozen=True, slots=True)
class Plan:
    """The requests that answer all needs; none depends on another."""

    requests: tuple[Request, ...]


def plan(
    needs: Iterable[QueryNeed],
    *,
    join_size: int = JOIN_SIZE,
    quarantine: Mapping[QueryNeed, int] | None = None,
    sizes: Mapping[QueryNeed, int] | None = None,
) -> Plan:
    """The fewest requests for `needs`, in their order.

    join_size    most left-hand sides in one request; 1 joins nothing
    quarantine   smaller joins for left-hand sides that got on badly with others
    sizes        how many series a left-hand side had when it was last asked
    """
    quarantine, sizes = quarantine or {}, sizes or {}
    parts = _parts(needs, sizes)
    shelves: dict[tuple[str, int], list[Part]] = {}
    for part in parts:
        size = min(join_size, quarantine.get(part.asked, join_size)) if part.joinable else 1
        shelves.setdefault((part.asked.source, size), []).append(part)
    return Plan(
        tuple(
            Request(source, joined)
            for (source, size), shelf in shelves.items()
            for joined in _chunks(shelf, most=size, sizes=sizes)
        )
    )


class Unmark:
    """Tells the series of a joined answer apart. Remembers label sets, since the same come back at every slot."""

    def __init__(self, size: int = 100_000) -> None:
        self._known: Recent[LabelSet, tuple[int, LabelSet]] = Recent(size)

    def distribute(self, request: Request, batch: SeriesBatch) -> list[SeriesBatch]:
        """The answer to each part of `request`, in order; raises QueryError when a series has no marker."""
        if len(request.parts) == 1:
            return [batch]
        rows: list[list[int]] = [[] for _ in request.parts]
        labels: list[list[LabelSet]] = [[] for _ in request.parts]
        for row, marked in enumerate(batch.labels):
            number, series = self._split(marked)
            if not 0 <= number < len(rows):
                raise QueryError("the source lost the marker of a joined query")
            rows[number].append(row)
            labels[number].append(series)
        return [
            SeriesBatch(
                labels=tuple(series),
                values=batch.values[np.array(places, dtype=np.intp)],
                at=batch.at,
                warnings=batch.warnings,
            )
            for places, series in zip(rows, labels, strict=True)
        ]

    def _split(self, marked: LabelSet) -> tuple[int, LabelSet]:
        known = self._known.get(marked)
        if known is None:
            number = marked.get(MARKER)
            known = (int(number) if number.isdecimal() else -1, marked.without(MARKER))
            self._known.put(marked, known)
        return known


@lru_cache(maxsize=20_000)
def _analyse(expr: str) -> tuple[Comparison | None, bool]:
    """The comparison that can be taken off, and whether the expression (and what is left of it) can be joined."""
    comparison = split(expr)
    # What a comparison was taken off is a vector, and so is the whole.
    return comparison, MARKER not in expr and (comparison is not None or is_vector(expr))


def _parts(needs: Iterable[QueryNeed], sizes: Mapping[QueryNeed, int]) -> list[Part]:
    serves: dict[QueryNeed, dict[QueryNeed, Comparison | None]] = {}
    for need in needs:
        comparison, _ = _analyse(need.expr)
        asked = need if comparison is None else QueryNeed(comparison.lhs, need.source)
        serves.setdefault(asked, {})[need] = comparison
    return [_part(asked, served, sizes) for asked, served in serves.items()]


def _part(asked: QueryNeed, served: dict[QueryNeed, Comparison | None], sizes: Mapping[QueryNeed, int]) -> Part:
    need = next(iter(served))
    _, joinable = _analyse(need.expr)
    if len(served) == 1 and sizes.get(asked, 0) > _LARGE:
        return Part(need, ((need, None),), joinable)
    return Part(asked, tuple(served.items()), joinable)


def _chunks(shelf: Sequence[Part], *, most: int, sizes: Mapping[QueryNeed, int]) -> Iterator[tuple[Part, ...]]:
    chunk: list[Part] = []
    text_bytes = series = 0
    for part in shelf:
        part_bytes, part_series = len(_marked(part.asked.expr, 0).encode()) + 8, sizes.get(part.asked, 1)
        full = text_bytes + part_bytes > _MAX_TEXT_BYTES or series + part_series > _MAX_JOINED_SERIES
        if chunk and (full or len(chunk) == most):
            yield tuple(chunk)
            chunk, text_bytes, series = [], 0, 0
        chunk.append(part)
        text_bytes, series = text_bytes + part_bytes, series + part_series
    if chunk:
        yield tuple(chunk)


def _marked(expr: str, number: int) -> str:
    # The line break ends a comment the expression may end in.
    return f'label_replace({expr}\n, "{MARKER}", "{number}", "", "")'
