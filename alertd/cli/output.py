"""How verbs answer: tables for people, JSON for programs, and exit statuses that mean the same everywhere."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

F = TypeVar("F", bound=Callable[..., Any])

COLOURS: Mapping[str, str] = {
    **dict.fromkeys(("firing", "active", "dead", "rejected", "failed"), "red"),
    **dict.fromkeys(("pending", "retry", "queued", "leased", "silenced", "inhibited", "muted"), "yellow"),
    **dict.fromkeys(("resolved", "delivered", "ok"), "green"),
    **dict.fromkeys(("expired", "superseded", "inactive"), "bright_black"),
}
"""By the words that stand in cells; on a terminal only."""

_TABLE_WIDTH_IN_PIPES = 100_000
_NEVER_WRAPPED = 36
"""Characters; the longest that is copied is the id of a silence."""


FAILED = 1
"""Exit status of a verb that did its work, and found what is asked about not to be well."""


class Failure(click.ClickException):
    """Ends a verb with a message on stderr: what is wrong, and what to do."""

    def show(self, file: Any = None) -> None:
        """The message as it is."""
        click.echo(f"alertd: {printable(self.message)}", err=True)


class Unreachable(Failure):
    """Nobody answers, or somebody else does."""

    exit_code = 3


class NotFound(Failure):
    """What was asked for is not there, or nothing matches."""

    exit_code = 4


class Refused(Failure):
    """Not allowed, or not without being asked for twice."""

    exit_code = 5


def output_option(function: F) -> F:
    """`--output table|json`."""
    return click.option(
        "--output",
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
        help="a table for people, JSON for programs",
    )(function)


def print_json(value: object) -> None:
    """Indented JSON; keys may be added in later versions, none is taken away."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns with a heading; as wide as the terminal, in a pipe as wide as it needs to be.

    Ids and times are there to be copied: where a terminal is too narrow for them, each row is written below the other.
    """
    from rich.console import Console

    terminal = sys.stdout.isatty()
    console = Console(
        width=None if terminal else _TABLE_WIDTH_IN_PIPES,
        color_system="auto" if terminal and not os.environ.get("NO_COLOR") else None,
        highlight=False,
    )
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [_least_width([name, *column]) for name, *column in zip(columns, *cells, strict=True)]
    has_room = sum(widths) + 2 * (len(widths) - 1) <= console.width
    with console.capture() as captured:
        for table in [_as_table(columns, cells, widths)] if has_room else _as_records(columns, cells):
            console.print(table)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def _least_width(cells: Sequence[str]) -> int:
    """How narrow a column may become: short cells stay in one line, longer ones break between words, and very long words anywhere."""
    longest = max(map(len, cells))
    if longest <= _NEVER_WRAPPED:
        return longest
    return min(max((len(word) for cell in cells for word in cell.split()), default=0), _NEVER_WRAPPED)


def _as_table(columns: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column, overflow="fold", min_width=width)
    for row in rows:
        table.add_row(*map(_coloured, row))
    return table


def _as_records(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Table | str]:
    """Each row as lines of heading and cell, empty ones left out; a blank line between."""
    from rich.table import Table

    for number, row in enumerate(rows):
        if number:
            yield ""
        record = Table(box=None, pad_edge=False, show_header=False)
        record.add_column(style="bold", min_width=max(map(len, columns)))
        record.add_column(overflow="fold")
        for column, cell in zip(columns, row, strict=True):
            if cell:
                record.add_row(column, _coloured(cell))
        yield record


def _coloured(cell: str) -> Text:
    from rich.text import Text

    return Text(cell, style=COLOURS.get(cell, ""))


def printable(text: str) -> str:
    """`text` without control characters but line breaks: what others put into a label must not steer a terminal."""
    return "".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text)


def in_one_line(text: str) -> str:
    return " ".join(text.split())


def labels_text(labels: Mapping[str, str], *, without: Sequence[str] = ()) -> str:
    """`instance="a" severity="page"`."""
    return " ".join(
        f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items() if name not in without
    )


def time_text(timestamp: str) -> str:
    """`2026-01-05 12:00:05Z` from a timestamp of the API."""
    from datetime import UTC, datetime

    return datetime.fromisoformat(timestamp).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
