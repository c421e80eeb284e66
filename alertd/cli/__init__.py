"""The command line: one module per verb, imported only when that verb is used, so that `--help` and `--version` are quick."""

from __future__ import annotations

import os
from importlib import import_module

import click

from alertd import __version__

# Before numpy is imported: a thread per core for products of matrices, which nobody here has, doubles what the import costs.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

VERBS: dict[str, tuple[str, str]] = {
    "init": ("alertd.cli.init", "Write a configuration to start from."),
    "run": ("alertd.cli.run", "Run the daemon."),
    "check": ("alertd.cli.check", "Check configuration and rule files without starting."),
    "test": ("alertd.cli.test", "Run unit tests of rules."),
    "backtest": ("alertd.cli.backtest", "Try rules on recorded history."),
    "tune": ("alertd.cli.tune", "Propose settings of a rule from recorded history."),
    "alerts": ("alertd.cli.alerts", "Show alerts."),
    "budgets": ("alertd.cli.budgets", "Show what is spent of budgets."),
    "silence": ("alertd.cli.silence", "Make, show and end silences."),
    "explain": ("alertd.cli.explain", "Say why somebody was told of an alert, or not."),
    "feedback": ("alertd.cli.feedback", "Say what an anomaly was."),
    "routes": ("alertd.cli.routes", "Show and test the routing tree."),
    "render": ("alertd.cli.render", "Show what a receiver is sent."),
    "receivers": ("alertd.cli.receivers", "Try receivers."),
    "healthcheck": ("alertd.cli.healthcheck", "Say whether a running alertd is well."),
    "schema": ("alertd.cli.schema", "Print the JSON Schema of a file, or the reference."),
    "demo": ("alertd.cli.demo", "Watch alertd at work on a simulated AI gateway."),
}
"""Module and one line of help by verb; the module's `command` is the verb."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used; its help comes from the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = import_module(VERBS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, text) for verb, (_, text) in VERBS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            ctx.fail(_no_such_verb(args[0]))
        return super().resolve_command(ctx, args)


def _no_such_verb(verb: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(verb, VERBS, n=1)
    return f'no command "{verb}"; ' + (f'did you mean "{close[0]}"?' if close else f"commands: {', '.join(VERBS)}")


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="alertd", message="%(prog)s %(version)s")
def main() -> None:
    """alertd asks Prometheus, judges rules, and tells people.

    Exit status: 0 ok, 1 failed, 2 wrong usage, 3 cannot reach alertd (of check: lint findings), 4 not found or nothing
    matches, 5 refused, 130 interrupted.
    """
