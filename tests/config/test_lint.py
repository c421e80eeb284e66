from datetime import timedelta
from pathlib import Path

import pytest

from alertd.config.lint import LINTS, lint
from alertd.config.rule_files import load_rule_file, read_rule_file

CASES = Path(__file__).parent.parent / "cases"


def found(rules: str, *codes: str, scrape_interval: timedelta | None = None, interval: str = "1m") -> list[str]:
    file = load_rule_file(f"groups:\n- name: g\n  interval: {interval}\n  rules:\n{rules}", file="r.yml")
    assert file.problems == ()
    return [str(problem) for problem in lint(file, codes=codes or LINTS, scrape_interval=scrape_interval)]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param(
            "  - alert: A\n    expr: up == 0\n  - alert: A\n    expr: up == 1\n",
            [
                'r.yml:7:5 groups[0].rules[1]: warning: "A" with the labels {} is there already, at line 5; '
                "give them different names or labels, or their alerts and series collide [AL001]"
            ],
            id="duplicate rules",
        ),
        pytest.param(
            "  - record: r\n    expr: up\n  - record: r\n    expr: up\n    labels: {a: b}\n",
            [],
            id="the same name with other labels is no duplicate",
        ),
        pytest.param(
            "  - alert: A\n    expr: sum by (a) (x) > 1\n    annotations:\n      s: '{{ $labels.a }} {{ $labels.b }}'\n",
            [
                'r.yml:8:38 groups[0].rules[0].annotations.s: warning: the expression aggregates the label "b" away, so '
                'it is always empty here; keep it in the expression, such as "by (b)", or take it out of the text [AL002]'
            ],
            id="a label aggregated away",
        ),
        pytest.param(
            "  - alert: A\n    expr: sum(x) > 1\n    annotations:\n"
            "      s: '{{ range query \"up\" }}{{ .Labels.job }}{{ end }}'\n",
            [],
            id="a label of another query is not the alert's",
        ),
        pytest.param(
            "  - alert: A\n    expr: rate(x[5m])\n",
            [
                "r.yml:6:11 groups[0].rules[0].expr: warning: fires for every series, whatever its value; compare with "
                'a limit, such as "> 0"; with bool a comparison leaves nothing out [AL003]'
            ],
            id="no comparison",
        ),
        pytest.param("  - record: r\n    expr: rate(x[5m])\n", [], id="a recording rule needs no comparison"),
        pytest.param(
            "  - alert: A\n    expr: x\n    threshold: {above: 5}\n", [], id="a threshold beside the expression compares"
        ),
        pytest.param(
            "  - record: r\n    expr: sum(rate(x[1m]))\n",
            [
                "r.yml:6:21 groups[0].rules[0].expr: warning: rate() over 1m needs two samples, and one comes every 1m; "
                "use at least [4m], or give the real --scrape-interval [AL004]"
            ],
            id="a short window",
        ),
        pytest.param("  - record: r\n    expr: max_over_time(x[1m])\n", [], id="not every window needs two samples"),
        pytest.param(
            "  - alert: A\n    expr: x > 1\n    labels: {severity: Critical}\n    annotations: {summary: ''}\n",
            [
                "r.yml:5:5 groups[0].rules[0]: warning: severity critical wakes people, and there is no summary and no "
                "runbook_url; write it under annotations [AL005]"
            ],
            id="a page without a word",
        ),
        pytest.param(
            "  - alert: A\n    expr: x\n    runbook_url: http://r\n    annotations: {description: d}\n"
            "    threshold: {levels: [{above: 1, labels: {severity: warning}}, {above: 2, labels: {severity: page}}]}\n",
            [],
            id="a page with summary and runbook",
        ),
        pytest.param("  - alert: A\n    expr: x > 1\n    labels: {severity: warning}\n", [], id="a warning may be terse"),
        pytest.param(
            "  - record: r\n    expr: up\n---\n",
            [
                "r.yml:7:1 warning: another YAML document begins here; only the first one of a rule file is read; "
                "join their groups, or make it a file of its own [AL006]"
            ],
            id="a second document",
        ),
        pytest.param(
            "  - alert: A\n    expr: x\n    anomaly: {method: sigma, points: 1 of 1}\n",
            [
                "r.yml:7:14 groups[0].rules[0].anomaly: warning: sigma with k 3 at 1m fires about 14 times a week without "
                "a cause, for every series; use false_alerts_per_week instead of k, a k of 4.5 and more, or method: "
                "seasonal; add min_impact [AL007]"
            ],
            id="an anomaly rule that chance fires",
        ),
    ],
)  # fmt: skip
def test_findings(rules: str, expected: list[str]) -> None:
    assert found(rules) == expected


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param("  - alert: A\n    expr: x # alertd: ignore AL003\n", id="on the line"),
        pytest.param("  - alert: A # alertd: ignore AL003\n    expr: x\n", id="on the rule's line"),
        pytest.param("  # alertd: ignore AL001, AL003\n  - alert: A\n    expr: x\n", id="above the rule"),
        pytest.param("  # alertd: ignore comparison-missing\n  # why\n  - alert: A\n    expr: x\n", id="by name"),
        pytest.param("  - alert: A\n    # alertd: ignore AL003\n    expr: x\n", id="above the field"),
        pytest.param("  - alert: A\n    expr: |\n      x # alertd: ignore AL003\n", id="inside the expression"),
    ],
)
def test_a_comment_silences_a_finding(rules: str) -> None:
    assert found(rules, "AL003") == []


