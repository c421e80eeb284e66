"""`Datasource`: the real Prometheus every evaluator of a measurement asks, and which may evaluate rules itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.bench.support.processes import BenchError, Process, binary, free_address, ready, running

REMOTE_WRITE_HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


@dataclass(frozen=True, slots=True)
class Datasource:
    """A Prometheus that takes remote write."""

    process: Process
    url: str
    config: Path
    session: aiohttp.ClientSession

    async def write(self, body: bytes) -> None:
        """Store samples (an encoded remote-write request)."""
        async with self.session.post(f"{self.url}/api/v1/write", data=body, headers=REMOTE_WRITE_HEADERS) as answer:
            if answer.status >= 300:
                raise BenchError(f"Prometheus refused samples: {(await answer.text())[:300]}")

    async def metrics(self) -> str:
        """Its /metrics page."""
        return await page(self.session, f"{self.url}/metrics")

    async def evaluate(self, rule_file: Path | None, notifier: str = "") -> None:
        """Evaluate the rules of a file from now on and send alerts to `notifier` (host:port); None: no rules."""
        self.config.write_text(json.dumps({} if rule_file is None else _evaluating(rule_file, notifier)))
        async with self.session.post(f"{self.url}/-/reload") as answer:
            if answer.status != 200:
                raise BenchError(f"Prometheus refused its configuration: {(await answer.text())[:300]}")


def _evaluating(rule_file: Path, notifier: str) -> Mapping[str, object]:
    return {
        "rule_files": [str(rule_file)],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [notifier]}]}]},
    }


@asynccontextmanager
async def datasource(
    session: aiohttp.ClientSession,
    folder: Path,
    *,
    config: Mapping[str, object] | None = None,
    flags: Sequence[str] = (),
) -> AsyncIterator[Datasource]:
    """A Prometheus with its data in `folder`, where a later one finds them again.

    config   prometheus.yml; none: no rules, no targets
    """
    address, path = free_address(), folder / "prometheus.yml"
    path.write_text(json.dumps(config or {}))  # JSON is YAML
    command = [
        binary("prometheus", "prometheus"),
        f"--config.file={path}",
        f"--storage.tsdb.path={folder / 'prometheus-data'}",
        f"--web.listen-address={address}",
        "--web.enable-remote-write-receiver",
        "--web.enable-lifecycle",
        *flags,
    ]
    async with running("prometheus", command, folder=folder) as process:
        await ready(process, session, f"http://{address}/-/ready")
        yield Datasource(process, f"http://{address}", path, session)


async def page(session: aiohttp.ClientSession, url: str) -> str:
    """The text at `url`; raises BenchError when it is not there."""
    async with session.get(url) as answer:
        if answer.status != 200:
            raise BenchError(f"{url}: HTTP {answer.status}")
        return await answer.text()


def total(metrics: str, name: str, having: str = "") -> float:
    """Sum of the samples of `name` on a /metrics page; `having` must stand among their labels."""
    values = 0.0
    for line in metrics.splitlines():
        if line.startswith((f"{name} ", f"{name}{{")) and having in line:
            values += float(line.rpartition(" ")[2])
    return values
