"""Unit tests of rules on a real Prometheus: what the cases do not show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alertd.cli.test import load_rules, open_dispatching
from alertd.clock import SystemClock
from alertd.config.unit_test_files import read_unit_test_file
from alertd.replay.report import TextReport
from alertd.replay.results import FileResult
from alertd.replay.rule_tests import load, run

RULES = """
groups:
  - name: second
    interval: 7m
    rules:
      - record: seen
        expr: first + 1
  - name: first
    rules:
      - record: first
        expr: sum(m)
      - alert: High
        expr: m > 5
        labels: {severity: page}
        annotations: {summary: "{{ $labels.instance }} has {{ $value }} in {{ $externalLabels.region }}"}
"""


async def result_of(folder: Path, tests: str, *, rules: str = RULES, only: str | None = None) -> FileResult:
    (folder / "rules.yml").write_text(rules)
    path = folder / "rules.test.yml"
    path.write_text(tests)
    one = load(path, read=read_unit_test_file, load_rules=load_rules)
    (result,) = await run([one], clock=SystemClock(), parallel=2, only=None if only is None else re.compile(only))
    return result


def told(result: FileResult) -> str:
    return "\n".join(TextReport().lines([result], seconds=0.0))


@pytest.mark.parametrize(
    "tests",
    [
        pytest.param("", id="an empty file"),
        pytest.param("rule_files: [rules.yml]", id="no tests"),
        pytest.param("tests: [{name: nothing to check}]", id="no checks"),
        pytest.param(
            """
            rule_files: [rules.yml]
            tests:
              - alert_rule_test: [{eval_time: 1m, alertname: Unknown}]
            """,
            id="an alert no rule knows fires never",
        ),
        pytest.param(
            """
            rule_files: ['rules.y*', rules.yml]
            tests:
              - promql_expr_test: [{expr: 'count(first) or vector(0)', exp_samples: [{labels: '{}', value: 0}]}]
            """,
            id="a rule file named twice is loaded once",
        ),
        pytest.param(
            """
            rule_files: [rules.yml]
            group_eval_order: [first, second, no such group]
            tests:
              - input_series: [{series: m, values: 1+1x5}]
                promql_expr_test: [{expr: seen, eval_time: 3m, exp_samples: [{labels: seen, value: 5}]}]
            """,
            id="groups are evaluated in the order given",
        ),
        pytest.param(
            """
            rule_files: [rules.yml]
            tests:
              - input_series: [{series: m, values: 1+1x5}]
                promql_expr_test: [{expr: seen, eval_time: 3m, exp_samples: [{labels: seen, value: 4}]}]
            """,
            id="without an order they are evaluated as they stand in the file",
        ),
        pytest.param(
            """
            rule_files: [rules.yml]
            tests:
              - external_labels: {region: eu}
                input_series: [{series: 'm{instance="a"}', values: 9}]
                alert_rule_test:
                  - alertname: High
                    exp_alerts:
                      - exp_labels: {severity: page, instance: a}
                        exp_annotations: {summary: a has 9 in eu}
            """,
            id="external labels reach templates",
        ),
        pytest.param(
            """
            rule_files: [rules.yml]
            tests:
              - input_series:
                  - {series: 'm{instance="a"}', values: 9}
                  - {series: 'm{instance="b"}', values: 8}
                alert_rule_test:
                  - alertname: High
                    exp_alerts:
                      - {exp_labels: {severity: page}, match: subset}
                      - {exp_labels: {instance: a}, match: subset}
            """,
            id="a subset of labels and annotations is enough where the test says so",
        ),
        pytest.param(
            """
            tests:
              - input_series:
                  - {series: m, values: 1 2 3 4}
                  - {series: m, values: 10 11}
                promql_expr_test:
                  - {expr: 'sum_over_time(m[10m])', eval_time: 4m, exp_samples: [{labels: '{}', value: 21}]}
            """,
            id="a series given twice is the second one",
        ),
        pytest.param(
            """
            tests:
              - start_timestamp: 2026-01-31T09:00:00Z
                input_series: [{series: m, values: 1 2}]
                promql_expr_test:
                  - {expr: 'timestamp(m)', eval_time: 1m, exp_samples: [{labels: '{}', value: 1769850060}]}
                  - {expr: 'time()', eval_time: 90s, exp_samples: [{labels: '{}', value: 1769850090}]}
            """,
            id="a test may start at any time",
        ),
        pytest.param(
            """
            fuzzy_compare: true
            tests:
              - promql_expr_test: [{expr: 0.1 + 0.2, exp_samples: [{labels: '{}', value: 0.3}]}]
            """,
            id="fuzzy_compare forgives the last bit",
        ),
        pytest.param(
            """
            evaluation_interval: 20s
            tests:
              - interval: 10s
                input_series: [{series: m, values: 0+1x12}]
                promql_expr_test:
                  - {expr: 'count_over_time(m[1m:])', eval_time: 1m, exp_samples: [{labels: '{}', value: 4}]}
                  - {expr: m, eval_time: 70s, exp_samples: [{labels: m, value: 6}]}
            """,
            id="the step of subqueries is the evaluation interval, and samples come with evaluations",
        ),
        pytest.param(
            """
            tests:
              - interval: 1d
                input_series: [{series: m, values: 0+1x30}, {series: n, values: '_x30 7'}]
                promql_expr_test:
                  - {expr: 'sum_over_time(m[30d])', eval_time: 30d, exp_samples: [{labels: '{}', value: 465}]}
                  - {expr: n, eval_time: 30d, exp_samples: [{labels: n, value: 7}]}
            """,
            id="a month of samples, far older than anything a Prometheus would take",
        ),
    ],
)
async def test_this_passes(tmp_path: Path, tests: str) -> None:
    result = await result_of(tmp_path, tests)
    assert result.passed, told(result)


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        pytest.param("nonsense: 1", "field nonsense not found in type UnitTests", id="an unknown key"),
        pytest.param("tests: [{input_series: [{series: m, values: 1x}]}]", "unexpected end of input", id="bad values"),
        pytest.param("rule_files: [broken.yml]", "broken.yml:1:1", id="a broken rule file"),
        pytest.param(
            "tests: [{promql_expr_test: [{expr: 'foo('}]}]",
            "expression foo( at 0s (FILE:1)\n    cannot be evaluated: 1:5: parse error: unclosed left parenthesis",
            id="a broken expression",
        ),
        pytest.param(
            "tests: [{promql_expr_test: [{expr: 'm[5m]'}]}]",
            "cannot be evaluated: rule result is not a vector or scalar",
            id="an answer that is no vector",
        ),
        pytest.param(
            "tests: [{input_series: [{series: m, values: NaN}], promql_expr_test: [{expr: m, exp_samples: "
            "[{labels: m, value: .nan}]}]}]",
            "value of m differs, NaN equals nothing\n      - expected  NaN\n      + found     NaN",
            id="NaN equals nothing",
        ),
        pytest.param(
            "{rule_files: [rules.yml], tests: [{input_series: [{series: first, values: 3}, {series: m, values: 4}], "
            "promql_expr_test: [{expr: m}]}]}",
            "rule first failed at 0s: duplicate sample for timestamp\n    checks not made because of that: 1",
            id="a rule that records an input series",
        ),
        pytest.param(
            "{rule_files: [rules.yml], tests: [{input_series: [{series: m, values: 9}], alert_rule_test: "
            "[{alertname: High, exp_alerts: [{exp_labels: {severity: page}}]}]}]}",
            "alert High at 0s (FILE:1)\n"
            '    annotation summary of {alertname="High", severity="page"} differs\n'
            "      - expected  (none)\n"
            "      + found      has 9 in ",
            id="annotations left out of the test",
        ),
    ],
)
async def test_this_fails_and_says_why(tmp_path: Path, tests: str, said: str) -> None:
    (tmp_path / "broken.yml").write_text("group: []")
    result = await result_of(tmp_path, tests)
    assert not result.passed
    assert said in told(result).replace(str(tmp_path / "rules.test.yml"), "FILE")


async def test_a_pattern_without_a_file_is_a_warning(tmp_path: Path) -> None:
    result = await result_of(tmp_path, "rule_files: [nope/*.yml]")
    assert result.passed
    assert result.warnings == ("rule_files: no file matches nope/*.yml",)


async def test_only_the_groups_asked_for_run(tmp_path: Path) -> None:
    result = await result_of(tmp_path, "tests: [{name: alpha}, {name: beta}, {name: gamma}]", only="^(al|gam)")
    assert [group.name for group in result.groups] == ["alpha", "gamma"]


async def test_the_rules_of_one_test_group_know_nothing_of_another(tmp_path: Path) -> None:
    tests = """
    rule_files: [rules.yml]
    tests:
      - input_series: [{series: 'm{instance="a"}', values: 9x5}]
        promql_expr_test: [{expr: 'count(ALERTS)', eval_time: 5m, exp_samples: [{labels: '{}', value: 1}]}]
      - promql_expr_test: [{expr: 'ALERTS or first or m', eval_time: 5m}]
    """
    result = await result_of(tmp_path, tests)
    assert result.passed, told(result)


async def test_a_budget_tested_at_long_steps_has_no_gaps(tmp_path: Path) -> None:
    rules = """
    groups:
      - name: g
        interval: 1m
        rules:
          - alert: Budget
            budget: {spend: spent_total, limit: 100, period: day, thresholds: [50%]}
            annotations: {summary: '{{ $value }} of {{ $alert.Limit }}, {{ $alert.Completeness }} known. {{ $alert.Caveats }}'}
    """
    tests = """
    rule_files: [rules.yml]
    evaluation_interval: 30m
    tests:
      - interval: 5m
        input_series: [{series: spent_total, values: 0+5x24}]
        alert_rule_test:
          - eval_time: 1h
            alertname: Budget
            exp_alerts:
              - exp_labels: {budget_threshold: 50%}
                exp_annotations: {summary: '60 of 100, 1 known. '}
    """
    result = await result_of(tmp_path, tests, rules=rules)
    assert result.passed, told(result)


async def test_two_rules_of_one_name_that_know_an_alert_since_different_times_clash(tmp_path: Path) -> None:
    rules = """
    groups:
      - name: g
        rules:
          - {alert: A, expr: m > 1}
          - {alert: A, expr: m > 2}
    """
    tests = """
    rule_files: [rules.yml]
    tests:
      - input_series: [{series: m, values: 1+1x5}]
        alert_rule_test: [{eval_time: 5m, alertname: A}]
    """
    result = await result_of(tmp_path, tests, rules=rules)
    assert "rule A failed at 2m: duplicate sample for timestamp" in told(result)


ROUTES = """
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  routes: [{receiver: pager, matchers: [severity="page"]}]
receivers:
  - {name: ops, webhook_configs: [{url: "http://127.0.0.1:9/ops"}]}
  - {name: pager, pagerduty_configs: [{routing_key: "key", description: "{{ .CommonAnnotations.summary }}"}]}
