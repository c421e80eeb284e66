"""Alertmanager configurations of the seed documents load as they are, and route as amtool says."""

import shutil
import subprocess
from pathlib import Path

import pytest

from alertd.config.load import examine
from alertd.dispatch.route import Route
from alertd.labels import LabelSet

CASES = Path(__file__).parents[1] / "cases" / "seed_configs"


@pytest.mark.parametrize("name", ["000", "003"])
def test_nothing_is_wrong_with_it(name: str) -> None:
    examined = examine(CASES / f"{name}.yml", environment={})
    assert [str(problem) for problem in examined.problems] == []
    assert examined.config is not None


@pytest.mark.parametrize(
    ("name", "labels", "receivers"),
    [
        pytest.param("000", {"severity": "critical"}, "critical", id="critical"),
        pytest.param("000", {"severity": "critical", "component": "llm"}, "critical,llm-team", id="critical, of a component"),
        pytest.param("000", {"severity": "warning", "component": "mcp"}, "warning,mcp-team", id="warning, of a component"),
        pytest.param("000", {"component": "connection"}, "default", id="all the rest"),
        pytest.param("003", {"severity": "page", "team": "ai-platform"}, "pagerduty-ai-platform", id="a page"),
        pytest.param("003", {"severity": "warn", "team": "ai-platform"}, "slack-gateway", id="a warning"),
        pytest.param("003", {"severity": "page", "team": "other"}, "slack-gateway", id="a page of another team"),
    ],
)  # fmt: skip
def test_it_routes_as_alertmanager_does(name: str, labels: dict[str, str], receivers: str) -> None:
    config = examine(CASES / f"{name}.yml", environment={}).config
    assert config is not None
    assert config.route is not None
    routes = Route.from_settings(config.route).match(LabelSet(labels))
    assert ",".join(route.receiver for route in routes) == receivers
    assert _amtool(CASES / f"{name}.yml", labels) == receivers


def _amtool(path: Path, labels: dict[str, str]) -> str:
    program = shutil.which("amtool")
    if program is None:
        pytest.fail("amtool is needed: apt-get install prometheus-alertmanager")
    pairs = [f"{key}={value}" for key, value in labels.items()]
    args = [program, "config", "routes", "test", f"--config.file={path}", *pairs]
    run = subprocess.run(args, capture_output=True, text=True, timeout=60, check=True)
    return run.stdout.strip()
