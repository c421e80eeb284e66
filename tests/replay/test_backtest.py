"""Backtests: the same episodes as the daemon would have had, whatever comes of them on the command line."""

from __future__ import annotations

import asyncio
import csv
import json
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path

import aiohttp
import numpy as np
import pytest
import pytest_asyncio
from aiohttp import web
from numpy.typing import NDArray
from PIL import Image

from alertd.alerts.annotate import TemplateContext
from alertd.cli.past import opened
from alertd.clock import SystemClock
from alertd.config.rule_files import load_rule_file
from alertd.engine.group_evaluator import GroupEvaluator
from alertd.engine.state import GroupState
from alertd.http import new_session
from alertd.labels import LabelSet
from alertd.query.fetcher import Fetcher
from alertd.query.prometheus import PrometheusSource
from alertd.query.remote_write import SeriesSample
from alertd.query.source import SourceSettings
from alertd.replay.backtest import Backtest, Period
from alertd.replay.episodes import EpisodeLog
from alertd.replay.local_prometheus import LocalPrometheus
from alertd.replay.recorder import Recorder
from tests.support.cli import cli

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("backtest"),  # one process for all: what they share takes long
]

START = datetime(2026, 1, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MINUTES = 700
END = START + (MINUTES - 1) * MINUTE
FROM_TO = ("--from", START.isoformat(), "--to", END.isoformat())

RULES = """
groups:
  - name: g
    interval: 1m
    rules:
      - {alert: Plain, expr: 'sum by (tenant) (m) > 3', for: 1m, annotations: {summary: '{{ $labels.tenant }} at {{ $value }}'}}
      - {alert: Unsplit, expr: 'sum by (tenant) (m) > on () group_left () max(m) * 0.9', keep_firing_for: 3m}
      - {alert: Limited, expr: 'sum by (tenant) (m)', threshold: {above: 4.5, clear_below: 3}, unit: tokens}
      - {alert: Absent, expr: 'absent(m{tenant="c"})', for: 5m}
      - {record: 'some:sum', expr: 'sum(m)'}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def prometheus() -> AsyncIterator[LocalPrometheus]:
    """Some hours of noise for two tenants, and a third that is there in between."""
    rng = np.random.default_rng(3)
    async with LocalPrometheus() as server:
        noise = np.abs(rng.normal(2, 1.3, (MINUTES, 3))).round(3)
        await server.write(
            [
                SeriesSample(labels=LabelSet({"__name__": "m", "tenant": name}), value=value, at=START + row * MINUTE)
                for row in range(MINUTES)
                for name, value in zip("abc", noise[row].tolist(), strict=True)
                if name != "c" or 200 <= row < 400
            ]
            + [
                SeriesSample(labels=LabelSet({"__name__": "spiky"}), value=value, at=START + row * MINUTE)
                for row, value in enumerate(spiky(noise[:, 0]).tolist())
            ]
        )
        yield server


def spiky(noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ten, noise, and every hour and a half a spike that is higher than the last."""
    values = 10 + noise
    for number, row in enumerate(range(120, MINUTES, 90)):
        values[row] = 26 + 2 * number
    return values


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yml"
    file.write_text(RULES)
    return file


async def test_the_episodes_are_those_of_the_daemon_asked_minute_by_minute(prometheus: LocalPrometheus) -> None:
    groups = load_rule_file(RULES, file="rules.yml").groups
    source = SourceSettings(url=prometheus.url)
    clock = SystemClock()
    async with opened([source]) as past, new_session() as session:
        run = Backtest(groups=groups, period=Period(start=START, end=END), clock=clock)
        done: list[int] = []
        await run.run(past, done.append)

        fetcher = Fetcher({"default": PrometheusSource(source, session)})
        live = GroupEvaluator(fetcher=fetcher, context=TemplateContext(), clock=clock)
        log, state = EpisodeLog(), GroupState.fresh(groups[0])
        for minute in range(MINUTES):
            await live.evaluate(state, START + minute * MINUTE)
            log.see(state)

    assert run.episodes == log.episodes()
    by_rule = {name: sum(one.rule == name for one in run.episodes) for name in run.rule_names()}
    assert by_rule["Plain"] > 3
    assert by_rule["Unsplit"] > 50
    assert by_rule["Limited"] > 5
    assert by_rule["Absent"] == 2
    assert run.is_complete
    assert sum(done) == run.total() == MINUTES


async def test_tables(prometheus: LocalPrometheus, rules: Path) -> None:
    ran = await cli("backtest", str(rules), "--prometheus", prometheus.url, *FROM_TO, "--rule", "Limited")
    assert ran.status == 0
    assert ran.lines[0] == f"{rules}: 2026-01-05 00:00Z to 2026-01-05 11:39Z"
    assert ran.lines[1].split() == ["RULE", "EPISODES", "SERIES", "PER", "DAY", "LONGEST", "MEDIAN", "ERROR"]
    assert ran.lines[2].startswith("Limited")
    assert any("tenant=a" in line and "threshold=4.5" in line for line in ran.lines)


async def test_json_and_csv_tell_the_same_episodes(prometheus: LocalPrometheus, rules: Path) -> None:
    told = ("backtest", str(rules), "--prometheus", prometheus.url, *FROM_TO)
    [run] = (await cli(*told, "--output", "json")).json.values()
    rows = list(csv.DictReader(StringIO((await cli(*told, "--output", "csv")).out)))
    assert run["complete"]
    assert [(row["rule"], row["fired_at"], float(row["peak"])) for row in rows] == [
        (one["rule"], one["fired_at"], one["peak"]) for one in run["episodes"]
    ]
    assert json.loads(rows[0]["labels"]) == run["episodes"][0]["labels"]
    assert {one["rule"]: one["episodes"] for one in run["rules"]}["Absent"] == 2


async def test_another_setting_and_another_file_beside_it(prometheus: LocalPrometheus, rules: Path) -> None:
    ran = await cli(
        *("backtest", str(rules), "--prometheus", prometheus.url, *FROM_TO, "--rule", "Limited"),
        *("--set", "threshold.above=100", "--set", "for=1m", "--compare", str(rules), "--output", "json"),
    )
    assert ran.status == 0
    assert [(len(run["episodes"]) > 5, name) for name, run in ran.json.items()] == [
        (False, f"{rules} with threshold.above=100, for=1m"),
        (True, str(rules)),
    ], "a file beside itself with another setting"
    other = rules.with_name("other.yml")
    other.write_text(RULES)
    ran = await cli(
        *("backtest", str(rules), "--prometheus", prometheus.url, *FROM_TO, "--rule", "Limited"),
        *("--set", "above=100", "--set", "clear_below=50", "--compare", str(other)),
    )
    assert re.search(r"^Limited +0 \(0\.00 per day\) +\d\d+ \(", ran.lines[-1])


async def test_a_page_and_a_picture_with_a_chart_per_series(
    prometheus: LocalPrometheus, rules: Path, tmp_path: Path
) -> None:
    told = ("backtest", str(rules), "--prometheus", prometheus.url, *FROM_TO, "--rule", "Limited")
    page, picture = tmp_path / "report.html", tmp_path / "report.png"
    assert (await cli(*told, "--output", "html", "--file", str(page))).status == 0
    text = page.read_text()
    assert text.count("<svg") == 3
    assert "Limited{tenant=&quot;a&quot;}" in text
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", ""), "nothing is loaded from elsewhere"
    assert (await cli(*told, "--output", "png", "--file", str(picture))).status == 0
    assert Image.open(BytesIO(picture.read_bytes())).size == (1800, 3 * 520)


async def test_a_chart_has_gaps_only_where_there_are_no_data(prometheus: LocalPrometheus) -> None:
    """700 slots on 1200 points; tenant c is there for 200 of them."""
    (group,) = load_rule_file(RULES, file="rules.yml").groups
    recorder = Recorder(start=START, end=END)
    async with opened([SourceSettings(url=prometheus.url)]) as past:
        run = Backtest(
            groups=[group], period=Period(start=START, end=END), clock=SystemClock(), recorder=recorder
        )  # fmt: skip
        await run.run(past)
    always, sometimes = (recorder.chart("g", "Limited", LabelSet({"tenant": name}), []) for name in "ac")
    assert len(always.times) == MINUTES
    assert np.isfinite(always.values).all()
    assert 200 <= np.isfinite(sometimes.values).sum() <= 205, "of the five minutes a sample stands for"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--rule", "Nope"), 'has no rule "Nope"'),
        (("--set", "k"), "is not KEY=VALUE"),
        (("--set", "for=soon", "--rule", "Plain"), '"soon"'),
        (("--set", "threshold.abve=3", "--rule", "Limited"), 'did you mean "above"'),
        (("--from", "soon"), "soon"),
        (("--from", "2026-01-05T00:00:00Z", "--to", "2026-01-04T00:00:00Z"), "must lie before --to"),
    ],
)
async def test_wrong_usage_is_said(rules: Path, args: tuple[str, ...], says: str) -> None:
    ran = await cli("backtest", str(rules), *args)
    assert ran.status in (1, 2)
    assert says in ran.err


