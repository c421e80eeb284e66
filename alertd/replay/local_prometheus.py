"""`LocalPrometheus`: a private Prometheus in a temporary folder, for unit tests of rules, the demo and our own tests."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from alertd.duration import format_duration
from alertd.errors import AlertdError
from alertd.http import HttpClient, new_session
from alertd.query.remote_write import HEADERS, SeriesSample, encode
from alertd.replay.child_process import child_process

START_LIMIT = timedelta(seconds=30)
STOP_LIMIT = timedelta(seconds=5)
_BATCH = 20_000
_KEPT_LINES = 20
_RETENTION = "--storage.tsdb.retention.time"  # a flag that Prometheus does not take twice


class PrometheusMissingError(AlertdError):
    """There is no `prometheus` to start."""


class LocalPrometheus:
    """A Prometheus of our own: `async with LocalPrometheus() as prometheus:` starts it and always ends it.

    It listens on a free port of the loopback interface, takes remote write, and keeps samples of any age: the first
    may be from Unix time 0. It ends with us even when we are killed.

    scrape_configs       as in prometheus.yml
    evaluation_interval  the global one; also the step of subqueries that name none
    config               further top-level keys of prometheus.yml
    flags                further flags, such as `--enable-feature=...`; they win over ours

    Entering raises PrometheusMissingError without the binary, AlertdError when it does not become ready in time.
    """

    def __init__(
        self,
        *,
        scrape_configs: Sequence[Mapping[str, object]] = (),
        evaluation_interval: timedelta = timedelta(minutes=1),
        config: Mapping[str, object] | None = None,
        flags: Sequence[str] = (),
    ) -> None:
        self._config: dict[str, object] = {
            "global": {"evaluation_interval": format_duration(evaluation_interval)},
            "scrape_configs": list(scrape_configs),
            **(config or {}),
        }
        self._flags = tuple(flags)
        self._owned = AsyncExitStack()
        self._http: HttpClient | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, once it runs."""
        return self._url

    async def __aenter__(self) -> Self:
        binary = find_prometheus()
        async with AsyncExitStack() as owned:
            folder = owned.enter_context(
                tempfile.TemporaryDirectory(prefix="alertd-prometheus-", ignore_cleanup_errors=True)
            )
            self._url = f"http://{await self._start(binary, Path(folder), owned)}"
            self._http = HttpClient(await owned.enter_async_context(new_session()), timeout=START_LIMIT)
            self._owned = owned.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http = None
        await self._owned.aclose()

    async def _start(self, binary: str, folder: Path, owned: AsyncExitStack) -> str:
        """The address it listens on, once it is ready."""
        config = folder / "prometheus.yml"
        config.write_text(json.dumps(self._config))  # JSON is YAML
        command = [
            binary,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            *([] if any(flag.startswith(_RETENTION) for flag in self._flags) else [f"{_RETENTION}=100y"]),
            "--web.enable-remote-write-receiver",
            "--web.listen-address=127.0.0.1:0",  # the kernel chooses a free port, the log says which: no race for it
            "--log.format=json",
            *self._flags,
        ]
        log = _Log()
        child = await owned.enter_async_context(child_process(command, hear=log.hear, stop_limit=STOP_LIMIT))
        address = await child.announced(log.address, within=START_LIMIT)
        if address is None:
            raise AlertdError(f"prometheus did not become ready; it said: {log.summary()}")
        return address

    async def write(self, samples: Sequence[SeriesSample]) -> None:
        """Store samples; they can be queried once this returns.

        In time order across all series, also from call to call: what is over an hour older than the newest is refused.
        raises   AlertdError with Prometheus' answer when it refuses one; others of the same batch are then lost too
        """
        if self._http is None:
            raise AlertdError("this Prometheus does not run")
        ordered = sorted(samples, key=lambda sample: sample.at)
        for start in range(0, len(ordered), _BATCH):
            batch = ordered[start : start + _BATCH]
            answer = await self._http.request("POST", f"{self._url}/api/v1/write", data=encode(batch), headers=HEADERS)
            if not answer.ok:
                raise AlertdError(f"Prometheus refused samples: HTTP {answer.status}: {answer.excerpt()}")


def find_prometheus() -> str:
    """The program; raises PrometheusMissingError."""
    binary = shutil.which("prometheus")
    if binary is None:
        raise PrometheusMissingError("there is no prometheus on the PATH; install it: apt-get install prometheus")
    return binary


class _Log:
    """What Prometheus writes to standard error, one JSON object per line."""

    def __init__(self) -> None:
        self.address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._listening = ""
        self._ready = False

    def hear(self, line: str) -> None:
        """The next line; `address` is known as soon as the server is ready."""
        try:
            entry = json.loads(line)
        except ValueError:
            entry = {"msg": line}
        said = " ".join(str(entry[key]) for key in ("msg", "err") if key in entry)
        self._lines.append(said)
        self._listening = entry["address"] if entry.get("msg") == "Listening on" else self._listening
        self._ready = self._ready or "ready to receive web requests" in said
        # Either may come first: the listener is started beside the storage.
        if self._listening and self._ready and not self.address.done():
            self.address.set_result(self._listening)

    def summary(self) -> str:
        """The last thing it said."""
        return self._lines[-1] if self._lines else "nothing"
