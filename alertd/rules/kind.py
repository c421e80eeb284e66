"""`Kind`: how a rule turns the answer of its query into findings."""

from __future__ import annotations

from typing import Protocol

from alertd.query.batch import SeriesBatch
from alertd.rules.finding import Judgement


class Kind(Protocol):
    """One kind of rule. Frozen settings; state, where a kind needs any, is handed in and out."""

    @property
    def name(self) -> str:
        """`promql`, `threshold`, ..."""
        ...

    @property
    def query(self) -> str:
        """The PromQL to fetch; the plan may split a comparison with a number off it and judge it here."""
        ...

    def judge(self, batch: SeriesBatch) -> Judgement:
        """What the answer says. shape: one row per series of `batch`."""
        ...
