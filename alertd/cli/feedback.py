"""`alertd feedback`: what operators know of an anomaly, for the rule to learn from."""

from __future__ import annotations

import click

from alertd.cli.client import Server, server_options, talk
from alertd.cli.output import output_option, print_json, printable

_SAID = {
    "expected": "expects this level from now on",
    "incident": "expects what it expected before, and learns nothing of this",
}


@click.command(short_help="say what an anomaly was")
@click.argument("fingerprint")
@click.argument("feedback", type=click.Choice(list(_SAID)), metavar="expected|incident")
@output_option
@server_options
def command(fingerprint: str, feedback: str, output: str, server: Server) -> None:
    """Tell the anomaly rule of an alert what it was: meant to be so, or an incident.

    FINGERPRINT is in the list that `alertd alerts` shows. What is expected of the series changes at once, and is saved.
    A group alert speaks for all series that are anomalous.

    Exit status: 0 ok, 2 wrong usage, 3 cannot reach alertd, 4 no such alert, 5 refused.
    """
    body = {"fingerprint": fingerprint, "feedback": feedback}
    lesson = talk(server, lambda client: client.post("/api/alertd/v1/feedback", body))
    if output == "json":
        print_json(lesson)
        return
    series = "1 series" if lesson["series"] == 1 else f"{lesson['series']} series"
    click.echo(f"{printable(lesson['rule'])} {_SAID[feedback]} ({series})")
