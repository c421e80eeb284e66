"""`alertd alerts`: what fires now, and what keeps it from being told."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import click

from alertd.cli.arguments import parse_duration_argument, parse_matcher_arguments
from alertd.cli.client import Client, Server, server_options, talk
from alertd.cli.output import (
    NotFound,
    Unreachable,
    in_one_line,
    labels_text,
    output_option,
    print_json,
    print_table,
    time_text,
)

if TYPE_CHECKING:
    from alertd.clock import Clock

STATES = ("active", "silenced", "inhibited")


@click.command(short_help="show alerts")
@click.argument("matchers", nargs=-1, metavar="[MATCHER]...")
@click.option(
    "--state", "states", type=click.Choice(STATES), multiple=True, help="only these; may be given again  [default: all]"
)
@click.option("--receiver", default="", metavar="REGEX", help="only what goes to these receivers")
@click.option("--watch", "is_watched", is_flag=True, help="go on, and show them again once they have changed")
@click.option("--interval", default="5s", show_default=True, metavar="DURATION", help="how often to look, with --watch")
@output_option
@server_options
def command(
    matchers: tuple[str, ...],
    states: tuple[str, ...],
    receiver: str,
    is_watched: bool,
    interval: str,
    output: str,
    server: Server,
) -> None:
    """Show the alerts that a running alertd knows; MATCHER is name=value, or first the name of an alert.

    \b
    alertd alerts
    alertd alerts HighErrorRate severity=~"page|critical" --state active --watch

    Exit status: 0 ok, 2 wrong usage, 3 cannot reach alertd, 4 nothing matches, 5 refused, 130 interrupted.
    """
    filters = [str(matcher) for matcher in parse_matcher_arguments(matchers)]
    every = parse_duration_argument(interval, "--interval")

    async def fetch(client: Client) -> list[dict[str, Any]]:
        return await fetch_alerts(client, filters, states=states or STATES, receiver=receiver)

    if is_watched:
        from alertd.clock import SystemClock

        show = _show_line if output == "json" else _show_screen
        try:
            talk(server, lambda client: watch(lambda: fetch(client), show, every=every, clock=SystemClock()))
        except KeyboardInterrupt:
            raise SystemExit(130) from None
    alerts = talk(server, fetch)
    if output == "json":
        print_json(alerts)
    elif alerts:
        _show_table(alerts)
    elif not filters:
        click.echo("no alerts")
    if filters and not alerts:
        raise NotFound("no alert matches")


Alerts = Sequence[Mapping[str, Any]]


async def watch(
    fetch: Callable[[], Awaitable[Alerts]], show: Callable[[Alerts], None], *, every: timedelta, clock: Clock
) -> NoReturn:
    """Show the alerts, and again whenever they have changed. Once there was an answer, a failure is told and waited out."""
    shown: Alerts | None = None
    has_answered = False
    while True:
        try:
            alerts = await fetch()
        except Unreachable as error:
            if not has_answered:
                raise
            if shown is not None:
                error.show()
            shown = None
        else:
            has_answered = True
            if alerts != shown:
                show(alerts)
            shown = alerts
        await clock.sleep_until(clock.now() + every)


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


def _show_table(alerts: Alerts) -> None:
    print_table(("ALERT", "STATE", "SINCE", "FINGERPRINT", "LABELS", "SUMMARY"), [_row(alert) for alert in alerts])


def _show_screen(alerts: Alerts) -> None:
    """On a terminal instead of what was there before; else below it."""
    click.clear()
    if alerts:
        _show_table(alerts)
    else:
        click.echo("no alerts")
    sys.stdout.flush()


def _show_line(alerts: Alerts) -> None:
    click.echo(json.dumps(alerts, ensure_ascii=False))


def _row(alert: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        alert["labels"].get("alertname", ""),
        state_of(alert),
        time_text(alert["startsAt"]),
        alert["fingerprint"],
        labels_text(alert["labels"], without=("alertname",)),
        in_one_line(alert["annotations"].get("summary", "")),
    )
