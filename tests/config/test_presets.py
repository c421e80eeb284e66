"""What the presets do with the alerts of their packs: who is told, and who keeps whom from being told."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from alertd.alerts.posted import PostedAlert
from alertd.cli import main
from alertd.config.load import Config, load
from alertd.config.packs import shipped
from alertd.dispatch.inhibition import Inhibitor, InhibitRule
from alertd.dispatch.route import Route
from alertd.labels import LabelSet
from tests.support.builders import T0, a_posted_alert

EVERYTHING = {
    "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/x",
    "PAGERDUTY_ROUTING_KEY": "key",
    "SMTP_SMARTHOST": "localhost:25",
    "ALERT_WEBHOOK_URL": "https://example.com/alerts",
    "EMAIL_ALERTS_ENABLED": "true",
}


def preset(name: str, **environment: str) -> Config:
    return load(Path(shipped("presets")) / name / "alertd.yml", environment=environment)


def kinds(config: Config, receiver: str) -> set[str]:
    """What a receiver tells through."""
    (found,) = [one for one in config.receivers if one.name == receiver]
    return {kind for kind in type(found).model_fields if kind.endswith("_configs") and getattr(found, kind)}


@pytest.mark.parametrize(
    ("name", "labels", "told"),
    [
        pytest.param("agentgateway", "severity=critical component=llm", ["critical", "llm-team"], id="critical, LLM"),
        pytest.param(
            "agentgateway", "severity=critical component=cost", ["critical"], id="critical, no team of its own"
        ),
        pytest.param("agentgateway", "severity=warning component=mcp", ["warning", "mcp-team"], id="warning, MCP"),
        pytest.param("agentgateway", "severity=warning component=xds", ["warning"], id="warning"),
        pytest.param("agentgateway", "severity=info component=llm", ["llm-team"], id="the team alone"),
        pytest.param("agentgateway", "severity=info", ["default"], id="nobody else"),
        pytest.param("langwatch-gateway", "severity=page team=ai-platform", ["pagerduty-ai-platform"], id="page"),
        pytest.param("langwatch-gateway", "severity=warn team=ai-platform", ["slack-gateway"], id="warn"),
        pytest.param("langwatch-gateway", "severity=page team=other", ["slack-gateway"], id="another team"),
        pytest.param("llm-router", "severity=critical", ["default"], id="the router's one receiver"),
        pytest.param("basic", "severity=critical", ["critical"], id="basic, critical"),
        pytest.param("basic", "severity=warning", ["default"], id="basic, the rest"),
    ],
)
def test_who_is_told(name: str, labels: str, told: list[str]) -> None:
    config = preset(name, **EVERYTHING)
    assert config.route is not None
    pairs = dict(pair.split("=") for pair in labels.split())
    assert [route.receiver for route in Route.from_settings(config.route).match(LabelSet(pairs))] == told


@pytest.mark.parametrize(
    ("name", "receiver", "ways"),
    [
        pytest.param(
            "agentgateway", "critical", {"pagerduty_configs", "slack_configs", "email_configs"}, id="critical"
        ),
        pytest.param("agentgateway", "warning", {"slack_configs"}, id="warning"),
        pytest.param("agentgateway", "default", {"email_configs"}, id="default"),
        pytest.param("langwatch-gateway", "pagerduty-ai-platform", {"pagerduty_configs"}, id="page"),
        pytest.param("llm-router", "default", {"webhook_configs", "slack_configs", "email_configs"}, id="the router's"),
    ],
)
def test_how_they_are_told(name: str, receiver: str, ways: set[str]) -> None:
    assert kinds(preset(name, **EVERYTHING), receiver) == ways


@pytest.mark.parametrize(
    ("environment", "ways"),
    [
        pytest.param({}, set(), id="nothing is set"),
        pytest.param({"SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/x"}, {"slack_configs"}, id="Slack"),
        pytest.param({"ALERT_WEBHOOK_URL": "https://example.com/"}, {"webhook_configs"}, id="a webhook"),
        pytest.param({"EMAIL_ALERTS_ENABLED": "true"}, {"email_configs"}, id="mail"),
        pytest.param({"EMAIL_ALERTS_ENABLED": "false", "SLACK_WEBHOOK_URL": ""}, set(), id="switched off"),
    ],
)
def test_the_switches_of_the_router_choose_the_ways(environment: dict[str, str], ways: set[str]) -> None:
    assert kinds(preset("llm-router", **environment), "default") == ways


@pytest.mark.parametrize(
    ("environment", "evaluated"),
    [
        pytest.param({}, True, id="by default"),
        pytest.param({"MONITORING_ENABLED": "true", "ALERTING_ENABLED": "true"}, True, id="both on"),
        pytest.param({"MONITORING_ENABLED": "false"}, False, id="monitoring off"),
        pytest.param({"ALERTING_ENABLED": "false"}, False, id="alerting off"),
    ],
)
def test_the_switches_of_the_router_choose_whether_rules_are_evaluated(
    environment: dict[str, str], evaluated: bool
) -> None:
    assert bool(preset("llm-router", **environment).groups) is evaluated


@pytest.mark.parametrize(
    ("source", "target", "muted"),
    [
        pytest.param(
            "ExcessiveLLMTokenUsage severity=critical component=llm gateway=a",
            "HighLLMTokenUsage severity=warning component=llm gateway=a",
            True,
            id="critical mutes the warning of its component",
        ),
        pytest.param(
            "ExcessiveLLMTokenUsage severity=critical component=llm gateway=a",
            "HighLLMTokenUsage severity=warning component=llm gateway=b",
            False,
            id="not that of another gateway",
        ),
        pytest.param(
            "ExcessiveLLMTokenUsage severity=critical component=llm gateway=a",
            "HighMCPRequestRate severity=warning component=mcp gateway=a",
            False,
            id="not that of another component",
        ),
        pytest.param(
            "AgentGatewayDown severity=critical component=availability instance=a:15020",
            "HighLLMErrorRate severity=critical component=llm backend=openai",
            True,
            id="a gateway that is down mutes everything of it",
        ),
        pytest.param(
            "AgentGatewayDown severity=critical component=availability instance=a:15020",
            "MultipleAgentGatewaysDown severity=critical component=availability",
            False,
            id="but not that several are down",
        ),
    ],
)
def test_inhibition_of_agentgateway(source: str, target: str, muted: bool) -> None:
    rules = [InhibitRule.from_settings(one, at) for at, one in enumerate(preset("agentgateway").inhibit_rules)]
    inhibitor = Inhibitor(tuple(rules))
    inhibitor.put([_alert(source)])
    assert (next(inhibitor.inhibitions(_alert(target).labels, T0), None) is not None) is muted


def test_a_gateway_that_is_down_mutes_nothing_of_others() -> None:
    rules = [InhibitRule.from_settings(one, at) for at, one in enumerate(preset("agentgateway").inhibit_rules)]
    inhibitor = Inhibitor(tuple(rules))
    inhibitor.put([_alert("AgentGatewayDown severity=critical component=availability")])
    assert next(inhibitor.inhibitions(LabelSet({"alertname": "DiskFull", "service": "shop"}), T0), None) is None


STORY = """\
rule_files: ['{rules}/agentgateway.yml']
config: '{presets}/agentgateway/alertd.yml'
evaluation_interval: 1m
tests:
  - name: too many tokens, then far too many, and then the gateway goes
    interval: 1m
    input_series:
      - series: agentgateway_gen_ai_client_token_usage_sum{{gateway="a", gen_ai_token_type="input"}}
        values: 0+7200000x20 144000000+36000000x40
      - {{series: 'up{{job="agentgateway", instance="a:15020"}}', values: 1x45 0x15}}
    exp_notifications:
      - {{at: 10m, receiver: warning, contains: [HighLLMTokenUsage, 120k tokens a second]}}
      - {{at: 10m, receiver: llm-team, contains: [HighLLMTokenUsage]}}
      - {{at: 10m, receiver: mcp-team, none: true}}
      - {{at: 36m, receiver: critical, contains: [ExcessiveLLMTokenUsage, 600k tokens a second]}}
      - {{at: 36m, receiver: warning, none: true}}
      - {{at: 47m, receiver: critical, contains: [AgentGatewayDown, does not answer Prometheus]}}