async def test_nobody_there_is_said_of_each_rule(rules: Path) -> None:
    ran = await cli("backtest", str(rules), "--prometheus", "http://127.0.0.1:9", "--from", "1h", "--rule", "Plain")
    assert ran.status == 1
    assert "ConnectionError (6" in ran.out


@pytest.mark.parametrize(
    ("rule", "setting", "low", "high"),
    [("Limited", "threshold.above=", 5.0, 8.0), ("Plain", "expr=", 3.0, 8.0)],
)
async def test_tuning_finds_the_least_limit_that_meets_the_target(
    prometheus: LocalPrometheus, rules: Path, rule: str, setting: str, low: float, high: float
) -> None:
    """Some seventy episodes a day as it is; four in these 11.65 hours are 57.7 a week."""
    told = ("tune", rule, "--file", str(rules), "--prometheus", prometheus.url, *FROM_TO, "--target", "58/week")
    ran = await cli(*told, "--output", "json")
    assert ran.status == 0, ran.err
    present, (limit, *_) = ran.json["present"], ran.json["proposals"]
    assert present["per_week"] > 58
    assert len(limit["episodes"]) <= 4
    [value] = limit["settings"]
    assert value.startswith(setting)
    found = float(re.findall(r"[\d.]+", value)[-1])
    assert low < found < high
    sooner = await cli(
        *("backtest", str(rules), "--prometheus", prometheus.url, *FROM_TO, "--rule", rule, "--output", "json"),
        *("--set", value.replace(f"{found:g}", f"{found * 0.97:.4g}")),
    )
    [run] = sooner.json.values()
    assert len(run["episodes"]) >= len(limit["episodes"])


