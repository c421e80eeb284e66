"""`alertd receivers test`: does a receiver take what it is sent, and if not, why."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from alertd.cli.arguments import config_option, load_config
from alertd.cli.client import Server, credentials_options, talk
from alertd.cli.integrations import external_url, integrations_of
from alertd.cli.output import FAILED, output_option, print_json, printable
from alertd.cli.quiet import errors_only


@click.group(short_help="try receivers")
def command() -> None:
    """Try receivers.

    Exit status: 0 ok, 1 a receiver did not take it, 2 wrong usage, 3 cannot reach alertd, 4 no such receiver, 5 refused.
    """


@command.command("test")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="send nothing, show what would be sent")
@config_option
@click.option("--url", default="", metavar="URL", help="let the alertd there do it, with its own configuration")
@credentials_options
@output_option
def test_receiver(name: str, dry_run: bool, config_file: Path, server: Server, output: str) -> None:
    """Send a test notification to every integration of the receiver NAME, and show what each service answers.

    It is marked [TEST] and belongs to no real alert. Without --url it is sent from here, by the configuration file.
    """
    errors_only()
    trials = _ask(server, name, dry_run=dry_run) if server.url else _try_here(config_file, name, dry_run=dry_run)
    if output == "json":
        print_json(trials)
    elif not trials:
        click.echo(f"{name} has no integrations: what is sent to it goes nowhere")
    else:
        for trial in trials:
            _show(trial)
    if not all(trial["passed"] for trial in trials):
        raise SystemExit(FAILED)


def _ask(server: Server, name: str, *, dry_run: bool) -> Sequence[dict[str, Any]]:
    path = f"/api/alertd/v1/receivers/{quote(name, safe='')}/test"
    parameters = [("dryRun", "true")] if dry_run else []
    trials: list[dict[str, Any]] = talk(server, lambda client: client.post(path, parameters=parameters))["results"]
    return trials


def _try_here(config_file: Path, name: str, *, dry_run: bool) -> Sequence[dict[str, Any]]:
    from random import SystemRandom

    from alertd.clock import SystemClock
    from alertd.engine.trial import Trial, try_receiver
    from alertd.notify.ulid import Ulids

    config = load_config(config_file)

    async def work() -> list[Trial]:
        async with integrations_of(config, name) as integrations:
            return await try_receiver(
                integrations,
                new_id=Ulids(SystemRandom()),
                external_url=external_url(config),
                clock=SystemClock(),
                dry_run=dry_run,
            )

    return [trial.document() for trial in asyncio.run(work())]


def _show(trial: Mapping[str, Any]) -> None:
    place = printable(trial["receiver"])
    if trial["state"] == "not sent":
        click.echo(f"{place}: would send, as {trial['contentType']}:")
        click.echo(printable(trial["body"].rstrip("\n")))
    else:
        mark = "ok  " if trial["passed"] else "FAIL"
        click.echo(f"{mark} {place}: {trial['state']} after {trial['seconds']:.2f} s: {printable(trial['answer'])}")
    if trial["nextStep"]:
        click.echo(f"     next: {trial['nextStep']}")
    if trial["templateFailed"]:
        click.echo("     next: its template fails, a plain message took its place; alertd check says where")