"""

NOTIFICATIONS = """
rule_files: [rules.yml]
config: alertd.yml
tests:
  - external_labels: {region: eu}
    external_url: http://prometheus.example.org
    input_series: [{series: 'm{instance="a"}', values: 1 9 9 1 1 1 1 1 1}]
    exp_notifications:
      - {at: 0m, receiver: pager, none: true}
      - {at: 1m, receiver: pager, contains: ["a has 9 in eu", "event_action: trigger"]}
      - {at: 1m, receiver: ops, none: true}
      - {at: 2m, receiver: pager, none: true}
      - {at: 6m, receiver: pager, contains: ["event_action: resolve"]}
"""


async def notified(folder: Path, tests: str) -> FileResult:
    (folder / "alertd.yml").write_text(ROUTES)
    (folder / "rules.yml").write_text(RULES)
    path = folder / "rules.test.yml"
    path.write_text(tests)
    one = load(path, read=read_unit_test_file, load_rules=load_rules)
    (result,) = await run([one], clock=SystemClock(), parallel=1, open_dispatching=open_dispatching)
    return result


async def test_who_is_told_when_and_in_which_words(tmp_path: Path) -> None:
    result = await notified(tmp_path, NOTIFICATIONS)
    assert told(result).splitlines()[1:] == ["1 file, 0 failed; 5 checks, 0 failed; 0.0 s"], told(result)
    assert len(list(result.checks())) == 5


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("a has 9 in eu", "b has 9", ["- expected  a notification with 'b has 9' and", "event_action: trigger"]),
        ("{at: 6m, receiver: pager, contains", "{at: 7m, receiver: pager, contains", ["+ found     nothing was sent"]),
        (
            "{at: 6m, receiver: pager, contains",
            "{at: 6m, receiver: pager, none: true, contains",
            ["- expected  nothing"],
        ),
    ],
)
async def test_what_was_sent_instead_is_shown(tmp_path: Path, right: str, wrong: str, says: list[str]) -> None:
    text = told(await notified(tmp_path, NOTIFICATIONS.replace(right, wrong)))
    assert "5 checks, 1 failed" in text
    assert all(part in text for part in says), text


def test_notifications_need_routes(tmp_path: Path) -> None:
    path = tmp_path / "rules.test.yml"
    path.write_text(NOTIFICATIONS.replace("config: alertd.yml", ""))
    assert "exp_notifications needs config" in load(path, read=read_unit_test_file, load_rules=load_rules).error
