"""The documents say what is true: every example loads, and every verb, flag, setting and rule key is described."""

import re
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import get_args

import click
import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from alertd.cli import VERBS, main
from alertd.config.rule_keys import GROUP_KEYS, RULE_KEYS
from alertd.config.settings import AlertdFile
from alertd.rules.registry import KINDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
REFERENCE = README + (ROOT / "config" / "alertd.yml").read_text()
CONFIG_FILES = sorted(path.relative_to(ROOT) for path in (ROOT / "config").rglob("*.yml"))
YAML_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def check(path: Path) -> None:
    """`alertd check` finds nothing at all in the file."""
    result = CliRunner(env={"PROMETHEUS_URL": None}).invoke(main, ["check", "--lint-fatal", str(path)])
    assert result.exit_code == 0, result.output


def settings_of(model: type[BaseModel], *, known: frozenset[type[BaseModel]] = frozenset()) -> Iterator[str]:
    """The keys of a model as they are written, and those of every model in it; routes hold routes."""
    for name, field in model.model_fields.items():
        yield field.alias or name
        for inner in models_in(field.annotation):
            if inner not in known:
                yield from settings_of(inner, known=known | {inner})


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models_in(inner)


def described(word: str, text: str) -> bool:
    """Whether the text has the word as code: `word`, or as a key, word:"""
    return (
        re.search(rf"(?<![\w.-])({re.escape(word)}:|`[^`\n]*(?<![\w-]){re.escape(word)}(?![\w-])[^`\n]*`)", text)
        is not None
    )


@pytest.mark.parametrize("block", YAML_BLOCK.findall(README), ids=lambda block: block.splitlines()[0])
def test_every_example_of_the_readme_loads(tmp_path, block):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "config" / "example.yml").write_text(block)
    check(tmp_path / "config" / "example.yml")


def test_the_unit_test_of_the_readme_passes(tmp_path):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (block,) = [block for block in YAML_BLOCK.findall(README) if "\ntests:" in block]
    (tmp_path / "config" / "example.yml").write_text(block)
    result = CliRunner().invoke(main, ["test", str(tmp_path / "config" / "example.yml")])
    assert result.exit_code == 0, result.output


def test_the_readme_has_examples():
    assert len(YAML_BLOCK.findall(README)) >= 4


@pytest.mark.parametrize("path", CONFIG_FILES, ids=str)
def test_every_shipped_file_loads(path):
    check(ROOT / path)


def test_config_has_what_it_is_known_for():
    assert Path("config/alertd.yml") in CONFIG_FILES
    assert any(path.parent == Path("config/rules") for path in CONFIG_FILES)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_and_its_flags_are_in_the_readme(verb):
    assert f"`alertd {verb}" in README
    command: click.Command = import_module(VERBS[verb][0]).command
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    flags = [flag for parameter in shown for flag in parameter.opts if flag.startswith("--")]
    assert [flag for flag in flags if not described(flag, README) and f" {flag} " not in README] == []


def test_every_setting_is_described():
    assert sorted({name for name in settings_of(AlertdFile) if not described(name, REFERENCE)}) == []


@pytest.mark.parametrize("keys", [GROUP_KEYS, RULE_KEYS], ids=["groups", "rules"])
def test_every_key_of_rule_files_is_in_the_readme(keys):
    assert [key for key in keys if not described(key, README)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_of_a_kind_of_rule_is_in_the_readme(kind):
    assert sorted({name for name in settings_of(KINDS[kind].settings) if not described(name, README)}) == []


def test_every_link_of_the_readme_leads_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []
