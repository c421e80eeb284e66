"""A source that answers as told: for loops, where what counts is what becomes of the answers."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from alertd.errors import QueryError
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch


class TableSource:
    """Answers each expression from a table of values by tenant; a text in the table is an error.

    The plan may join expressions: a join is refused, so that each is asked by itself.
    """

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, float] | str] = {}
        self.asked: list[tuple[str, datetime]] = []

    async def instant(self, expr: str, at: datetime) -> SeriesBatch:
        self.asked.append((expr, at))
        if expr not in self.answers:
            raise QueryError(f"no answer to {expr}")
        answer = self.answers[expr]
        if isinstance(answer, str):
            raise QueryError(answer)
        labels = tuple(LabelSet({"tenant": tenant}) for tenant in answer)
        return SeriesBatch(labels=labels, values=np.array(list(answer.values()), dtype=float), at=at)
