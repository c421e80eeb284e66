"""The threshold kind: the limit stands beside the expression, so the value is known below it too.

threshold: {above: 100000, clear_below: 80000}
threshold: {levels: [{above: 0.9, labels: {severity: warning}}, {above: 1.0, labels: {severity: critical}}]}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from alertd.query.batch import F64, SeriesBatch
from alertd.rules.finding import Finding, Judgement, Verdict
from alertd.rules.kind import Inputs, Memoryless
from alertd.settings import Settings

Band = tuple[float, float]
_CONDITIONS = ("above", "below", "outside", "inside")


class Condition(Settings):
    """One limit of a value: exactly one of above, below, outside, inside."""

    above: float | None = Field(None, description="breached while the value is greater than this")
    below: float | None = Field(None, description="breached while the value is less than this")
    outside: Band | None = Field(None, description="breached while the value is outside [low, high]")
    inside: Band | None = Field(None, description="breached while the value is inside [low, high]")
    clear_below: float | None = Field(None, description="with above: a firing alert ends only below this")
    clear_above: float | None = Field(None, description="with below: a firing alert ends only above this")

    @field_validator("outside", "inside")
    @classmethod
    def _ordered(cls, value: Band | None) -> Band | None:
        if value is not None and not value[0] < value[1]:
            raise ValueError("the first bound must be less than the second")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self._check_condition()
        return self

    def _check_condition(self) -> None:
        if len(self._given()) != 1:
            raise ValueError(f"give exactly one of {', '.join(_CONDITIONS)}")
        if self.clear_below is not None and (self.above is None or self.clear_below > self.above):
            raise ValueError("clear_below belongs to above and must not be greater than it")
        if self.clear_above is not None and (self.below is None or self.clear_above < self.below):
            raise ValueError("clear_above belongs to below and must not be less than it")

    def _given(self) -> list[str]:
        return [name for name in _CONDITIONS if getattr(self, name) is not None]


class Level(Condition):
    """A limit and, where it is one of several, the labels of its alerts."""

    labels: dict[str, str] = Field(
        default_factory=dict, description="labels of this level's alerts, over the rule's own"
    )

    @property
    def limit(self) -> float | Band:
        """What is shown as the threshold: a number, or the two bounds."""
        limit: float | Band = getattr(self, self._given()[0])
        return limit

    def breached(self, values: F64) -> NDArray[np.bool_]:
        """[series] -> [series]; NaN is never breached, a value equal to `above` or `below` is not past it."""
        if self.above is not None:
            return values > self.above
        if self.below is not None:
            return values < self.below
        if self.outside is not None:
            return (values < self.outside[0]) | (values > self.outside[1])
        low, high = self.inside or (np.nan, np.nan)
        return (values >= low) & (values <= high)

    def held(self, values: F64) -> NDArray[np.bool_]:
        """[series] -> [series]: not yet clear. NaN is never held."""
        if self.clear_below is not None:
            return values >= self.clear_below
        if self.clear_above is not None:
            return values <= self.clear_above
        return np.zeros(len(values), dtype=bool)


class ThresholdSettings(Condition):
    """`threshold:` of a rule: one limit, or several levels from mild to severe."""

    levels: tuple[Level, ...] = Field((), description="several limits; each needs labels of its own")

    def _check_condition(self) -> None:
        if not self.levels:
            super()._check_condition()
        elif single := [*self._given(), *(n for n in ("clear_below", "clear_above") if getattr(self, n) is not None)]:
            raise ValueError(f"give either levels or {', '.join(single)}, not both")
        labels = [tuple(sorted(level.labels.items())) for level in self.levels]
        if len(set(labels)) < len(labels):
            raise ValueError(
                "each level needs labels of its own, such as severity, or their alerts could not be told apart"
            )

    def as_levels(self) -> tuple[Level, ...]:
        """The levels; a single limit is one level without labels."""
        return self.levels or (Level.model_validate(self.model_dump(exclude={"levels"}, exclude_none=True)),)


@dataclass(frozen=True, slots=True)
class Threshold(Memoryless):
    """A rule whose limit is known apart from its expression."""

    query: str
    levels: tuple[Level, ...]
    unit: str = ""
    name: str = "threshold"

    def judge(self, inputs: Inputs) -> Judgement:
        """Per level one finding for each series that is past its limit, or held by its clear bound."""
        findings = tuple(finding for level in self.levels for finding in self._of_level(level, inputs.batch))
        return Judgement(findings, seen=inputs.batch)

    def _of_level(self, level: Level, batch: SeriesBatch) -> Iterator[Finding]:
        breached = level.breached(batch.values)
        evidence: Mapping[str, object] = {"Threshold": level.limit, "Unit": self.unit}
        for row in np.flatnonzero(breached | level.held(batch.values)).tolist():
            verdict = Verdict.BREACHED if breached[row] else Verdict.HELD
            yield Finding(batch.labels[row], float(batch.values[row]), verdict, level.labels, evidence)
