"""`/api/alertd/v1/budgets` over rules that judged."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from alertd.engine.state import GroupState
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.query.history import SeriesMatrix
from alertd.rules.kind import Inputs
from alertd.rules.rule import AlertingRule
from tests.api.conftest import Connect
from tests.support.services import AT, groups_of, services

RULES = """
groups:
  - name: budgets
    rules:
      - alert: TeamBudget
        budget: {spend: cost_total, by: [tenant], limit: {a: 100}, period: day, thresholds: [50%]}
      - alert: TeamBudgetProjected
        projection: {spend: cost_total, by: [tenant], limit: {a: 100}, period: day}
      - alert: Down
        expr: up == 0
"""


def judged(*slots: dict[str, float], past: timedelta = timedelta(), rules: str = RULES) -> list[GroupState]:
    """The rules after one slot a minute; before them a dollar an hour of tenant a over `past`."""
    groups = groups_of(rules)
    for rule in groups[0].rules[:2]:
        assert rule.judge is not None
        assert isinstance(rule.rule, AlertingRule)
        for need in rule.judge.wants(AT) if past else ():
            rule.judge.learn(need, dollars_an_hour(past))
        for minute, values in enumerate(slots):
            at = AT + timedelta(minutes=minute)
            batch = SeriesBatch(labels=tuple(map(cost_of, values)), values=np.array([*values.values()]), at=at)
            others = dict.fromkeys(rule.rule.kind.further_queries, SeriesBatch.empty(at=at))
            inputs = Inputs(at=at, interval=timedelta(minutes=1), batch=batch, others=others)
            rule.judgement = rule.judge.judge(inputs)
    return groups


def cost_of(tenant: str) -> LabelSet:
    return LabelSet({"__name__": "cost_total", "tenant": tenant, "job": "gw"})


def dollars_an_hour(past: timedelta) -> SeriesMatrix:
    hours = np.arange(past // timedelta(hours=1), dtype=float)
    times = (AT - past).timestamp() + 3600 * hours
    return SeriesMatrix(labels=(cost_of("a"),), times=times, values=hours[:, None])


async def test_every_scope_has_a_row_and_who_spent_most_comes_first(connect: Connect) -> None:
    client = await connect(services(judged({"a": 0, "b": 0}, {"a": 60, "b": 90})))
    answer = await client.get("/api/alertd/v1/budgets")
    rows = (await answer.json())["budgets"]
    assert [(row["rule"], row["scope"], row["spent"], row["limit"], row["percent"]) for row in rows] == [
        ("TeamBudget", {"tenant": "b"}, 90, None, None),
        ("TeamBudget", {"tenant": "a"}, 60, 100, 60),
    ]
    assert {row["unit"] for row in rows} == {"USD"}
    assert datetime.fromisoformat(rows[0]["periodEnd"]) == AT.replace(
        hour=0, minute=0, second=0, microsecond=0
    ) + timedelta(days=1)
    assert rows[0]["completeness"] == pytest.approx(60 / (3 * 3600 + 5 * 60 + 5), rel=0.05)


async def test_a_projection_on_the_same_spend_says_where_it_ends(connect: Connect) -> None:
    client = await connect(services(judged({"a": 24.0 * 10}, past=timedelta(days=10))))
    (row,) = (await (await client.get("/api/alertd/v1/budgets")).json())["budgets"]
    assert row["projected"] == pytest.approx(24, rel=0.05)


async def test_when_a_limit_will_be_passed_is_said_of_that_limit_and_while_it_is_ahead(connect: Connect) -> None:
    """The budget has 20 dollars, the projection 20, then 22: a day comes to 24, and by now, at three, three were spent."""
    for own, passed in ((20, True), (22, False), (2, False)):
        rules = RULES.replace("limit: {a: 100}, period: day, t", "limit: {a: 20}, period: day, t").replace(
            "limit: {a: 100}", f"limit: {{a: {own}}}"
        )
        client = await connect(services(judged({"a": 24.0 * 15}, past=timedelta(days=15), rules=rules)))
        (row,) = (await (await client.get("/api/alertd/v1/budgets")).json())["budgets"]
        assert row["limit"] == 20
        assert (row["exceedsAt"] is not None) is passed


async def test_tokens_without_a_price_are_beside_what_was_spent(connect: Connect) -> None:
    rules = """
groups:
  - name: budgets
    rules:
      - alert: Tokens
        budget: {tokens: cost_total, unit: USD, by: [tenant], limit: 100, period: day, token_labels: {model: [job]}}
      - alert: TokensProjected
        projection: {tokens: cost_total, unit: USD, by: [tenant], limit: 9, period: week, token_labels: {model: [job]}}
"""
    client = await connect(services(judged({"a": 0.0}, {"a": 60.0}, rules=rules)))
    rows = (await (await client.get("/api/alertd/v1/budgets")).json())["budgets"]
    assert [(row["rule"], row["spent"], row["unpriced"]) for row in rows] == [
        ("Tokens", 0.0, {"gw": 60.0}),
        ("TokensProjected", 0.0, {"gw": 60.0}),
    ]


async def test_rows_of_one_rule_are_asked_for_by_its_name(connect: Connect) -> None:
    client = await connect(services(judged({"a": 0}, {"a": 1})))
    for name, rows in (("TeamBudget", 1), ("Other", 0)):
        answer = await client.get("/api/alertd/v1/budgets", params={"rule": name})
        assert len((await answer.json())["budgets"]) == rows


async def test_before_the_first_slot_there_is_nothing_to_show(connect: Connect) -> None:
    client = await connect(services(groups_of(RULES)))
    assert await (await client.get("/api/alertd/v1/budgets")).json() == {"budgets": []}
