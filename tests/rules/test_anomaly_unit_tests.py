"""Unit tests of anomaly rules: `input_series` over days are the past they judge by."""

from __future__ import annotations

from pathlib import Path

from tests.support.cli import cli

RULES = """
groups:
- name: tokens
  interval: 5m
  rules:
  - alert: TokenUsageAnomaly
    expr: sum by (tenant) (rate(tokens_total[10m]))
    unit: tok/s
    anomaly: {recovery: 15m, price: 3 USD per 1M}
    labels: {severity: warning}
    annotations: {summary: "{{ $labels.tenant }}: {{ $alert.Summary }}"}
"""
TESTS = """
rule_files: [rules.yml]
evaluation_interval: 5m
tests:
- name: a runaway after two calm days
  interval: 5m
  input_series:
  - {series: 'tokens_total{tenant="acme"}', values: '0+300000x575 172800000+6000000x3 190800000+300000x20'}
  - {series: 'tokens_total{tenant="globex"}', values: '0+30000x600'}
  alert_rule_test:
  - {eval_time: 2d, alertname: TokenUsageAnomaly, exp_alerts: []}
  - eval_time: 2d10m
    alertname: TokenUsageAnomaly
    exp_alerts:
    - match: subset
      exp_labels: {tenant: acme, severity: warning}
  - {eval_time: 2d1h, alertname: TokenUsageAnomaly, exp_alerts: []}
"""


async def test_days_of_input_series_are_the_past_of_the_rule(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "tests.yml").write_text(TESTS)
    ran = await cli("test", str(tmp_path / "tests.yml"))
    assert ran.status == 0, ran.out
    assert "3 checks, 0 failed" in ran.out