"""


def test_a_story_is_told_to_those_it_concerns(tmp_path: Path) -> None:
    (tmp_path / "story.yml").write_text(STORY.format(rules=shipped("rules"), presets=shipped("presets")))
    result = CliRunner(env=EVERYTHING).invoke(main, ["test", str(tmp_path / "story.yml")])
    assert result.exit_code == 0, result.output


TWO = [
    {
        "labels": {"alertname": "Slow", "severity": "warning", "model": model},
        "annotations": {"summary": f"{model} is slow", **links},
        "startsAt": "2026-01-05T12:00:00Z",
        **ended,
    }
    for model, links, ended in (
        ("a", {"description": "See the queue.", "runbook_url": "http://r/Slow.md", "dashboard_url": "http://g/d/x"}, {}),
        ("b", {}, {}),
        ("c", {"description": "See the queue."}, {"endsAt": "2026-01-05T12:05:00Z"}),
    )
]  # fmt: skip
SLACK_TEXT = """\
*a is slow*
See the queue.
<http://r/Slow.md|Runbook>  <http://g/d/x|Dashboard>
*b is slow*

Resolved: c is slow
"""


@pytest.mark.parametrize(
    ("name", "receiver"),
    [
        ("agentgateway", "warning"),
        ("basic", "default"),
        ("langwatch-gateway", "slack-gateway"),
        ("llm-router", "default"),
    ],
)
def test_slack_is_told_what_fires_what_has_ended_and_where_to_look(tmp_path: Path, name: str, receiver: str) -> None:
    (tmp_path / "alerts.json").write_text(json.dumps(TWO))
    config = Path(shipped("presets")) / name / "alertd.yml"
    wanted = ["--receiver", receiver, "--as", "slack", "--alert", str(tmp_path / "alerts.json")]
    result = CliRunner(env=EVERYTHING).invoke(main, ["render", f"--config.file={config}", *wanted])
    assert result.exit_code == 0, result.output
    (attachment,) = json.loads(result.stdout)["attachments"]
    assert attachment["title"] == "FIRING:2 Slow (warning)"
    assert attachment["text"] == SLACK_TEXT


def _alert(text: str) -> PostedAlert:
    name, *pairs = text.split()
    return a_posted_alert(name, service="agentgateway", **dict(pair.split("=") for pair in pairs))
