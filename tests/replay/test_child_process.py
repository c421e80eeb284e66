"""Child processes end, however stubborn they are and however we end."""

import asyncio
import signal
import sys
from datetime import timedelta
from pathlib import Path

from alertd.replay.child_process import child_process
from tests.support.daemon import until

LONG = timedelta(seconds=20)
SOON = timedelta(milliseconds=100)


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_each_line_of_standard_error_is_heard_even_the_last_words():
    heard: list[str] = []
    program = "import sys; sys.stderr.write('one\\ntwo')"
    async with child_process(python(program), hear=heard.append, stop_limit=LONG) as process:
        assert await process.wait() == 0
    assert heard == ["one", "two"]


async def test_a_child_ends_with_its_block_by_term():
    ready = asyncio.Event()
    program = "import sys, time; print('up', file=sys.stderr, flush=True); time.sleep(600)"
    async with child_process(python(program), hear=lambda _: ready.set(), stop_limit=LONG) as process:
        await asyncio.wait_for(ready.wait(), 20)
    assert process.status == -signal.SIGTERM


async def test_a_child_that_ignores_term_is_killed():
    ready = asyncio.Event()
    program = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('up', file=sys.stderr, flush=True); time.sleep(600)"
    )
    async with child_process(python(program), hear=lambda _: ready.set(), stop_limit=SOON) as process:
        await asyncio.wait_for(ready.wait(), 20)
    assert process.status == -signal.SIGKILL


async def test_a_child_is_killed_when_its_parent_is():
    program = """
import asyncio, sys
from datetime import timedelta
from alertd.replay.child_process import child_process

async def main():
    limit = timedelta(seconds=5)
    async with child_process([sys.executable, "-c", "import time; time.sleep(600)"], hear=print, stop_limit=limit) as child:
        print(child.pid, flush=True)
        await child.wait()

asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(*python(program), stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    child = int(await asyncio.wait_for(parent.stdout.readline(), 20))
    assert exists(child)
    parent.kill()
    await parent.wait()
    await until(lambda: not exists(child), limit_s=60, what="the child is gone")
