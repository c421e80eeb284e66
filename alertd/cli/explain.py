"""`alertd explain`: why somebody was told of an alert, or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import click

from alertd.cli.client import Server, server_options, talk
from alertd.cli.output import in_one_line, labels_text, output_option, print_json, print_table, printable, time_text


@click.command(short_help="say why somebody was told of an alert, or not")
@click.argument("fingerprint")
@output_option
@server_options
def command(fingerprint: str, output: str, server: Server) -> None:
    """Say all there is to say about one alert: its rule, its routes, what holds it back, who was told, what answered.

    FINGERPRINT is in the list that `alertd alerts` shows.

    Exit status: 0 ok, 2 wrong usage, 3 cannot reach alertd, 4 no such alert, 5 refused.
    """
    path = f"/api/alertd/v1/explain/{quote(fingerprint, safe='')}"
    explanation = talk(server, lambda client: client.get(path))
    if output == "json":
        print_json(explanation)
        return
    for line in _lines(explanation):
        click.echo(printable(line))
    for title, columns, rows in _tables(explanation):
        if rows:
            click.echo(f"\n{title}")
            print_table(columns, rows)


def _lines(alert: Mapping[str, Any]) -> Iterator[str]:
    name = alert["labels"].get("alertname", "(no name)")
    since = f" since {time_text(alert['startsAt'])}" if alert["startsAt"] else ""
    yield f"{name} {alert['state']}{since}  {alert['fingerprint']}"
    yield f"  {labels_text(alert['labels'], without=('alertname',))}"
    if summary := alert["annotations"].get("summary"):
        yield f"  {in_one_line(summary)}"
    for why in alert["why"]:
        yield f"  - {why}"
    if rule := alert["rule"]:
        yield ""
        yield from _rule(rule)
    for route in alert["routes"]:
        yield ""
        yield from _route(route)


def _rule(rule: Mapping[str, Any]) -> Iterator[str]:
    yield f"rule {rule['name']} of {rule['file']}, group {rule['group']}: {rule['health']}"
    yield f"  expr: {in_one_line(rule['expr'])}"
    evaluated = f" at {time_text(rule['evaluatedAt'])}" if rule["evaluatedAt"] else ""
    limit = f", limit {rule['threshold']:g}" if rule["threshold"] is not None else ""
    if rule["value"] is not None:
        yield f"  value: {rule['value']:g} {rule['unit']}".rstrip() + f"{limit}{evaluated}"
    if rule["lastError"]:
        yield f"  error: {rule['lastError']}"


def _route(route: Mapping[str, Any]) -> Iterator[str]:
    yield f"route {route['route']} to {route['receiver']}"
    yield f"  group: {labels_text(route['groupLabels']) or 'all alerts of the route'}"
    if route["nextFlushAt"]:
        yield f"  looked at next: {time_text(route['nextFlushAt'])}"
    if route["mutes"]["stage"]:
        yield f"  held back: {route['mutes']['stage']}"


def _tables(alert: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str], list[tuple[str, ...]]]]:
    yield (
        "deliveries",
        ("AT", "RECEIVER", "REASON", "STATE", "SECONDS", "ANSWER"),
        [row for delivery in alert["deliveries"] for row in _delivery_rows(delivery)],
    )
    yield (
        "history",
        ("AT", "WHAT", "RECEIVER", "VALUE", "WHY"),
        [
            (
                time_text(event["at"]),
                event["what"],
                event["receiver"],
                "" if event["value"] is None else f"{event['value']:g}",
                event["why"],
            )
            for event in alert["history"]
        ],
    )


def _delivery_rows(delivery: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """One row per attempt, and one for what waits for its first."""
    why = ": ".join(filter(None, (delivery["reason"], delivery.get("changes", ""))))
    start = (delivery["receiver"], why)
    if not delivery["attempts"]:
        return [(time_text(delivery["createdAt"]), *start, delivery["state"], "", "")]
    return [
        (time_text(one["at"]), *start, one["outcome"], f"{one['seconds']:.2f}", one["answer"])
        for one in delivery["attempts"]
    ]
