"""`alertd routes`: the routing tree, and which way an alert takes through it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alertd.cli.arguments import config_option, load_config, parse_label_arguments, read_label_sets
from alertd.cli.output import FAILED, Failure, labels_text, output_option, print_json, printable

if TYPE_CHECKING:
    from alertd.dispatch.route import Route
    from alertd.dispatch.tracing import Visit
    from alertd.labels import LabelSet


@click.group(short_help="show and test the routing tree")
def command() -> None:
    """Show and test the routing tree of a configuration file.

    Exit status: 0 ok, 1 other receivers than expected, or a configuration that is wrong, 2 wrong usage.
    """


@command.command()
@config_option
@output_option
def show(config_file: Path, output: str) -> None:
    """Show the routing tree."""
    root = _root(config_file)
    if output == "json":
        print_json(_node(root))
        return
    for line in _tree(root):
        click.echo(printable(line))


@command.command("test")
@click.argument("labels", nargs=-1, metavar="[LABEL]...")
@click.option("--expect", metavar="NAMES", help="exit with 1 unless it goes to just these receivers, by comma")
@click.option("--explain", is_flag=True, help="say at each node why")
@config_option
@output_option
def test_route(labels: tuple[str, ...], expect: str | None, explain: bool, config_file: Path, output: str) -> None:
    """Say which receivers an alert with these labels (name=value) goes to.

    \b
    alertd routes test severity=page team=search --expect search-pager
    alertd routes test - < alerts.txt

    With - alerts are read from standard input, one per line: name=value ..., or a JSON object of labels.
    """
    root = _root(config_file)
    many = labels == ("-",)
    alerts = read_label_sets(sys.stdin) if many else [parse_label_arguments(labels)]
    if output == "json":
        documents = [_document(root, alert, explain=explain) for alert in alerts]
        print_json(documents if many else documents[0])
    else:
        for alert in alerts:
            _tell(root, alert, explain=explain, named=many)
    _compare(root, alerts, expect)


def _document(root: Route, alert: LabelSet, *, explain: bool) -> dict[str, object]:
    from alertd.dispatch.tracing import trace

    taken = root.match(alert)
    return {
        "labels": dict(alert),
        "receivers": [route.receiver for route in taken],
        "routes": [_taken(route, alert) for route in taken],
        **({"explanation": [_visit(visit) for visit in trace(root, alert)]} if explain else {}),
    }


def _tell(root: Route, alert: LabelSet, *, explain: bool, named: bool) -> None:
    """The receivers; with `named` after the labels they are of."""
    from alertd.dispatch.tracing import trace

    for visit in trace(root, alert) if explain else ():
        click.echo(printable("  " * visit.depth + _explained(visit, alert)))
    click.echo(printable((f"{labels_text(alert)}: " if named else "") + _receivers(root, alert)))


def _compare(root: Route, alerts: Sequence[LabelSet], expect: str | None) -> None:
    others = [alert for alert in alerts if expect is not None and _receivers(root, alert) != expect]
    for alert in others:
        of = f"{labels_text(alert)}: " if len(alerts) > 1 else ""
        click.echo(printable(f"alertd: {of}expected {expect}, got {_receivers(root, alert)}"), err=True)
    if others:
        raise SystemExit(FAILED)


def _receivers(root: Route, alert: LabelSet) -> str:
    return ",".join(route.receiver for route in root.match(alert))


def _root(config_file: Path) -> Route:
    from alertd.dispatch.route import Route

    settings = load_config(config_file).route
    if settings is None:
        raise Failure(f"{config_file} has no route: nobody is told of anything")
    return Route.from_settings(settings)


def _tree(route: Route, indent: str = "") -> Iterator[str]:
    if not indent:
        yield _line(route)
    for child in route.routes:
        is_last = child is route.routes[-1]
        yield f"{indent}{'└── ' if is_last else '├── '}{_line(child)}"
        yield from _tree(child, indent + ("    " if is_last else "│   "))


def _line(route: Route) -> str:
    continues = "  continue: true" if route.continues else ""
    return f"{_matchers(route)}  receiver: {route.receiver}{continues}  {_timing(route)}"


def _timing(route: Route) -> str:
    from alertd.duration import format_duration

    names = "..." if route.group_by is None else ", ".join(sorted(route.group_by))
    intervals = [
        f"{word} {', '.join(which)}"
        for word, which in (("muted in", route.mute_time_intervals), ("active in", route.active_time_intervals))
        if which
    ]
    return "  ".join(
        [
            f"group_by: [{names}]",
            f"wait {format_duration(route.group_wait)}",
            f"then every {format_duration(route.group_interval)}",
            f"repeated after {format_duration(route.repeat_interval)}",
            *intervals,
        ]
    )


def _matchers(route: Route) -> str:
    from alertd.labels.matcher import matchers_text

    return matchers_text(route.matchers)


def _explained(visit: Visit, labels: LabelSet) -> str:
    from alertd.dispatch.tracing import Verdict

    route, failing = visit.route, visit.failing
    texts = {
        Verdict.TAKEN: f"takes it, group {route.group_labels(labels)}",
        Verdict.PASSED_ON: "matches, and passes it on",
        Verdict.NOT_OFFERED: "is not asked: an earlier sibling took it and has no continue: true",
        Verdict.NO_MATCH: f'does not match: {failing.name} is "{labels.get(failing.name)}"' if failing else "",
    }
    return f"{_matchers(route)} {route.receiver}: {texts[visit.verdict]}"


def _node(route: Route) -> dict[str, object]:
    return _settings(route) | {"routes": [_node(child) for child in route.routes]}


def _settings(route: Route) -> dict[str, object]:
    from alertd.duration import format_duration

    return {
        "receiver": route.receiver,
        "matchers": [str(matcher) for matcher in route.matchers],
        "continue": route.continues,
        "groupBy": ["..."] if route.group_by is None else sorted(route.group_by),
        "groupWait": format_duration(route.group_wait),
        "groupInterval": format_duration(route.group_interval),
        "repeatInterval": format_duration(route.repeat_interval),
        "muteTimeIntervals": list(route.mute_time_intervals),
        "activeTimeIntervals": list(route.active_time_intervals),
    }


def _taken(route: Route, labels: LabelSet) -> dict[str, object]:
    return _settings(route) | {"key": route.key, "groupLabels": dict(route.group_labels(labels))}


def _visit(visit: Visit) -> dict[str, object]:
    return {
        "receiver": visit.route.receiver,
        "key": visit.route.key,
        "depth": visit.depth,
        "verdict": visit.verdict.value,
        "failing": str(visit.failing) if visit.failing else None,
    }
