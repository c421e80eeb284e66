"""Where judges are asked: the event loop goes on while one looks back, and none is left half way."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import numpy as np
import pytest

from alertd.engine.judging import judge_aside
from alertd.query.batch import SeriesBatch
from alertd.rules.finding import Judgement
from alertd.rules.kind import Inputs
from alertd.rules.promql import PromQL
from tests.support.rules import T0

INPUTS = Inputs(at=T0, interval=timedelta(minutes=1), batch=SeriesBatch(labels=(), values=np.empty(0), at=T0))
LIMIT_S = 60


class SlowJudge:
    """Begins, and ends when it may."""

    def __init__(self) -> None:
        self.begun, self.may_end, self.has_ended = threading.Event(), threading.Event(), False

    def judge(self, inputs: Inputs) -> Judgement:
        self.begun.set()
        self.may_end.wait(LIMIT_S)
        self.has_ended = True
        return Judgement(())


async def test_the_event_loop_goes_on_meanwhile() -> None:
    judge = SlowJudge()
    judging = asyncio.create_task(judge_aside(judge, INPUTS))
    assert await asyncio.to_thread(judge.begun.wait, LIMIT_S)
    assert not judging.done()
    judge.may_end.set()
    assert await asyncio.wait_for(judging, LIMIT_S) == Judgement(())


async def test_who_is_cancelled_meanwhile_leaves_nothing_half_done() -> None:
    judge = SlowJudge()
    judging = asyncio.create_task(judge_aside(judge, INPUTS))
    assert await asyncio.to_thread(judge.begun.wait, LIMIT_S)
    judging.cancel()
    done, _ = await asyncio.wait([judging], timeout=0.05)
    assert not done
    judge.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(judging, LIMIT_S)
    assert judge.has_ended


async def test_who_remembers_nothing_is_asked_at_once() -> None:
    assert await judge_aside(PromQL("up"), INPUTS) == PromQL("up").judge(INPUTS)
