"""The JSON Schemas: every file that loads fits its schema, and what a schema can see is refused by it."""

import json
from collections.abc import Iterator
from datetime import UTC, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from alertd.config.file_kind import FileKind, file_kind
from alertd.config.load import examine
from alertd.config.rule_files import load_rule_file
from alertd.config.rule_keys import GROUP_KEYS, RULE_KEYS
from alertd.config.rules_schema import GROUP, RULE, rules_schema
from alertd.config.schema import configuration_schema, schema_of, unit_tests_schema
from alertd.settings import Duration, Settings, Share, TimeZone
from alertd.yamlio import Documents, plain

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
SCHEMAS = {
    FileKind.CONFIGURATION: configuration_schema,
    FileKind.RULES: rules_schema,
    FileKind.TESTS: unit_tests_schema,
}
SHIPPED = sorted([*(ROOT / "config").rglob("*.yml"), *(ROOT / "alertd" / "demo" / "data").glob("*.yml")])
ACCEPTED = [
    CASES / "loader" / name
    for name, case in json.loads((CASES / "loader" / "expected.json").read_text()).items()
    if case.get("valid") and "command" not in case
]


@cache
def validator(kind: FileKind) -> Draft7Validator:
    return Draft7Validator(SCHEMAS[kind]())


def fault(text: str, kind: FileKind) -> str:
    """What the schema finds wrong with a file; "" for nothing."""
    root = Documents(text, file="").read()
    found = best_match(validator(kind).iter_errors({} if root is None else plain(root)))
    return "" if found is None else f"{'.'.join(map(str, found.absolute_path))}: {found.message}"


def complete(text: str) -> str:
    """The configuration with somebody to tell, where it names nobody."""
    parts = {"route": "route: {receiver: a}", "receivers": "receivers: [{name: a}]"}
    return "\n".join([text, *(part for key, part in parts.items() if key not in text)])


def scenario_configurations() -> Iterator[Any]:
    """The configurations of the scenarios that a real Alertmanager runs."""
    for path in sorted((ROOT / "tests" / "scenarios" / "public").rglob("*.yml")):
        scenario = yaml.safe_load(path.read_text())
        yield pytest.param(scenario["config"], id=path.stem)
        for step in scenario.get("steps") or ():
            if "reload" in step:
                yield pytest.param(step["reload"], id=f"{path.stem}-reload")


@pytest.mark.parametrize("kind", SCHEMAS, ids=lambda kind: kind.name.lower())
def test_it_is_a_schema_of_draft_7_in_which_every_reference_leads_somewhere(kind):
    schema = SCHEMAS[kind]()
    Draft7Validator.check_schema(schema)
    references = {value for value in _values_of("$ref", schema) if value != "#"}
    assert references <= {f"#/definitions/{name}" for name in schema["definitions"]}
    assert "$defs" not in json.dumps(schema)


def _values_of(key: str, value: object) -> Iterator[Any]:
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _values_of(key, inner)
    if isinstance(value, dict) and isinstance(value.get(key), str):
        yield value[key]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_shipped_file_fits(path):
    kind = file_kind(path.read_text())
    if kind is FileKind.PRICES:
        return
    assert fault(path.read_text(), kind) == ""


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.name)
def test_every_rule_file_that_promtool_accepts_fits(path):
    assert fault(path.read_text(), FileKind.RULES) == ""


@pytest.mark.parametrize("path", sorted((CASES / "rules").glob("*.test.yml")), ids=lambda path: path.name)
def test_every_file_of_unit_tests_fits(path):
    assert fault(path.read_text(), FileKind.TESTS) == ""


@pytest.mark.parametrize("path", sorted((CASES / "seed_configs").glob("*.yml")), ids=lambda path: path.name)
def test_every_alertmanager_configuration_fits(path):
    assert fault(path.read_text(), FileKind.CONFIGURATION) == ""


