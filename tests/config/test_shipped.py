"""The configuration in `config/` is an example for others: it has every key, and nothing to find fault with."""

import shutil
from pathlib import Path

from alertd.config.keys import TOP_LEVEL_KEYS, WITHOUT_EFFECT
from alertd.config.lint import lint
from alertd.config.load import examine
from alertd.yamlio import Documents, Severity, Table

SHIPPED = Path(__file__).parents[2] / "config" / "alertd.yml"


def test_it_loads_without_a_warning_and_lint_finds_nothing() -> None:
    examined = examine(SHIPPED, environment={})
    assert [str(problem) for problem in examined.problems] == []
    assert [str(problem) for file in examined.rule_files for problem in lint(file)] == []
    assert examined.config is not None
    assert examined.config.groups


def test_it_shows_every_key() -> None:
    root = Documents(SHIPPED.read_text(), file="alertd.yml").read()
    assert isinstance(root, Table)
    assert set(root.entries) == TOP_LEVEL_KEYS - {*WITHOUT_EFFECT, "mute_time_intervals"}  # an older spelling


def test_the_receivers_in_its_comments_load_too(tmp_path: Path) -> None:
    shown, mark, hidden = SHIPPED.read_text().partition("    # slack_configs:")
    shutil.copytree(SHIPPED.parent, tmp_path / "config")
    path = tmp_path / "config" / "alertd.yml"
    path.write_text(shown + (mark + hidden).replace("\n    # ", "\n    ").replace("    # slack", "    slack"))
    examined = examine(path, environment={})
    assert examined.config is not None, examined.problems
    assert len([kind for kind in examined.config.receivers[0].model_fields_set if kind.endswith("_configs")]) == 5
    warnings = [problem.message for problem in examined.problems if problem.severity is not Severity.NOTE]
    assert [message for message in warnings if "is not there" not in message] == []  # the files of secrets are not
