from datetime import timedelta
from pathlib import Path

import pytest

from alertd.config.rule_files import RuleFile, load_rule_file, load_rule_files
from alertd.rules.rule import AlertingRule, Policy, RecordingRule
from alertd.rules.settings import EvaluationSettings
from alertd.rules.threshold import Threshold


def load(rules: str, group: str = "") -> RuleFile:
    """A file with one group of these rules (indented by four) and these further keys of the group."""
    return load_rule_file(f"groups:\n- name: g\n{group}  rules:\n{rules}", file="r.yml")


def told(file: RuleFile) -> list[str]:
    return [str(problem) for problem in file.problems]


def the_alert(file: RuleFile) -> AlertingRule:
    assert told(file) == []
    (rule,) = file.groups[0].rules
    assert isinstance(rule, AlertingRule)
    return rule


A = "  - alert: A\n    expr: up == 0\n"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param(
            A + "    for: 1 minute\n",
            [
                'r.yml:6:10 groups[0].rules[0].for: not a valid duration string: "1 minute"; '
                "write a number and a unit, large units first, such as 30s, 5m or 1h30m"
            ],
            id="a duration in words",
        ),
        pytest.param(
            A + '    for: ""\n',
            [
                "r.yml:6:10 groups[0].rules[0].for: empty duration string; "
                "write a number and a unit, large units first, such as 30s, 5m or 1h30m"
            ],
            id="an empty duration",
        ),
        pytest.param(
            A + "    sumary: x\n",
            [
                'r.yml:6:5 groups[0].rules[0].sumary: unknown field "sumary"; known: alert, annotations, anomaly, budget, '
                "enabled, expr, for, keep_firing_for, labels, limit, on_error, on_no_data, ..."
            ],
            id="an unknown field with nothing like it",
        ),
        pytest.param(
            A + "    annotation: {a: b}\n",
            ['r.yml:6:5 groups[0].rules[0].annotation: unknown field "annotation"; did you mean "annotations"?'],
            id="a misspelt field",
        ),
        pytest.param(
            A + "    summary: x\n",
            ['r.yml:6:5 groups[0].rules[0].summary: unknown field "summary"; write it under annotations'],
            id="an annotation in the wrong place",
        ),
        pytest.param(
            A + "    update_entries_limit: 3\n",
            ['r.yml:6:5 groups[0].rules[0].update_entries_limit: field "update_entries_limit" belongs to vmalert; remove it'],
            id="a field of another product",
        ),
        pytest.param(
            A + "    labels: {bad-label: x, __name__: y}\n",
            [
                "r.yml:6:14 groups[0].rules[0].labels.bad-label: invalid label name: bad-label; "
                "use letters, digits and _ only, no digit first",
                "r.yml:6:28 groups[0].rules[0].labels.__name__: invalid label name: __name__; "
                "use letters, digits and _ only, no digit first",
            ],
            id="bad label names",
        ),
        pytest.param(
            A + "    annotations: {1st: x, list: [y]}\n",
            [
                "r.yml:6:19 groups[0].rules[0].annotations.1st: invalid annotation name: 1st; "
                "use letters, digits and _ only, no digit first",
                "r.yml:6:33 groups[0].rules[0].annotations.list: must be a text, not a list",
            ],
            id="bad annotations",
        ),
        pytest.param(
            A + "    labels: [severity]\n",
            ["r.yml:6:13 groups[0].rules[0].labels: must be a mapping, not a list"],
            id="labels as a list",
        ),
        pytest.param(
            A + '    limit: "5"\n',
            ['r.yml:6:12 groups[0].rules[0].limit: must be a whole number, not "5"; write it without quotes'],
            id="a quoted number",
        ),
        pytest.param(
            A + "    enabled: no\n",
            ['r.yml:6:14 groups[0].rules[0].enabled: must be true or false, not "no"'],
            id="no is a text",
        ),
        pytest.param(
            A + "    on_no_data: alrt\n",
            ['r.yml:6:17 groups[0].rules[0].on_no_data: "alrt" is no choice here; did you mean "alert"? choices: alert, keep, ok'],
            id="an unknown policy",
        ),
        pytest.param(
            "  - alert: A\n    expr: [up]\n",
            ["r.yml:5:11 groups[0].rules[0].expr: must be a text, not a list"],
            id="an expression as a list",
        ),
        pytest.param(
            "  - just text\n",
            ["r.yml:4:5 groups[0].rules[0]: a rule must be a mapping with alert or record, and expr"],
            id="a rule that is no mapping",
        ),
        pytest.param(
            "  - alert: A\n    expr: |\n      # comment\n      sum(up) >\n        mulp(x)\n",
            ['r.yml:8:9 groups[0].rules[0].expr: unknown function "mulp"'],
            id="an unknown function, inside a block",
        ),
        pytest.param(
            "  - alert: A\n    expr: histogram_quantil(0.9, x)\n",
            ['r.yml:5:11 groups[0].rules[0].expr: unknown function "histogram_quantil"; did you mean "histogram_quantile"?'],
            id="a misspelt function",
        ),
        pytest.param(
            "  - record: r\n    expr: up\n    threshold: {above: 1}\n    on_error: keep\n",
            [
                "r.yml:7:5 groups[0].rules[0].on_error: field on_error belongs to alerts, not to a recording rule; remove it",
                "r.yml:6:5 groups[0].rules[0].threshold: field threshold belongs to alerts, not to a recording rule; remove it",
            ],
            id="fields of alerts in a recording rule",
        ),
        pytest.param(
            A + "    threshold: {abov: 5}\n",
            [
                'r.yml:6:17 groups[0].rules[0].threshold.abov: field abov not found in type threshold; did you mean "above"? '
                "known: above, below, clear_above, clear_below, inside, levels, outside"
            ],
            id="a misspelt key of a kind",
        ),
        pytest.param(
            A + "    threshold: {above: high}\n",
            ["r.yml:6:24 groups[0].rules[0].threshold.above: must be a number"],
            id="a word for a number",
        ),
        pytest.param(
            A.replace("up == 0", "up == 0 and on () vector(1)") + "    on_no_data: alert\n",
            [
                "r.yml:6:17 groups[0].rules[0].on_no_data: cannot tell no data from not breached here; "
                "give the limit as threshold:, or end the expression with a comparison with a number"
            ],
            id="no data in an expression that may be empty for other reasons",
        ),
        pytest.param(
            A + "    labels: {a: '{{ $labels.x | toUper }}'}\n",
            [
                'r.yml:6:33 groups[0].rules[0].labels.a: template: __alert_A:1: function "toUper" not defined; '
                'did you mean "toUpper"?'
            ],
            id="an unknown template function",
        ),
        pytest.param(
            A + "    annotations:\n      d: |\n        first\n        second {{ $nope }}\n",
            ['r.yml:9:19 groups[0].rules[0].annotations.d: template: __alert_A:2: undefined variable "$nope"'],
            id="a fault on the second line of a text",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_rule_is_told_with_its_place(rules: str, expected: list[str]) -> None:
    assert told(load(rules)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "- name: g\n", ["r.yml:1:1 a rule file must be a mapping with groups, not a list"], id="a list on top"
        ),
        pytest.param("foo: 1\n", ['r.yml:1:1 foo: unknown field "foo"; known: groups, parameters'], id="another key on top"),
        pytest.param("groups: {}\n", ["r.yml:1:9 groups: must be a list, not a mapping"], id="groups as a mapping"),
        pytest.param(
            "groups: [g]\n",
            ["r.yml:1:10 groups[0]: a group must be a mapping with name and rules"],
            id="a group that is no mapping",
        ),
        pytest.param(
            "groups:\n- name: g\n  limit: many\n  interval: 1\n",
            [
                'r.yml:3:10 groups[0].limit: must be a whole number, not "many"; write it without quotes',
                'r.yml:4:13 groups[0].interval: not a valid duration string: "1"; '
                "write a number and a unit, large units first, such as 30s, 5m or 1h30m",
            ],
            id="wrong types in a group",
        ),
        pytest.param(
            "groups:\n- name: g\n  labels: {a: '{{ $x }}'}\n  rules:\n"
            "  - {alert: A, expr: up == 0}\n  - {alert: B, expr: up == 0}\n",
            ['r.yml:3:19 groups[0].labels.a: template: __alert_A:1: undefined variable "$x"'],
            id="a label of the group is told once",
        ),
        pytest.param(
            "kind: PrometheusRule\nspec: {group: []}\n",
            ['r.yml:2:8 spec.group: unknown field "group"; did you mean "groups"? known: groups'],
            id="a misspelt key of a manifest",
        ),
        pytest.param("kind: PrometheusRule\n", ["r.yml:1:1 a PrometheusRule needs spec.groups"], id="an empty manifest"),
        pytest.param(
            "kind: ConfigMap\nmetadata: {name: x}\n",
            ['r.yml:1:1 warning: kind "ConfigMap" holds no rules and is skipped'],
            id="another kind of manifest",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told_with_its_place(text: str, expected: list[str]) -> None:
    assert told(load_rule_file(text, file="r.yml")) == expected


def test_a_rule_with_only_prometheus_keys() -> None:
    rule = the_alert(
        load(
            A + "    for: 5m\n    keep_firing_for: 1h30m\n"
            "    labels: {severity: page, level: '{{ $value }}'}\n    annotations: {summary: down}\n"
        )
    )
    assert (rule.name, rule.expr, rule.hold, rule.keep_firing_for) == (
        "A",
        "up == 0",
        timedelta(minutes=5),
        timedelta(minutes=90),
    )
    assert rule.label_texts == {"severity": "page", "level": "{{ $value }}"}
    assert rule.annotation_texts == {"summary": "down"}
    assert rule.identity == 'alert/A{level="{{ $value }}", severity="page"}'
    assert (rule.on_no_data, rule.on_error, rule.line, rule.kind.name) == (Policy.OK, Policy.KEEP, 4, "promql")


def test_scalars_are_their_source_texts_and_null_is_empty() -> None:
    rule = the_alert(load(A + "    labels: {a: null, b: 1.50, c: yes, d: 0x10}\n    annotations: {a: ~, b: 1e3}\n"))
    assert rule.label_texts == {"a": "", "b": "1.50", "c": "yes", "d": "0x10"}
    assert rule.annotation_texts == {"a": "", "b": "1e3"}
    assert "a" not in rule.static_labels


def test_a_threshold_keeps_the_limit_apart_from_the_expression() -> None:
    rule = the_alert(
        load(
            "  - alert: A\n    expr: sum(x)\n    unit: USD\n    on_no_data: alert\n    on_error: ok\n"
            "    threshold: {levels: [{above: 1, labels: {severity: 1}}, {above: 2, labels: {severity: page}}]}\n"
        )
    )
    assert isinstance(rule.kind, Threshold)
    assert [(level.above, level.labels) for level in rule.kind.levels] == [
        (1, {"severity": "1"}),
        (2, {"severity": "page"}),
    ]
    assert (rule.kind.query, rule.kind.unit, rule.unit) == ("sum(x)", "USD", "USD")
    assert (rule.on_no_data, rule.on_error) == (Policy.ALERT, Policy.OK)


def test_runbook_url_is_an_annotation_unless_one_is_given() -> None:
    assert the_alert(load(A + "    runbook_url: http://a\n")).annotation_texts == {"runbook_url": "http://a"}
    both = load(A + "    runbook_url: http://a\n    annotations: {runbook_url: http://b}\n")
    assert the_alert(both).annotation_texts == {"runbook_url": "http://b"}


def test_a_rule_that_is_switched_off_is_checked_and_left_out() -> None:
    off = load(A + "    enabled: false\n" + A.replace("A", "B"))
    assert [rule.name for rule in off.groups[0].rules] == ["B"]
    assert told(load(A + "    enabled: false\n    for: x\n")) != []


def test_labels_and_limit_of_the_group_hold_for_rules_that_say_nothing_else() -> None:
    file = load(
        A + "    labels: {team: b}\n    limit: 1\n  - record: r\n    expr: up\n",
        group="  labels: {team: a, site: x}\n  limit: 7.9\n",
    )
    alert, record = file.groups[0].rules
    assert isinstance(alert, AlertingRule)
    assert isinstance(record, RecordingRule)
    assert alert.label_texts == {"team": "b", "site": "x"}
    assert record.labels == {"team": "a", "site": "x"}
    assert (alert.limit, record.limit) == (1, 7)


def test_a_group_takes_over_the_defaults_it_does_not_set() -> None:
    evaluation = EvaluationSettings.model_validate({"interval": "15s", "query_offset": "10s"})
    text = "groups:\n- name: a\n- {name: b, interval: 0s, query_offset: 0s}\n- {name: c, interval: 5m, source: eu}\n"
    file = load_rule_file(text, file="r.yml", evaluation=evaluation, source="us")
    assert [(group.interval.seconds, group.query_offset.seconds, group.source) for group in file.groups] == [
        (15, 10, "us"),
        (15, 0, "us"),
        (300, 10, "eu"),
    ]


MANIFEST = """
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: NAME, namespace: ns}
spec: {groups: [{name: g, rules: [{alert: A, expr: 1}]}]}
"""


def test_every_manifest_of_a_file_is_read_and_names_its_groups() -> None:
    two = MANIFEST.replace("NAME", "one") + "---\n" + MANIFEST.replace("NAME", "two")
    file = load_rule_file(two, file="r.yml")
    assert told(file) == []
    assert [group.key for group in file.groups] == ["r.yml#ns/one;g", "r.yml#ns/two;g"]


def test_a_list_of_manifests_is_read() -> None:
    listed = "kind: List\nitems:\n- kind: PrometheusRule\n  spec: {groups: [{name: g}]}\n- {kind: Service}\n"
    file = load_rule_file(listed, file="r.yml")
    assert [group.key for group in file.groups] == ["r.yml;g"]
    assert told(file) == ['r.yml:5:3 items[1]: warning: kind "Service" holds no rules and is skipped']


def test_where_a_second_document_begins_is_known() -> None:
    assert load_rule_file("groups: []\n---\ngroups: [\n", file="r.yml").unread_at == (2, 1)
    assert load_rule_file("groups: []\n", file="r.yml").unread_at is None


def test_files_are_found_by_pattern_once_and_sorted(tmp_path: Path) -> None:
    (tmp_path / "rules" / "deep").mkdir(parents=True)
    for name in ("rules/b.yml", "rules/a.yml", "rules/deep/c.yml"):
        (tmp_path / name).write_text(f"groups: [{{name: '{name}'}}]\n")
    files = load_rule_files(["rules/*.yml", "rules/a.*", "rules/**/c.yml", "none/*.yml"], base=tmp_path)
    assert [file.name for file in files] == ["rules/a.yml", "rules/b.yml", "rules/deep/c.yml"]
    assert files[0].groups[0].key == "rules/a.yml;rules/a.yml"


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_bytes(b"groups: [\xff]")
    (tmp_path / "folder.yml").mkdir()
    bad, folder = load_rule_files(["*.yml"], base=tmp_path)
    assert told(bad) == [f"{tmp_path}/bad.yml:1:1 not UTF-8: invalid start byte at byte 9; save it as UTF-8"]
    assert told(folder) == [f"{tmp_path}/folder.yml:1:1 cannot be read: Is a directory; name a file in it"]


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        pytest.param("1_000", 1000, id="underscores"),
        pytest.param("0b11", 3, id="binary"),
        pytest.param("017", 15, id="octal, as Go reads it"),
        pytest.param("1.9e1", 19, id="a fraction is cut off"),
        pytest.param("-0.5", 0, id="towards zero"),
        pytest.param("-1", -1, id="negative: no limit"),
    ],
)
def test_a_limit_is_read_as_go_reads_it(written: str, limit: int) -> None:
    assert the_alert(load(A + f"    limit: {written}\n")).limit == limit


@pytest.mark.parametrize("written", ["99999999999999999999", "1e30", ".inf", "many", "true", "'1'"])
def test_a_limit_that_go_refuses_is_refused(written: str) -> None:
    assert [problem.message.split(",")[0] for problem in load(A + f"    limit: {written}\n").problems] == [
        "must be a whole number"
    ]


def test_an_empty_item_is_passed_over_with_a_warning() -> None:
    file = load_rule_file(f"groups:\n-\n- name: g\n  rules:\n  - ~\n{A}", file="r.yml")
    assert file.rules == 1
    assert told(file) == [
        "r.yml:2:2 groups[0]: warning: an empty item; remove it",
        "r.yml:5:5 groups[1].rules[0]: warning: an empty item; remove it",
    ]


def test_an_annotation_may_be_named_as_a_label_may_not() -> None:
    assert the_alert(load(A + "    annotations: {__name__: x}\n")).annotation_texts == {"__name__": "x"}


def test_fields_of_alerts_that_say_nothing_are_no_fault_in_a_recording_rule() -> None:
    file = load("  - record: r\n    expr: up\n    for: 0s\n    keep_firing_for: ~\n    annotations: {}\n")
    assert told(file) == []
    assert file.rules == 1
