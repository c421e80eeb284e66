"""`alertd routes`: the routing tree, and which way an alert takes through it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alertd.cli.arguments import config_option, load_config, parse_label_arguments
from alertd.cli.output import FAILED, Failure, output_option, print_json, printable

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
    """
    from alertd.dispatch.tracing import trace

    root, alert = _root(config_file), parse_label_arguments(labels)
    taken = root.match(alert)
    receivers = [route.receiver for route in taken]
    visits = list(trace(root, alert)) if explain else []
    if output == "json":
        print_json(
            {
                "labels": dict(alert),
                "receivers": receivers,
                "routes": [_taken(route, alert) for route in taken],
                **({"explanation": [_visit(visit) for visit in visits]} if explain else {}),
            }
        )
    else:
        for visit in visits:
            click.echo(printable("  " * visit.depth + _explained(visit, alert)))
        click.echo(printable(",".join(receivers)))
    if expect is not None and receivers != expect.split(","):
        click.echo(printable(f"alertd: expected {expect}, got {','.join(receivers)}"), err=True)
        raise SystemExit(FAILED)


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
