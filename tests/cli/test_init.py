"""`alertd init`: what it writes can be used at once, and what is there is never touched."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alertd.cli import main
from alertd.config.load import Config, load
from alertd.config.packs import pack_names
from alertd.config.presets import find_preset, preset_names
from alertd.rules.rule import AlertingRule

PRESETS = preset_names()
FILES = ["README.md", "alertd.env", "alertd.yml"]


def alertd(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def variables(folder: Path) -> dict[str, str]:
    """What alertd.env sets."""
    lines = (folder / "alertd.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_written_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preset: str) -> None:
    monkeypatch.chdir(tmp_path)
    written = alertd("init", "--preset", preset)
    assert written.exit_code == 0, written.output
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    checked = alertd("check", "--lint-fatal")
    assert checked.exit_code == 0, checked.output
    assert " no errors" in checked.output


@pytest.mark.parametrize("preset", PRESETS)
def test_with_its_environment_everything_is_switched_on(tmp_path: Path, preset: str) -> None:
    alertd("init", "--preset", preset, str(tmp_path))
    filled = {name: value or "https://example.com/x" for name, value in variables(tmp_path).items()}
    filled |= {name: "true" for name in filled if name.endswith("_ENABLED")}
    config = load(tmp_path / "alertd.yml", environment=filled)
    assert [str(warning) for warning in config.warnings] == []
    assert config.groups


@pytest.mark.parametrize("preset", PRESETS)
def test_every_variable_is_in_its_environment_file(tmp_path: Path, preset: str) -> None:
    alertd("init", "--preset", preset, str(tmp_path))
    used = re.findall(r"\$\{(\w+)", _code(tmp_path / "alertd.yml"))
    assert set(used) == set(variables(tmp_path))


def _code(path: Path) -> str:
    """A file without its comments."""
    return "\n".join(line.partition(" # ")[0] for line in path.read_text().splitlines() if not line.startswith("#"))


@pytest.mark.parametrize("preset", PRESETS)
def test_every_parameter_of_the_pack_is_shown(tmp_path: Path, preset: str) -> None:
    """Uncommented, each line is its default: nothing changes."""
    alertd("init", "--preset", preset, str(tmp_path))
    path = tmp_path / "alertd.yml"
    before = load(path, environment={})
    text, found = path.read_text(), 0
    for line in find_preset(preset).texts()["alertd.yml"].splitlines():
        if line.startswith("      # ") and "  # " in line[8:]:
            text, found = text.replace(line, line.replace("# ", "", 1)), found + 1
    path.write_text(text)
    after = load(path, environment={})
    assert found
    assert _what_rules_say(after) == _what_rules_say(before)


@pytest.mark.parametrize("preset", PRESETS)
def test_links_lead_to_the_grafana_and_the_runbooks_of_the_environment(tmp_path: Path, preset: str) -> None:
    alertd("init", "--preset", preset, str(tmp_path))
    ours = {"GRAFANA_URL": "https://grafana.example.org", "RUNBOOKS_URL": "https://runbooks.example.org"}
    groups = load(tmp_path / "alertd.yml", environment=ours).groups
    said = [str(rule.annotations) for group in groups for rule in group.rules if isinstance(rule, AlertingRule)]
    assert said
    for text in said:
        assert "https://grafana.example.org/d/" in text
        assert "https://runbooks.example.org/" in text


def _what_rules_say(config: Config) -> list[tuple[str, str]]:
    return [(rule.name, str(rule)) for group in config.groups for rule in group.rules]


def test_every_pack_has_a_preset() -> None:
    assert set(pack_names()) - set(PRESETS) == {"alertd"}


def test_it_says_what_comes_next(tmp_path: Path) -> None:
    told = alertd("init", str(tmp_path / "new")).output.splitlines()
    assert told[-5:] == [
        f"  cd {tmp_path / 'new'}",
        "  set -a; . ./alertd.env; set +a",
        "  alertd check",
        "  alertd receivers test default",
        "  alertd run",
    ]


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    result = alertd("init", str(tmp_path))
    assert result.exit_code == 1
    assert f"{name} in {tmp_path} would be overwritten" in result.output
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_nobody_else_reads_the_environment_file(tmp_path: Path) -> None:
    alertd("init", str(tmp_path))
    assert (tmp_path / "alertd.env").stat().st_mode & 0o777 == 0o600


def test_an_unknown_preset(tmp_path: Path) -> None:
    result = alertd("init", "--preset", "agentgatway", str(tmp_path))
    assert result.exit_code == 2
    assert 'did you mean "agentgateway"?' in result.output


def test_the_presets_are_listed() -> None:
    lines = alertd("init", "--list").output.splitlines()
    assert [line.split()[0] for line in lines] == PRESETS
    assert all(f"alertd for {name}: " in line for name, line in zip(PRESETS, lines, strict=True))
