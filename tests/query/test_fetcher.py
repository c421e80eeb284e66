"""`Fetcher`: answers as they come, and one bad expression or a slow server never hurts more than it must."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from alertd.errors import QueryError
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.query.fetcher import Fetcher
from alertd.query.need import QueryNeed
from alertd.query.pending import Answer
from alertd.query.plan import MARKER
from alertd.query.source import SourceOverloadedError, SourceUnavailableError

AT = datetime(2026, 1, 2, tzinfo=UTC)


class Scripted:
    """A source that knows no data: every part of a query has the series {of=<expression>} with value 1.

    fails   an expression -> what any query that holds it fails with
    held    an expression -> an event any query that holds it waits for
    """

    def __init__(self) -> None:
        self.queries: list[str] = []
        self.asked = asyncio.Event()
        self.fails: dict[str, Exception] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.most_parts: float = float("inf")

    async def instant(self, expr: str, at: datetime) -> SeriesBatch:
        self.queries.append(expr)
        self.asked.set()
        parts = [part.split("\n")[0].removeprefix("label_replace(") for part in expr.split(" or ")]
        for part in parts:
            if part in self.held:
                await self.held[part].wait()
        for part in parts:
            if part in self.fails:
                raise self.fails[part]
        if len(parts) > self.most_parts:
            raise SourceOverloadedError("no answer in time")
        marks = [{MARKER: str(number)} if len(parts) > 1 else {} for number in range(len(parts))]
        labels = tuple(LabelSet({"of": part, **mark}) for part, mark in zip(parts, marks, strict=True))
        return SeriesBatch(labels=labels, values=np.ones(len(parts)), at=at)

    def sizes(self) -> list[int]:
        """How many parts each query had since the last call, largest first."""
        sizes = sorted((query.count(MARKER) or 1 for query in self.queries), reverse=True)
        self.queries.clear()
        return sizes


def needs(*exprs: str) -> list[QueryNeed]:
    return [QueryNeed(expr) for expr in exprs]


MANY = needs(*(f"m{number}" for number in range(8)))


def said(answers: dict[QueryNeed, Answer]) -> dict[str, str]:
    """Per expression the label of its series, or its error."""
    return {
        need.expr: str(answer) if isinstance(answer, QueryError) else answer.labels[0]["of"]
        for need, answer in answers.items()
    }


async def fetch(fetcher: Fetcher, wanted: list[QueryNeed]) -> dict[str, str]:
    return said(dict(await fetcher.fetch(wanted, AT)))


async def test_every_need_has_its_answer() -> None:
    source = Scripted()

    assert await fetch(Fetcher({"default": source}), needs("a", "b > 0", "a")) == {"a": "a", "b > 0": "b"}
    assert source.sizes() == [2]


async def test_nothing_is_asked_for_nothing() -> None:
    assert await Fetcher({"default": Scripted()}).fetch([], AT) == {}


async def test_an_unknown_source_is_an_answer() -> None:
    fetcher = Fetcher({"default": Scripted(), "eu": Scripted()})

    got = await fetcher.fetch([QueryNeed("a", "us"), QueryNeed("a", "eu")], AT)

    assert str(got[QueryNeed("a", "us")]) == 'no source is called "us"; prometheus: has default, eu'
    assert isinstance(got[QueryNeed("a", "eu")], SeriesBatch)


async def test_a_slow_query_holds_up_only_who_needs_it() -> None:
    source = Scripted()
    source.held["slow"] = asyncio.Event()
    pending = Fetcher({"default": source}, join_size=1).begin(needs("slow", "fast"), AT)

    assert said(dict(await pending.of(needs("fast")))) == {"fast": "fast"}
    source.held["slow"].set()
    assert said(dict(await pending.of(needs("slow", "fast")))) == {"slow": "slow", "fast": "fast"}
    await pending.close()


async def test_closing_ends_what_is_under_way() -> None:
    source = Scripted()
    source.held["slow"] = asyncio.Event()
    pending = Fetcher({"default": source}).begin(needs("slow"), AT)
    waiting = asyncio.create_task(pending.of(needs("slow")))
    await source.asked.wait()

    await pending.close()

    assert said(dict(await waiting)) == {"slow": "not asked: the slot was given up"}


async def test_cancelling_the_fetch_cancels_its_queries() -> None:
    source = Scripted()
    source.held["slow"] = asyncio.Event()
    before = len(asyncio.all_tasks())
    fetching = asyncio.create_task(Fetcher({"default": source}).fetch(needs("slow"), AT))
    await source.asked.wait()

    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching

    assert len(asyncio.all_tasks()) == before


async def test_a_bad_expression_hurts_no_other_and_leaves_the_join() -> None:
    source = Scripted()
    source.fails["m3"] = QueryError("many-to-many")
    fetcher = Fetcher({"default": source})

    first, first_sizes = await fetch(fetcher, MANY), source.sizes()
    second, second_sizes = await fetch(fetcher, MANY), source.sizes()

    assert first == second == {need.expr: "many-to-many" if need.expr == "m3" else need.expr for need in MANY}
    assert first_sizes == [8, *[1] * 8]
    assert second_sizes == [7, 1]


async def test_a_rule_may_succeed_where_its_left_hand_side_does_not() -> None:
    source = Scripted()
    source.fails = {"a": QueryError("duplicates"), "a > 2": QueryError("duplicates in a > 2")}

    got = await fetch(Fetcher({"default": source}), needs("a > 1", "a > 2", "a", "b"))

    assert got == {"a > 1": "a > 1", "a > 2": "duplicates in a > 2", "a": "duplicates", "b": "b"}


async def test_a_mended_expression_comes_back_to_the_join() -> None:
    source = Scripted()
    fetcher = Fetcher({"default": source})
    source.fails["m3"] = QueryError("many-to-many")
    await fetch(fetcher, MANY)
    source.fails.clear()
    source.sizes()

    for _ in range(60):
        await fetch(fetcher, MANY)
    source.sizes()
    await fetch(fetcher, MANY)

    assert source.sizes() == [8]


async def test_who_fails_now_and_then_is_trusted_ever_less() -> None:
    source = Scripted()
    fetcher = Fetcher({"default": source}, join_size=2)
    spoilt = []
    for slot in range(300):
        source.fails = {"m0": QueryError("now and then")} if slot % 10 == 0 else {}
        await fetch(fetcher, MANY[:2])
        if source.fails and source.sizes() == [2, 1, 1]:
            spoilt.append(slot)
        source.queries.clear()

    assert len(spoilt) <= 5


async def test_a_dead_server_is_not_asked_again_one_by_one() -> None:
    source = Scripted()
    source.fails["m0"] = SourceUnavailableError("connection refused")
    fetcher = Fetcher({"default": source})

    assert set((await fetch(fetcher, MANY)).values()) == {"connection refused"}
    assert source.sizes() == [8]

    source.fails.clear()
    await fetch(fetcher, MANY)
    assert source.sizes() == [8]


async def test_what_is_too_much_is_halved_until_it_fits() -> None:
    source = Scripted()
    source.most_parts = 2
    fetcher = Fetcher({"default": source})

    seen = []
    for _ in range(4):
        got = await fetch(fetcher, MANY)
        seen.append((source.sizes(), set(got.values()) == {"no answer in time"}))

    assert seen == [([8], True), ([4, 4], True), ([2, 2, 2, 2], False), ([2, 2, 2, 2], False)]


async def test_a_join_that_fails_while_its_parts_do_not_is_halved() -> None:
    class TooManySamples(Scripted):
        async def instant(self, expr: str, at: datetime) -> SeriesBatch:
            batch = await super().instant(expr, at)
            if len(batch) > 4:
                raise QueryError("query processing would load too many samples into memory in query execution")
            return batch

    source = TooManySamples()
    fetcher = Fetcher({"default": source})

    assert await fetch(fetcher, MANY) == {need.expr: need.expr for need in MANY}
    assert source.sizes() == [8, *[1] * 8]
    assert await fetch(fetcher, MANY) == {need.expr: need.expr for need in MANY}
    assert source.sizes() == [4, 4]


async def test_a_server_that_goes_away_in_between_is_not_asked_for_the_rest() -> None:
    class GoesAway(Scripted):
        async def instant(self, expr: str, at: datetime) -> SeriesBatch:
            if self.queries:
                self.queries.append(expr)
                await asyncio.sleep(0)
                raise SourceUnavailableError("connection refused")
            return await super().instant(expr, at)

    source = GoesAway()
    source.fails["m0"] = QueryError("many-to-many")
    exprs = needs(*(f"m{number}" for number in range(40)))

    assert set((await fetch(Fetcher({"default": source}), exprs)).values()) == {"connection refused"}
    assert len(source.queries) <= 5


async def test_a_fault_of_the_client_is_an_answer_too() -> None:
    source = Scripted()
    source.fails["a"] = ZeroDivisionError()

    got = await fetch(Fetcher({"default": source}), needs("a"))

    assert got == {"a": "cannot read the answer (ZeroDivisionError); the log has the details"}


async def test_counters() -> None:
    source = Scripted()
    source.fails["time()"] = QueryError("no")
    fetcher = Fetcher({"default": source})

    await fetcher.fetch(needs("a > 1", "a > 2", "b", "b", "time()"), AT)

    counters = fetcher.counters["default"]
    assert (counters.needs, counters.shared, counters.requests, counters.failed) == (5, 2, 2, 1)
    assert (counters.joined, counters.samples) == (2, 2)
    assert counters.seconds >= 0


async def test_joined_answers_are_the_same_as_single_ones_whatever_the_join_size() -> None:
    make: Callable[[int], Fetcher] = lambda size: Fetcher({"default": Scripted()}, join_size=size)  # noqa: E731

    answers = [await fetch(make(size), MANY) for size in (1, 3, 50)]

    assert Counter(map(str, answers)) == {str(answers[0]): 3}
