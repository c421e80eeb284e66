"""`alertd budgets`: what every scope has spent of its budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from alertd.cli.client import Client, Server, server_options, talk
from alertd.cli.output import NotFound, labels_text, output_option, print_json, print_table, printable, time_text

COLUMNS = ("BUDGET", "SCOPE", "SPENT", "LIMIT", "%", "PROJECTED", "EXCEEDS", "PERIOD ENDS", "KNOWN")


@click.command(short_help="show budgets")
@click.argument("rule", required=False, default="")
@output_option
@server_options
def command(rule: str, output: str, server: Server) -> None:
    """Show what every scope has spent of its budget in this period, those that spent most first; of one RULE, or of all.

    KNOWN is the share of the period so far that was observed; PROJECTED and EXCEEDS come from projection rules on the same
    spend. Models without a price are named below.

    \b
    alertd budgets
    alertd budgets TeamBudget --output json

    Exit status: 0 ok, 2 wrong usage, 3 cannot reach alertd, 4 no budget of that name, 5 refused.
    """
    rows = talk(server, lambda client: _fetch(client, rule))
    if output == "json":
        print_json(rows)
    elif rows:
        print_table(COLUMNS, [_cells(row) for row in rows])
        for row in rows:
            if row["unpriced"]:
                click.echo(_missing(row))
    elif not rule:
        click.echo("no budgets")
    if rule and not rows:
        raise NotFound(f'no budget is called "{rule}"')


async def _fetch(client: Client, rule: str) -> list[dict[str, Any]]:
    answer: dict[str, Any] = await client.get("/api/alertd/v1/budgets", [("rule", rule)])
    rows: list[dict[str, Any]] = answer["budgets"]
    return rows


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["rule"],
        labels_text(row["scope"]) or "all",
        f"{_amount(row['spent'])} {row['unit']}",
        _amount(row["limit"]),
        "-" if row["percent"] is None else f"{row['percent']:.1f}",
        _amount(row["projected"]),
        time_text(row["exceedsAt"]) if row["exceedsAt"] else "-",
        time_text(row["periodEnd"]),
        f"{row['completeness']:.1%}",
    )


def _missing(row: Mapping[str, Any]) -> str:
    models = ", ".join(f"{_amount(tokens)} of {printable(model)}" for model, tokens in row["unpriced"].items())
    scope = labels_text(row["scope"]) or "all"
    return f"{row['rule']} {scope}: not in SPENT, for want of a price, are tokens: {models}"


def _amount(number: float | None) -> str:
    """With cents; large ones without."""
    if number is None:
        return "-"
    return f"{number:,.2f}" if abs(number) < 10_000 else f"{number:,.0f}"
