"""Reads this process and its host from the operating system.

The hardened systemd unit hides the machine-wide files of /proc (`ProcSubset=pid`); what is hidden reads as None.
"""

from __future__ import annotations

import os
import resource
from pathlib import Path

from alertd.telemetry.readings import HostReading, ProcessReading

_PAGE_BYTES = resource.getpagesize()
_SHORTEST_TICKS = 100  # a second of one CPU; between readings closer than that the older answer holds
_IDLE_FIELDS = (3, 4)  # idle and iowait of the first line of /proc/stat


def read_process(proc: Path = Path("/proc")) -> ProcessReading:
    """CPU, memory and file descriptors of this process."""
    times = os.times()
    soft_limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return ProcessReading(
        cpu_seconds=times.user + times.system,
        resident_bytes=_resident_bytes(proc),
        open_fds=_open_fds(proc),
        max_fds=None if soft_limit == resource.RLIM_INFINITY else soft_limit,
    )


def _resident_bytes(proc: Path) -> int | None:
    try:
        return int((proc / "self/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return None


def _open_fds(proc: Path) -> int | None:
    try:
        return len(os.listdir(proc / "self/fd")) - 1  # without the one that lists them
    except OSError:
        return None


class Host:
    """The machine alertd runs on. Remembers the last CPU counters, since usage is a difference."""

    def __init__(self, storage: Path, *, proc: Path = Path("/proc")) -> None:
        self._storage = storage
        self._proc = proc
        self._busy_and_total = (0, 0)
        self._cpu_percent: float | None = None

    def read(self) -> HostReading:
        """CPU since the last reading (since boot at the first), memory that cannot be freed, disk of the storage path."""
        return HostReading(
            cpu_percent=self._read_cpu(), memory_percent=self._read_memory(), disk_percent=self._read_disk()
        )

    def _read_cpu(self) -> float | None:
        try:
            line = (self._proc / "stat").read_text().partition("\n")[0]
            ticks = [int(field) for field in line.split()[1:9]]  # guest time, behind these, is in user time already
            idle = sum(ticks[field] for field in _IDLE_FIELDS)
        except (OSError, ValueError, IndexError):
            return None
        busy, total = sum(ticks) - idle, sum(ticks)
        elapsed = total - self._busy_and_total[1]
        if elapsed >= _SHORTEST_TICKS:
            self._cpu_percent = 100 * (busy - self._busy_and_total[0]) / elapsed
            self._busy_and_total = (busy, total)
        return self._cpu_percent

    def _read_memory(self) -> float | None:
        try:
            lines = (self._proc / "meminfo").read_text().splitlines()
            kilobytes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
            return 100 * (1 - kilobytes["MemAvailable"] / kilobytes["MemTotal"])
        except (OSError, ValueError, IndexError, KeyError, ZeroDivisionError):
            return None

    def _read_disk(self) -> float | None:
        """As `df` counts it: of what an ordinary user may use."""
        try:
            disk = os.statvfs(self._storage)
        except OSError:
            return None
        used = disk.f_blocks - disk.f_bfree
        usable = used + disk.f_bavail
        return 100 * used / usable if usable else None
