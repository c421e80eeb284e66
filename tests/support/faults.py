"""A stream of alerts to three receivers, one of them flapping, while alertd is killed again and again: what arrives.

Every alert is posted as firing; once all three receivers were told, its end is posted. A post that was not answered with
200 is made again, as Prometheus would with its next send.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import aiohttp
from aiohttp import web

from tests.support.daemon import running

RECEIVERS = ("one", "two", "flapping")
STATUSES = ("firing", "resolved")
HANG_S = 2.0
LONGEST_UP_S = 0.5
PAUSE_S = 0.05
ARRIVAL_LIMIT_S = 120.0

CONFIG = """
route:
  receiver: flapping
  group_by: [alertname, number]
  group_wait: 100ms
  group_interval: 300ms
  repeat_interval: 4h
  routes:
  - {{receiver: one, continue: true}}
  - {{receiver: two, continue: true}}
  - {{receiver: flapping}}
receivers:
- {{name: one, webhook_configs: [{{url: "{url}/one"}}]}}
- {{name: two, webhook_configs: [{{url: "{url}/two"}}]}}
- {{name: flapping, webhook_configs: [{{url: "{url}/flapping", timeout: 1s}}]}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of a run.

    retried      posts that had to be made again
    sent         notifications that came, whatever they were answered
    received     of these, answered with 200
    repeated     of these, with a key that was answered with 200 before: nobody can know that it had arrived
    duplicates   keys beyond the first under which a receiver was told the same of an alert
    lost         states of alerts that a receiver was never told
    """

    alerts: int
    kills: int
    retried: int
    sent: int
    received: int
    repeated: int
    duplicates: int
    lost: int
    seconds: float

    def __str__(self) -> str:
        return "\n".join(f"{name:>10}  {getattr(self, name):g}" for name in self.__slots__)


@dataclass(slots=True)
class Receivers:
    """Three webhooks. `flapping` answers 200, 429, 500 or nothing by chance, until it is calm; every alert comes by itself."""

    dice: Random
    url: str = ""
    sent: int = 0
    received: int = 0
    calm: bool = False
    keys: dict[tuple[str, str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    async def handle(self, request: web.Request) -> web.Response:
        receiver = request.match_info["receiver"]
        (alert,) = (await request.json())["alerts"]
        self.sent += 1
        if receiver == "flapping" and not self.calm and (fault := await self._fault()) is not None:
            return fault
        self.received += 1
        self.keys[receiver, alert["labels"]["number"], alert["status"]].append(request.headers["Idempotency-Key"])
        return web.Response()

    async def _fault(self) -> web.Response | None:
        match self.dice.choice((200, 429, 500, "hang")):
            case 200:
                return None
            case 429:
                return web.Response(status=429, headers={"Retry-After": "1"})
            case "hang":
                await asyncio.sleep(HANG_S)
        return web.Response(status=500)

    def told(self, number: int, status: str) -> bool:
        """Whether everybody was told."""
        return all(self.keys.get((receiver, str(number), status)) for receiver in RECEIVERS)


@asynccontextmanager
async def receiving(receivers: Receivers) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_post("/{receiver}", receivers.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receivers.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield
    finally:
        await runner.cleanup()


@dataclass(slots=True)
class Poster:
    """Posts to wherever alertd listens now, until it is answered 200, or until the run is over."""

    session: aiohttp.ClientSession
    url: str = ""
    retried: int = 0
    over: bool = False
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def post(self, numbers: Iterable[int], *, ended: bool) -> None:
        ends_at = datetime.now(UTC) if ended else self.began + timedelta(days=1)
        alerts = [
            {
                "labels": {"alertname": "Fault", "number": str(number)},
                "startsAt": self.began.isoformat(),
                "endsAt": ends_at.isoformat(),
            }
            for number in numbers
        ]
        while not self.over and not await self._accepted(alerts):
            self.retried += 1
            await asyncio.sleep(PAUSE_S)

    async def _accepted(self, alerts: list[dict[str, object]]) -> bool:
        if not self.url:
            return False
        try:
            async with self.session.post(f"{self.url}/api/v2/alerts", json=alerts) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False


@dataclass(slots=True)
class Stream:
    """The alerts of a run: which are posted, and which of them are over."""

    poster: Poster
    receivers: Receivers
    tasks: asyncio.TaskGroup
    open: set[int] = field(default_factory=set)

    def begin(self, numbers: Iterable[int]) -> None:
        """Post these as firing."""
        numbers = list(numbers)
        self.open.update(numbers)
        self.tasks.create_task(self.poster.post(numbers, ended=False))

    def end_told(self) -> None:
        """Post the end of those that everybody was told of."""
        over = [number for number in self.open if self.receivers.told(number, "firing")]
        if over:
            self.open.difference_update(over)
            self.tasks.create_task(self.poster.post(over, ended=True))


async def run(folder: Path, *, alerts: int, kills: int, seed: int, progress: Callable[[int], None]) -> Report:
    """Post `alerts` alerts while alertd is killed `kills` times at random moments; then let everything arrive.

    progress   called with the number of kills so far
    """
    dice = Random(seed)
    receivers = Receivers(dice)
    began = asyncio.get_running_loop().time()
    config = folder / "alertd.yml"
    timeout = aiohttp.ClientTimeout(total=5)
    async with receiving(receivers), aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as tasks:
        config.write_text(CONFIG.format(url=receivers.url))
        stream = Stream(Poster(session), receivers, tasks)
        for kill in range(kills):
            stream.begin(range(alerts * kill // kills, alerts * (kill + 1) // kills))
            stream.end_told()
            await _live_and_die(config, folder / "data", stream.poster, dice)
            progress(kill + 1)
        receivers.calm = True
        await _let_arrive(config, folder / "data", stream, alerts)
        stream.poster.over = True
    return _report(stream, alerts, kills, asyncio.get_running_loop().time() - began)


async def _live_and_die(config: Path, storage: Path, poster: Poster, dice: Random) -> None:
    async with running(config, storage) as daemon:
        await daemon.event("listening")
        poster.url = daemon.url
        await asyncio.sleep(dice.random() * LONGEST_UP_S)
        await daemon.kill()


async def _let_arrive(config: Path, storage: Path, stream: Stream, alerts: int) -> None:
    """Wait until everybody was told everything, or for so long that it must be lost."""
    deadline = asyncio.get_running_loop().time() + ARRIVAL_LIMIT_S
    async with running(config, storage) as daemon:
        await daemon.event("listening")
        stream.poster.url = daemon.url
        while not _all_told(stream.receivers, alerts) and asyncio.get_running_loop().time() < deadline:
            stream.end_told()
            await asyncio.sleep(PAUSE_S)
        await asyncio.sleep(1)  # three group intervals: whatever is told twice would come within these
        await daemon.terminate()


def _all_told(receivers: Receivers, alerts: int) -> bool:
    return all(receivers.told(number, status) for number in range(alerts) for status in STATUSES)


def _report(stream: Stream, alerts: int, kills: int, seconds: float) -> Report:
    receivers = stream.receivers
    owed = [(name, str(number), status) for name in RECEIVERS for number in range(alerts) for status in STATUSES]
    told = [receivers.keys.get(one, []) for one in owed]
    return Report(
        alerts=alerts,
        kills=kills,
        retried=stream.poster.retried,
        sent=receivers.sent,
        received=receivers.received,
        repeated=sum(len(keys) - len(set(keys)) for keys in told),
        duplicates=sum(len(set(keys)) - 1 for keys in told if keys),
        lost=sum(not keys for keys in told),
        seconds=round(seconds, 1),
    )
