"""The command line as people use it: run, and read what it says."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner

from alertd.cli import main


@dataclass(frozen=True, slots=True)
class Ran:
    """What one command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def run_cli(*args: str, stdin: str | bytes | None = None, **environ: str | None) -> Ran:
    """`alertd ARGS`, not on a terminal."""
    result = CliRunner(env={"ALERTD_URL": None, "ALERTD_TOKEN": None, "TZ": "UTC", **environ}).invoke(
        main, args, input=stdin
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


async def cli(*args: str, stdin: str | bytes | None = None, **environ: str | None) -> Ran:
    """The same, while the servers of a test go on."""
    return await asyncio.to_thread(run_cli, *args, stdin=stdin, **environ)
