"""`alertd schema`: what editors and people need to know about the files."""

from __future__ import annotations

import click

from alertd.cli.output import print_json

FILES = ("configuration", "rules", "tests")
REFERENCE = "reference"


@click.command(short_help="print the JSON Schema of a file, or the reference")
@click.argument("what", type=click.Choice([*FILES, REFERENCE]), default=FILES[0])
def command(what: str) -> None:
    """Print the JSON Schema (draft-07) of alertd.yml, of rule files or of unit tests of rules, for editors.

    Editors with the YAML language server read it by a first line such as
    `# yaml-language-server: $schema=alertd.schema.json`. It knows keys, types and choices; what keys and files ask of
    each other is told by `alertd check`. `reference` prints every key and every flag as a page in Markdown.

    Exit status: 0 printed, 2 wrong usage.
    """
    if what == REFERENCE:
        from alertd.cli.reference import page

        click.echo(page(), nl=False)
        return
    from alertd.config.rules_schema import rules_schema
    from alertd.config.schema import configuration_schema, unit_tests_schema

    print_json({FILES[0]: configuration_schema, FILES[1]: rules_schema, FILES[2]: unit_tests_schema}[what]())
