#!/usr/bin/env python3
"""Black-box scenarios for the alert pipeline, played against a real daemon.

Usage:
    run.py [--target alertd|alertmanager] [--command 'CMD ...'] [-j N] SCENARIO.yml|FOLDER [...]

Each scenario starts its own daemon on a free loopback port, posts alerts and silences over the
Alertmanager API v2 at set times, and records what arrives at a webhook sink. It passes when every
expected notification arrives within its window and nothing else arrives.

A scenario is a YAML file (all times are seconds since the daemon answered ready):

    name: what it shows
    config: |                     # alertmanager.yml; $SINK: the sink's base URL, $DIR: the work folder
      route: {receiver: default, group_by: [], group_wait: 1s, group_interval: 1s}
      receivers: [{name: default, webhook_configs: [{url: "$SINK/default"}]}]
    files: {my.tmpl: '...'}       # more files beside the config
    flags: [--data.retention=1h]  # more command line flags
    noon: 5                       # the time zone Scenario/Noon, in which it is 12:00:00 at 5 s
    steps:
      - {at: 0.5, post: [{labels: {alertname: A}, annotations: {}, starts: 0, ends: 4}]}
      - {at: 0.5, post: [{labels: {alertname: A, i: "{i}"}, times: 100}]}     # {i} counts from 0
      - {at: 1, silence: {id: s1, matchers: ['alertname="A"'], for: 3, starts: 1}}  # then $s1 is its id
      - {at: 1, silence: {replace: s1, matchers: [...], for: 9, by: me, comment: c}, gives: same}  # or new: the id
      - {at: 2, expire: s1}
      - {at: 3, reload: "route: ..."}      # writes the new config, then POST /-/reload
      - {at: 4, kill: true}                # SIGKILL, then a new start on the same storage
      - {at: 5, stop: true}                # SIGTERM, then a new start on the same storage
      - {at: 5, stop: true, down: 2, damage: true}  # down for 2 s; every stored file overwritten
      - {at: 6, sink: {receiver: default, status: 503}}  # what the sink answers from now on
      - {at: 6, sink: {receiver: default, statuses: [503, 200], delay: 1, headers: {}, body: ok}}
      - {at: 6, get: /api/v2/alerts, check: [{labels: {alertname: A}, state: active, silencedBy: []}]}
      - {at: 6, request: {method: POST, path: /api/v2/alerts, body: '[]', status: 200}}
      - {at: 6, request: {path: /api/v2/silence/$s1, answer: {endsAt: "@4"}}}  # beside json: to send
      - {at: 7, amtool: [silence, add, a=b, -c, x], exit: 0, keep: s2}  # save: FILE keeps the output
    expect:
      - {receiver: default, window: [1, 2], alerts: [{labels: {alertname: A}, status: firing}]}
    optional: []                  # notifications that may or may not arrive, same form as expect
    attempts:                     # how many requests came in a window, whatever they were answered
      - {receiver: default, window: [0, 5], count: 3}     # or [2, 4]
    end: 8

An expected alert matches when its labels are equal, its status is equal and the annotations given
are equal. `groupLabels`, `commonLabels`, `groupKey`, `status` may be given beside `alerts`;
`count` is a number of alerts, `headers` request headers, `answered` the status of a refused request.
`body` (of a notification) and `answer` (to a request) fit the JSON when all they hold is there:
lists have equal length and order, null means absent, "re:..." is a full match, "@5" is the time 5 s
(within 0.7 s). With `exact: true` nothing else may be there. `contains` and `lacks` (one text or a
list) look at the raw answer of reload, request and amtool; `status` is the expected HTTP status.

Exit status 0 when every scenario passed; the last line is 'N passed, N failed'.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import os
import random
import re
import shlex
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time
import zoneinfo
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web

DEFAULT_COMMANDS = {
    "alertmanager": "prometheus-alertmanager --config.file={config} --storage.path={data} "
    "--web.listen-address=127.0.0.1:{port} --cluster.listen-address= --log.level=debug",
    "alertd": "alertd run --config.file={config} --storage.path={data} --web.listen-address=127.0.0.1:{port}",
}
TIME = re.compile(r"@(-?\d+(?:\.\d+)?)")
TIME_TOLERANCE = 0.7
HUNG_UP = 499
TIMES_TO_START = (4, 8, 16)


class ScenarioError(Exception):
    """The daemon could not be started, so there is nothing to play."""


taken_ports: set[int] = set()


def free_port() -> int:
    """A port below the range from which outgoing connections take theirs, so that a restart finds it free."""
    while True:
        port = random.randrange(15000, 32000)
        with socket.socket() as s:
            if port not in taken_ports and s.connect_ex(("127.0.0.1", port)) != 0:
                taken_ports.add(port)
                return port


def rfc3339(t: float) -> str:
    return dt.datetime.fromtimestamp(t, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_noon_zone(folder: Path, noon: int) -> None:
    """Writes the time zone Scenario/Noon, in which the clock shows 12:00:00 at the Unix time noon."""
    offset = 43200 - noon % 86400
    head = struct.pack(">4s16x6l", b"TZif", 0, 0, 0, 0, 1, 5)
    (folder / "Scenario").mkdir(parents=True, exist_ok=True)
    (folder / "Scenario" / "Noon").write_bytes(head + struct.pack(">lBB5s", offset, 0, 0, b"NOON\0"))


@dataclass
class Arrival:
    """A request that reached the sink; status is the answer it got (HUNG_UP: its sender did not wait)."""

    receiver: str
    at: float
    body: Any
    headers: dict
    status: int = HUNG_UP

    @property
    def delivered(self) -> bool:
        return self.status < 300

    def brief(self) -> str:
        try:
            text = ", ".join(a["status"] + json.dumps(a["labels"], sort_keys=True) for a in self.body["alerts"])
        except (KeyError, TypeError):
            text = json.dumps(self.body)
        return f"{self.receiver} at {self.at:.2f}: {text[:400]}"


class Sink:
    """A webhook receiver: records what arrives, answers what it is told to."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.answer: dict[str, dict] = {}
        self.t0 = time.time()

    async def handle(self, request: web.Request) -> web.Response:
        at = time.time() - self.t0
        text = await request.text()
        try:
            body = json.loads(text)
        except ValueError:
            body = text
        arrival = Arrival(request.match_info["name"], at, body, dict(request.headers))
        self.arrivals.append(arrival)
        how = self.answer.get(arrival.receiver, {})
        statuses = how.get("statuses") or [how.get("status", 200)]
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        await asyncio.sleep(how.get("delay", 0))
        arrival.status = status
        return web.Response(status=status, headers=how.get("headers"), text=how.get("body", ""))

    async def start(self) -> str:
        app = web.Application(client_max_size=1 << 28)
        app.router.add_post("/{name:.*}", self.handle)
        self.runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        await self.runner.cleanup()


