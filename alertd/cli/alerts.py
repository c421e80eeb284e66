"""`alertd alerts`: what fires now, and what keeps it from being told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from alertd.cli.arguments import parse_matcher_arguments
from alertd.cli.client import Client, Server, server_options, talk
from alertd.cli.output import (
    NotFound,
    in_one_line,
    labels_text,
    output_option,
    print_json,
    print_table,
    time_text,
)

STATES = ("active", "silenced", "inhibited")


@click.command(short_help="show alerts")
@click.argument("matchers", nargs=-1, metavar="[MATCHER]...")
@click.option(
    "--state", "states", type=click.Choice(STATES), multiple=True, help="only these; may be given again  [default: all]"
)
@click.option("--receiver", default="", metavar="REGEX", help="only what goes to these receivers")
@output_option
@server_options
def command(matchers: tuple[str, ...], states: tuple[str, ...], receiver: str, output: str, server: Server) -> None:
    """Show the alerts that a running alertd knows; MATCHER is name=value, or first the name of an alert.

    \b
    alertd alerts
    alertd alerts HighErrorRate severity=~"page|critical" --state active

    Exit status: 0 ok, 2 wrong usage, 3 cannot reach alertd, 4 nothing matches, 5 refused.
    """
    filters = [str(matcher) for matcher in parse_matcher_arguments(matchers)]
    alerts = talk(server, lambda client: fetch_alerts(client, filters, states=states or STATES, receiver=receiver))
    if output == "json":
        print_json(alerts)
    elif alerts:
        print_table(("ALERT", "STATE", "SINCE", "FINGERPRINT", "LABELS", "SUMMARY"), [_row(alert) for alert in alerts])
    elif not filters:
        click.echo("no alerts")
    if filters and not alerts:
        raise NotFound("no alert matches")


async def fetch_alerts(
    client: Client, filters: Sequence[str], *, states: Sequence[str] = STATES, receiver: str = ""
) -> list[dict[str, Any]]:
    """The alerts as API v2 has them, those that began last first."""
    parameters = [("filter", one) for one in filters]
    parameters += [(state, "true" if state in states else "false") for state in STATES]
    parameters += [("receiver", receiver)] if receiver else []
    alerts: list[dict[str, Any]] = await client.get("/api/v2/alerts", parameters)
    return sorted(alerts, key=lambda alert: alert["startsAt"], reverse=True)


def state_of(alert: Mapping[str, Any]) -> str:
    """`active`, or what suppresses it."""
    status = alert["status"]
    reasons = {"silencedBy": "silenced", "inhibitedBy": "inhibited", "mutedBy": "muted"}
    return next((word for key, word in reasons.items() if status.get(key)), status["state"])


def _row(alert: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        alert["labels"].get("alertname", ""),
        state_of(alert),
        time_text(alert["startsAt"]),
        alert["fingerprint"],
        labels_text(alert["labels"], without=("alertname",)),
        in_one_line(alert["annotations"].get("summary", "")),
    )
