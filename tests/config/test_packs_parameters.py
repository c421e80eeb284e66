"""Parameters of rule files: declared at the top, filled in below, and every mistake told where it stands."""

from datetime import timedelta

import pytest

from alertd.config.packs_parameters import Type, declared_parameters
from alertd.config.rule_files import RuleFile, load_rule_file
from alertd.rules.budget import Budget
from alertd.rules.rule import AlertingRule
from alertd.rules.threshold import Threshold
from alertd.yamlio import Documents, Entry, Table

RULES = """\
parameters:
  limit: {default: 100, unit: tokens/s, description: A warns above this}
  hold: {type: duration, default: 5m}
  by: {type: labels, default: 'team, model'}
  job: {type: regex, default: gateway-.*}
groups:
  - name: g
    rules:
      - alert: A
        expr: sum by (${by}) (rate(m{job=~"${job}"}[5m]))
        threshold: {above: '${limit}', clear_below: '${limit * 0.8}'}
        for: ${hold}
        annotations: {summary: 'over ${limit}, in {{ $labels.team }} ${1} $labels'}
"""


def values(**given: str) -> dict[str, Entry]:
    """What `set:` hands over; the texts stand on line 1 of "alertd.yml"."""
    text = "{" + ", ".join(f"{name}: '{value}'" for name, value in given.items()) + "}"
    root = Documents(text, file="alertd.yml").read()
    assert isinstance(root, Table)
    return root.entries


def the_rule(file: RuleFile) -> AlertingRule:
    assert [str(problem) for problem in file.problems] == []
    rule = file.groups[0].rules[0]
    assert isinstance(rule, AlertingRule)
    return rule


def limits(rule: AlertingRule) -> tuple[float | None, float | None]:
    assert isinstance(rule.kind, Threshold)
    return rule.kind.levels[0].above, rule.kind.levels[0].clear_below


def test_defaults_stand_where_nothing_is_set() -> None:
    rule = the_rule(load_rule_file(RULES, file="r.yml"))
    assert rule.expr == 'sum by (team, model) (rate(m{job=~"gateway-.*"}[5m]))'
    assert rule.hold == timedelta(minutes=5)
    assert limits(rule) == (100, 80)
    assert rule.annotation_texts["summary"] == "over 100, in {{ $labels.team }} ${1} $labels"


def test_values_take_the_place_of_defaults() -> None:
    given = values(limit="2e6", hold="10m", by="team", job="a|b")
    rule = the_rule(load_rule_file(RULES, file="r.yml", values=given))
    assert rule.expr == 'sum by (team) (rate(m{job=~"a|b"}[5m]))'
    assert rule.hold == timedelta(minutes=10)
    assert limits(rule) == (2e6, 1.6e6)


def test_names_of_labels_in_a_list_become_an_item_each() -> None:
    text = """\
parameters:
  by: {type: labels, default: 'team, model'}
groups: [{name: g, rules: [{alert: A, budget: {spend: cost, by: ['${by}'], limit: 5}}]}]
"""
    kind = the_rule(load_rule_file(text, file="r.yml")).kind
    assert isinstance(kind, Budget)
    assert kind.settings.by == ("team", "model")


def test_a_file_without_parameters_is_left_as_it_is() -> None:
    plain = "groups: [{name: g, rules: [{alert: A, expr: up == 0, labels: {a: '${x}'}}]}]\n"
    assert the_rule(load_rule_file(plain, file="r.yml")).label_texts == {"a": "${x}"}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        pytest.param(
            {"limt": "1"},
            'alertd.yml:1:2 limt: r.yml has no parameter "limt"; did you mean "limit"? parameters: by, hold, job, limit',
            id="an unknown name",
        ),
        pytest.param(
            {"limit": "many"}, "alertd.yml:1:9 limit: must be a number, such as 0.05 or 2e6", id="a number that is none"
        ),
        pytest.param(
            {"limit": "nan"}, "alertd.yml:1:9 limit: must be a number, such as 0.05 or 2e6", id="not a number"
        ),
        pytest.param({"hold": "0s"}, "alertd.yml:1:8 hold: must be longer than 0", id="no duration at all"),
        pytest.param(
            {"by": "team, 1st"},
            'alertd.yml:1:6 by: "1st" is no name of a label; write names by comma',
            id="a label that is none",
        ),
        pytest.param(
            {"job": "a("},
            "alertd.yml:1:7 job: error parsing regexp: missing closing ): `a(`",
            id="a regular expression that is none",
        ),
        pytest.param(
            {"job": 'a"} or up{job="b'},
            "alertd.yml:1:7 job: must not contain '\"'; write [.] for a dot that is only a dot",
            id="a value cannot leave its quotes",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_told_at_its_place(given: dict[str, str], problem: str) -> None:
    file = load_rule_file(RULES, file="r.yml", values=values(**given))
    assert [str(problem) for problem in file.problems] == [problem]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        pytest.param(
            "above: '${limit}'",
            "above: '${limti}'",
            'r.yml:11:29 groups[0].rules[0].threshold.above: there is no parameter "limti"; '
            'did you mean "limit"? parameters: by, hold, job, limit',
            id="a reference to none",
        ),
        pytest.param(
            "for: ${hold}",
            "for: ${hold * 2}",
            'r.yml:12:14 groups[0].rules[0].for: "${hold * 2}" is no share of a number; such as ${limit * 0.8}',
            id="a share of a duration",
        ),
        pytest.param(
            "default: 5m", "defalt: 5m", 'r.yml:3:26 parameters.hold.defalt: unknown field "defalt"', id="a key"
        ),
        pytest.param("default: 100, ", "", 'r.yml:2:10 parameters.limit: parameter "limit" needs a default', id="none"),
        pytest.param(
            "type: duration", "type: time", 'r.yml:3:16 parameters.hold.type: "time" is no choice', id="a type"
        ),
        pytest.param(
            "  limit: {", "  Limit: {", "r.yml:2:3 parameters.Limit: invalid parameter name: Limit", id="a name"
        ),
    ],
)
def test_what_is_wrong_in_the_file_itself(old: str, new: str, problem: str) -> None:
    file = load_rule_file(RULES.replace(old, new), file="r.yml")
    assert any(str(found).startswith(problem) for found in file.problems), [str(found) for found in file.problems]


def test_problems_behind_a_value_keep_their_place() -> None:
    """The value is longer than its reference; the column is that of the file."""
    text = RULES.replace("(rate(m{", "(rte(m{")
    file = load_rule_file(text, file="r.yml", values=values(by="a_very_long_name_of_a_label, and_another_one"))
    line = text.splitlines()[9]
    assert [(problem.line, problem.column) for problem in file.problems] == [(10, line.index("rte(") + 1)]


def test_what_a_file_declares_can_be_listed() -> None:
    root = Documents(RULES, file="r.yml").read()
    assert isinstance(root, Table)
    found = [(one.name, one.type, one.default.text, one.unit) for one in declared_parameters(root)]
    assert found == [
        ("limit", Type.NUMBER, "100", "tokens/s"),
        ("hold", Type.DURATION, "5m", ""),
        ("by", Type.LABELS, "team, model", ""),
        ("job", Type.REGEX, "gateway-.*", ""),
    ]