class Daemon:
    def __init__(self, command: str, folder: Path) -> None:
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.config = folder / "config.yml"
        self.data = folder / "data"
        self.data.mkdir()
        self.proc: asyncio.subprocess.Process | None = None
        self.log = folder / "daemon.log"
        self.argv = shlex.split(command.format(config=self.config, data=self.data, port=port))
        zones = folder / "zones"
        zone_path = os.pathsep.join([str(zones), *zoneinfo.TZPATH])
        self.env = {**os.environ, "ZONEINFO": str(zones), "PYTHONTZPATH": zone_path}

    async def start(self, http: aiohttp.ClientSession, timeout: float = 20.0) -> None:  # noqa: ASYNC109
        with open(self.log, "ab") as log:  # noqa: ASYNC230
            try:
                self.proc = await asyncio.create_subprocess_exec(*self.argv, stdout=log, stderr=log, env=self.env)
            except OSError as e:
                raise ScenarioError(f"cannot run {self.argv[0]}: {e}") from e
        deadline = time.time() + timeout
        while time.time() < deadline:
            if self.proc.returncode is not None:
                tail = self.log.read_text(errors="replace")[-600:]
                raise ScenarioError(f"the daemon exited with {self.proc.returncode} at start: {tail}")
            try:
                async with http.get(self.base + "/-/ready") as r:
                    if r.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.02)
        raise ScenarioError("the daemon did not become ready")

    async def end(self, sig: int) -> None:
        if self.proc is not None and self.proc.returncode is None:
            self.proc.send_signal(sig)
            try:
                await asyncio.wait_for(self.proc.wait(), 15)
            except TimeoutError:
                self.proc.kill()
                await self.proc.wait()

    def damage_data(self) -> None:
        for file in self.data.rglob("*"):
            if file.is_file():
                file.write_bytes(b"\xffgarbage\x00" * 40)


