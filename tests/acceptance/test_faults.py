"""Kills during a stream of alerts to receivers of which one flaps: nothing is lost. `tests/bench/faults.py` is the long run."""

from __future__ import annotations

from pathlib import Path

from tests.support.faults import run


async def test_alerts_posted_while_alertd_is_killed_reach_every_receiver(tmp_path: Path) -> None:
    deaths: list[int] = []
    report = await run(tmp_path, alerts=150, kills=25, seed=20_260_105, progress=deaths.append)
    assert len(deaths) == 25
    assert report.retried > 0, "no post ever met a dead alertd"
    assert report.received >= 150 * 3 * 2
    assert (report.lost, report.duplicates) == (0, 0), report
