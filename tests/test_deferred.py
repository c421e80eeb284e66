"""What a start imports, and what stands for the rest."""

import subprocess
import sys
from pathlib import Path

import pytest

from alertd.deferred import deferred, import_deferred

PLAIN = """
route: {receiver: hook}
receivers:
  - name: hook
    webhook_configs: [{url: http://127.0.0.1:9/}]
"""
WITH_A_RULE = PLAIN + "rule_files: [rules.yml]\nprometheus: {url: http://127.0.0.1:9}\n"
RULES = "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]\n"

START = """
import sys
from pathlib import Path
from alertd.app import load_for_a_run
load_for_a_run(Path(sys.argv[1]))
print(*sys.modules)
"""


def imported(folder: Path, configuration: str) -> set[str]:
    """The modules that a new process has imported once it has read this configuration."""
    file = folder / "alertd.yml"
    file.write_text(configuration)
    (folder / "rules.yml").write_text(RULES)
    command = [sys.executable, "-c", START, str(file)]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        *("numpy", "apscheduler", "aiosmtplib", "genai_prices", "alertd.detect", "alertd.charts"),
        *("alertd.rules.threshold", "alertd.rules.anomaly", "alertd.rules.budget", "alertd.rules.projection"),
        *("alertd.ledger.ledger", "alertd.receivers.email", "alertd.receivers.slack", "alertd.receivers.pagerduty"),
    ],
)
def test_a_plain_alertmanager_file_costs_no_import_of(plain: set[str], module: str):
    assert module not in plain


def test_the_receiver_that_is_configured_is_imported_before_the_loop_needs_it(plain: set[str]):
    assert "alertd.receivers.webhook" in plain


def test_one_rule_and_everything_is_imported_before_the_loop_needs_it(tmp_path: Path):
    assert {"numpy", "alertd.rules.budget", "apscheduler"} <= imported(tmp_path, WITH_A_RULE)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    return imported(tmp_path_factory.mktemp("plain"), PLAIN)


def test_what_stands_for_a_module_has_its_names():
    import colorsys

    assert deferred("colorsys").rgb_to_hsv is colorsys.rgb_to_hsv


def test_a_name_that_does_not_exist_is_said_as_python_says_it():
    with pytest.raises(AttributeError, match="'colorsys' has no attribute 'nothing'"):
        deferred("colorsys").nothing  # noqa: B018


def test_a_module_that_is_needed_soon_is_imported_at_once():
    import_deferred("json.tool")
    assert "json.tool" in sys.modules