MATCHER = re.compile(r'^\s*"?([^=!~"\s]+)"?\s*(=~|!~|!=|=)\s*"?(.*?)"?\s*$')


def api_matchers(texts: list[str]) -> list[dict]:
    out = []
    for text in texts:
        name, op, value = MATCHER.match(text).groups()
        out.append({"name": name, "value": value, "isRegex": "~" in op, "isEqual": not op.startswith("!")})
    return out


def difference(want: Any, got: Any, t0: float, exact: bool = False, where: str = "") -> str:
    """The first place where got is not what is wanted; empty when it fits."""
    if isinstance(want, dict) and isinstance(got, dict):
        extra = [k for k in got if exact and k not in want]
        if extra:
            return f"{where or 'the body'} also has {extra}"
        for k, w in want.items():
            if w is None and got.get(k) is None:
                continue
            if w is None or k not in got:
                return f"{where}.{k} is {'there' if k in got else 'missing'}"
            if found := difference(w, got[k], t0, exact, f"{where}.{k}"):
                return found
        return ""
    if isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            return f"{where} has {len(got)} items, not {len(want)}"
        found = (difference(w, g, t0, exact, f"{where}[{i}]") for i, (w, g) in enumerate(zip(want, got, strict=False)))
        return next(filter(None, found), "")
    if isinstance(want, str) and isinstance(got, str):
        if want.startswith("re:"):
            fits = re.fullmatch(want[3:], got, re.S) is not None
        elif moment := TIME.fullmatch(want):
            due = t0 + float(moment[1])
            fits = abs(dt.datetime.fromisoformat(got).timestamp() - due) <= TIME_TOLERANCE
            want = rfc3339(due)
        else:
            fits = want == got
    else:
        fits = want == got
    return "" if fits else f"{where} is {got!r}, not {want!r}"


def text_faults(rule: dict, text: str) -> list[str]:
    """What `contains` and `lacks` have against a text."""

    def listed(key: str) -> list[str]:
        return [rule[key]] if isinstance(rule.get(key), str) else rule.get(key, [])

    missing = [f"no {t!r} in {text[:500]!r}" for t in listed("contains") if t not in text]
    return missing + [f"{t!r} is in {text[:500]!r}" for t in listed("lacks") if t in text]


def alert_fits(want: dict, got: dict) -> bool:
    return (
        want["labels"] == got["labels"]
        and want.get("status", "firing") == got["status"]
        and all(got["annotations"].get(k) == v for k, v in want.get("annotations", {}).items())
    )


def misfit(want: dict, arrival: Arrival, t0: float) -> str:
    """Why an arrival is not the expected notification; empty when it is."""
    try:
        return misfit_of_form(want, arrival, arrival.body, t0)
    except (AttributeError, KeyError, TypeError, ValueError) as e:
        return f"malformed: {e!r}"


def misfit_of_form(want: dict, arrival: Arrival, body: Any, t0: float) -> str:
    if arrival.status != want["answered"] if "answered" in want else not arrival.delivered:
        return f"answered {arrival.status}"
    if "count" in want and want["count"] != len(body["alerts"]):
        return f"{len(body['alerts'])} alerts"
    if "alerts" in want:
        left = list(body["alerts"])
        for w in want["alerts"]:
            hit = next((g for g in left if alert_fits(w, g)), None)
            if hit is None:
                return f"no {w.get('status', 'firing')}{json.dumps(w['labels'])}"
            left.remove(hit)
        if left:
            return f"also {left[0]['status']}{json.dumps(left[0]['labels'])}"
    for key in ("groupLabels", "commonLabels", "groupKey", "status"):
        if key in want and body.get(key) != want[key]:
            return f"{key} is {body.get(key)!r}"
    for key, value in want.get("headers", {}).items():
        if arrival.headers.get(key) != value:
            return f"header {key} is {arrival.headers.get(key)!r}"
    return difference(want["body"], body, t0, want.get("exact", False)) if "body" in want else ""