async def test_a_longer_for_is_proposed_too_and_a_target_nothing_meets_is_said(
    prometheus: LocalPrometheus, rules: Path
) -> None:
    told = ("tune", "Unsplit", "--file", str(rules), "--prometheus", prometheus.url, *FROM_TO)
    ran = await cli(*told, "--target", "1/day")
    assert [line.split()[0] for line in ran.lines[1:]] == ["(as", "for=10m"]
    ran = await cli(
        "tune", "Absent", "--file", str(rules), "--prometheus", prometheus.url, *FROM_TO, "--target", "often"
    )
    assert (ran.status, "not a rate such as 1/week" in ran.err) == (2, True)
    ran = await cli(
        *("tune", "Absent", "--file", str(rules), "--prometheus", prometheus.url, "--from", START.isoformat()),
        *("--to", (START + 60 * MINUTE).isoformat(), "--target", "0/week"),
    )
    assert ran.status == 4


async def test_a_limit_is_not_tried_below_the_one_that_ends_an_alert(prometheus: LocalPrometheus, rules: Path) -> None:
    """Any number of episodes is wanted, so the lowest limit there can be is proposed; the median lies below it."""
    told = ("tune", "Limited", "--file", str(rules), "--prometheus", prometheus.url, *FROM_TO, "--target", "1000/hour")
    ran = await cli(*told, "--output", "json")
    assert ran.status == 0, ran.err
    [proposal] = ran.json["proposals"]
    [setting] = proposal["settings"]
    assert 3.0 <= float(setting.removeprefix("threshold.above=")) < 3.1


