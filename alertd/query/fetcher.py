"""`Fetcher`: asks what a plan says, hands answers out as they come, and keeps one bad rule from hurting the others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from alertd.errors import QueryError
from alertd.query.batch import SeriesBatch
from alertd.query.need import QueryNeed
from alertd.query.pending import Answer, PendingAnswers
from alertd.query.plan import JOIN_SIZE, Request, Unmark, plan
from alertd.query.quarantine import Quarantine
from alertd.query.source import Source, SourceOverloadedError, SourceUnavailableError

log = structlog.get_logger(__name__)

_ASKED_AT_ONCE = 4  # when a join is asked again one by one
_SIZES_KEPT = 20_000


@dataclass(slots=True)
class QueryCounters:
    """What was asked of one source since the start; only ever grows.

    needs      expressions that rules wanted      shared   of these, answered by another's left-hand side
    requests   queries sent                       failed   of these, without a usable answer
    joined     left-hand sides that travelled with others
    samples    series received                    seconds  time requests took, summed
    """

    needs: int = 0
    shared: int = 0
    requests: int = 0
    failed: int = 0
    joined: int = 0
    samples: int = 0
    seconds: float = 0.0


class Fetcher:
    """Answers the needs of a slot from the sources they name. Never raises for a query: errors are answers."""

    def __init__(self, sources: Mapping[str, Source], *, join_size: int = JOIN_SIZE) -> None:
        self._sources = sources
        self._join_size = join_size
        self._quarantine = Quarantine(join_size)
        self._sizes: dict[QueryNeed, int] = {}
        self._unmark = Unmark()
        self.counters: dict[str, QueryCounters] = {name: QueryCounters() for name in sources}

    def begin(self, needs: Iterable[QueryNeed], at: datetime) -> PendingAnswers:
        """Start asking; the caller closes what is returned. Equal needs may be given any number of times."""
        wanted = list(needs)
        pending = PendingAnswers(wanted)
        for need in wanted:
            if need.source not in self._sources:
                pending.settle([need], self._unknown(need.source))
        known = [need for need in wanted if need.source in self._sources]
        made = plan(known, join_size=self._join_size, quarantine=self._quarantine, sizes=self._sizes)
        self._count(known, made.requests)
        for request in made.requests:
            pending.run(self._serve(request, at, pending), request.needs)
        return pending

    async def fetch(self, needs: Iterable[QueryNeed], at: datetime) -> Mapping[QueryNeed, Answer]:
        """Every need's answer, once all are known."""
        wanted = list(needs)
        pending = self.begin(wanted, at)
        try:
            return await pending.of(wanted)
        finally:
            await pending.close()

    async def _serve(self, request: Request, at: datetime, pending: PendingAnswers) -> None:
        """Ask `request` and settle all its needs."""
        if len(request.parts) == 1:
            await self._serve_alone(request, at, pending)
            return
        error = await self._ask(request, at, pending)
        if isinstance(error, SourceUnavailableError):
            if isinstance(error, SourceOverloadedError):
                self._too_much(request, error)
            pending.settle(request.needs, error)
        elif error is not None:
            await self._one_by_one(request, at, pending)

    async def _serve_alone(self, request: Request, at: datetime, pending: PendingAnswers) -> QueryError | None:
        """Ask a single part and settle all its needs; the error when it failed."""
        error = await self._ask(request, at, pending)
        if error is None:
            return None
        if not isinstance(error, SourceUnavailableError):
            # The whole may succeed where its left-hand side does not: VictoriaMetrics looks for duplicates after the
            # comparison. If it fails too, the rule shows the error of what it really says.
            for whole in request.unsplit():
                if (refused := await self._ask(whole, at, pending)) is not None:
                    pending.settle(whole.needs, refused)
        pending.settle(request.needs, error)
        return error

    async def _ask(self, request: Request, at: datetime, pending: PendingAnswers) -> QueryError | None:
        """Settle the needs of `request` with its answer; the error, and nothing settled, when there is none."""
        counters = self.counters[request.source]
        counters.requests += 1
        started = asyncio.get_running_loop().time()
        try:
            batch = await self._sources[request.source].instant(request.text, at)
            answers = self._unmark.distribute(request, batch)
        except QueryError as error:
            counters.failed += 1
            return error
        except Exception as error:  # a fault of ours must not stop the rules that asked nothing wrong
            counters.failed += 1
            log.exception("query_fault", source=request.source, parts=len(request.parts))
            return QueryError(f"cannot read the answer ({type(error).__name__}); the log has the details")
        finally:
            counters.seconds += asyncio.get_running_loop().time() - started
        counters.samples += len(batch)
        self._learn(request, answers)
        for part, answer in zip(request.parts, answers, strict=True):
            for need, result in part.answers(answer):
                pending.settle([need], result)
        return None

    async def _one_by_one(self, request: Request, at: datetime, pending: PendingAnswers) -> None:
        """A join was refused: ask its parts alone, and keep those that are refused again out of later joins."""
        waiting, refused = deque(request.alone()), []
        unavailable: SourceUnavailableError | None = None

        async def work() -> None:
            nonlocal unavailable
            while waiting:
                single = waiting.popleft()
                if unavailable is not None:  # no more questions to a server that has just gone away
                    pending.settle(single.needs, unavailable)
                    continue
                error = await self._serve_alone(single, at, pending)
                if isinstance(error, SourceUnavailableError):
                    unavailable = error
                elif error is not None:
                    refused.append(single.parts[0].asked)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_ASKED_AT_ONCE):
                    group.create_task(work())
        finally:  # also when the slot is given up meanwhile: the next one shall be spared
            if refused:
                log.warning("queries_kept_apart", source=request.source, refused=len(refused), of=len(request.parts))
                self._quarantine.confine(refused, 1)
        if not refused and unavailable is None:
            self._quarantine.confine((part.asked for part in request.parts), len(request.parts) // 2)

    def _too_much(self, request: Request, error: QueryError) -> None:
        size = len(request.parts) // 2
        log.warning("queries_joined_less", source=request.source, parts=len(request.parts), next=size, error=str(error))
        self._quarantine.confine((part.asked for part in request.parts), size)

    def _learn(self, request: Request, answers: Iterable[SeriesBatch]) -> None:
        if len(self._sizes) > _SIZES_KEPT:
            self._sizes.clear()  # learnt again within a slot
        for part, answer in zip(request.parts, answers, strict=True):
            self._sizes[part.asked] = len(answer)
            self._quarantine.good(part.asked)

    def _count(self, needs: Iterable[QueryNeed], requests: Iterable[Request]) -> None:
        for need in needs:
            self.counters[need.source].needs += 1
            self.counters[need.source].shared += 1
        for request in requests:
            counters, parts = self.counters[request.source], len(request.parts)
            counters.shared -= parts
            counters.joined += parts if parts > 1 else 0

    def _unknown(self, name: str) -> QueryError:
        return QueryError(f'no source is called "{name}"; prometheus: has {", ".join(sorted(self._sources)) or "none"}')