def judge(scenario: dict, arrivals: list[Arrival], t0: float) -> list[str]:
    """What is wrong with the notifications that arrived, one line each."""
    wrong = []
    left = list(arrivals)
    for part in ("expect", "optional"):
        for want in scenario.get(part, []):
            lo, hi = want["window"]
            near = [a for a in left if a.receiver == want["receiver"] and lo <= a.at <= hi]
            hit = next((a for a in near if not misfit(want, a, t0)), None)
            if hit is not None:
                left.remove(hit)
            elif part == "expect":
                why = "".join(f"; at {a.at:.2f}: {misfit(want, a, t0)}" for a in near[:3])
                what = want.get("alerts", want.get("body", want.get("count", "any")))
                wrong.append(f"missing at {want['receiver']} in [{lo}, {hi}]: {json.dumps(what)[:600]}{why}")
    wrong += [f"unexpected at {a.brief()}" for a in left if a.delivered]
    for want in scenario.get("attempts", []):
        lo, hi = want["window"]
        least, most = want["count"] if isinstance(want["count"], list) else (want["count"], want["count"])
        times = [round(a.at, 2) for a in arrivals if a.receiver == want["receiver"] and lo <= a.at <= hi]
        if not least <= len(times) <= most:
            wrong.append(f"{len(times)} attempts at {want['receiver']} in [{lo}, {hi}], not {want['count']}: {times}")
    return wrong


