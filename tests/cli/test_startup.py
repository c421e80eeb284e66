import json
import subprocess
import sys
from importlib import import_module

import click
import pytest
from click.testing import CliRunner

from alertd import __version__
from alertd.cli import VERBS, main

HEAVY = {"numpy", "aiohttp", "pydantic", "rich", "yaml", "msgspec", "structlog", "promql_parser", "asyncio"}
IMPORTED = """
import json, sys
from alertd.cli import main
try:
    main({args!r})
except SystemExit:
    print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["-h"]])
def test_help_and_version_import_nothing_heavy(args: list[str]) -> None:
    code = IMPORTED.format(args=args)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    modules = set(json.loads(done.stdout.splitlines()[-1]))
    assert modules & HEAVY == set()
    assert {name for name in modules if name.startswith("alertd")} == {"alertd", "alertd.cli"}


def test_the_version_is_the_package_s() -> None:
    assert CliRunner().invoke(main, ["--version"]).output == f"alertd {__version__}\n"


def test_help_lists_every_verb_with_its_line() -> None:
    output = CliRunner().invoke(main, ["--help"]).output
    for verb, (_, text) in VERBS.items():
        assert f"  {verb} " in output
        assert text in output


@pytest.mark.parametrize("verb", list(VERBS))
def test_every_verb_exists_and_explains_itself(verb: str) -> None:
    assert isinstance(import_module(VERBS[verb][0]).command, click.Command)
    assert CliRunner().invoke(main, [verb, "--help"]).exit_code == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        pytest.param(["chek"], 'no command "chek"; did you mean "check"?', id="a misspelt verb"),
        pytest.param(["frobnicate"], 'no command "frobnicate"; commands: init, run, check, test', id="an unknown verb"),
        pytest.param(["--frob"], "No such option", id="an unknown option"),
    ],
)
def test_wrong_usage_is_status_2_and_says_what_is_known(args: list[str], said: str) -> None:
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 2
    assert said in result.output
