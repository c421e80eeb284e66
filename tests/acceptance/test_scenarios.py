"""Every scenario of the alert pipeline, played against a real daemon: what Alertmanager does, and where alertd does better.

The windows of the scenarios are wall time, so they are played a few at once by their own runner, in one test.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
from pathlib import Path

SCENARIOS = Path(__file__).parents[1] / "scenarios"
FOLDERS = (SCENARIOS / "public", SCENARIOS / "own")
LIMIT_S = 400
AT_ONCE = 4


async def test_every_scenario_passes() -> None:
    assert shutil.which("amtool"), "amtool is missing; install it: apt-get install prometheus-alertmanager"
    daemon = f"{shlex.quote(sys.executable)} -m alertd run --config.file={{config}} --storage.path={{data}}"
    command = f"{daemon} --web.listen-address=127.0.0.1:{{port}}"
    runner = await asyncio.create_subprocess_exec(
        sys.executable, str(SCENARIOS / "run.py"), "-j", str(AT_ONCE), "--command", command, *map(str, FOLDERS),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": ""},  # restarts are part of their windows
    )  # fmt: skip
    try:
        async with asyncio.timeout(LIMIT_S):
            output, _ = await runner.communicate()
    finally:
        if runner.returncode is None:
            runner.terminate()
            await runner.wait()
    lines = output.decode(errors="replace").splitlines()
    assert runner.returncode == 0, "\n".join(line for line in lines if not line.startswith("pass"))
    passed = sum(line.startswith("pass") for line in lines)
    assert passed == sum(len(list(folder.rglob("*.yml"))) for folder in FOLDERS), "none was left out"
