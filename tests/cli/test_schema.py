"""`alertd schema` prints what editors read, and the reference, which is kept beside the other documents."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from alertd.cli import main

REFERENCE = Path(__file__).parents[2] / "deploy" / "REFERENCE.md"


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        pytest.param([], "route", id="of a configuration where nothing is named"),
        pytest.param(["configuration"], "route", id="of a configuration"),
        pytest.param(["rules"], "groups", id="of rules"),
        pytest.param(["tests"], "alert_rule_test", id="of unit tests"),
    ],
)
def test_it_prints_a_schema(arguments, key):
    result = CliRunner().invoke(main, ["schema", *arguments])
    assert result.exit_code == 0, result.output
    schema = json.loads(result.stdout)
    Draft7Validator.check_schema(schema)
    assert key in result.stdout


def test_another_file_is_wrong_usage():
    assert CliRunner().invoke(main, ["schema", "prices"]).exit_code == 2


def test_the_reference_is_what_the_code_declares():
    result = CliRunner().invoke(main, ["schema", "reference"])
    assert result.exit_code == 0, result.output
    assert result.stdout == REFERENCE.read_text(), "make it anew: alertd schema reference > deploy/REFERENCE.md"