@pytest.mark.parametrize("text", list(scenario_configurations()))
def test_the_configuration_of_a_scenario_fits_if_it_loads(text, tmp_path):
    path = tmp_path / "alertd.yml"
    path.write_text(text)
    if examine(path, environment={}).config is not None:
        assert fault(text, FileKind.CONFIGURATION) == ""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("prometheus: {url: http://localhost:9090}", id="one source"),
        pytest.param("prometheus: [{url: http://localhost:9090}, {name: b, url: http://b:9090}]", id="several sources"),
        pytest.param("prometheus: {url: '${PROMETHEUS_URL:-http://localhost:9090}'}", id="a reference for a text"),
        pytest.param("evaluation: {interval: '${INTERVAL}', external_labels: {replica: 1}}", id="and for a duration"),
        pytest.param("digest_above: '${MANY:-5}'", id="and for a number"),
        pytest.param("digest_above: '7'", id="a number in quotes"),
        pytest.param("global:\ninhibit_rules:", id="keys without values are absent"),
        pytest.param("route: {receiver: a, group_wait: 0}", id="a duration of 0"),
        pytest.param(
            "receivers: [{name: a, webhook_configs: [{url: http://x, send_resolved: yes}]}]",
            id="yes as Go reads it",
        ),
        pytest.param(
            "packs: [{name: alertd, when: '${SELF:-}'}]\nprometheus: {url: http://localhost:9090}", id="a condition"
        ),
    ],
)
def test_what_a_configuration_may_say_fits(text, tmp_path):
    path = tmp_path / "alertd.yml"
    path.write_text(complete(text))
    problems = examine(path, environment={"INTERVAL": "30s", "PROMETHEUS_URL": "http://localhost:9090"}).problems
    assert [str(problem) for problem in problems if problem.is_error] == []
    assert fault(text, FileKind.CONFIGURATION) == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("rule_file: [a.yml]", "rule_file", id="a key that is not there"),
        pytest.param("evaluation: {interval: 5}", "evaluation.interval", id="a number without a unit"),
        pytest.param("evaluation: {interval: 1m1h}", "evaluation.interval", id="units in the wrong order"),
        pytest.param("rule_files: rules/*.yml", "rule_files", id="a text for a list"),
        pytest.param("digest_above: 0", "digest_above", id="a number that is too small"),
        pytest.param("digest_above: many", "digest_above", id="a word for a number"),
        pytest.param("digest_above: 5 messages", "digest_above", id="a number with a word"),
        pytest.param("receivers: [{webhook_configs: [{url: http://x}]}]", "name", id="a receiver without a name"),
        pytest.param("receivers: [{name: a, slack_config: []}]", "slack_config", id="a kind that is not there"),
        pytest.param(
            "receivers: [{name: a, webhook_configs: [{url: http://x, send_resolved: perhaps}]}]",
            "send_resolved",
            id="a word for true",
        ),
        pytest.param(
            "receivers: [{name: a, webhook_configs: [{url: http://x, format: plain}]}]", "format", id="no choice"
        ),
        pytest.param("route: {receiver: a, routes: [{matcher: ['a=b']}]}", "matcher", id="deep in the tree"),
        pytest.param("packs: [{set: {}}]", "name", id="a pack without a name"),
    ],
)
def test_a_wrong_configuration_is_refused_where_it_is_wrong(text, told, tmp_path):
    path = tmp_path / "alertd.yml"
    path.write_text(complete(text))
    assert examine(path, environment={}).config is None
    assert told in fault(text, FileKind.CONFIGURATION)


