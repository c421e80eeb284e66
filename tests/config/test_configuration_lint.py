import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.config.configuration_lint import Subject, unreachable_routes
from alertd.config.load import examine
from alertd.dispatch.route import Route, RouteSettings
from alertd.labels import LabelSet
from alertd.yamlio import Documents, Problem, Table

PLAIN = "receivers: [{name: a}]\n"
RULES = """\
groups:
- name: g
  rules:
  - {alert: GatewayDown, expr: 'up{job="gateway"} == 0', labels: {severity: critical}}
  - {alert: Errors, expr: 'sum by (team) (rate(errors_total[5m])) > 1', labels: {severity: warn, team: ai}}
  - {alert: Spend, expr: spend, threshold: {levels: [{above: 1, labels: {severity: odd}}, {above: 2, labels: {severity: page}}]}}
"""


@pytest.fixture
def found(tmp_path: Path):
    """What is found in a configuration, and in one with RULES beside it."""

    def found(text: str, *, rules: str = "") -> list[str]:
        path = tmp_path / "alertd.yml"
        if rules:
            text += "prometheus: {url: 'http://a'}\nrule_files: [rules.yml]\n"
            (tmp_path / "rules.yml").write_text(rules)
        path.write_text(text)
        return [_shown(problem) for problem in examine(path, environment={}).problems]

    return found


def _shown(problem: Problem) -> str:
    return f"{problem.line}:{problem.column} {problem.severity} {problem.code}: {problem.message}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("route: {receiver: a}\n" + PLAIN, [], id="nothing"),
        pytest.param(
            "route: {receiver: a}\nreceivers: [{name: a}, {name: b}]\n",
            ['2:31 warning AL101: no route uses the receiver "b"'],
            id="a receiver nobody uses",
        ),
        pytest.param(
            "route: {receiver: a}\nreceivers: [{name: a}, {name: b}]\nfallback_receiver: b\n",
            [],
            id="a receiver that no route names, but fallback_receiver does",
        ),
        pytest.param(
            "route: {receiver: a, routes: [{receiver: b}]}\nreceivers: [{name: a}, {name: b}]\n", [], id="used in a route inside"
        ),
        pytest.param(
            "alertmanagers: [{static_configs: [{targets: ['a:1']}]}]\n" + PLAIN, [], id="without routes nothing is used by them"
        ),
        pytest.param(
            "route: {receiver: a, routes: [{active_time_intervals: [t]}]}\n"
            + PLAIN
            + "time_intervals: [{name: t}, {name: u}]\nmute_time_intervals: [{name: v}]\n",
            ['3:36 warning AL102: no route uses the time interval "u"', '4:30 warning AL102: no route uses the time interval "v"'],
            id="intervals nobody uses",
        ),
        pytest.param(
            "route: {receiver: a}\nreceivers:\n- name: a\n# kept for holidays  # alertd: ignore AL101\n- name: b\n",
            [],
            id="a comment right above silences it",
        ),
        pytest.param(
            "route: {receiver: a}\nreceivers:\n- name: a\n- name: b  # alertd: ignore unused-receiver\n",
            [],
            id="so does one on the line, by name",
        ),
    ],
)  # fmt: skip
def test_what_nobody_uses(found, text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        pytest.param(["{matchers: [a=b]}", "{matchers: [a=c]}"], [], id="they match different things"),
        pytest.param(["{}", "{matchers: [a=b]}"], ["6:5 taken at 5"], id="after one that takes all"),
        pytest.param(["{continue: true}", "{matchers: [a=b]}"], [], id="unless that one continues"),
        pytest.param(["{matchers: [a=b]}", "{matchers: [a=b, c=d]}"], ["6:5 taken at 5"], id="after one that asks for less"),
        pytest.param(["{matchers: [a=b, c=d]}", "{matchers: [a=b]}"], [], id="after one that asks for more"),
        pytest.param(["{matchers: ['a=~\"b|c\"']}", "{matchers: [a=c]}"], ["6:5 taken at 5"], id="after one of whose values it is one"),
        pytest.param(["{matchers: ['a=~\"b.*\"']}", "{match_re: {a: 'bc|bd'}}"], ["6:5 taken at 5"], id="all its values match"),
        pytest.param(["{matchers: ['a=~\"b.*\"']}", "{match_re: {a: 'bc|d'}}"], [], id="one of its values does not match"),
        pytest.param(["{matchers: [a!=b]}", "{matchers: [a=c]}"], ["6:5 taken at 5"], id="after one that excludes another value"),
        pytest.param(["{matchers: [a!=b]}", "{matchers: [c=d]}"], [], id="another label"),
        pytest.param(["{matchers: ['a=\"\"']}", "{matchers: [c=d]}"], [], id="a label that is absent"),
        pytest.param(["{matchers: [a=b]}", "{match: {a: b}}"], ["6:5 taken at 5"], id="the same in the older form"),
        pytest.param(
            ["{matchers: [a=b], routes: [{matchers: [a=c]}]}"], ["5:32 a=\"c\" contradicts"], id="it contradicts the route it is in",
        ),
        pytest.param(["{matchers: [a=b, a=c]}"], ["5:5 a=\"b\" contradicts"], id="it contradicts itself"),
        pytest.param(
            ["{matchers: [a=b], routes: [{matchers: [c=d]}, {matchers: [a=b, c=d]}]}"], ["5:51 taken at 5"], id="inside another route",
        ),
        pytest.param(
            ["{}", "{matchers: [a=b], routes: [{matchers: [a=c]}]}"], ["6:5 taken at 5"], id="what is in it is not told again",
        ),
    ],
)  # fmt: skip
def test_routes_no_alert_comes_to(found, routes: list[str], expected: list[str]) -> None:
    text = f"{PLAIN}route:\n  receiver: a\n  routes:\n" + "".join(f"  - {route}\n" for route in routes)
    assert [_reach(line) for line in found(text)] == expected


