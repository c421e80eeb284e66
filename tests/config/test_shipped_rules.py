"""The shipped rule packs: their own unit tests pass, and every alert is tested, documented and adjustable."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from alertd.cli import main
from alertd.config.expressions import expression_fault
from alertd.config.lint import lint
from alertd.config.packs import SHIPPED
from alertd.config.packs_parameters import declared_parameters
from alertd.config.rule_files import RuleFile, read_rule_file
from alertd.config.unit_test_files import read_unit_test_file
from alertd.rules.rule import AlertingRule
from alertd.yamlio import Documents, Table

ROOT = Path(__file__).parents[2]
RULES, TESTS, RUNBOOKS = ROOT / "config/rules", ROOT / "config/tests", ROOT / "deploy/runbooks"
PACKS = sorted(path.stem for path in RULES.glob("*.yml"))
UNREACHABLE = 3
PUBLISHED = "https://runbooks.example.com/"

DOCUMENTS = {
    "000": "agentgateway",
    "001": "llm-orchestrator",
    "002": "ai-gateway",
    "003": "langwatch-gateway",
    "004": "llm-router",
}
"""The documents whose rules `tests/cases/seed_rules` has as they were, and the pack that has them mended."""


def rule_file(pack: str) -> RuleFile:
    file = read_rule_file(f"{pack}.yml", base=RULES)
    assert [str(problem) for problem in file.problems] == []
    return file


def alerts(pack: str) -> list[AlertingRule]:
    return [rule for group in rule_file(pack).groups for rule in group.rules if isinstance(rule, AlertingRule)]


def of_document(number: str) -> Iterator[str]:
    """The names of a document's alerts."""
    file = read_rule_file(f"{number}.yml", base=ROOT / "tests/cases/seed_rules")
    return (rule.name for group in file.groups for rule in group.rules if isinstance(rule, AlertingRule))


@pytest.mark.parametrize("path", sorted(TESTS.glob("*.yml")), ids=lambda path: path.stem)
def test_the_unit_tests_of_the_rules_pass(path: Path) -> None:
    result = CliRunner().invoke(main, ["test", str(path)])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("pack", PACKS)
def test_every_alert_is_tested_firing_and_not_firing(pack: str) -> None:
    firing, quiet = set(), set()
    for path in TESTS.glob("*.yml"):
        tests = read_unit_test_file(path).tests
        if f"../rules/{pack}.yml" not in tests.rule_files:
            continue
        for group in tests.tests:
            for check in group.alert_rule_test:
                (firing if check.exp_alerts else quiet).add(check.alertname)
    names = {rule.name for rule in alerts(pack)}
    assert names - firing == set()
    assert names - quiet == set()


@pytest.mark.parametrize("pack", PACKS)
def test_lint_finds_nothing(pack: str) -> None:
    assert [str(problem) for problem in lint(rule_file(pack))] == []


@pytest.mark.parametrize("pack", PACKS)
def test_every_alert_says_what_it_is_about(pack: str) -> None:
    for rule in alerts(pack):
        assert rule.unit, rule.name
        assert rule.label_texts.keys() >= {"severity", "component", "service"}, rule.name
        assert {name for name, text in rule.annotation_texts.items() if text} == {
            "summary", "description", "runbook_url", "dashboard_url",
        }, rule.name  # fmt: skip


@pytest.mark.parametrize("pack", PACKS)
def test_every_alert_has_a_page(pack: str) -> None:
    for rule in alerts(pack):
        page = RUNBOOKS / rule.annotation_texts["runbook_url"].removeprefix(PUBLISHED)
        assert page.is_file(), f"{rule.name}: {page.relative_to(ROOT)} is not there"
        assert page.read_text().startswith(f"# {rule.name}\n"), page


@pytest.mark.parametrize("pack", PACKS)
def test_every_parameter_is_used_and_described(pack: str) -> None:
    text = (RULES / f"{pack}.yml").read_text()
    root = Documents(text, file=pack).read()
    assert isinstance(root, Table)
    below = text.partition("\ngroups:\n")[2]
    for parameter in declared_parameters(root):
        assert re.search(rf"\$\{{{parameter.name}[ }}]", below), f"{parameter.name} is not used"
        assert parameter.description, parameter.name


def test_the_rules_about_alertd_ask_for_metrics_it_has() -> None:
    telemetry = "".join(path.read_text() for path in (ROOT / "alertd/telemetry").glob("*.py"))
    names = {name for rule in alerts("alertd") for name in re.findall(r"alertd_\w+", rule.expr)}
    assert len(names) >= 5
    assert {name for name in names if f'"{name}"' not in telemetry} == set()


def test_an_installed_alertd_has_them_too() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {f"config/{name}": f"alertd/{SHIPPED}/{name}" for name in ("rules", "presets")}


@pytest.mark.parametrize("number", DOCUMENTS)
def test_every_alert_of_a_document_is_in_its_pack_and_in_the_table(number: str) -> None:
    pack = DOCUMENTS[number]
    here = {rule.name for rule in alerts(pack)}
    rows = [line for line in (RUNBOOKS / "README.md").read_text().splitlines() if line.startswith("|")]
    for name in of_document(number):
        assert name in here
        assert any(f"[{name}]({pack}/{name}.md)" in row and f"config/rules/{pack}.yml" in row for row in rows), name


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*/*.md")), ids=lambda page: page.stem)
def test_every_page_helps(page: Path) -> None:
    """It belongs to an alert, has the parts somebody looks for at night, and its links lead somewhere."""
    assert page.stem in {rule.name for rule in alerts(page.parent.name)}
    text = page.read_text()
    for heading in ("## Impact", "## First checks", "## Silence", "## Related"):
        assert f"\n{heading}\n" in text, heading
    assert f"alertd silence add {page.stem}" in text
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*/*.md")), ids=lambda page: page.stem)
def test_the_command_that_silences_can_be_copied(page: Path) -> None:
    (command,) = re.findall(r"^alertd (silence add .*)$", page.read_text(), re.MULTILINE)
    result = CliRunner().invoke(main, [*shlex.split(command), "--url", "http://127.0.0.1:1"])
    assert result.exit_code == UNREACHABLE, result.output


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*/*.md")), ids=lambda page: page.stem)
def test_every_query_of_a_page_is_promql(page: Path) -> None:
    for block in re.findall(r"^ *```promql\n(.*?)^ *```$", page.read_text(), re.MULTILINE | re.DOTALL):
        assert expression_fault(block) is None, block
