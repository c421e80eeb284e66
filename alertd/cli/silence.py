"""`alertd silence`: who is not to be told of what, and until when."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from alertd.cli.alerts import fetch_alerts
from alertd.cli.arguments import local_zone, parse_duration_argument, parse_matcher_arguments
from alertd.cli.client import Client, Server, server_options, talk
from alertd.cli.output import (
    Failure,
    NotFound,
    Refused,
    in_one_line,
    output_option,
    print_json,
    print_table,
    time_text,
)
from alertd.cli.until import EXAMPLES, TimeError, parse_until

if TYPE_CHECKING:
    from alertd.labels.matcher import Matchers

NAMES_SHOWN = 5
ANY_ALERT = {"alertname": "an alert that nobody has thought of yet"}
"""Whoever mutes this mutes everything."""


@click.group(short_help="make, show and end silences")
def command() -> None:
    """Make, show and end silences of a running alertd, or of an Alertmanager.

    Exit status: 0 ok, 1 failed, 2 wrong usage, 3 cannot reach alertd, 4 not found or nothing matches, 5 refused.
    """


@command.command()
@click.argument("matchers", nargs=-1, required=True, metavar="MATCHER...")
@click.option("-c", "--comment", required=True, help="why")
@click.option("-a", "--author", default=lambda: getpass.getuser(), show_default="you", help="who")
@click.option("--for", "lasts", metavar="DURATION", help="for how long, such as 2h  [default: 1h]")
@click.option("--until", metavar="TIME", help=f"until when: {EXAMPLES}")
@click.option("--start", metavar="TIME", help="from when  [default: now]")
@click.option("--dry-run", is_flag=True, help="only say what it would mute")
@click.option("--force", is_flag=True, help="also when it mutes nothing now, or everything")
@server_options
def add(
    matchers: tuple[str, ...],
    comment: str,
    author: str,
    lasts: str | None,
    until: str | None,
    start: str | None,
    dry_run: bool,
    force: bool,
    server: Server,
) -> None:
    """Make a silence; prints its id. MATCHER is name=value, or first the name of an alert; all of them must match.

    \b
    alertd silence add HighErrorRate team=search --until "mon 08:00" -c "known, TICKET-1"

    Says first what it mutes now. One that mutes nothing now, or everything, needs --force.
    """
    from alertd.clock import SystemClock

    parsed = parse_matcher_arguments(matchers)
    now = SystemClock().now()
    begins = _time(start, "--start", at=now) if start else now
    draft = {
        "matchers": [_matcher_json(matcher) for matcher in parsed],
        "startsAt": begins.isoformat(),
        "endsAt": _end(lasts, until, begins=begins).isoformat(),
        "createdBy": author,
        "comment": comment,
    }

    async def work(client: Client) -> None:
        muted = await fetch_alerts(client, [str(matcher) for matcher in parsed])
        click.echo(_preview(muted), err=True)
        if not dry_run:
            if not force:
                _ask_for_force(parsed, muted)
            click.echo((await client.post("/api/v2/silences", draft))["silenceID"])

    talk(server, work)


@command.command("list")
@click.argument("matchers", nargs=-1, metavar="[MATCHER]...")
@click.option("--expired", is_flag=True, help="those that are over instead")
@click.option("--author", default="", help="only those of this author")
@click.option("-q", "--quiet", is_flag=True, help="ids alone")
@output_option
@server_options
def list_silences(
    matchers: tuple[str, ...], expired: bool, author: str, quiet: bool, output: str, server: Server
) -> None:
    """Show silences, those that end soonest first; with MATCHER only those that have it."""
    filters = [("filter", str(matcher)) for matcher in parse_matcher_arguments(matchers)]
    known = talk(server, lambda client: client.get("/api/v2/silences", filters))
    found = [
        silence
        for silence in known
        if (silence["status"]["state"] == "expired") is expired and author in ("", silence["createdBy"])
    ]
    if quiet:
        for silence in found:
            click.echo(silence["id"])
    elif output == "json":
        print_json(found)
    elif found:
        print_table(("ID", "STATE", "ENDS", "MATCHERS", "AUTHOR", "COMMENT"), [_row(silence) for silence in found])
    elif not (filters or author):
        click.echo("no silences")
    if not found and (filters or author):
        raise NotFound("no silence matches")


@command.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@server_options
def expire(ids: tuple[str, ...], server: Server) -> None:
    """End silences now."""

    async def work(client: Client) -> None:
        for silence_id in ids:
            silence = await _get(client, silence_id)
            await client.delete(f"/api/v2/silence/{silence['id']}")
            click.echo(f"{silence_id} ended")

    talk(server, work)


@command.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--by", "longer", metavar="DURATION", help="how much longer, such as 2h  [default: 1h]")
@click.option("--until", metavar="TIME", help=f"until when: {EXAMPLES}")
@server_options
def extend(ids: tuple[str, ...], longer: str | None, until: str | None, server: Server) -> None:
    """Let silences end later; prints their ids. One that is over begins anew under another id."""
    from alertd.clock import SystemClock

    async def work(client: Client) -> None:
        for silence_id in ids:
            silence = await _get(client, silence_id)
            now = SystemClock().now()
            ends = max(datetime.fromisoformat(silence["endsAt"]), now)
            later = silence | {"endsAt": _end(longer, until, begins=ends, flag="--by").isoformat()}
            click.echo((await client.post("/api/v2/silences", later))["silenceID"])

    talk(server, work)


@command.command("import")
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--force", is_flag=True, help="always make new ones, never change those with the same id")
@server_options
def import_silences(file: BinaryIO, force: bool, server: Server) -> None:
    """Take silences from FILE (or -), as `alertd silence list --output json` and amtool write them; prints their ids."""
    silences = _read_silences(file)

    async def work(client: Client) -> None:
        for silence in silences:
            click.echo(await _import_one(client, silence, force=force))

    talk(server, work)


async def _import_one(client: Client, silence: Mapping[str, Any], *, force: bool) -> str:
    """The id it has now; one whose id is unknown here gets another."""
    without_id = {key: value for key, value in silence.items() if key != "id"}
    try:
        answer = await client.post("/api/v2/silences", without_id if force else silence)
    except NotFound:
        answer = await client.post("/api/v2/silences", without_id)
    return str(answer["silenceID"])


def _read_silences(file: BinaryIO) -> list[dict[str, Any]]:
    import msgspec

    try:
        return msgspec.json.decode(file.read(), type=list[dict[str, Any]])
    except msgspec.DecodeError as error:
        raise Failure(f"what is to be imported: {error}; give a JSON list of silences") from None


async def _get(client: Client, silence_id: str) -> dict[str, Any]:
    try:
        silence: dict[str, Any] = await client.get(f"/api/v2/silence/{silence_id}")
    except NotFound:
        raise NotFound(f"there is no silence {silence_id}") from None
    return silence


def _end(lasts: str | None, until: str | None, *, begins: datetime, flag: str = "--for") -> datetime:
    if lasts and until:
        raise click.UsageError(f"give {flag} or --until, not both")
    if until:
        return _time(until, "--until", at=begins)
    return begins + parse_duration_argument(lasts or "1h", flag)


def _time(text: str, flag: str, *, at: datetime) -> datetime:
    try:
        return parse_until(text, at=at, zone=local_zone()).astimezone(UTC)
    except TimeError as error:
        raise click.BadParameter(str(error), param_hint=flag) from None


def _ask_for_force(matchers: Matchers, muted: Sequence[object]) -> None:
    from alertd.labels.matcher import all_match

    if all_match(matchers, ANY_ALERT):
        raise Refused("this would mute every alert, also those nobody has thought of; if it is meant: --force")
    if not muted:
        raise NotFound("nothing it would mute fires now; check the matchers, or if it is meant: --force")


def _preview(muted: Sequence[Mapping[str, Any]]) -> str:
    """`mutes 3 alerts now: HighErrorRate (2), Latency`."""
    if not muted:
        return "mutes no alert now"
    from collections import Counter

    names = Counter(alert["labels"].get("alertname", "(no name)") for alert in muted)
    shown = [name if count == 1 else f"{name} ({count})" for name, count in names.most_common(NAMES_SHOWN)]
    more = len(names) - len(shown)
    return (
        f"mutes {len(muted)} alert{'s' if len(muted) > 1 else ''} now: {', '.join(shown)}"
        f"{f' and {more} more names' if more else ''}"
    )


def _matcher_json(matcher: Any) -> dict[str, object]:
    return {
        "name": matcher.name,
        "value": matcher.value,
        "isRegex": "~" in matcher.op,
        "isEqual": "!" not in matcher.op,
    }


def _row(silence: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        silence["id"],
        silence["status"]["state"],
        time_text(silence["endsAt"]),
        " ".join(_matcher_text(matcher) for matcher in silence["matchers"]),
        silence["createdBy"],
        in_one_line(silence["comment"]),
    )


def _matcher_text(matcher: Mapping[str, Any]) -> str:
    from alertd.labels.matcher import Matcher, Op

    negated, regex = not matcher.get("isEqual", True), matcher["isRegex"]
    op = {(False, False): Op.EQUAL, (True, False): Op.NOT_EQUAL, (False, True): Op.REGEX, (True, True): Op.NOT_REGEX}
    return str(Matcher(matcher["name"], op[negated, regex], matcher["value"]))
