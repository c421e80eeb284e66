"""What verbs on the past make of their options."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from alertd.cli.past import subject, with_step
from alertd.rules.rule import AlertingRule

RULES = """
groups:
- name: g
  interval: 1m
  rules:
  - {alert: Fills, projection: {value: disk_used_percent, limit: 90, within: 1d}}
  - {record: r, expr: m}
"""


def test_a_trend_follows_the_step(tmp_path: Path) -> None:
    """Else slots of an hour would leave four of five steps of twelve minutes empty."""
    (tmp_path / "rules.yml").write_text(RULES)
    groups = subject(tmp_path / "rules.yml", "http://localhost").groups
    for step, expected in ((None, timedelta(minutes=12)), ("5m", timedelta(minutes=12)), ("1h", timedelta(hours=1))):
        (group,) = with_step(groups, step)
        rule = group.rules[0]
        assert isinstance(rule, AlertingRule)
        (need,) = rule.kind.open(b"").wants(datetime(2026, 3, 1, tzinfo=UTC))
        assert need.step == expected
