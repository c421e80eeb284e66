"""`Kind`: what a rule asks, and how its answers become findings. A `Judge` is a kind at work on one rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, Self

from alertd.query.batch import SeriesBatch
from alertd.query.history import HistoryNeed, SeriesMatrix
from alertd.rules.finding import Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What one slot offers to a judge.

    at         the time the data are of: the slot, less the group's query_offset
    interval   distance of slots
    batch      the answer to the kind's `query`
    others     the answers to its `further_queries`, by PromQL
    """

    at: datetime
    interval: timedelta
    batch: SeriesBatch
    others: Mapping[str, SeriesBatch] = field(default_factory=dict)


class Judge(Protocol):
    """Judges slot after slot; what it remembers in between is its own. No I/O, no clock: what it needs is handed in."""

    def judge(self, inputs: Inputs) -> Judgement:
        """What the answers say at their time."""
        ...

    def wants(self, at: datetime) -> Sequence[HistoryNeed]:
        """The ranges to read before the slot `at` is judged; none when it is up to date.

        Reading takes a slot or two, in which nothing is judged: what only a few missed slots would tell is not wanted,
        unless they were judged before a crash, and events that last are to go on.
        """
        ...

    def learn(self, need: HistoryNeed, matrix: SeriesMatrix) -> None:
        """A chunk of what it wanted, oldest first; an empty one says that the range is read as far as it can be."""
        ...

    def saves(self, at: datetime) -> bool:
        """Whether `memory` is due to be saved together with the alerts of slot `at`."""
        ...

    def memory(self) -> bytes:
        """All it remembers, in a form that `Kind.open` understands; empty when that is nothing."""
        ...


class Kind(Protocol):
    """One kind of rule: frozen settings."""

    @property
    def name(self) -> str:
        """`promql`, `threshold`, ..."""
        ...

    @property
    def query(self) -> str:
        """The PromQL to fetch; the plan may split a comparison with a number off it and judge it here."""
        ...

    @property
    def further_queries(self) -> Sequence[str]:
        """PromQL that is fetched beside `query`."""
        ...

    def open(self, memory: bytes) -> Judge:
        """A judge that goes on where `memory` ended; a fresh one where that is empty, or does not fit these settings."""
        ...


class Memoryless:
    """A kind that remembers nothing is its own judge."""

    __slots__ = ()

    @property
    def further_queries(self) -> Sequence[str]:
        return ()

    def open(self, memory: bytes) -> Self:
        return self

    def wants(self, at: datetime) -> Sequence[HistoryNeed]:
        return ()

    def learn(self, need: HistoryNeed, matrix: SeriesMatrix) -> None:
        """It never asks."""

    def saves(self, at: datetime) -> bool:
        return False

    def memory(self) -> bytes:
        return b""
