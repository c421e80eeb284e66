"""`SeriesBatch`: the answer of one instant query, as label sets beside one float64 array."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from alertd.deferred import np
from alertd.labels import EMPTY, LabelSet
from alertd.query.comparison import Comparison

if TYPE_CHECKING:
    from numpy.typing import NDArray

F64: TypeAlias = "NDArray[np.float64]"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesBatch:
    """The series of one answer, all at one evaluation time.

    labels    one label set per series, `__name__` included where the answer has it
    values    [series] float64; NaN is a value (a sample that is NaN), an absent series has no row
    at        the time the query was evaluated at, UTC-aware
    warnings  what the source said beside the answer
    unfiltered, comparison   where the plan split `lhs > number`: the answer of `lhs`, and what was compared here;
              `labels` and `values` are then exactly what the source would have answered to the whole expression
    """

    labels: tuple[LabelSet, ...]
    values: F64
    at: datetime
    warnings: tuple[str, ...] = ()
    unfiltered: SeriesBatch | None = None
    comparison: Comparison | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def samples(self) -> Iterator[tuple[LabelSet, float]]:
        """Label set and value of each series, in the order of the answer."""
        return zip(self.labels, self.values.tolist(), strict=True)

    @classmethod
    def scalar(cls, value: float, *, at: datetime) -> SeriesBatch:
        """A scalar answer: one series without labels, as Prometheus' rule manager sees it."""
        return cls(labels=(EMPTY,), values=np.array([value]), at=at)

    @classmethod
    def empty(cls, *, at: datetime) -> SeriesBatch:
        """An answer without series."""
        return cls(labels=(), values=np.empty(0), at=at)
