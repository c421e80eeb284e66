"""`WarmUp`: reads the history that judges ask for, in the background, and remembers how far it came.

What several judges want of one source is read once: rules over the same counter hear of its past together. A rule whose
judge still reads is not judged: its alerts stay as they are. The other rules of its group go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from alertd.alerts.keeping import RuleMemory
from alertd.engine.ports import Store
from alertd.errors import QueryError, StoreError
from alertd.query.history import HistoryNeed, HistorySource, SeriesMatrix
from alertd.rules.kind import Judge

log = structlog.get_logger(__name__)

ATTEMPTS = 5
"""How often a range is asked for, once a slot, before its rule goes on without it."""


@dataclass(slots=True, eq=False)
class _Reading:
    """One judge's history under way.

    owner           whose it is: group and rule identity
    series, points  what there was of it: series at most at one time, moments with any
    """

    judge: Judge
    owner: tuple[str, str]
    source: str
    at: datetime
    failures: int = 0
    error: str = ""
    is_queued: bool = True
    series: int = 0
    points: int = 0

    def wants(self, need: HistoryNeed) -> bool:
        """Whether this is what its judge asks for next."""
        return need in self.judge.wants(self.at)[:1]

    async def learn(self, need: HistoryNeed, matrix: SeriesMatrix) -> None:
        self.series, self.points = max(self.series, len(matrix.labels)), self.points + len(matrix.times)
        await asyncio.to_thread(self.judge.learn, need, matrix)


class WarmUp:
    """Implements `group_evaluator.History` for the running daemon.

    owner   `run` reads one range after the other, so that the source serves the slots first
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sources: Mapping[str, HistorySource] = {}
        self._queue: asyncio.Queue[_Reading] = asyncio.Queue()
        self._readings: dict[int, _Reading] = {}  # by identity of the judge

    def replace(self, sources: Mapping[str, HistorySource], judges: Collection[Judge]) -> None:
        """Take other sources, and give up what is read for judges that are not among `judges`."""
        self._sources = sources
        kept = {id(judge) for judge in judges}
        self._readings = {key: reading for key, reading in self._readings.items() if key in kept}

    async def ready(self, judge: Judge, owner: tuple[str, str], source: str, at: datetime) -> bool:
        """Whether `judge` may judge slot `at`; begins to read where it wants to know more. Raises QueryError."""
        reading = self._readings.get(id(judge))
        if reading is None:
            if not judge.wants(at):
                return True
            reading = self._readings[id(judge)] = _Reading(judge, owner, source, at)
            self._queue.put_nowait(reading)
        elif not reading.is_queued:
            reading.at, reading.is_queued = at, True
            self._queue.put_nowait(reading)
        if reading.error:
            raise QueryError(f"history cannot be read: {reading.error}")
        return False

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            reading = await self._queue.get()
            try:
                await self._read(reading)
            except QueryError as error:
                await self._failed(reading, error)
            except StoreError as error:
                reading.error = str(error)
            except Exception as error:  # a bug in one judge must not end the others' reading
                log.exception("history_failed", rule=reading.owner[1])
                await self._failed(reading, QueryError(repr(error)))
            finally:
                reading.is_queued = False
                self._queue.task_done()

    async def idle(self) -> None:
        """Wait until nothing is left to read."""
        await self._queue.join()

    async def _read(self, reading: _Reading) -> None:
        while wanted := reading.judge.wants(reading.at):
            need = wanted[0]
            log.info(
                "history_read", rule=reading.owner[1], start=need.start.isoformat(), end=need.end.isoformat()
            )  # fmt: skip
            together: list[_Reading] | None = None  # not known before the answer is there: other rules may still come
            async for matrix in self._sources[reading.source].read(need):
                if not self._is_wanted(reading):
                    return
                together = self._together(reading, need) if together is None else together
                together = [one for one in together if await self._tell(one, need, matrix, first=reading)]
            for one in together or self._together(reading, need):
                if one.wants(need):
                    await self._tell(one, need, SeriesMatrix.empty(), first=reading)
        self._end(reading)
        log.info("history_known", rule=reading.owner[1], series=reading.series, points=reading.points)

    def _together(self, first: _Reading, need: HistoryNeed) -> list[_Reading]:
        """Everybody who waits for `need` now, when nothing of it has been told yet."""
        others = [one for one in self._readings.values() if one.is_queued and one.source == first.source]
        return [first, *(one for one in others if one is not first and one.wants(need))]

    async def _tell(self, reading: _Reading, need: HistoryNeed, matrix: SeriesMatrix, *, first: _Reading) -> bool:
        """Whether it goes on with the others; what goes wrong with one of these, it meets again when its own turn comes."""
        if not self._is_wanted(reading):
            return False
        try:
            await reading.learn(need, matrix)
            if len(matrix.times):
                await self._save(reading)
        except Exception:
            if reading is first:
                raise
            return False
        return True

    def _end(self, reading: _Reading) -> None:
        if self._is_wanted(reading):
            del self._readings[id(reading.judge)]

    def _is_wanted(self, reading: _Reading) -> bool:
        return self._readings.get(id(reading.judge)) is reading

    async def _save(self, reading: _Reading) -> None:
        group_key, rule = reading.owner
        memory = await asyncio.to_thread(reading.judge.memory)
        async with self._store.transaction() as tx:
            tx.save_memory(RuleMemory(group_key=group_key, rule=rule, memory=memory))

    async def _failed(self, reading: _Reading, error: QueryError) -> None:
        reading.failures += 1
        reading.error = str(error)
        log.warning("history_not_read", rule=reading.owner[1], error=str(error), attempt=reading.failures)
        if reading.failures < ATTEMPTS:
            return
        try:
            for need in reading.judge.wants(reading.at):
                await asyncio.to_thread(reading.judge.learn, need, SeriesMatrix.empty())
        except Exception:  # as in `run`
            log.exception("history_failed", rule=reading.owner[1])
        self._end(reading)
        log.warning("history_given_up", rule=reading.owner[1], next="judged from what comes in from now on")