@pytest.mark.parametrize(
    ("rule", "times"),
    [
        pytest.param("expr: x\n    anomaly: {method: sigma}", "", id="2 of 3 independent points"),
        pytest.param(
            "expr: rate(x[5m])\n    anomaly: {method: sigma}", "3 times", id="2 of 3 points of overlapping rates"
        ),
        pytest.param("expr: rate(x[5m])\n    anomaly: {method: sigma, direction: both}", "5 times", id="both sides"),
        pytest.param("expr: rate(x[5m])\n    anomaly: {method: sigma, k: 4.5}", "", id="a k that is high enough"),
        pytest.param("expr: rate(x[5m])\n    anomaly: {method: sigma, false_alerts_per_week: 1}", "", id="a budget"),
        pytest.param("expr: rate(x[5m])\n    anomaly: {}", "", id="the default"),
    ],
)
def test_anomaly_noise_is_that_of_a_gaussian_series(rule: str, times: str) -> None:
    problems = found(f"  - alert: A\n    {rule}\n", "AL007")
    assert [f"about {times}" in problem for problem in problems] == [True] * bool(times)


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param("  - alert: A\n    expr: x # alertd: ignore AL004\n", id="another code"),
        pytest.param(
            "  - record: r\n    expr: y # alertd: ignore AL003\n  - alert: A\n    expr: x\n", id="of the rule before"
        ),
    ],
)
def test_a_comment_about_something_else_silences_nothing(rules: str) -> None:
    assert len(found(rules, "AL003")) == 1


def test_windows_are_measured_by_the_scrape_interval_where_it_is_known() -> None:
    rule = "  - record: r\n    expr: rate(x[1m])\n"
    assert found(rule, scrape_interval=timedelta(seconds=15)) == []
    assert found(rule, interval="30s") == []
    assert len(found(rule, scrape_interval=timedelta(seconds=31), interval="15s")) == 1


def test_only_the_wanted_findings_are_looked_for() -> None:
    assert found("  - alert: A\n    expr: x\n", "AL001") == []


def test_the_guardrail_alert_shows_a_label_it_aggregates_away() -> None:
    problems = lint(read_rule_file("003.yml", base=CASES / "seed_rules"), codes=["AL002"])
    assert [(problem.line, problem.column) for problem in problems] == [(164, 68)]
    assert '"reason"' in problems[0].message


@pytest.mark.parametrize(
    ("name", "count"), [("000", 0), ("001", 0), ("002", 0), ("003", 1), ("004", 0)]
)  # fmt: skip
def test_rules_in_use_are_not_suspected_without_reason(name: str, count: int) -> None:
    codes = [code for code in LINTS if code != "AL005"]
    assert len(lint(read_rule_file(f"{name}.yml", base=CASES / "seed_rules"), codes=codes)) == count


def test_every_finding_has_a_code_and_a_name_of_its_own() -> None:
    assert len({lint.name for lint in LINTS.values()}) == len(LINTS)
    assert list(LINTS) == sorted(LINTS)
