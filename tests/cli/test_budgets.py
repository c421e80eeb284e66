"""`alertd budgets`."""

from __future__ import annotations

import json

from tests.support.cli import cli
from tests.support.servers import answer, scripted

ROW = {
    "rule": "TeamBudget", "group": "rules.yml;budgets", "kind": "budget", "scope": {"tenant": "a"}, "unit": "USD",
    "periodStart": "2026-03-01T00:00:00Z", "periodEnd": "2026-04-01T00:00:00Z", "at": "2026-03-10T00:00:00Z",
    "spent": 812.4, "limit": 1000.0, "percent": 81.24, "completeness": 0.995, "completeFrom": None, "imputed": 0.0,
    "projected": 2798.3, "exceedsAt": "2026-03-12T04:00:00Z", "unpriced": {},
}  # fmt: skip
OTHER = ROW | {"scope": {}, "limit": None, "percent": None, "projected": None, "exceedsAt": None, "spent": 1234567.0}
PRICED = ROW | {"rule": "Tokens", "unpriced": {"house-1": 1_200_000.0, "house-2": 7.0}}


async def test_budgets_are_a_table_or_json() -> None:
    body = json.dumps({"budgets": [ROW, OTHER]}).encode()
    async with scripted(answer(body=body), answer(body=body)) as server:
        shown = await cli("budgets", "--url", server.url)
        raw = await cli("budgets", "--output=json", "--url", server.url)
    head, first, second = shown.lines
    assert head.split() == ["BUDGET", "SCOPE", "SPENT", "LIMIT", "%", "PROJECTED", "EXCEEDS", "PERIOD", "ENDS", "KNOWN"]
    assert "81.2" in first
    assert "812.40 USD" in first
    assert "2026-03-12 04:00:00Z" in first
    assert "1,234,567 USD" in second
    assert second.split()[1] == "all"
    assert raw.json == [ROW, OTHER]


async def test_what_is_not_in_the_spend_is_said_below() -> None:
    async with scripted(answer(body=json.dumps({"budgets": [ROW, PRICED]}).encode())) as server:
        shown = await cli("budgets", "--url", server.url)
    assert shown.lines[3:] == [
        'Tokens tenant="a": not in SPENT, for want of a price, are tokens: 1,200,000 of house-1, 7.00 of house-2'
    ]


async def test_without_budgets_it_says_so_and_a_name_nobody_has_is_status_4() -> None:
    async with scripted(answer(b'{"budgets": []}'), answer(b'{"budgets": []}')) as server:
        assert (await cli("budgets", "--url", server.url)).out == "no budgets\n"
        assert (await cli("budgets", "Nobody", "--url", server.url)).status == 4
