"""`prices:` of alertd.yml."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from alertd.cli.past import subject
from alertd.config.load import load
from alertd.config.overrides import Override
from alertd.ledger.flow import Line
from alertd.rules.budget import Budget
from alertd.rules.projection import Projection
from alertd.rules.rule import AlertingRule
from alertd.yamlio import ConfigError

RULES = """
groups:
  - name: budgets
    rules:
      - alert: Dollars
        budget: {tokens: tokens_total, unit: USD, limit: 10}
      - alert: DollarsProjected
        projection: {tokens: tokens_total, unit: USD, limit: 10}
      - alert: Tokens
        budget: {tokens: tokens_total, limit: 10}
      - alert: Plain
        expr: up == 0
"""
AT = datetime(2026, 3, 2, tzinfo=UTC)


def folder(path: Path, prices: str | None) -> Path:
    (path / "rules.yml").write_text(RULES)
    lines = [
        "rule_files: [rules.yml]",
        "prometheus: {url: http://localhost:9090}",
        "alertmanagers: [{static_configs: [{targets: [localhost:9093]}]}]",
        "" if prices is None else "prices: prices.yml",
    ]
    (path / "alertd.yml").write_text("\n".join(lines))
    if prices is not None:
        (path / "prices.yml").write_text(prices)
    return path / "alertd.yml"


def budgets(path: Path) -> dict[str, Budget]:
    """By the name of the rule; of a projection the budget it projects."""
    rules = [rule for group in load(path).groups for rule in group.rules if isinstance(rule, AlertingRule)]
    projected = {rule.name: rule.kind.budget for rule in rules if isinstance(rule.kind, Projection)}
    return {rule.name: rule.kind for rule in rules if isinstance(rule.kind, Budget)} | projected


def per_million(budget: Budget, model: str) -> float:
    return budget.rates().rate(Line(0, kind="input", model=model), AT) * 1e6


@pytest.mark.parametrize("rule", ["Dollars", "DollarsProjected"])
def test_what_is_in_dollars_counts_in_our_prices_and_then_in_the_tables(tmp_path: Path, rule: str) -> None:
    path = folder(tmp_path, "models: [{model: house, input: 3, output: 9}]\naliases: {chat: gpt-4o}")
    found = budgets(path)
    assert per_million(found[rule], "house") == pytest.approx(3)
    assert per_million(found[rule], "chat") == pytest.approx(2.5)
    assert found["Tokens"].prices is None


def test_what_is_tried_on_the_past_counts_in_our_prices_too(tmp_path: Path) -> None:
    path = folder(tmp_path, "models: [{model: house, input: 3, output: 9}]")
    (group,) = subject(path, "", overrides=[Override.parse("limit=5")], rule="Dollars").groups
    (rule,) = group.rules
    assert isinstance(rule, AlertingRule)
    assert isinstance(rule.kind, Budget)
    assert rule.kind.settings.limit == 5
    assert per_million(rule.kind, "house") == pytest.approx(3)


def test_without_a_file_the_table_counts(tmp_path: Path) -> None:
    assert per_million(budgets(folder(tmp_path, None))["Dollars"], "gpt-4o") == pytest.approx(2.5)


def test_a_changed_price_is_another_budget_and_another_configuration(tmp_path: Path) -> None:
    path = folder(tmp_path, "models: [{model: house, input: 3, output: 9}]")
    before, digest = budgets(path)["Dollars"], load(path).digest
    assert budgets(path)["Dollars"] == before
    (tmp_path / "prices.yml").write_text("models: [{model: house, input: 4, output: 9}]")
    assert budgets(path)["Dollars"] != before
    assert load(path).digest != digest


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        pytest.param("models: [{model: a, input: -1, output: 2}]", "prices.yml:1:28 models[0].input", id="negative"),
        pytest.param("models: [{model: a, inputs: 1, output: 2}]", 'did you mean "input"?', id="a slip"),
        pytest.param("models: [", "prices.yml:2:1 not YAML", id="no YAML"),
    ],
)
def test_faults_are_told_with_their_place(tmp_path: Path, prices: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(folder(tmp_path, prices))
    assert message in str(raised.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = folder(tmp_path, "")
    (tmp_path / "prices.yml").unlink()
    with pytest.raises(ConfigError, match=r"prices\.yml.*cannot be read"):
        load(path)
