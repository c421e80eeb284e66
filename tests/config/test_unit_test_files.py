"""Files of unit tests of rules: what is read, and what is refused where."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alertd.config.unit_test_files import read_unit_test_file
from alertd.replay.test_file import Match, UnitTestFile
from alertd.yamlio import ConfigError


def read(folder: Path, text: str) -> UnitTestFile:
    path = folder / "x.test.yml"
    path.write_text(text)
    return read_unit_test_file(path)


def test_texts_are_read_as_they_are_written(tmp_path: Path) -> None:
    text = "tests: [{alert_rule_test: [{alertname: 5, exp_alerts: [{exp_labels: {a: 1.50, b: yes, d: 0x1}}]}]}]"
    (check,) = read(tmp_path, text).tests.tests[0].alert_rule_test
    assert check.alertname == "5"
    assert check.exp_alerts[0].exp_labels == {"a": "1.50", "b": "yes", "d": "0x1"}
    assert check.exp_alerts[0].match is Match.EXACT


def test_what_is_absent_has_promtools_defaults(tmp_path: Path) -> None:
    tests = read(tmp_path, "tests: [{}]").tests
    assert tests.evaluation_interval == timedelta(minutes=1)
    assert tests.tests[0].interval is None
    assert read(tmp_path, "evaluation_interval: 0s").tests.evaluation_interval == timedelta(minutes=1)
    assert tests.tests[0].start_timestamp == datetime(1970, 1, 1, tzinfo=UTC)


def test_every_check_knows_its_line(tmp_path: Path) -> None:
    file = read(tmp_path, "tests:\n  - promql_expr_test:\n    - expr: a\n    - expr: b\n")
    assert [file.line("tests", 0, "promql_expr_test", number) for number in (0, 1)] == [3, 4]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("6", 6.0),
        ("1e3", 1000.0),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("'2.5'", 2.5),
        ("0xC", 12.0),
        ("0b11", 3.0),
    ],
)
def test_values(tmp_path: Path, written: str, value: float) -> None:
    text = f"tests: [{{promql_expr_test: [{{expr: m, exp_samples: [{{labels: m, value: {written}}}]}}]}}]"
    assert read(tmp_path, text).tests.tests[0].promql_expr_test[0].exp_samples[0].value == value


@pytest.mark.parametrize(
    ("written", "second"),
    [("90", 90), ("1.5", 1.5), ("1970-01-01T01:00:00+01:00", 0), ("1970-01-02T00:00:00Z", 86_400)],
)
def test_start_timestamps(tmp_path: Path, written: str, second: float) -> None:
    assert (
        read(tmp_path, f"tests: [{{start_timestamp: {written}}}]").tests.tests[0].start_timestamp.timestamp() == second
    )


SAMPLES = "tests:\n  - promql_expr_test:\n    - expr: m\n      exp_samples:\n      - "


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("[]", "1:1 must be a mapping", id="a list"),
        pytest.param("a: [", "not YAML", id="no YAML"),
        pytest.param(
            "fuzy_compare: true",
            "1:1 fuzy_compare: field fuzy_compare not found in type UnitTests; did you mean",
            id="a slip",
        ),
        pytest.param("evaluation_interval: -1m", "1:22 evaluation_interval: not a valid duration", id="no interval"),
        pytest.param(
            "tests: [{alert_rule_test: [{alertname: A, exp_alerts: [{exp_labels: {a: ''}}]}]}]",
            "exp_alerts[0].exp_labels: a is empty, and an alert has no empty labels",
            id="an empty label",
        ),
        pytest.param(
            "tests: [{input_series: [{series: {m: 1}}]}]",
            'input_series[0].series: must be a text such as up{job="x"}',
            id="a series as a mapping",
        ),
        pytest.param("group_eval_order: [g, g]", "group name repeated in evaluation order: g", id="a group twice"),
        pytest.param("tests: [{alert_rule_test: [{}]}]", "alert_rule_test[0].alertname: must be given", id="no name"),
        pytest.param(
            "tests: [{input_series: [{series: 'm{a=b}'}]}]",
            'input_series[0].series: expected name="value" or } (character 3)',
            id="no series",
        ),
        pytest.param(
            "tests: [{input_series: [{series: m, values: 1 x}]}]",
            'input_series[0].values: unexpected "x" in series values (character 3)',
            id="no values",
        ),
        pytest.param(SAMPLES + "{labels: m, value: NaN}", "5:28", id="NaN is a text in YAML"),
        pytest.param(SAMPLES + "{labels: m, value: NaN}", "must be a number; write .nan, .inf or -.inf", id="remedy"),
        pytest.param(
            SAMPLES + "{labels: m, histogram: '{{}}'}", "native histograms are not supported", id="a native histogram"
        ),
        pytest.param("tests: [{start_timestamp: soon}]", "must be Unix seconds, or a time such as", id="no time"),
        pytest.param("tests: [{start_timestamp: 2026-01-01T00:00:00}]", "must be Unix seconds", id="a time nowhere"),
    ],
)
def test_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert problem in str(caught.value)


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "rule_files: 1\ntests:\n  - interval: 1x\n    input_series: [{values: a}]\n")
    assert len(caught.value.problems) == 4


def test_an_unreadable_file_is_a_problem_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_unit_test_file(tmp_path / "none.yml")
