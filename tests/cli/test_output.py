"""Tables for people: colours on a terminal alone, nothing that steers it, nothing cut off in a pipe."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
from collections.abc import Mapping

import pytest

from alertd.cli.output import labels_text, print_table, printable, time_text

PRINT = "from alertd.cli.output import print_table; print_table(*{table!r})"
ONE_CELL = (("STATE",), [("firing",)])


def on_a_terminal(environ: Mapping[str, str], table: object = ONE_CELL, *, columns: int = 80) -> bytes:
    """What is written to a terminal."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    try:
        subprocess.run(
            [sys.executable, "-c", PRINT.format(table=table)], stdout=theirs, stderr=theirs, timeout=30, check=True,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": ".", "TERM": "xterm", **environ},
        )  # fmt: skip
        return os.read(ours, 65536)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_terminal_has_colours() -> None:
    assert b"\x1b[31mfiring" in on_a_terminal({})


def test_with_no_color_there_is_no_escape_byte() -> None:
    assert on_a_terminal({"NO_COLOR": "1"}).split() == [b"STATE", b"firing"]


def test_in_a_pipe_nothing_is_cut_off_coloured_or_padded(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 500
    print_table(("A", "B"), [("firing", long), ("[red]no markup[/red]", "")])
    assert capsys.readouterr().out.splitlines() == [
        "A                     B",
        f"firing                {long}",
        "[red]no markup[/red]",
    ]


ALERTS = (
    ("STATE", "SINCE", "ID", "SUMMARY"),
    [
        (
            "firing",
            "2026-01-05 12:00:05Z",
            "130bd995-e4bb-443f-b1a1-33266fe39c1c",
            "a provider fails every second request",
        ),
        ("firing", "2026-01-05 12:00:05Z", "b7be0be7-e561-40d9-b533-fdb10ab71e43", ""),
    ],
)


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        pytest.param(98, [
            "STATE   SINCE                 ID                                    SUMMARY",
            "firing  2026-01-05 12:00:05Z  130bd995-e4bb-443f-b1a1-33266fe39c1c  a provider fails every second",
            "                                                                    request",
            "firing  2026-01-05 12:00:05Z  b7be0be7-e561-40d9-b533-fdb10ab71e43",
        ], id="words wrap, ids and times do not"),
        pytest.param(48, [
            "STATE    firing",
            "SINCE    2026-01-05 12:00:05Z",
            "ID       130bd995-e4bb-443f-b1a1-33266fe39c1c",
            "SUMMARY  a provider fails every second request",
            "",
            "STATE    firing",
            "SINCE    2026-01-05 12:00:05Z",
            "ID       b7be0be7-e561-40d9-b533-fdb10ab71e43",
        ], id="too narrow for them: one below the other"),
    ],
)  # fmt: skip
def test_what_is_copied_from_a_terminal_is_in_one_piece(columns: int, shown: list[str]) -> None:
    assert on_a_terminal({"NO_COLOR": "1"}, ALERTS, columns=columns).decode().splitlines() == shown


def test_a_table_without_rows_has_its_heading(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("A", "B"), [])
    assert capsys.readouterr().out == "A  B\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain ünïcode ✓", "plain ünïcode ✓", id="words"),
        pytest.param("a\nb", "a\nb", id="line breaks stay"),
        pytest.param("\x1b[2Jgone", "\ufffd[2Jgone", id="escape"),
        pytest.param("a\rb\x9b", "a\ufffdb\ufffd", id="carriage return and C1"),
        pytest.param("a\u202eb", "a\ufffdb", id="writing from right to left"),
    ],
)
def test_control_characters_are_not_printed(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_labels_and_times_as_people_read_them() -> None:
    assert labels_text({"alertname": "A", "x": 'say "hi"'}, without=("alertname",)) == 'x="say \\"hi\\""'
    assert time_text("2026-01-05T13:00:05.123+01:00") == "2026-01-05 12:00:05Z"
