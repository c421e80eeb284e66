from pathlib import Path

import pytest

from alertd.config.load import Examined, examine

SLACK = "route: {receiver: a}\nreceivers:\n- name: a\n  slack_configs:\n  - api_url: http://x/canary\n"


def examined(folder: Path, text: str, **templates: str) -> Examined:
    for name, template in templates.items():
        (folder / f"{name}.tmpl").write_text(template)
    (folder / "alertd.yml").write_text(text + "templates: ['*.tmpl']\n")
    return examine(folder / "alertd.yml", environment={})


def told(folder: Path, text: str, **templates: str) -> list[str]:
    problems = examined(folder, text, **templates).problems
    return [str(problem).replace(f"{folder}/alertd.yml:", "") for problem in problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("    text: '{{ .Status | toUpper }}'\n", [], id="all is well"),
        pytest.param("    text: '{{ range .Alerts }}{{ .Annotations.nothing }}{{ end }}'\n", [], id="an absent annotation is empty"),
        pytest.param(
            "    text: '{{ .Nope }}'\n",
            ["6:15 receivers[0].slack_configs[0].text: template fails for a firing group: template: :1:3: executing \"\" at <.Nope>: "
             "can't evaluate field Nope in type *template.Data [AL106]"],
            id="an unknown field",
        ),
        pytest.param(
            "    text: '{{ .Status '\n",
            ["6:12 receivers[0].slack_configs[0].text: template does not parse: template: :1: unclosed action [AL106]"],
            id="it does not parse",
        ),
        pytest.param(
            "    fields: [{title: t, value: '{{ .Nope }}'}]\n",
            ["6:36 receivers[0].slack_configs[0].fields[0].value: template fails for a firing group: template: :1:3: executing \"\" at "
             "<.Nope>: can't evaluate field Nope in type *template.Data [AL106]"],
            id="deep inside",
        ),
        pytest.param(
            "    send_resolved: true\n    text: '{{ (index .Alerts.Firing 0).Status }}'\n",
            ["7:16 receivers[0].slack_configs[0].text: template fails for a resolved group: template: :1:4: executing \"\" at "
             "<index .Alerts.Firing 0>: error calling index: index out of range: 0 [AL106]"],
            id="only when all have ended",
        ),
        pytest.param("    text: '{{ (index .Alerts.Firing 0).Status }}'\n", [], id="where nobody is told of that"),
        pytest.param("    # alertd: ignore template-fails\n    text: '{{ .Nope }}'\n", [], id="a comment silences it"),
    ],
)  # fmt: skip
def test_every_template_is_rendered(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert told(tmp_path, SLACK + text) == expected


def test_a_default_that_a_file_broke_is_found(tmp_path: Path) -> None:
    assert told(tmp_path, SLACK, a='{{ define "slack.default.title" }}\n{{ .Nope }}{{ end }}') == [
        "5:5 receivers[0].slack_configs[0].title: template fails for a firing group: template: a.tmpl:2:3: executing "
        '"slack.default.title" at <.Nope>: can\'t evaluate field Nope in type *template.Data [AL106]'
    ]


def test_the_page_of_a_mail_is_escaped_by_context(tmp_path: Path) -> None:
    text = (
        "global: {smtp_smarthost: 'h:25', smtp_from: a@b}\nroute: {receiver: a}\nreceivers:\n- name: a\n"
        "  email_configs: [{to: c@d, html: '<a href=\"{{ .ExternalURL }}\">{{ .Status }}'},\n"
        "                  {to: c@d, html: '<a title=\"{{ .Status }}>'}]\n"
    )
    (problem,) = told(tmp_path, text)
    assert problem.startswith("6:36 receivers[0].email_configs[1].html: template fails for a firing group: ")


def test_a_secret_is_not_shown(tmp_path: Path) -> None:
    text = "route: {receiver: a}\nreceivers:\n- name: a\n  webhook_configs: [{url: 'http://x/{{ .canary }}'}]\n"
    assert told(tmp_path, text) == ["4:27 receivers[0].webhook_configs[0].url: the template in it fails [AL106]"]


def test_the_texts_of_a_webhook_payload_are_templates(tmp_path: Path) -> None:
    payload = "{n: 1, list: [a, '{{ .Nope }}'], deep: {'{{ .Status }}': '{{ toJson .Alerts }}'}}"
    text = f"route: {{receiver: a}}\nreceivers:\n- name: a\n  webhook_configs:\n  - url: http://x/\n    payload: {payload}\n"
    assert [problem.split(": ")[0] for problem in told(tmp_path, text)] == [
        "6:35 receivers[0].webhook_configs[0].payload.list[1]"
    ]


def test_what_is_no_template_is_left_alone(tmp_path: Path) -> None:
    text = SLACK + "    http_config: {basic_auth: {username: '{{ .Nope }}'}}\n"
    assert told(tmp_path, text) == []


def test_a_failing_template_keeps_nothing_from_starting(tmp_path: Path) -> None:
    found = examined(tmp_path, SLACK + "    text: '{{ .Nope }}'\n")
    assert [problem.severity for problem in found.problems] == ["error"]
    assert found.config is not None
    assert [(problem.severity, problem.code) for problem in found.config.warnings] == [("warning", "AL106")]
