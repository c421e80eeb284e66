"""Annotations and labels of rules: values, queries, errors as Prometheus words them, and what linters ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from alertd.template import ExecError, NeedsQuery, ParseError
from alertd.template.prometheus import (
    QueryFailed,
    RuleData,
    Sample,
    compile_rule_template,
    expand,
    functions_used,
    labels_used,
)

DATA = RuleData(
    labels={"job": "node", "a": "1"},
    value=6.0,
    external_labels={"cluster": "eu1"},
    external_url="http://prom/x",
    queries={"q": [Sample({"a": "b"}, 1.5)]},
    at=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
)


def rendered(text: str, data: RuleData = DATA) -> str:
    return expand(compile_rule_template(text, alert="A"), data)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("{{ $labels.job }} is {{ $value | humanize }}", "node is 6", id="labels and value"),
        pytest.param("{{ $labels.nope }}|", "|", id="a missing label is empty, never <no value>"),
        pytest.param(
            "{{ $externalLabels.cluster }} {{ externalURL }} {{ pathPrefix }}",
            "eu1 http://prom/x /x",
            id="external labels and URL",
        ),
        pytest.param('{{ define "t" }}<{{ . }}>{{ end }}{{ template "t" $value }}', "<6>", id="inline define"),
        pytest.param("{{ now | toTime }}", "2023-11-14 22:13:20 +0000 UTC", id="now is the evaluation time"),
        pytest.param("{{ range $k, $v := .Labels }}{{ $k }}={{ $v }};{{ end }}", "a=1;job=node;", id="sorted range"),
        pytest.param("{{ .Labels.a }} {{- /* trimmed */ -}}   !", "1!", id="trimming comment"),
        pytest.param('{{ $x := "é" }}{{ len $x }}', "2", id="len counts bytes"),
        pytest.param("{{ humanizeDuration -0.0 }}", "-0s", id="minus zero keeps its sign"),
        pytest.param(
            '{{ title "__name__:up g0.expr x,y a::b a:b_.c" }}',
            "__Name__:up G0.expr X,Y A::B A:b_.c",
            id="one mark inside a word is no new word",
        ),
        pytest.param(
            '{{ query "q" | first | urlquery }}', "%7Bmap%5Ba%3Ab%5D+1.5%7D", id="urlquery sees through a pointer"
        ),
        pytest.param("{{ $value := 3 }}{{ $value }}", "3", id="own variable of the same name"),
    ],
)
def test_text(text: str, wanted: str) -> None:
    assert rendered(text) == wanted


_TEMPLATE = "<error expanding template: error executing template __alert_A: template: __alert_A:"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param(
            "{{ .Foo }}",
            '1:115: executing "__alert_A" at <.Foo>: can\'t evaluate field Foo in type struct { '
            "Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value float64 }>",
            id="unknown field of the root",
        ),
        pytest.param(
            '{{ humanize "abc" }}',
            '1:115: executing "__alert_A" at <humanize "abc">: error calling humanize: '
            'strconv.ParseFloat: parsing "abc": invalid syntax>',
            id="failing function",
        ),
        pytest.param(
            "{{ if eq $value 6 }}six{{ end }}",
            '1:118: executing "__alert_A" at <eq $value 6>: error calling eq: incompatible types for comparison>',
            id="an int never equals a float",
        ),
        pytest.param(
            "{{\n.Foo }}",
            '2:0: executing "__alert_A" at <.Foo>: can\'t evaluate field Foo in type struct { '
            "Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value float64 }>",
            id="the second line counts from its start",
        ),
    ],
)
def test_an_error_becomes_the_text_prometheus_shows(text: str, wanted: str) -> None:
    assert rendered(text) == _TEMPLATE + wanted


@pytest.mark.parametrize(
    ("text", "wanted", "fix"),
    [
        pytest.param("{{ $labels.foo ", "unclosed action", "", id="unclosed action"),
        pytest.param("{{ $nope }}", 'undefined variable "$nope"', "", id="undefined variable"),
        pytest.param("{{ end }}", "unexpected {{end}}", "", id="stray end"),
        pytest.param("{{ /* spaced */ }}", 'unexpected "/" in command', "", id="comment with a space before it"),
        pytest.param(
            '{{ tmpl "x" . }}', 'function "tmpl" not defined', 'did you mean "html"?', id="tmpl is for consoles"
        ),
        pytest.param(
            "{{ mulScalar $value 100 }}",
            'function "mulScalar" not defined',
            'did you mean "humanizePercentage"?',
            id="a function of the cookbooks that never existed",
        ),
        pytest.param(
            "{{ toupper $labels.job }}",
            'function "toupper" not defined',
            'did you mean "toUpper"?',
            id="a misspelt function",
        ),
        pytest.param("{{ if $value }}x", "unexpected EOF", "", id="missing end"),
    ],
)
def test_a_text_that_cannot_be_parsed_says_why(text: str, wanted: str, fix: str) -> None:
    with pytest.raises(ParseError) as caught:
        compile_rule_template(text, alert="B")
    assert str(caught.value) == f"template: __alert_B:1: {wanted}"
    assert (caught.value.template, caught.value.line, caught.value.message) == ("__alert_B", 1, wanted)
    assert caught.value.fix == fix


# -- queries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{{ query "up" }}',
        '{{ range query "up" | sortByLabel "job" }}x{{ end }}',
        '{{ define "t" }}{{ with query "up" }}{{ . | first | value }}{{ end }}{{ end }}{{ template "t" . }}',
        '{{ if and true (query "up") }}x{{ end }}',
    ],
)
def test_a_query_whose_result_is_missing_asks_for_it_from_wherever_it_stands(text: str) -> None:
    with pytest.raises(NeedsQuery) as caught:
        rendered(text)
    assert caught.value.expr == "up"
    assert not isinstance(caught.value, ExecError)


def test_a_query_renders_once_its_result_is_handed_in() -> None:
    data = replace(DATA, queries={"up": [Sample({"instance": "b"}, 1.0), Sample({"instance": "a"}, 0.5)]})
    text = '{{ range query "up" | sortByLabel "instance" }}{{ .Labels.instance }}={{ .Value }} {{ end }}'
    assert rendered(text, data) == "a=0.5 b=1 "


def test_sorting_a_result_leaves_the_caller_s_list_alone() -> None:
    samples = [Sample({"l": "b"}, 1.0), Sample({"l": "a"}, 2.0)]
    rendered('{{ query "up" | sortByLabel "l" | len }}', replace(DATA, queries={"up": samples}))
    assert [sample.labels["l"] for sample in samples] == ["b", "a"]


def test_a_query_that_failed_is_an_error_of_the_template() -> None:
    data = replace(DATA, queries={"up": QueryFailed("connection refused")})
    assert '<query "up">: error calling query: connection refused>' in rendered('{{ query "up" | len }}', data)


# -- constants, evidence, linters -------------------------------------------------------------------------------------


def test_a_text_without_actions_is_constant_and_needs_no_data() -> None:
    template = compile_rule_template("down, 100 % { of } }}", alert="A")
    assert template.is_constant
    assert template.render(DATA) == "down, 100 % { of } }}"


def test_evidence_is_offered_where_the_text_mentions_it() -> None:
    data = replace(DATA, alert={"Threshold": 0.9, "Unit": "USD"})
    assert rendered("{{ $alert.Threshold }} {{ $alert.Unit }}|{{ $alert.Expected }}|", data) == "0.9 USD||"
    assert rendered("{{ with $alert.Expected }}x{{ else }}none{{ end }}") == "none"


def test_a_time_of_the_evidence_is_a_time_in_its_own_zone() -> None:
    data = replace(DATA, alert={"PeriodEnd": datetime(2026, 4, 1, tzinfo=ZoneInfo("Europe/Berlin"))})
    assert rendered('{{ $alert.PeriodEnd.Format "Jan 2, 15:04 -0700" }}', data) == "Apr 1, 00:00 +0200"


def test_columns_of_errors_are_those_of_prometheus_unless_evidence_is_used() -> None:
    assert "__alert_A:1:115: " in rendered("{{ .Foo }}")


def test_a_linter_sees_the_labels_a_text_uses() -> None:
    text = (
        '{{ $labels.x }} {{ index $labels "y-z" }} {{ .Labels.z }} {{ $.Labels.w | title }} {{ (index .Labels "v") }}'
    )
    assert labels_used(text) == {"x", "y-z", "z", "w", "v"}
    assert functions_used(text) == {"index", "title"}
    assert labels_used("{{ broken") == set()


def test_a_template_renders_the_same_again_and_again() -> None:
    template = compile_rule_template(
        "{{ $n := 1 }}{{ range $labels }}{{ $n = print $n . }}{{ end }}{{ $n }}", alert="A"
    )
    assert {template.render(DATA) for _ in range(3)} == {"11node"}
