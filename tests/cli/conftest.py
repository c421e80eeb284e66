"""What the operator's verbs speak to: an Alertmanager, or alertd."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.daemon import running
from tests.support.servers import ALERTMANAGER_CONFIG, alertmanager


@pytest.fixture(params=["alertmanager", "alertd"])
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a fresh server that tells nobody."""
    if request.param == "alertmanager":
        async with alertmanager() as url:
            yield url
        return
    (tmp_path / "alertd.yml").write_text(ALERTMANAGER_CONFIG)
    async with running(tmp_path / "alertd.yml", tmp_path / "data") as daemon:
        await daemon.event("alertd_started")
        yield daemon.url
