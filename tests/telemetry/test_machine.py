"""Reading this process and its host."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.telemetry.machine import Host, read_process

MEMINFO = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    250 kB\nHugePages_Total:       0\n"


def machine(folder: Path, *, stat: str | None = None, meminfo: str | None = None) -> Host:
    """A host whose /proc holds these files."""
    for name, text in (("stat", stat), ("meminfo", meminfo)):
        if text is not None:
            (folder / name).write_text(text)
    return Host(folder, proc=folder)


def test_this_process_is_read() -> None:
    reading = read_process()
    assert reading.cpu_seconds > 0
    assert reading.resident_bytes is not None
    assert reading.resident_bytes > 1_000_000
    assert reading.open_fds is not None
    assert reading.open_fds >= 3


def test_what_is_hidden_reads_as_unknown(tmp_path: Path) -> None:
    reading = read_process(tmp_path)
    assert (reading.resident_bytes, reading.open_fds) == (None, None)
    host = machine(tmp_path).read()
    assert (host.cpu_percent, host.memory_percent) == (None, None)


@pytest.mark.parametrize("text", ["", "cpu\n", "cpu x 1 2 3 4 5 6 7\n", "MemTotal: 0 kB\nMemAvailable: 0 kB\n"])
def test_a_file_of_another_shape_reads_as_unknown(tmp_path: Path, text: str) -> None:
    host = machine(tmp_path, stat=text, meminfo=text).read()
    assert (host.cpu_percent, host.memory_percent) == (None, None)


def test_cpu_usage_is_that_since_the_last_reading(tmp_path: Path) -> None:
    host = machine(tmp_path, stat="cpu  100 0 100 700 100 0 0 0 50 0\ncpu0 1\n")
    assert host.read().cpu_percent == pytest.approx(20)  # since boot: 200 of 1000
    (tmp_path / "stat").write_text("cpu  150 0 125 710 115 0 0 0 90 0\n")
    assert host.read().cpu_percent == pytest.approx(75)  # 75 of 100
    (tmp_path / "stat").write_text("cpu  160 0 125 710 115 0 0 0 90 0\n")
    assert host.read().cpu_percent == pytest.approx(75), "10 ticks are too few to say anything new"
    (tmp_path / "stat").write_text("cpu  160 0 125 1110 115 0 0 0 90 0\n")
    assert host.read().cpu_percent == pytest.approx(100 * 10 / 410), "all since the reading that counted"


def test_memory_usage_is_what_cannot_be_freed(tmp_path: Path) -> None:
    assert machine(tmp_path, meminfo=MEMINFO).read().memory_percent == pytest.approx(75)


def test_disk_usage_is_that_of_the_storage_path(tmp_path: Path) -> None:
    percent = machine(tmp_path).read().disk_percent
    assert percent is not None
    assert 0 <= percent <= 100
    assert Host(tmp_path / "missing").read().disk_percent is None