class Play:
    """One scenario on its way: its daemon, its sink, and the names its steps may use."""

    def __init__(self, scenario: dict, command: str, folder: Path) -> None:
        self.scenario = scenario
        self.folder = folder
        flags = " ".join(shlex.quote(f) for f in scenario.get("flags", []))
        self.daemon = Daemon(f"{command} {flags}", folder)
        self.sink = Sink()
        self.names = {"DIR": str(folder)}
        self.t0 = 0.0

    def fill(self, value: Any) -> Any:
        """Puts the names ($SINK, $DIR, $<silence>) into the texts of a step."""
        if isinstance(value, dict):
            return {k: self.fill(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.fill(v) for v in value]
        if isinstance(value, str):
            return re.sub(r"\$(\w+)", lambda m: self.names.get(m[1], m[0]), value)
        return value

    def fill_times(self, value: Any) -> Any:
        """Turns "@5" into the time 5 s after the start."""
        if isinstance(value, dict):
            return {k: self.fill_times(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.fill_times(v) for v in value]
        moment = TIME.fullmatch(value) if isinstance(value, str) else None
        return rfc3339(self.t0 + float(moment[1])) if moment else value

    async def start(self) -> None:
        """Starts the daemon; with a `noon`, before the whole second from which that is counted."""
        if "noon" not in self.scenario:
            return await self.daemon.start(self.http)
        for patience in TIMES_TO_START:
            begin = int(time.time()) + patience
            write_noon_zone(self.folder / "zones", begin + self.scenario["noon"])
            await self.daemon.start(self.http)
            if time.time() < begin:
                return await asyncio.sleep(begin - time.time())
            await self.daemon.end(signal.SIGKILL)
        raise ScenarioError("the daemon takes too long to start")

    async def run(self) -> list[str]:
        wrong: list[str] = []
        self.names["SINK"] = await self.sink.start()
        for name, text in {**self.scenario.get("files", {}), "config.yml": self.scenario["config"]}.items():
            (self.folder / name).write_text(self.fill(text))
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as self.http:
                await self.start()
                self.t0 = self.sink.t0 = time.time()
                for step in sorted(self.scenario.get("steps", []), key=lambda s: s["at"]):
                    await asyncio.sleep(max(0.0, self.t0 + step["at"] - time.time()))
                    try:
                        wrong += [f"step at {step['at']}: {fault}" for fault in await self.take(self.fill(step))]
                    except ScenarioError:
                        raise
                    except Exception as e:
                        wrong.append(f"step at {step['at']}: {type(e).__name__}: {e}")
                await asyncio.sleep(max(0.0, self.t0 + self.scenario["end"] - time.time()))
                return wrong + judge(self.scenario, self.sink.arrivals, self.t0)
        except ScenarioError as e:
            return [*wrong, str(e)]
        finally:
            await self.daemon.end(signal.SIGKILL)
            await self.sink.stop()

    async def take(self, step: dict) -> list[str]:
        """Takes one step; returns what went wrong."""
        wrong = []
        if "post" in step:
            wrong += await self.ask("POST", "/api/v2/alerts", step, json=self.alerts(step["post"]))
        if "silence" in step:
            wrong += await self.silence(step["silence"], step)
        if "expire" in step:
            wrong += await self.ask("DELETE", f"/api/v2/silence/{self.names[step['expire']]}", step)
        if "reload" in step:
            self.daemon.config.write_text(step["reload"])
            wrong += await self.ask("POST", "/-/reload", step)
        if step.get("kill") or step.get("stop"):
            await self.daemon.end(signal.SIGKILL if step.get("kill") else signal.SIGTERM)
            if step.get("damage"):
                self.daemon.damage_data()
            await asyncio.sleep(step.get("down", 0))
            await self.daemon.start(self.http)
        if "sink" in step:
            self.sink.answer[step["sink"]["receiver"]] = {k: v for k, v in step["sink"].items() if k != "receiver"}
        if "request" in step:
            q = step["request"]
            send = {"json": self.fill_times(q["json"])} if "json" in q else {"data": q.get("body")}
            if "json" not in q or "headers" in q:
                send["headers"] = q.get("headers", {"Content-Type": "application/json"})
            wrong += await self.ask(q.get("method", "GET"), q["path"], q, **send)
        if "get" in step:
            wrong += await self.look(step["get"], step["check"])
        if "amtool" in step:
            wrong += await self.amtool(step)
        return wrong

    async def ask(self, method: str, path: str, rule: dict, **send: Any) -> list[str]:
        """One request to the daemon, its answer held against the rule."""
        async with self.http.request(method, self.daemon.base + path, allow_redirects=False, **send) as r:
            text = await r.text()
            wanted = rule.get("status", 200)
            wrong = [] if r.status == wanted else [f"{r.status}, not {wanted}: {text[:300]}"]
            wrong += text_faults(rule, text)
            if "answer" in rule and not wrong:
                found = difference(rule["answer"], json.loads(text), self.t0, rule.get("exact", False), "answer")
                wrong += [found] if found else []
        return [f"{method} {path}: {fault}" for fault in wrong]

    def alerts(self, posted: list[dict]) -> list[dict]:
        out = []
        for a in posted:
            alert = {"labels": a["labels"], "annotations": a.get("annotations", {})}
            for key, field in (("starts", "startsAt"), ("ends", "endsAt")):
                if key in a:
                    alert[field] = rfc3339(self.t0 + a[key])
            if "generatorURL" in a:
                alert["generatorURL"] = a["generatorURL"]
            for i in range(a.get("times", 1)):
                out.append({**alert, "labels": {k: v.replace("{i}", str(i)) for k, v in a["labels"].items()}})  # noqa: PERF401
        return out

    async def silence(self, s: dict, step: dict) -> list[str]:
        starts = self.t0 + s.get("starts", step["at"])
        body = {
            "matchers": api_matchers(s["matchers"]),
            "startsAt": rfc3339(starts),
            "endsAt": rfc3339(starts + s["for"]),
            "createdBy": s.get("by", "scenario"),
            "comment": s.get("comment", "scenario"),
        }
        if "replace" in s:
            body["id"] = self.names[s["replace"]]
        async with self.http.post(self.daemon.base + "/api/v2/silences", json=body) as r:
            text = await r.text()
            if r.status != step.get("status", 200):
                return [f"POST silence: {r.status} {text}"]
        wrong = text_faults(step, text)
        if r.status == 200:
            got = self.names[s.get("id", "_")] = json.loads(text)["silenceID"]
            if "gives" in step and (got == body["id"]) != (step["gives"] == "same"):
                wrong.append(f"POST silence: id {got} after {body['id']}, not the {step['gives']} one")
        return wrong

    async def look(self, path: str, check: list[dict]) -> list[str]:
        """Holds a list of alerts against the labels, states and silences expected in it."""
        async with self.http.get(self.daemon.base + path) as r:
            listed = await r.json()
        wrong = [] if len(listed) == len(check) else [f"{len(listed)} listed, not {len(check)}"]
        for want in check:
            got = next((item for item in listed if item["labels"] == want["labels"]), None)
            if got is None:
                wrong.append(f"no {want['labels']}")
                continue
            if got["status"]["state"] != want.get("state", got["status"]["state"]):
                wrong.append(f"{want['labels']} is {got['status']['state']}, not {want['state']}")
            by = sorted(self.names[s] for s in want.get("silencedBy", []))
            if "silencedBy" in want and sorted(got["status"]["silencedBy"]) != by:
                wrong.append(f"{want['labels']} is silenced by {got['status']['silencedBy']}, not {by}")
        return [f"GET {path}: {fault}" for fault in wrong]

    async def amtool(self, step: dict) -> list[str]:
        argv = ["amtool", f"--alertmanager.url={self.daemon.base}", *step["amtool"]]
        proc = await asyncio.create_subprocess_exec(
            *argv,
            cwd=self.folder,
            env={**os.environ, "HOME": str(self.folder)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = (part.decode(errors="replace") for part in await asyncio.wait_for(proc.communicate(), 15))
        if "save" in step:
            (self.folder / step["save"]).write_text(out)
        if "keep" in step:
            self.names[step["keep"]] = out.strip()
        wrong = [] if proc.returncode == step.get("exit", 0) else [f"exit {proc.returncode}: {(out + err)[:500]}"]
        return [f"amtool {' '.join(step['amtool'])}: {fault}" for fault in wrong + text_faults(step, out + err)]


async def play(path: Path, scenario: dict, command: str) -> list[str]:
    """Plays one scenario; returns what went wrong, one line each."""
    with tempfile.TemporaryDirectory(prefix="scenario-", ignore_cleanup_errors=True) as folder:
        wrong = await Play(scenario, command, Path(folder)).run()
        keep = os.environ.get("SCENARIO_KEEP_LOG")
        if wrong and keep:
            shutil.copy(Path(folder, "daemon.log"), Path(keep, path.stem + ".log"))
    return wrong


async def main() -> int:
    parser = argparse.ArgumentParser(description="Play black-box alert-pipeline scenarios.")
    parser.add_argument("scenarios", nargs="+", type=Path, help="scenario files, or folders of them")
    parser.add_argument("--target", default="alertd", choices=sorted(DEFAULT_COMMANDS))
    parser.add_argument("--command", help="start command with {config} {data} {port}; overrides --target's")
    parser.add_argument("-j", type=int, default=12, help="scenarios at once")
    args = parser.parse_args()
    command = args.command or DEFAULT_COMMANDS[args.target]
    files = [f for p in args.scenarios for f in (sorted(p.rglob("*.yml")) if p.is_dir() else [p])]
    scenarios = {f: yaml.safe_load(f.read_text()) for f in files}
    gate = asyncio.Semaphore(args.j)

    async def one(path: Path) -> bool | None:
        scenario = scenarios[path]
        if shutil.which("amtool") is None and any("amtool" in step for step in scenario.get("steps", [])):
            print(f"skip  {path.stem} (amtool is not installed)", flush=True)
            return None
        async with gate:
            wrong = await play(path, scenario, command)
        print("\n      ".join([f"{'FAIL' if wrong else 'pass'}  {path.stem}", *wrong]), flush=True)
        return not wrong

    longest_first = sorted(files, key=lambda f: -scenarios[f]["end"])
    results = await asyncio.gather(*(one(f) for f in longest_first))
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if True in results and False not in results else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
