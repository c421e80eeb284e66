"""`alertd init`: a configuration to start from, with routes, receivers and a rule pack."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from alertd.config.presets import Preset

_SECRETS = "alertd.env"


@click.command(short_help="write a configuration to start from")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path(), metavar="[FOLDER]")
@click.option("--preset", default="agentgateway", show_default=True, help="what to start from; --list shows them")
@click.option("--list", "only_list", is_flag=True, help="list the presets and end")
def command(folder: Path, preset: str, only_list: bool) -> None:
    """Write alertd.yml, alertd.env and README.md into FOLDER, the present one by default.

    alertd.yml uses a rule pack and lists all its parameters; alertd.env has the variables that it takes its secrets
    from. Files that are there already are never touched.

    Exit status: 0 written, 1 a file is there already or cannot be written, 2 wrong usage.
    """
    from alertd.config.presets import find_preset, preset_names

    if only_list:
        for name in preset_names():
            click.echo(f"{name:20} {find_preset(name).about}")
        return
    chosen = _preset(preset)
    _write(folder, chosen)
    _say_next(folder, chosen.receiver)


def _preset(name: str) -> Preset:
    from alertd.config.presets import find_preset, preset_names
    from alertd.yamlio import suggestion

    known = preset_names()
    if name not in known:
        hint = suggestion(name, known, label="presets")
        raise click.BadParameter(f'there is no preset "{name}"; {hint}', param_hint="--preset")
    return find_preset(name)


def _write(folder: Path, preset: Preset) -> None:
    texts = preset.texts()
    there = [name for name in texts if (folder / name).exists()]
    if there:
        click.echo(f"alertd init: {', '.join(there)} in {folder} would be overwritten; choose another folder", err=True)
        raise SystemExit(1)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            # x: never over a file that came meanwhile; and nobody else reads what will hold secrets
            with open(folder / name, "x", encoding="utf-8", opener=_private if name == _SECRETS else None) as file:
                file.write(text)
    except OSError as error:
        click.echo(f"alertd init: {error.filename}: {error.strerror}", err=True)
        raise SystemExit(1) from None
    for name in texts:
        click.echo(f"wrote {folder / name}")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _say_next(folder: Path, receiver: str) -> None:
    click.echo("\nNext: fill in alertd.env, then")
    if folder != Path():
        click.echo(f"  cd {folder}")
    for line in ("set -a; . ./alertd.env; set +a", "alertd check", f"alertd receivers test {receiver}", "alertd run"):
        click.echo(f"  {line}")
