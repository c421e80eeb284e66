"""`alertd healthcheck`: for containers and for people."""

from __future__ import annotations

from typing import Any

import click

from alertd.cli.client import Client, Server, server_options, talk
from alertd.cli.output import FAILED, output_option, print_json, print_table


@click.command(short_help="say whether a running alertd is well")
@click.option("--full", is_flag=True, help="everything it measures of itself, not only whether it answers")
@output_option
@server_options
def command(full: bool, output: str, server: Server) -> None:
    """Ask a running alertd whether it is well.

    Without --full it is asked only whether it answers: nothing that a restart would not mend makes it fail.

    Exit status: 0 well, 1 unhealthy (with --full), 2 wrong usage, 3 cannot reach alertd, 5 refused.
    """
    if not full:
        talk(server, lambda client: client.ask_plainly("/-/healthy"))
        if output == "json":
            print_json({"status": "healthy"})
        else:
            click.echo("healthy")
        return
    report = talk(server, _report)
    if output == "json":
        print_json(report)
    else:
        rows = [_row(name, check) for name, check in report["checks"].items()]
        print_table(("CHECK", "STATUS", "VALUE", "LIMIT", "UNIT", "DETAIL"), rows)
    if report["status"] == "unhealthy":
        raise SystemExit(FAILED)


async def _report(client: Client) -> dict[str, Any]:
    report: dict[str, Any] = await client.get("/health", tolerated=(503,))
    return report


def _row(name: str, check: dict[str, Any]) -> tuple[str, ...]:
    numbers = _text(check, "value"), _text(check, "threshold")
    return name, check["status"], *numbers, check.get("unit", ""), check.get("detail", "")


def _text(check: dict[str, Any], key: str) -> str:
    value = check.get(key)
    return "" if value is None else f"{value:g}"
