"""The table of deploy/runbooks/README.md: every alert of the five documents, its rule and its tests; and they are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from alertd.config.packs import pack_path
from alertd.config.rule_files import load_rule_file
from alertd.config.unit_test_files import read_unit_test_file
from alertd.rules.rule import AlertingRule
from tests.acceptance import test_five_systems_days
from tests.support.gateways.stories import DOCUMENTS, OVER_DAYS, STORIES

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "deploy/runbooks/README.md"
SEED_RULES = ROOT / "tests/cases/seed_rules"
LIVE, DAYS = "tests/acceptance/test_five_systems.py", "tests/acceptance/test_five_systems_days.py"

_ROW = re.compile(
    r"\| (?P<document>\S+) \| \[(?P<alert>\w+)\]\((?P<page>[^)]+)\) \| (?P<severity>\w+) \| (?P<links>.*) \|"
)


@dataclass(frozen=True, slots=True)
class Row:
    document: str
    alert: str
    pack: str
    severity: str
    files: tuple[str, ...]


def rows() -> Iterator[Row]:
    for line in TABLE.read_text().splitlines():
        if found := _ROW.fullmatch(line):
            files = tuple(link.removeprefix("../../") for link in re.findall(r"\]\(([^)]+)\)", found["links"]))
            pack = found["page"].partition("/")[0]
            yield Row(found["document"], found["alert"], pack, found["severity"], files)


def alerts(path: Path) -> dict[str, AlertingRule]:
    file = load_rule_file(path.read_text(), file=path.name)
    return {rule.name: rule for group in file.groups for rule in group.rules if isinstance(rule, AlertingRule)}


def fired_in(unit_tests: Path) -> set[str]:
    """Alerts that a file of unit tests expects to fire."""
    groups = read_unit_test_file(unit_tests).tests.tests
    return {check.alertname for group in groups for check in group.alert_rule_test if check.exp_alerts}


def live(pack: str) -> set[str]:
    return {case.alert for wave in STORIES[pack] for case in wave.cases}


@pytest.mark.parametrize(("pack", "number"), DOCUMENTS.items())
def test_no_alert_of_a_document_is_missing(pack: str, number: str) -> None:
    named = {row.alert for row in rows() if (row.document, row.pack) == (number, pack)}
    assert named == set(alerts(SEED_RULES / f"{number}.yml"))


@pytest.mark.parametrize("pack", DOCUMENTS)
def test_every_alert_of_a_pack_has_one_row_that_is_true(pack: str) -> None:
    rules = alerts(pack_path(pack))
    found = [row for row in rows() if row.pack == pack]
    assert [row.alert for row in found] == list(dict.fromkeys(row.alert for row in found))
    assert {row.alert: row.severity for row in found} == {
        name: rule.label_texts["severity"] for name, rule in rules.items()
    }


@pytest.mark.parametrize("pack", DOCUMENTS)
def test_every_row_names_its_rule_a_unit_test_and_an_acceptance_test_that_exist(pack: str) -> None:
    days = Path(test_five_systems_days.__file__).read_text()
    for row in (row for row in rows() if row.pack == pack):
        rule, unit, acceptance = row.files
        assert rule == f"config/rules/{pack}.yml"
        assert row.alert in fired_in(ROOT / unit), row
        assert acceptance == (LIVE if row.alert in live(pack) else DAYS), row
        assert row.alert in live(pack) or f'"{row.alert}"' in days, row


def test_what_looks_at_days_is_said_once() -> None:
    for pack, names in OVER_DAYS.items():
        assert not live(pack) & {*names}