def _reach(line: str) -> str:
    place, _, reason = line.partition(" warning AL103: no alert comes to this route: ")
    words = reason.split()
    return f"{place} taken at {words[4]}" if words[0] == "the" else f"{place} {words[0]} {words[1]}"


MATCHERS = st.sampled_from(["a=x", "a=y", "a!=x", "a=~x|y", "a!~x|y", "a=~x.*", "b=x", 'b=""', "b=~.*"])
NODES = st.fixed_dictionaries({"matchers": st.lists(MATCHERS, max_size=2), "continue": st.booleans()})
ROUTES = st.lists(
    st.builds(lambda node, inner: {**node, "routes": inner}, NODES, st.lists(NODES, max_size=2)), max_size=3
)


@given(ROUTES)
def test_no_alert_comes_to_a_route_that_is_told(routes: list[dict[str, Any]]) -> None:
    root = Documents(json.dumps({"route": {"receiver": "r", "routes": routes}}), file="a.yml").read()
    assert isinstance(root, Table)
    told = [problem.path for problem in unreachable_routes(Subject(root))]
    settings = RouteSettings.model_validate({"receiver": "r", "routes": _named(routes, "route")})
    values = ["", "x", "y", "xy", "z"]
    reached = {
        route.receiver
        for a, b in itertools.product(values, values)
        for route in Route.from_settings(settings).match(LabelSet({"a": a, "b": b}))
    }
    assert not [path for path in told if any(receiver.startswith(path) for receiver in reached)]


def _named(routes: list[dict[str, Any]], path: str) -> list[dict[str, Any]]:
    """The same routes, the receiver of each named after its path."""
    return [
        {**route, "receiver": f"{path}.routes[{n}]", "routes": _named(route.get("routes", []), f"{path}.routes[{n}]")}
        for n, route in enumerate(routes)
    ]


def test_a_label_that_is_always_empty_on_one_side_of_an_inhibition(found) -> None:
    text = (
        "route: {receiver: a}\n" + PLAIN + "inhibit_rules:\n"
        "- {source_matchers: [alertname=GatewayDown], target_matchers: [severity=warn], equal: [instance, team]}\n"
        "- {source_matchers: [severity=critical], target_matchers: ['severity=~\"warn|odd\"'], equal: [instance]}\n"
        "- {source_matchers: [severity=other], target_matchers: [severity=warn], equal: [instance]}\n"
        "- {target_matchers: [severity=warn], equal: [instance]}  # alertd: ignore AL104\n"
    )
    assert found(text, rules=RULES) == [
        f'{place} warning AL104: no rule makes alerts that match the target matchers and have the label "instance": '
        "it is always empty there"
        for place in ("4:88", "6:81")
    ]
    assert found(text) == []


def test_severities_that_are_not_those_of_pagerduty(found) -> None:
    text = (
        "route: {receiver: a}\nreceivers:\n- name: a\n  pagerduty_configs:\n"
        "  - {routing_key: k, severity: page}\n"
        "  - {routing_key: k, severity: error}\n"
        "  - {routing_key: k}\n"
        "  - {routing_key: k, severity: '{{ .CommonLabels.severity }}'}\n"
        "  - {routing_key: k, severity: '{{ .CommonLabels.priority }}'}\n"
    )
    assert found(text, rules=RULES) == [
        "5:32 note AL105: of PagerDuty's four severities, page is sent as critical",
        "8:32 warning AL105: PagerDuty has no severity odd; default_severity is sent instead",
        "8:32 note AL105: of PagerDuty's four severities, page is sent as critical, warn is sent as warning",
    ]


def test_findings_are_not_told_beside_errors(found) -> None:
    assert found("route: {receiver: c}\nreceivers: [{name: b}]\n") == [
        '1:19 error : undefined receiver "c" used in route'
    ]
