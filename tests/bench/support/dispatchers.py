"""The daemons that take alerts and notify, measured side by side. A further one is a row."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.bench.support.processes import Process, binary, free_address, ready, running


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """A daemon at work, with Alertmanager's API."""

    process: Process
    url: str

    @property
    def alerts(self) -> str:
        return f"{self.url}/api/v2/alerts"

    @property
    def silences(self) -> str:
        return f"{self.url}/api/v2/silences"


def configuration(
    sink: str, *, group_by: Sequence[str], group_wait: str, inhibit_rules: Sequence[Mapping[str, object]] = ()
) -> Mapping[str, object]:
    """alertmanager.yml with one webhook for everything."""
    return {
        "route": {"receiver": "sink", "group_by": group_by, "group_wait": group_wait, "group_interval": "5m"},
        "receivers": [{"name": "sink", "webhook_configs": [{"url": f"http://{sink}/"}]}],
        "inhibit_rules": inhibit_rules,
    }


def _alertmanager(config: Path, address: str) -> list[str]:
    return [
        binary("prometheus-alertmanager", "prometheus-alertmanager"),
        f"--config.file={config}",
        f"--storage.path={config.parent / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]


def _alertd(config: Path, address: str) -> list[str]:
    """As it is deployed: every alert, decision and delivery on disk before it counts."""
    return [
        *(sys.executable, "-m", "alertd", "run"),
        f"--config.file={config}",
        f"--storage.path={config.parent / 'data'}",
        f"--web.listen-address={address}",
    ]


COMMANDS: Mapping[str, Callable[[Path, str], list[str]]] = {"alertmanager": _alertmanager, "alertd": _alertd}
"""By the name the tables call them: the file of the configuration and the address to listen on -> a command."""


@asynccontextmanager
async def dispatcher(
    name: str, config: Mapping[str, object], session: aiohttp.ClientSession, folder: Path
) -> AsyncIterator[Dispatcher]:
    """Started in `folder`, which is made, and ready; ends with the block."""
    file = _written(folder, config)
    address = free_address()
    async with running(name, COMMANDS[name](file, address), folder=folder) as process:
        await ready(process, session, f"http://{address}/-/ready")
        yield Dispatcher(process, f"http://{address}")


def _written(folder: Path, config: Mapping[str, object]) -> Path:
    folder.mkdir()
    file = folder / "alertmanager.yml"
    file.write_text(json.dumps(config))  # JSON is YAML
    return file