UNUSUAL = """
groups:
  - name: g
    interval: 1m
    rules:
      - alert: Unusual
        expr: spiky
        anomaly: {method: robust, k: 1.2, window: 2h, points: 1 of 1, recovery: 1m, warm_up: 30m}
      - alert: Budget
        budget: {spend: m, by: [tenant], limit: 1000, period: day}
      - alert: Projected
        projection: {spend: m, by: [tenant], limit: 1000, period: day}
"""


def write(file: Path, text: str) -> None:
    file.write_text(text)


async def test_tuning_an_anomaly_rule_finds_a_k(prometheus: LocalPrometheus, rules: Path) -> None:
    write(rules, UNUSUAL)
    told = ("tune", "Unusual", "--file", str(rules), "--prometheus", prometheus.url, *FROM_TO, "--target", "60/week")
    ran = await cli(*told, "--output", "json")
    assert ran.status == 0, ran.err
    present, (proposal, *_) = ran.json["present"], ran.json["proposals"]
    assert len(present["episodes"]) > len(proposal["episodes"]) == 4
    [setting] = proposal["settings"]
    k = float(setting.removeprefix("k="))
    lower = await cli(
        *("backtest", str(rules), "--rule", "Unusual", "--prometheus", prometheus.url, *FROM_TO, "--output", "json"),
        *("--set", f"k={k - 0.1:.1f}"),
    )
    [run] = lower.json.values()
    assert len(run["episodes"]) > len(proposal["episodes"])


@pytest.mark.parametrize("rule", ["Budget", "Projected"])
async def test_of_a_budget_nothing_is_tuned(prometheus: LocalPrometheus, rules: Path, rule: str) -> None:
    write(rules, UNUSUAL)
    ran = await cli("tune", rule, "--file", str(rules), "--prometheus", prometheus.url, *FROM_TO)
    assert (ran.status, ran.out) == (4, "")
    assert "are what you decide" in ran.err


@asynccontextmanager
async def stuck(server: LocalPrometheus, word: str) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A Prometheus that never answers a query with `word` in it: its address, and when it was asked one."""
    asked, over = asyncio.Event(), asyncio.Event()

    async def forward(request: web.Request) -> web.Response:
        body = await request.read()
        if word.encode() in body + request.raw_path.encode():
            asked.set()
            await over.wait()
        headers = {"Content-Type": request.headers.get("Content-Type", "")}
        async with (
            aiohttp.ClientSession() as session,
            session.request(request.method, server.url + request.raw_path, data=body, headers=headers) as answer,
        ):
            return web.Response(body=await answer.read(), status=answer.status, content_type=answer.content_type)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", forward)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}", asked
    finally:
        over.set()
        await runner.cleanup()


async def test_ctrl_c_prints_what_was_found_so_far(prometheus: LocalPrometheus, rules: Path) -> None:
    write(rules, f"{RULES}  - {{name: late, interval: 1m, rules: [{{alert: Late, expr: slow_metric > 1}}]}}\n")
    async with stuck(prometheus, "slow_metric") as (url, asked):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "alertd", "backtest", str(rules), "--prometheus", url, *FROM_TO),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(60):
                await asked.wait()
                process.send_signal(signal.SIGINT)
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
    assert process.returncode == 130
    head, *table = out.decode().splitlines()
    assert head.endswith(", interrupted; wanted to 2026-01-05 11:39Z")
    assert any(line.startswith("Plain") and "tenant=" not in line for line in table)
    assert sum("threshold=4.5" in line for line in table) > 3
    assert err.decode() == "", "no bar where there is no terminal, and no traceback"
