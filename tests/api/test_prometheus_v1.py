"""Prometheus' rules API: shapes, filters, errors; and the same rules asked of a real Prometheus."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.alerts.alert import State
from alertd.api.prometheus_json import alert_json, encode, timestamp
from alertd.engine.state import GroupState
from tests.api.conftest import Connect
from tests.support.services import AT, an_alert, evaluate, groups_of, services

RULES = """
groups:
- name: main
  interval: 2s
  limit: 10
  rules:
  - alert: High
    expr: up == 0
    for: 90s
    keep_firing_for: 5m
    labels: {severity: page, empty: "", text: "v{{ $value }}"}
    annotations: {summary: "{{ $labels.instance }} is down"}
  - record: job:up:sum
    expr: sum(up)
  - record: job:up:count
    expr: count(up)
    labels: {tier: one}
  - alert: Plain
    expr: vector(1) > 0
- name: another
  rules:
  - record: other
    expr: vector(1)
"""


@pytest.fixture
def groups() -> list[GroupState]:
    """`main`, evaluated, and `another`, not yet."""
    states = groups_of(RULES)
    main = states[0]
    evaluate(
        main,
        0,
        an_alert({"alertname": "High", "instance": "b", "severity": "page"}, state=State.PENDING, value=0.125),
        replace(an_alert({"alertname": "High", "instance": "a"}), keep_firing_since=AT + timedelta(seconds=1)),
        an_alert({"alertname": "High", "instance": "c"}, state=State.INACTIVE),
    )
    evaluate(main, 1)
    evaluate(main, 2, error="query timed out")
    evaluate(main, 3)
    return states


async def get(connect: Connect, states: list[GroupState], path: str) -> Any:
    answer = await (await connect(services(states))).get(path)
    assert (answer.status, answer.content_type) == (200, "application/json")
    document = json.loads(await answer.read())
    assert document["status"] == "success"
    return document["data"]


async def test_a_group_has_every_field_in_the_order_of_prometheus(connect: Connect, groups: list[GroupState]) -> None:
    main = (await get(connect, groups, "/api/v1/rules"))["groups"][1]
    rules = main.pop("rules")
    assert list(main.items()) == [
        ("name", "main"), ("file", "rules.yml"), ("interval", 2), ("limit", 10), ("evaluationTime", 0.25),
        ("lastEvaluation", "2026-01-02T03:04:05.12Z"),
    ]  # fmt: skip
    assert [rule["name"] for rule in rules] == ["High", "job:up:sum", "job:up:count", "Plain"], "as in the file"


async def test_an_alerting_rule_shows_its_texts_as_written_and_its_active_alerts(
    connect: Connect, groups: list[GroupState]
) -> None:
    rule = (await get(connect, groups, "/api/v1/rules"))["groups"][1]["rules"][0]
    alerts = rule.pop("alerts")
    assert list(rule.items()) == [
        ("state", "firing"),
        ("name", "High"),
        ("query", "up == 0"),
        ("duration", 90),
        ("keepFiringFor", 300),
        ("labels", {"empty": "", "severity": "page", "text": "v{{ $value }}"}),
        ("annotations", {"summary": "{{ $labels.instance }} is down"}),
        ("health", "ok"),
        ("evaluationTime", 0.125),
        ("lastEvaluation", "2026-01-02T03:04:05.12Z"),
        ("type", "alerting"),
    ]
    assert list(alerts[0].items()) == [
        ("labels", {"alertname": "High", "instance": "b", "severity": "page"}),
        ("annotations", {"summary": "seen"}),
        ("state", "pending"),
        ("activeAt", "2026-01-02T03:04:05.12Z"),
        ("value", "1.25e-01"),
    ]
    assert list(alerts[1]) == ["labels", "annotations", "state", "activeAt", "keepFiringSince", "value"]
    assert alerts[1]["keepFiringSince"] == "2026-01-02T03:04:06.12Z"
    assert len(alerts) == 2, "a resolved alert is not shown"


async def test_a_recording_rule_omits_what_is_empty(connect: Connect, groups: list[GroupState]) -> None:
    _, plain, failed, _ = (await get(connect, groups, "/api/v1/rules"))["groups"][1]["rules"]
    assert list(plain) == ["name", "query", "health", "evaluationTime", "lastEvaluation", "type"]
    assert (failed["labels"], failed["health"], failed["lastError"]) == ({"tier": "one"}, "err", "query timed out")


async def test_before_the_first_evaluation_health_is_unknown(connect: Connect, groups: list[GroupState]) -> None:
    another = (await get(connect, groups, "/api/v1/rules"))["groups"][0]
    assert another["lastEvaluation"] == another["rules"][0]["lastEvaluation"] == "0001-01-01T00:00:00Z"
    assert another["rules"][0]["health"] == "unknown"


async def test_a_rule_without_alerts_is_inactive(connect: Connect, groups: list[GroupState]) -> None:
    plain = (await get(connect, groups, "/api/v1/rules"))["groups"][1]["rules"][3]
    assert (plain["state"], plain["alerts"], plain["labels"]) == ("inactive", [], {})


async def test_groups_come_by_file_and_then_by_name(connect: Connect) -> None:
    one = "groups: [{name: b, rules: []}, {name: a, rules: []}]"
    states = groups_of(one, file="z.yml") + groups_of(one, file="a.yml")
    shown = (await get(connect, states, "/api/v1/rules"))["groups"]
    assert [(group["file"], group["name"]) for group in shown] == [
        ("a.yml", "a"), ("a.yml", "b"), ("z.yml", "a"), ("z.yml", "b"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param("type=alert", ["High", "Plain"], id="alerting rules"),
        pytest.param("type=RECORD", ["other", "job:up:sum", "job:up:count"], id="recording rules, in any case"),
        pytest.param("rule_name[]=High&rule_name[]=other", ["other", "High"], id="rules by name"),
        pytest.param("rule_group[]=another", ["other"], id="groups by name"),
        pytest.param("file[]=rules.yml&rule_name[]=Plain", ["Plain"], id="all filters hold together"),
        pytest.param("file[]=nothing.yml", [], id="nothing matches"),
        pytest.param("type=", ["other", "High", "job:up:sum", "job:up:count", "Plain"], id="an empty type is none"),
        pytest.param("whatever=x&rule_name[]=Plain", ["Plain"], id="unknown parameters are ignored"),
        pytest.param('match[]={severity="page"}', ["High"], id="rules by their labels"),
        pytest.param('match[]={severity="page"}&match[]={tier=~"o.*"}', ["High", "job:up:count"], id="either selector"),
        pytest.param('match[]={severity!="page",tier=`one`}', ["job:up:count"], id="all matchers of a selector"),
        pytest.param('match[]={text="v1"}', [], id="labels are taken as they are written"),
    ],
)
async def test_filters(connect: Connect, groups: list[GroupState], query: str, names: list[str]) -> None:
    shown = (await get(connect, groups, f"/api/v1/rules?{query}"))["groups"]
    assert [rule["name"] for group in shown for rule in group["rules"]] == names
    assert all(group["rules"] for group in shown), "a group of which nothing is left is left out"


async def test_alerts_can_be_left_out_of_rules(connect: Connect, groups: list[GroupState]) -> None:
    rule = (await get(connect, groups, "/api/v1/rules?exclude_alerts=True"))["groups"][1]["rules"][0]
    assert (rule["state"], rule["alerts"]) == ("firing", [])


async def test_groups_come_in_pages(connect: Connect) -> None:
    text = "groups: [" + ",".join(f"{{name: {name}, rules: [{{record: r, expr: up}}]}}" for name in "abcde") + "]"
    states = groups_of(text)
    pages, token = [], ""
    while True:
        data = await get(connect, states, f"/api/v1/rules?group_limit=2&group_next_token={token}")
        pages.append([group["name"] for group in data["groups"]])
        if "groupNextToken" not in data:
            break
        token = data["groupNextToken"]
    assert pages == [["a", "b"], ["c", "d"], ["e"]]
    assert token == "c66399d3244f5b00c51db4ecc4f33f76bd0af98b", "the SHA-1 of rules.yml;e, as in Prometheus"


async def test_a_page_counts_the_groups_that_are_shown(connect: Connect, groups: list[GroupState]) -> None:
    data = await get(connect, groups, "/api/v1/rules?group_limit=1&rule_name[]=Plain")
    assert [group["name"] for group in data["groups"]] == ["main"]
    assert "groupNextToken" not in data


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (
            "group_next_token=abc",
            'invalid parameter "group_next_token": group_limit needs to be present in order to paginate over the groups',
        ),
        (
            "group_limit=x",
            'invalid parameter "group_limit": group_limit needs to be a valid number: '
            'strconv.ParseInt: parsing "x": invalid syntax',
        ),
        ("group_limit=0", 'invalid parameter "group_limit": group_limit needs to be greater than 0'),
        (
            "group_limit=1&group_next_token=abc",
            "invalid parameter \"group_next_token\": invalid group_next_token 'abc'. were rule groups changed?",
        ),
        ("match[]={a=''}", 'invalid parameter "match[]": match[] must contain at least one non-empty matcher'),
        ("type=foo", 'invalid parameter "type": not supported value "foo"'),
        (
            "exclude_alerts=maybe",
            'invalid parameter "exclude_alerts": error converting exclude_alerts: '
            'strconv.ParseBool: parsing "maybe": invalid syntax',
        ),
    ],
)
async def test_a_parameter_without_meaning_is_refused(connect: Connect, query: str, error: str) -> None:
    answer = await (await connect(services())).get(f"/api/v1/rules?{query}")
    assert answer.status == 400
    assert await answer.json() == {"status": "error", "errorType": "bad_data", "error": error}


async def test_alerts_of_all_groups_are_listed_but_resolved_ones(connect: Connect, groups: list[GroupState]) -> None:
    evaluate(groups[0], 3, an_alert({"alertname": "Plain"}, value=float("nan")))
    alerts = (await get(connect, groups, "/api/v1/alerts"))["alerts"]
    assert [(alert["labels"]["alertname"], alert["state"], alert["value"]) for alert in alerts] == [
        ("High", "pending", "1.25e-01"), ("High", "firing", "1e+00"), ("Plain", "firing", "NaN"),
    ]  # fmt: skip


async def test_build_information_has_no_features(connect: Connect) -> None:
    data = await get(connect, [], "/api/v1/status/buildinfo")
    assert list(data) == ["version", "revision", "branch", "buildUser", "buildDate", "goVersion"]
    assert data["version"] == "1.2.3"


async def test_other_sites_may_read(connect: Connect) -> None:
    client = await connect(services())
    answer = await client.get("/api/v1/rules?type=foo", headers={"Origin": "http://grafana"})
    assert (answer.headers["Access-Control-Allow-Origin"], answer.headers["Vary"]) == ("*", "Origin")
    preflight = await client.options("/api/v1/alerts", headers={"Origin": "http://grafana"})
    assert (preflight.status, preflight.headers["Access-Control-Allow-Methods"]) == (204, "GET, OPTIONS")
    assert "Access-Control-Allow-Origin" not in (await client.get("/api/v1/rules")).headers


async def test_rules_are_only_read(connect: Connect) -> None:
    assert (await (await connect(services())).post("/api/v1/rules")).status == 405


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [(0, "2026-01-02T03:04:05Z"), (1, "2026-01-02T03:04:05.000001Z"), (500_000, "2026-01-02T03:04:05.5Z")],
)
def test_a_time_has_no_needless_digits(microseconds: int, text: str) -> None:
    assert timestamp(AT.replace(microsecond=microseconds)) == text


@given(st.floats(), st.text(max_size=5))
def test_any_value_and_any_label_is_valid_json(value: float, text: str) -> None:
    document = json.loads(encode(alert_json(an_alert({"alertname": "a", "l": text}, value=value))))
    assert document["labels"].get("l", "") == text
    assert float(document["value"]) == value or value != value
