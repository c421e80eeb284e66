"""What Prometheus recorded, handed to the evaluator slot by slot: range reads in chunks instead of a query per slot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import compress

import numpy as np

from alertd.engine.group_evaluator import Answers
from alertd.errors import QueryError
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.query.history import HistoryNeed, HistorySource, SeriesMatrix
from alertd.query.need import QueryNeed
from alertd.query.plan import Part, plan
from alertd.query.source import Source
from alertd.rules.kind import Judge

READS_AT_ONCE = 4


@dataclass(slots=True)
class _Tape:
    """One expression over the whole time, of which one chunk is held."""

    chunks: AsyncIterator[SeriesMatrix]
    step: float
    matrix: SeriesMatrix = field(default_factory=SeriesMatrix.empty)

    async def at(self, at: datetime) -> SeriesBatch:
        """The series at a point of the grid, which only goes forward; raises QueryError."""
        second = round(at.timestamp())
        while not len(self.matrix.times) or second > self.matrix.times[-1]:
            self.matrix = await anext(self.chunks, SeriesMatrix.empty())
            if not len(self.matrix.times):
                return SeriesBatch.empty(at=at)
        row = round((second - self.matrix.times[0]) / self.step)
        return _batch(self.matrix, row, at)


def _batch(matrix: SeriesMatrix, row: int, at: datetime) -> SeriesBatch:
    values = matrix.values[row]
    known = ~np.isnan(values)
    if known.all():
        return SeriesBatch(labels=matrix.labels, values=values, at=at)
    labels: tuple[LabelSet, ...] = tuple(compress(matrix.labels, known.tolist()))
    return SeriesBatch(labels=labels, values=values[known], at=at)


class RecordedAnswers:
    """Implements `Fetch` for one group whose slots only go forward.

    needs   what its rules ask at every slot
    live    answers what templates ask at single slots
    end     the last slot; `step` is the distance of slots
    """

    def __init__(
        self,
        needs: Iterable[QueryNeed],
        history: Mapping[str, HistorySource],
        live: Mapping[str, Source],
        *,
        end: datetime,
        step: timedelta,
    ) -> None:
        self._needs = frozenset(needs)
        self._history = history
        self._live = live
        self._end = end
        self._step = step
        self._tapes: dict[QueryNeed, _Tape | QueryError] = {}
        self._parts: dict[tuple[QueryNeed, ...], list[Part]] = {}
        self._places = asyncio.Semaphore(READS_AT_ONCE)

    async def fetch(self, needs: Iterable[QueryNeed], at: datetime) -> Answers:
        """See `Fetch.fetch`."""
        wanted = tuple(needs)
        if not self._needs.issuperset(wanted):
            return {need: await self._live_answer(need, at) for need in wanted}
        answers: dict[QueryNeed, SeriesBatch | QueryError] = {}
        for part, batch in zip(self._of(wanted), await self._batches(wanted, at), strict=True):
            answers |= dict.fromkeys(part.needs, batch) if isinstance(batch, QueryError) else dict(part.answers(batch))
        return answers

    async def _live_answer(self, need: QueryNeed, at: datetime) -> SeriesBatch | QueryError:
        try:
            return await self._live[need.source].instant(need.expr, at)
        except QueryError as error:
            return error

    def _of(self, wanted: tuple[QueryNeed, ...]) -> list[Part]:
        parts = self._parts.get(wanted)
        if parts is None:
            parts = self._parts[wanted] = [part for one in plan(wanted, join_size=1).requests for part in one.parts]
        return parts

    async def _batches(self, wanted: tuple[QueryNeed, ...], at: datetime) -> list[SeriesBatch | QueryError]:
        return list(await asyncio.gather(*(self._answer(part.asked, at) for part in self._of(wanted))))

    async def _answer(self, need: QueryNeed, at: datetime) -> SeriesBatch | QueryError:
        async with self._places:
            try:
                tape = self._tapes.get(need) or self._begin(need, at)
                if isinstance(tape, QueryError):
                    return tape
                return await tape.at(at)
            except QueryError as error:
                self._tapes[need] = error  # a generator that raised has ended: the rest of the time is unknown, too
                return error

    def _begin(self, need: QueryNeed, at: datetime) -> _Tape:
        if need.source not in self._history:
            raise QueryError(f'there is no source named "{need.source}"')
        wanted = HistoryNeed(expr=need.expr, start=at, end=self._end, step=self._step)
        tape = _Tape(self._history[need.source].read(wanted), self._step.total_seconds())
        self._tapes[need] = tape
        return tape


class PastFirst:
    """Implements `History` for replays: reads what a judge wants before the slot goes on."""

    def __init__(self, history: Mapping[str, HistorySource]) -> None:
        self._history = history

    async def ready(self, judge: Judge, owner: tuple[str, str], source: str, at: datetime) -> bool:
        """Always, once the past is read; raises QueryError."""
        while wanted := judge.wants(at):
            async for matrix in self._history[source].read(wanted[0]):
                await asyncio.to_thread(judge.learn, wanted[0], matrix)
            if judge.wants(at)[:1] == wanted[:1]:
                judge.learn(wanted[0], SeriesMatrix.empty())
        return True
