"""Child processes of a measurement: what they cost is read from /proc, and they always end."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import aiohttp

from alertd.clock import SystemClock

LOOPBACK = "127.0.0.1"
READY_LIMIT = 60.0
STOP_LIMIT = 10.0
_POLL = 0.05
_TICKS = os.sysconf("SC_CLK_TCK")

T = TypeVar("T")
CLOCK = SystemClock()


class BenchError(Exception):
    """A measurement cannot go on; the text says why."""


@dataclass(frozen=True, slots=True)
class Process:
    """A running child. CPU is user + system time of all its threads, in steps of the kernel's tick (10 ms)."""

    name: str
    child: asyncio.subprocess.Process
    log: Path

    def cpu_seconds(self) -> float:
        """CPU used since its start."""
        user, system = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / _TICKS

    def resident_mib(self) -> float:
        """Resident memory now."""
        return self._memory("VmRSS")

    def peak_mib(self) -> float:
        """Most resident memory it ever had."""
        return self._memory("VmHWM")

    def _memory(self, key: str) -> float:
        for line in Path(f"/proc/{self.child.pid}/status").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) / 1024
        raise BenchError(f"{self.name} has ended: {self.last_words()}")

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-1000:].strip()


def binary(name: str, package: str) -> str:
    """Path of a program; raises BenchError with the command that installs it."""
    found = shutil.which(name)
    if found is None:
        raise BenchError(f"{name} was not found on PATH; install it: apt-get install {package}")
    return found


def free_address() -> str:
    """`127.0.0.1:PORT` with a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return f"{LOOPBACK}:{probe.getsockname()[1]}"


@asynccontextmanager
async def running(name: str, command: Sequence[str], *, folder: Path) -> AsyncIterator[Process]:
    """Start a program whose output goes to `folder/NAME.log`; it ends with the block, and with us."""
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        child = await asyncio.create_subprocess_exec(
            *_ending_with_us(),
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for us; we end it
        )
    try:
        yield Process(name, child, log)
    finally:
        await end(child)


def _ending_with_us() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


async def end(child: asyncio.subprocess.Process) -> None:
    """TERM, and KILL when that is not enough in time."""
    with suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(STOP_LIMIT):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()


async def ready(process: Process, session: aiohttp.ClientSession, url: str) -> None:
    """Return once `url` answers 200; raises BenchError when the process ends first or takes too long."""
    try:
        async with asyncio.timeout(READY_LIMIT):
            while not await _answers(session, url):
                if process.child.returncode is not None:
                    raise BenchError(f"{process.name} did not start: {process.last_words()}")
                await asyncio.sleep(_POLL)
    except TimeoutError:
        raise BenchError(f"{process.name} was not ready in time: {process.last_words()}") from None


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


def busy_seconds() -> float:
    """CPU time that all processes of the machine have used since its start."""
    user, nice, system, _idle, _wait, irq, softirq = map(int, Path("/proc/stat").read_text().split(maxsplit=8)[1:8])
    return (user + nice + system + irq + softirq) / _TICKS


async def until_told(work: Awaitable[T]) -> T:
    """Await `work`; SIGTERM cancels it, as Ctrl-C does, so that every process it started is ended."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
