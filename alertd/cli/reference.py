"""The reference: every key of the files, and every verb with its flags, made from what the code declares."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click

from alertd.cli import VERBS
from alertd.config.reference import code, reference, table

_HEAD = """\
# Reference

Every key of the files and every flag of the command line. This page is made by `alertd schema reference`; the
[README](../README.md) explains, and [config/alertd.yml](../config/alertd.yml) shows the keys in use.
"""


def page() -> str:
    """The page deploy/REFERENCE.md."""
    return "\n".join([_HEAD, reference(), "## Command line\n", *command_lines()])


def command_lines() -> Iterator[str]:
    """A section for every verb, and for every verb under it."""
    for verb in VERBS:
        yield from _sections(import_module(VERBS[verb][0]).command, f"alertd {verb}")


def _sections(command: click.Command, path: str) -> Iterator[str]:
    yield f"### {code(_usage(command, path))}\n"
    yield f"{_sentence(command)}\n"
    flags = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    if flags:
        yield table(("flag", "default", "what"), [_row(flag) for flag in flags])
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _sections(inner, f"{path} {name}")


def _usage(command: click.Command, path: str) -> str:
    arguments = [one.make_metavar(click.Context(command)) for one in command.params if isinstance(one, click.Argument)]
    return " ".join([path, *arguments])


def _sentence(command: click.Command) -> str:
    """The first paragraph of its help."""
    return " ".join((command.help or command.short_help or "").split("\n\n")[0].split())


def _row(flag: click.Option) -> tuple[str, str, str]:
    names = ", ".join(code(name) for name in (*flag.opts, *flag.secondary_opts))
    default = flag.default
    plain = isinstance(default, (str, int, float, Path)) and not isinstance(default, bool) and default != ""
    choices = (
        f": {', '.join(code(str(one)) for one in flag.type.choices)}" if isinstance(flag.type, click.Choice) else ""
    )
    return names, code(str(default)) if plain else "", f"{flag.help or ''}{choices}"
