"""`alertd render`: what a receiver is sent, byte for byte."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from alertd.cli.arguments import config_option, load_config
from alertd.cli.integrations import external_url, integrations_of
from alertd.cli.output import FAILED, Failure, NotFound, output_option, print_json
from alertd.cli.quiet import errors_only

if TYPE_CHECKING:
    from alertd.config.load import Config
    from alertd.dispatch.grouping import GroupFlush
    from alertd.engine.ports import Integration
    from alertd.notify.outbox import Payload

SAMPLE = [
    {
        "labels": {"alertname": "HighErrorRate", "severity": "critical", "job": "gateway", "instance": "gw-1:9100"},
        "annotations": {
            "summary": "gw-1 fails 12% of its requests",
            "runbook_url": "http://runbooks.example.org/errors",
        },
        "generatorURL": "http://prometheus.example.org/graph",
    }
]
"""What is rendered without --alert."""

_KIND = re.compile(r"(\w+)(?:\[(\d+)\])?")


@click.command(short_help="show what a receiver is sent")
@click.option("--receiver", required=True, metavar="NAME", help="whose messages")
@click.option(
    "--alert",
    "alert_file",
    type=click.File("rb"),
    help="JSON: an alert, a list of them, or a webhook's payload  [default: a sample]",
)
@click.option("--as", "kind", default="", metavar="KIND", help="only this integration: slack, or slack[1]")
@config_option
@output_option
def command(receiver: str, alert_file: BinaryIO | None, kind: str, config_file: Path, output: str) -> None:
    """Write what the receiver NAME would be sent about a group of alerts; nothing is sent.

    With one integration it is exactly the payload, with several each has a heading. An alert with an endsAt that is past
    is resolved.

    Exit status: 0 ok, 1 a template fails (a plain message takes its place) or a file is wrong, 2 wrong usage,
    4 no such receiver or integration.
    """
    errors_only()
    config = load_config(config_file)
    flush = _flush(config, receiver, alert_file.read() if alert_file else json.dumps(SAMPLE).encode())
    rendered = asyncio.run(_render(config, flush, kind))
    if output == "json":
        print_json([_document(one, payload) for one, payload in rendered])
    elif len(rendered) == 1:
        click.echo(rendered[0][1].body, nl=False)
    else:
        for one, payload in rendered:
            click.echo(f"# {_place(one)} {payload.content_type}")
            click.echo(payload.body.rstrip(b"\n") + b"\n")
    if any(payload.is_fallback for _, payload in rendered):
        raise SystemExit(FAILED)


def _flush(config: Config, receiver: str, text: bytes) -> GroupFlush:
    from alertd.cli.alert_file import group_for, read_alerts
    from alertd.clock import SystemClock
    from alertd.dispatch.route import Route

    at = SystemClock().now()
    try:
        alerts = read_alerts(text, at=at)
    except ValueError as error:
        raise Failure(f"--alert: {error}; give alerts as the API has them: {json.dumps(SAMPLE)}") from None
    root = Route.from_settings(config.route) if config.route else None
    return group_for(receiver, root, alerts, at=at)


async def _render(config: Config, flush: GroupFlush, kind: str) -> list[tuple[Integration, Payload]]:
    from alertd.notify.message import compose
    from alertd.notify.reason import Reason

    reason = Reason.FIRST_NOTIFICATION if flush.firing else Reason.ALL_RESOLVED
    async with integrations_of(config, flush.receiver) as integrations:
        return [
            (one, one.render(message))
            for one in _chosen(integrations, kind)
            for message in (
                compose(part, reason, send_resolved=True, max_alerts=one.max_alerts, external_url=external_url(config))
                for part in ([flush.of([alert]) for alert in flush.alerts] if one.per_alert else [flush])
            )
        ]


def _chosen(integrations: Sequence[Integration], kind: str) -> Sequence[Integration]:
    if not kind:
        return integrations
    match = _KIND.fullmatch(kind)
    found = [
        one for one in integrations if match and one.integration == match[1] and match[2] in (None, str(one.index))
    ]
    if not found:
        known = ", ".join(f"{one.integration}[{one.index}]" for one in integrations) or "none"
        raise NotFound(f'the receiver has no integration "{kind}"; it has: {known}')
    return found


def _place(one: Integration) -> str:
    return f"{one.receiver}/{one.integration}[{one.index}]"


def _document(one: Integration, payload: Payload) -> dict[str, object]:
    return {
        "receiver": _place(one),
        "integration": one.integration,
        "contentType": payload.content_type,
        "body": payload.body.decode(errors="replace"),
        "templateFailed": payload.is_fallback,
    }
