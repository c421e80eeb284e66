"""Judges that remember may look back for longer than the event loop can wait: they are asked in a thread."""

from __future__ import annotations

import asyncio

from alertd.rules.finding import Judgement
from alertd.rules.kind import Inputs, Judge, Memoryless


async def judge_aside(judge: Judge, inputs: Inputs) -> Judgement:
    """What it says. Whoever is cancelled meanwhile ends when it has: it changes what it remembers, and nobody may save half."""
    if isinstance(judge, Memoryless):
        return judge.judge(inputs)
    judging = asyncio.ensure_future(asyncio.to_thread(judge.judge, inputs))
    try:
        return await asyncio.shield(judging)
    except asyncio.CancelledError:
        await asyncio.wait([judging])
        raise
