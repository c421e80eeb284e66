"""Notifications: the template set, its cache and its faults, route labels, pages that cannot be made safe."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alertd.template import ExecError, ParseError
from alertd.template.alertmanager import Alert, Data, TemplateSet, build_data
from alertd.template.gojson import to_json
from alertd.template.gotime import ZERO_TIME, parse_rfc3339

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def alert(name: str, *, ends: str = "", severity: str = "page") -> Alert:
    return Alert.build(
        labels={"alertname": name, "severity": severity},
        annotations={"summary": f"{name} <1%"},
        starts_at=parse_rfc3339("2026-01-15T10:20:30.123Z"),
        ends_at=parse_rfc3339(ends) if ends else ZERO_TIME,
        generator_url="http://prom/g?a=1&b=2",
        fingerprint="00000000000000aa",
        now=NOW,
    )


def data(*alerts: Alert, route_labels: dict[str, str] | None = None) -> Data:
    return build_data(
        receiver="web.hook (x)",
        alerts=alerts,
        group_labels={"alertname": "Disk full"},
        external_url="http://am",
        route_labels=route_labels,
    )


FIRING = data(alert("Disk full"), alert("Disk full", severity="info"))
SET = TemplateSet()


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        pytest.param('{{ template "__subject" . }}', "[FIRING:2] Disk full ", id="subject"),
        pytest.param("{{ .Receiver }}", r"web\.hook \(x\)", id="the receiver is quoted for regular expressions"),
        pytest.param(
            "{{ .CommonLabels }}|{{ .CommonAnnotations.summary }}",
            "alertname=Disk full|Disk full <1%",
            id="what all alerts share",
        ),
        pytest.param("", "", id="an empty text"),
        pytest.param("plain }} text", "plain }} text", id="a text without actions"),
        pytest.param(
            '{{ define "__subject" }}mine{{ end }}{{ template "slack.default.title" . }}',
            "mine",
            id="an inline definition overrides for its own text",
        ),
        pytest.param("{{ (index .Alerts 0).StartsAt.Format `15:04` }}", "10:20", id="methods of times"),
        pytest.param("{{ since (index .Alerts 0).StartsAt }}", "1h39m29.877s", id="now is handed in"),
    ],
)
def test_text(template: str, wanted: str) -> None:
    assert SET.text(template, FIRING, now=NOW) == wanted


def test_an_inline_definition_is_forgotten_after_its_text() -> None:
    SET.text('{{ define "__subject" }}mine{{ end }}{{ template "__subject" . }}', FIRING, now=NOW)
    assert SET.text('{{ template "__subject" . }}', FIRING, now=NOW) == "[FIRING:2] Disk full "


def test_user_files_override_defaults_and_later_ones_earlier_ones() -> None:
    files = [
        ("a.tmpl", '{{ define "x" }}a{{ end }}{{ define "__subject" }}S{{ end }}'),
        ("b.tmpl", '{{ define "x" }}b{{ end }}'),
    ]
    templates = TemplateSet(files)
    assert templates.text('{{ template "x" . }} {{ template "slack.default.title" . }}', FIRING, now=NOW) == "b S"
    assert "x" in templates.names


def test_a_broken_user_file_names_itself() -> None:
    with pytest.raises(ParseError, match=r'^template: mine\.tmpl:2: function "nope" not defined$'):
        TemplateSet([("mine.tmpl", '{{ define "x" }}\n{{ nope }}{{ end }}')])


def test_an_alert_is_resolved_once_its_end_has_passed() -> None:
    mixed = data(alert("A"), alert("B", ends="2026-01-15T11:00:00Z"), alert("C", ends="2026-01-15T13:00:00Z"))
    assert SET.text("{{ .Status }} {{ len .Alerts.Firing }} {{ len .Alerts.Resolved }}", mixed, now=NOW) == "firing 2 1"
    only_resolved = data(alert("B", ends="2026-01-15T11:00:00Z"))
    assert SET.text("{{ .Status }}", only_resolved, now=NOW) == "resolved"
    assert '"endsAt":"0001-01-01T00:00:00Z"' in to_json(FIRING)


def test_route_labels_are_templates_that_may_use_each_other() -> None:
    routed = data(
        alert("A"),
        route_labels={
            "team": "{{ .Status | toUpper }}",
            "page": '<{{ routeLabels "team" }}>',
            "a": '{{ routeLabels "b" }}',
            "b": '{{ routeLabels "a" }}',
        },
    )
    assert SET.text('{{ routeLabels "page" }}{{ routeLabels "none" }}', routed, now=NOW) == "<FIRING>"
    with pytest.raises(ExecError, match="route label cycle detected: a -> b -> a"):
        SET.text('{{ routeLabels "a" }}', routed, now=NOW)


def test_many_inline_texts_do_not_pile_up() -> None:
    templates = TemplateSet()
    for number in range(2000):
        assert templates.text(f"{{{{ .Status }}}} {number}", FIRING, now=NOW) == f"firing {number}"
    assert len(templates._texts._known) <= 512


@pytest.mark.parametrize(
    ("template", "begins"),
    [
        pytest.param("{{ urlquery . }}", "%7Bweb", id="urlquery"),
        pytest.param("{{ printf `%#v` . }}", "&template.Data{Receiver:", id="as Go source"),
    ],
)
def test_the_data_are_a_pointer_that_is_seen_through(template: str, begins: str) -> None:
    assert SET.text(template, FIRING, now=NOW).startswith(begins)


# -- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        pytest.param("<b>{{ .CommonAnnotations.summary }}</b>", "<b>Disk full &lt;1%</b>", id="text"),
        pytest.param(
            '<a href="{{ "javascript:alert(1)" }}">', '<a href="#ZgotmplZ">', id="a URL that would run a script"
        ),
        pytest.param('<a href="/x?q={{ "a b&c" }}">', '<a href="/x?q=a%20b%26c">', id="a query"),
        pytest.param("<a onclick='f({{ \"it's\" }})'>", "<a onclick='f(&#34;it&#39;s&#34;)'>", id="an event handler"),
        pytest.param("<!-- {{ .Status }} -->x", "x", id="comments are dropped"),
        pytest.param("a < b {{ .Status }}", "a &lt; b firing", id="a stray < in the template itself"),
        pytest.param('<p title={{ "" }}>', "<p title=ZgotmplZ>", id="an empty unquoted value"),
        pytest.param(
            "<a href={{ html `/x?a=b c` }}>",
            "<a href=/x?a&#61;b%20c>",
            id="html is not enough for an unquoted address either",
        ),
        pytest.param(
            '{{ safeHtml "<i>x</i>" }}<p title="{{ safeHtml "<i>x</i>" }}">',
            '<i>x</i><p title="x">',
            id="trusted HTML loses its tags in an attribute",
        ),
    ],
)
def test_page(template: str, wanted: str) -> None:
    assert SET.html(template, FIRING, now=NOW) == wanted


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("{{ if true }}<b{{ end }}>", id="branches that end in different places"),
        pytest.param("<a href='{{ .Status }}", id="an attribute that is never closed"),
        pytest.param("<p title={{ .Status | html }}>", id="html is not enough for an unquoted value"),
        pytest.param("{{ .Status | html | print }}", id="an escaper that does not come last"),
        pytest.param("<a href='{{ if .Status }}/x?{{ end }}{{ .Status }}'>", id="a URL that could be in two parts"),
        pytest.param("<script>var a = 1 {{ if true }}/{{ end }}", id="a slash that could be a regexp"),
        pytest.param('{{ template "nope" . }}', id="a template that does not exist"),
    ],
)
def test_a_page_that_cannot_be_made_safe_is_refused(template: str) -> None:
    with pytest.raises(ExecError, match=r"^html/template"):
        SET.html(template, FIRING, now=NOW)
