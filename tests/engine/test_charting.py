"""Pictures for mails; charts as such are tested through the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from alertd.clock import SimulatedClock
from alertd.engine.charting import Charting
from alertd.errors import QueryError
from alertd.labels import LabelSet
from alertd.query.history import HistoryNeed, HistorySource, SeriesMatrix
from tests.support.services import AT, an_alert, evaluate, groups_of

TENANT = LabelSet({"tenant": "a"})
ALERT = replace(an_alert({"alertname": "High", "tenant": "a"}), series=TENANT, evidence={"Threshold": 5.0})
FINGERPRINT = LabelSet({**ALERT.labels, "region": "eu"}).fingerprint


class Past:
    """One tenant at 9 for as long as anybody asks."""

    async def read(self, need: HistoryNeed) -> AsyncIterator[SeriesMatrix]:
        assert need.end - need.start == timedelta(hours=6)
        times = need.start.timestamp() + need.step.total_seconds() * np.arange((need.end - need.start) // need.step)
        yield SeriesMatrix(labels=(TENANT,), times=times, values=np.full((len(times), 1), 9.0))


class NoPast:
    async def read(self, need: HistoryNeed) -> AsyncIterator[SeriesMatrix]:
        raise QueryError("connection refused")
        yield


def charting(past: HistorySource) -> Charting:
    groups = groups_of("groups: [{name: g, rules: [{alert: High, expr: 'sum by (tenant) (m) > 5'}]}]")
    evaluate(groups[0], 0, ALERT)
    return Charting(
        clock=SimulatedClock(AT),
        rules=lambda: groups,
        history=lambda: {"default": past},
        external_labels=lambda: {"region": "eu"},
    )


async def test_a_picture_is_found_by_the_labels_alerts_are_handed_on_with() -> None:
    picture = await charting(Past()).picture(FINGERPRINT)
    assert picture is not None
    assert Image.open(BytesIO(picture)).format == "PNG"


async def test_of_an_alert_no_rule_has_there_is_none() -> None:
    assert await charting(Past()).picture(ALERT.labels.fingerprint) is None


async def test_who_asks_decides_what_to_do_without_the_past() -> None:
    with pytest.raises(QueryError, match="connection refused"):
        await charting(NoPast()).picture(FINGERPRINT)