def rule(text: str) -> str:
    return f"groups: [{{name: g, rules: [{{{text}}}]}}]"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("groups: [{rules: []}]", "name", id="a group without a name"),
        pytest.param("groups: [{name: g, rule: []}]", "rule", id="a key no group has"),
        pytest.param("groups: {name: g}", "groups", id="a mapping for a list"),
        pytest.param(rule("alert: A, expr: up, severity: page"), "severity", id="a label beside the labels"),
        pytest.param(rule("alert: A, record: 'a:b', expr: up"), "rules.0", id="alert and record"),
        pytest.param(rule("expr: up"), "rules.0", id="neither alert nor record"),
        pytest.param(rule("record: a-b, expr: up"), "rules.0", id="no name of a metric"),
        pytest.param(rule("record: 'a:b', expr: up, for: 5m"), "rules.0", id="for of a recording rule"),
        pytest.param(rule("alert: A"), "expr", id="no expression"),
        pytest.param(rule("alert: A, expr: up, for: 5 minutes"), "for", id="no duration"),
        pytest.param(rule("alert: A, expr: up, labels: {a-b: c}"), "labels", id="no name of a label"),
        pytest.param(rule("alert: A, expr: up, on_no_data: fire"), "on_no_data", id="no policy"),
        pytest.param(rule("alert: A, expr: up, threshold: {over: 5}"), "threshold", id="no condition"),
        pytest.param(rule("alert: A, expr: up, threshold: {above: 5}, anomaly: {}"), "rules.0", id="two kinds at once"),
        pytest.param(rule("alert: A, expr: up, budget: {spend: a, limit: 5}"), "rules.0", id="a budget with expr"),
        pytest.param(rule("alert: A, budget: {spend: a}"), "budget", id="a budget without a limit"),
        pytest.param(rule("alert: A, expr: up, anomaly: {method: magic}"), "anomaly", id="no method"),
        pytest.param(rule("alert: A, expr: up, anomaly: {min_change: 0.5}"), "anomaly", id="no percentage"),
        pytest.param("parameters: {a: {unit: s}}\ngroups: []", "default", id="a parameter without a default"),
    ],
)
def test_a_wrong_rule_file_is_refused_where_it_is_wrong(text, told):
    assert [problem for problem in load_rule_file(text, file="rules.yml").problems if problem.is_error]
    assert told in fault(text, FileKind.RULES)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(rule("alert: A, expr: up, for: 0, keep_firing_for: ~, labels: {team: 7}"), id="Prometheus' keys"),
        pytest.param(rule("alert: A, budget: {spend: a, limit: {x: 5, default: 1}, thresholds: [50%]}"), id="a budget"),
        pytest.param(
            rule("alert: A, budget: {tokens: a, limit: {query: b}, burn_rate: true, thresholds: [{at: 100%}]}"),
            id="a budget with mappings",
        ),
        pytest.param(rule("alert: A, projection: {value: up, limit: 5, confidence: 90%}"), id="a projection"),
        pytest.param(rule("alert: A, expr: up, threshold: {outside: [1, 2]}"), id="a band"),
        pytest.param(
            "parameters: {a: {default: 5}}\n" + rule("alert: A, expr: up, threshold: {above: '${a * 0.5}'}"),
            id="a parameter for a number",
        ),
        pytest.param(
            "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: a}\n"
            "spec: {groups: [{name: g, rules: [{alert: A, expr: up}]}]}",
            id="a manifest",
        ),
        pytest.param("kind: List\nitems: [{kind: PrometheusRule, spec: {groups: []}}]", id="several manifests"),
    ],
)
def test_what_a_rule_file_may_say_fits(text):
    assert [str(problem) for problem in load_rule_file(text, file="rules.yml").problems] == []
    assert fault(text, FileKind.RULES) == ""


def test_it_knows_every_key_of_rules_and_groups():
    assert set(RULE) == set(RULE_KEYS)
    assert set(GROUP) == set(GROUP_KEYS)


class Some(Settings):
    wait: Duration = timedelta(minutes=5)
    share: Share = 0.25
    zone: TimeZone = UTC
    ready: bool = False


def test_defaults_are_shown_as_people_write_them():
    properties = schema_of(Some, title="some")["properties"]
    assert {name: one.get("default") for name, one in properties.items()} == {
        "wait": "5m",
        "share": "25%",
        "zone": "UTC",
        "ready": False,
    }
