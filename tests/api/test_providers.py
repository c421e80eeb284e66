"""`/health/providers`: what the rules know of each provider."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alertd.alerts.alert import Alert
from alertd.engine.state import GroupState
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.rules.finding import Judgement
from tests.api.conftest import Connect
from tests.support.services import AT, an_alert, evaluate, groups_of, services

RULES = "groups: [{name: g, rules: [{alert: Errors, expr: m, threshold: {above: 1}}]}]"


def about(provider: str, severity: str) -> Alert:
    alert = an_alert({"alertname": "Errors", "severity": severity, "provider": provider})
    return replace(alert, series=LabelSet({"provider": provider}))


def groups(*alerts: Alert, seen: str = "openai anthropic") -> list[GroupState]:
    made = groups_of(RULES)
    evaluate(made[0], 0, *alerts)
    labels = tuple(LabelSet({"provider": name}) for name in seen.split())
    made[0].rules[0].judgement = Judgement((), seen=SeriesBatch(labels=labels, values=np.zeros(len(labels)), at=AT))
    return made


@pytest.mark.parametrize(
    ("alerts", "status", "code", "by_provider"),
    [
        ((), "healthy", 200, {"anthropic": "healthy", "openai": "healthy"}),
        ((("openai", "warning"),), "degraded", 200, {"anthropic": "healthy", "openai": "degraded"}),
        ((("openai", "critical"),), "unhealthy", 200, {"anthropic": "healthy", "openai": "unhealthy"}),
        (
            (("openai", "critical"), ("anthropic", "page")), "unhealthy", 503,
            {"anthropic": "unhealthy", "openai": "unhealthy"},
        ),
    ],
    ids=["well", "a warning", "one down", "all down"],
)  # fmt: skip
async def test_a_provider_is_what_the_alerts_about_it_say(
    connect: Connect, alerts: tuple[tuple[str, str], ...], status: str, code: int, by_provider: dict[str, str]
) -> None:
    firing = [about(*alert) for alert in alerts]
    answer = await (await connect(services(groups=groups(*firing)))).get("/health/providers")
    said = await answer.json()
    assert (answer.status, said["status"]) == (code, status)
    assert {name: one["status"] for name, one in said["providers"].items()} == by_provider


async def test_the_alerts_are_named(connect: Connect) -> None:
    answer = await (await connect(services(groups=groups(about("openai", "warning"), seen="")))).get(
        "/health/providers"
    )
    assert (await answer.json())["providers"] == {
        "openai": {
            "status": "degraded",
            "alerts": [
                {"alertname": "Errors", "severity": "warning", "since": AT.isoformat(), "summary": "seen"},
            ],
        }
    }


async def test_rules_that_know_no_provider_say_so(connect: Connect) -> None:
    answer = await (await connect(services())).get("/health/providers")
    assert (answer.status, await answer.json()) == (200, {"status": "healthy", "providers": {}})
