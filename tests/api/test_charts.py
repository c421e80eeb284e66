"""Charts of alerts over HTTP."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from io import BytesIO

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from PIL import Image

from alertd.errors import QueryError
from alertd.labels import LabelSet
from alertd.query.history import HistoryNeed, SeriesMatrix
from tests.api.conftest import Connect
from tests.support.services import an_alert, an_alertmanager, evaluate, groups_of, operators_of, services

RULES = "groups: [{name: g, rules: [{alert: High, expr: 'sum by (tenant) (m) > 5', labels: {dc: x}}]}]"
ALERT = replace(
    an_alert({"alertname": "High", "tenant": "a", "dc": "x"}),
    series=LabelSet({"tenant": "a"}),
    evidence={"Threshold": 5.0},
)
FINGERPRINT = LabelSet({**ALERT.labels, "region": "eu"}).fingerprint
PATH = f"/api/alertd/v1/alerts/{FINGERPRINT}"


@dataclass
class Past:
    """Two tenants at 1 and 9; a text is an error."""

    error: str = ""
    asked: list[HistoryNeed] = field(default_factory=list)

    async def read(self, need: HistoryNeed) -> AsyncIterator[SeriesMatrix]:
        self.asked.append(need)
        if self.error:
            raise QueryError(self.error)
        points = (need.end - need.start) // need.step + 1
        times = need.start.timestamp() + need.step.total_seconds() * np.arange(points)
        labels = tuple(LabelSet({"tenant": tenant}) for tenant in "ab")
        yield SeriesMatrix(labels=labels, times=times, values=np.tile([9.0, 1.0], (points, 1)))


async def connected(connect: Connect, past: Past) -> TestClient[web.Request, web.Application]:
    groups = groups_of(RULES)
    evaluate(groups[0], 0, ALERT)
    operators = operators_of(an_alertmanager(), groups=groups, external_labels={"region": "eu"}, history=past)
    return await connect(services(operators=operators))


async def test_the_series_is_drawn_with_its_limit_and_when_it_fired(connect: Connect) -> None:
    past = Past()
    client = await connected(connect, past)
    answer = await client.get(f"{PATH}/chart.svg")
    assert (answer.status, answer.content_type) == (200, "image/svg+xml")
    root = ET.fromstring(await answer.text())
    texts = {element.text for element in root.iter() if element.tag.endswith("text")}
    assert {'High{tenant="a"}', "limit 5", "firing"} <= texts
    assert root.attrib["aria-label"] == 'High{tenant="a"}: 9, fired 1 times'
    (need,) = past.asked
    assert (need.expr, need.end - need.start) == ("sum by (tenant) (m)", timedelta(hours=6))
    assert need.step == timedelta(seconds=72)


async def test_a_picture_of_the_last_hour(connect: Connect) -> None:
    past = Past()
    client = await connected(connect, past)
    answer = await client.get(f"{PATH}/chart.png?last=1h")
    assert answer.content_type == "image/png"
    assert Image.open(BytesIO(await answer.read())).size == (1800, 520)
    assert past.asked[0].step == timedelta(seconds=12)


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/api/alertd/v1/alerts/beef/chart.svg", 404, "no rule has an alert beef"),
        (f"{PATH}/chart.svg?last=soon", 400, "last: "),
        (f"{PATH}/chart.png?last=1y", 400, "at most 62d"),
    ],
)
async def test_what_cannot_be_drawn_is_said(connect: Connect, path: str, status: int, says: str) -> None:
    answer = await (await connected(connect, Past())).get(path)
    assert answer.status == status
    assert says in (await answer.json())["error"]


async def test_a_past_that_cannot_be_read_is_said(connect: Connect) -> None:
    answer = await (await connected(connect, Past(error="too many samples"))).get(f"{PATH}/chart.svg")
    assert (answer.status, await answer.json()) == (502, {"error": "the past cannot be read: too many samples"})
