"""The documents say what is true: every example loads, and every verb, flag, setting and rule key is described."""

import ast
import re
import shlex
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import get_args

import click
import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from alertd.api.web_settings import WebFile
from alertd.cli import VERBS, main
from alertd.config.settings import AlertdFile
from alertd.ledger.prices import PriceSettings
from alertd.replay.test_file import UnitTests
from alertd.rules.registry import KINDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CONFIGURATION = (ROOT / "config" / "alertd.yml").read_text()
CONFIG_FILES = sorted(path.relative_to(ROOT) for path in (ROOT / "config").rglob("*.yml"))
COMMANDS = re.findall(r"^(?:\$ )?(alertd [a-z].*)$|`(alertd [a-z][^`]*)`", README, re.MULTILINE)
COMMANDS = sorted({first or second for first, second in COMMANDS if (first or second).split()[1] in VERBS})
DOCUMENTS = [ROOT / "README.md", *(ROOT / ".github").rglob("*.md")]
DOCUMENTS += [path for folder in ("alertd", "config", "deploy") for path in sorted((ROOT / folder).rglob("*.md"))]
FILES = (AlertdFile, UnitTests, WebFile, PriceSettings, *(entry.settings for entry in KINDS.values()))
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


def models_under(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A model and every model in it."""
    found, waiting = set[type[BaseModel]](), [model]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [inner for field in one.model_fields.values() for inner in models_in(field.annotation)]
    return found


def undescribed(model: type[BaseModel]) -> list[str]:
    return [name for name, field in model.model_fields.items() if not field.description]


def command_of(verb: str) -> click.Command:
    command: click.Command = import_module(VERBS[verb][0]).command
    return command


def under(command: click.Command) -> Iterator[click.Command]:
    """A verb, and every verb under it."""
    yield command
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        yield from under(inner)


def flags_of(command: click.Command) -> list[click.Option]:
    return [one for one in command.params if isinstance(one, click.Option) and not one.hidden]


def keys_of(node: ast.Dict) -> Iterator[str]:
    """The texts that are keys of a dict as it is written."""
    for key in node.keys:
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value


def anchors(page: Path) -> set[str]:
    """Where links into a page may lead: its headings as GitHub names them, and the names it gives itself."""
    text = page.read_text()
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    named = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return named | set(re.findall(r'<a id="([^"]+)">', text))


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
def test_every_verb_is_in_the_readme_and_every_flag_has_a_help(verb):
    """The reference shows the helps; `tests/cli/test_schema.py` holds that it does."""
    assert f"`alertd {verb}" in README
    assert [flag for command in under(command_of(verb)) for flag in flags_of(command) if not flag.help] == []


@pytest.mark.parametrize("line", [line for line in COMMANDS if "..." not in line])
def test_every_command_of_the_readme_exists(line):
    verb, *words = shlex.split(line.partition("|")[0].removesuffix("\\"), comments=True)[1:]
    command = command_of(verb)
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    known = {name for flag in flags_of(command) for name in flag.opts}
    assert [word for word in words if word.startswith("--") and word.partition("=")[0] not in known] == []


def test_every_setting_is_described():
    assert sorted({name for name in settings_of(AlertdFile) if not described(name, CONFIGURATION)}) == []


@pytest.mark.parametrize("model", FILES, ids=lambda model: model.__name__)
def test_every_setting_says_what_it_is(model):
    """The reference, the schemas and editors show it."""
    assert sorted({f"{one.__name__}.{name}" for one in models_under(model) for name in undescribed(one)}) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_rule_is_in_the_readme_with_an_example(kind):
    assert f"| `{kind}` |" in README
    assert re.search(rf"^ +{kind}:", "".join(YAML_BLOCK.findall(README)), re.MULTILINE)


def test_every_field_of_an_alert_is_in_the_readme_and_every_one_there_exists():
    rows = re.findall(r"^\| \w+ \|.*?((?:`\.[A-Z].*))\|$", README, re.MULTILINE)
    shown = {name for row in rows for name in re.findall(r"\.([A-Z]\w*)", row)}
    trees = [ast.parse(path.read_text()) for path in (ROOT / "alertd" / "rules").glob("*.py")]
    texts = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    given = {key for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in keys_of(node)}
    assert shown - texts == set()
    assert {key for key in given if re.fullmatch(r"([A-Z][a-z]+)+", key)} - shown == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path):
    links = [link.partition("#") for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text()) if "://" not in link]
    assert [file for file, _, _ in links if file and not (path.parent / file).exists()] == []
    pages = [((path.parent / file).resolve() if file else path, name) for file, _, name in links if name]
    assert [name for page, name in pages if name not in anchors(page)] == []
