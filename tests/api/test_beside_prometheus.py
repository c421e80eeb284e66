"""The same rule file in a real Prometheus and in alertd: the same answers, but for times and durations."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from alertd.alerts.alert import State
from alertd.engine.state import GroupState
from alertd.replay.local_prometheus import LocalPrometheus
from tests.api.conftest import Connect
from tests.support.services import an_alert, evaluate, groups_of, services

RULES = """
groups:
- name: main
  interval: 1s
  limit: 5
  rules:
  - alert: Firing
    expr: vector(0.125) > 0
    labels: {severity: page, empty: "", text: "v{{ $value }}"}
    annotations: {summary: "seen"}
  - record: one
    expr: vector(1)
  - record: two
    expr: vector(2)
    labels: {tier: b, also: a}
  - alert: Pending
    expr: vector( 3000000 )>0
    for: 1h
    keep_firing_for: 90s
    annotations: {summary: "seen"}
  - alert: Quiet
    expr: vector(1) > 2
  - alert: Twice
    expr: label_replace(vector(1), "x", "a", "", "") or label_replace(vector(1), "x", "b", "", "")
    labels: {x: same}
- name: empty
  interval: 1500ms
  rules: []
"""
SAME_LABELS = "vector contains metrics with the same labelset after applying alert labels"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?Z")
START_LIMIT = timedelta(seconds=30)


def our_groups(file: str) -> list[GroupState]:
    """The rules, evaluated as Prometheus evaluates them."""
    states = groups_of(RULES, file=file)
    main, empty = states
    firing = {"alertname": "Firing", "severity": "page", "text": "v0.125"}
    evaluate(main, 0, an_alert(firing, value=0.125))
    evaluate(main, 1)
    evaluate(main, 2)
    evaluate(main, 3, an_alert({"alertname": "Pending"}, state=State.PENDING, value=3e6))
    evaluate(main, 4)
    evaluate(main, 5, error=SAME_LABELS)
    empty.evaluated_at = main.evaluated_at
    return states


def without_times(value: Any) -> Any:
    """The document with every time and measured duration replaced by its shape; the order of keys is kept."""
    if isinstance(value, list):
        return [without_times(item) for item in value]
    if isinstance(value, dict):
        return {key: "seconds" if key == "evaluationTime" else without_times(item) for key, item in value.items()}
    return "time" if isinstance(value, str) and TIME.fullmatch(value) else value


async def evaluated(session: aiohttp.ClientSession, url: str) -> None:
    """Return once Prometheus has evaluated every rule."""
    async with asyncio.timeout(START_LIMIT.total_seconds()):
        while True:
            async with session.get(f"{url}/api/v1/rules") as answer:
                text = await answer.text()
            if '"groups":[{' in text and "0001-01-01" not in text:
                return
            await asyncio.sleep(0.05)


async def test_the_answers_of_alertd_are_those_of_prometheus(connect: Connect, tmp_path: Path) -> None:
    rule_file = tmp_path / "rules.yml"
    rule_file.write_text(RULES)
    ours = await connect(services(our_groups(str(rule_file))))
    paths = ["/api/v1/rules", "/api/v1/rules?type=alert", "/api/v1/rules?type=foo", "/api/v1/alerts"]
    config = {"rule_files": [str(rule_file)]}
    async with LocalPrometheus(config=config) as prometheus, aiohttp.ClientSession() as session:
        await evaluated(session, prometheus.url)
        for path in paths:
            async with session.get(prometheus.url + path) as answer:
                theirs = (answer.status, answer.content_type, json.loads(await answer.read()))
            answer_of_ours = await ours.get(path)
            mine = (answer_of_ours.status, answer_of_ours.content_type, json.loads(await answer_of_ours.read()))
            assert mine[:2] == theirs[:2], path
            assert json.dumps(without_times(mine[2]), indent=1) == json.dumps(without_times(theirs[2]), indent=1), path


@pytest.mark.parametrize("text", ["2026-11-21T07:28:31.062023554Z", "0001-01-01T00:00:00Z", "2026-11-21T07:28:31.5Z"])
def test_a_time_of_prometheus_has_the_shape_that_is_compared(text: str) -> None:
    assert TIME.fullmatch(text)
