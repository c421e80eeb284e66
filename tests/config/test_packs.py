"""`packs:` of alertd.yml: shipped rules, adjusted without copying them."""

from pathlib import Path

import pytest

from alertd.config.load import Examined, digest, examine
from alertd.config.packs import pack_path
from alertd.rules.rule import AlertingRule, Rule
from alertd.rules.threshold import Threshold

REST = "prometheus: {url: 'http://localhost:9090'}\nroute: {receiver: ops}\nreceivers: [{name: ops}]\n"


def examined(folder: Path, packs: str, **environment: str) -> Examined:
    path = folder / "alertd.yml"
    path.write_text(f"packs: {packs}\n{REST}")
    return examine(path, environment=environment)


def problems(folder: Path, packs: str) -> list[str]:
    return [str(one).removeprefix(f"{folder}/") for one in examined(folder, packs).problems]


def rules(found: Examined) -> dict[str, Rule]:
    assert found.config is not None, found.problems
    return {rule.name: rule for group in found.config.groups for rule in group.rules}


def test_a_pack_brings_its_rules(tmp_path: Path) -> None:
    found = examined(tmp_path, "[{name: agentgateway}]")
    assert {"HighLLMTokenUsage", "AgentGatewayDown", "DailyTokenBudgetExceeded"} <= set(rules(found))
    assert found.config is not None
    assert found.config.groups[0].key == "packs/agentgateway.yml;agentgateway-llm"


def test_its_parameters_are_set(tmp_path: Path) -> None:
    rule = rules(examined(tmp_path, "[{name: agentgateway, set: {high_token_rate: 200000}}]"))["HighLLMTokenUsage"]
    assert isinstance(rule, AlertingRule)
    assert isinstance(rule.kind, Threshold)
    assert (rule.kind.levels[0].above, rule.kind.levels[0].clear_below) == (200000, 160000)


def test_alerts_are_left_out(tmp_path: Path) -> None:
    every = set(rules(examined(tmp_path, "[{name: agentgateway}]")))
    fewer = set(rules(examined(tmp_path, "[{name: agentgateway, without: [NoMCPRequests, HighXDSBandwidth]}]")))
    assert every - fewer == {"NoMCPRequests", "HighXDSBandwidth"}


def test_another_prometheus_answers_it(tmp_path: Path) -> None:
    path = tmp_path / "alertd.yml"
    sources = "prometheus: [{name: a, url: 'http://a:9090'}, {name: b, url: 'http://b:9090'}]\n"
    path.write_text(sources + "packs: [{name: agentgateway, source: b}, {name: alertd}]\n" + REST.partition("\n")[2])
    config = examine(path, environment={}).config
    assert config is not None
    assert {(group.file, group.source) for group in config.groups} == {
        ("packs/agentgateway.yml", "b"),
        ("packs/alertd.yml", "a"),
    }


def test_it_is_left_out_where_its_environment_is_missing(tmp_path: Path) -> None:
    packs = "[{name: agentgateway, when: ['${MONITORING:-true}', '${ALERTING:-true}']}]"
    assert rules(examined(tmp_path, packs))
    assert not rules(examined(tmp_path, packs, ALERTING="false"))


def test_its_file_belongs_to_what_was_read(tmp_path: Path) -> None:
    found = examined(tmp_path, "[{name: agentgateway}]").config
    assert found is not None
    assert pack_path("agentgateway") in found.files
    assert digest(tmp_path / "alertd.yml", environment={}) == found.digest


@pytest.mark.parametrize(
    ("packs", "problem"),
    [
        pytest.param(
            "[{name: agentgatway}]",
            'alertd.yml:1:16 packs[0].name: there is no pack "agentgatway"; did you mean "agentgateway"?',
            id="a pack that is none",
        ),
        pytest.param(
            "[{name: alertd}, {name: alertd}]",
            'alertd.yml:1:32 packs[1].name: pack "alertd" is used twice, first at line 1; make them one entry',
            id="twice",
        ),
        pytest.param(
            "[{name: alertd, set: {wating: 5}}]",
            'alertd.yml:1:30 packs[0].set.wating: packs/alertd.yml has no parameter "wating"; did you mean "waiting"?',
            id="a parameter it does not have",
        ),
        pytest.param(
            "[{name: alertd, set: {waiting: soon}}]",
            "alertd.yml:1:39 packs[0].set.waiting: must be a number, such as 0.05 or 2e6",
            id="a value that does not fit",
        ),
        pytest.param(
            "[{name: agentgateway, set: {timezone: Mars/Olympus}}]",
            'alertd.yml:1:46 packs[0].set.timezone: there is no time zone "Mars/Olympus"; give an IANA name, such as',
            id="a time zone that is none, told where it is set and not in the pack",
        ),
        pytest.param(
            "[{name: alertd, set: {waiting: [5]}}]",
            "alertd.yml:1:39 packs[0].set.waiting: must be a text",
            id="a list",
        ),
        pytest.param(
            "[{name: alertd, without: [AlertdReload]}]",
            'alertd.yml:1:34 packs[0].without[0]: pack "alertd" has no alert "AlertdReload"; '
            'did you mean "AlertdReloadFailed"?',
            id="an alert it does not have",
        ),
        pytest.param(
            "[{name: alertd, source: other}]",
            'alertd.yml:1:32 packs[0].source: source "other" is not defined; defined: default',
            id="a Prometheus that is none",
        ),
        pytest.param(
            "[{naem: alertd}]", "alertd.yml:1:10 packs[0].naem: field naem not found in type packs", id="a key"
        ),
    ],
)
def test_mistakes_are_told_where_they_stand(tmp_path: Path, packs: str, problem: str) -> None:
    told = problems(tmp_path, packs)
    assert any(one.startswith(problem) for one in told), told


def test_a_limit_that_the_rules_refuse_is_told(tmp_path: Path) -> None:
    told = problems(tmp_path, "[{name: agentgateway, set: {high_token_rate: -1}}]")
    assert len(told) == 1
    assert "clear_below belongs to above and must not be greater than it" in told[0]


def test_packs_need_a_prometheus(tmp_path: Path) -> None:
    (tmp_path / "alertd.yml").write_text("packs: [{name: alertd}]\nroute: {receiver: ops}\nreceivers: [{name: ops}]\n")
    told = [str(one) for one in examine(tmp_path / "alertd.yml", environment={}).problems]
    assert [one.partition("alertd.yml:")[2] for one in told] == [
        "1:8 packs: rules need a Prometheus to ask; add prometheus: {url: http://localhost:9090}"
    ]
