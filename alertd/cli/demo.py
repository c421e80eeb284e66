"""`alertd demo`: watch alertd at work."""

from __future__ import annotations

import os

import click


@click.command(short_help="watch alertd at work on a simulated AI gateway")
@click.option(
    "--for",
    "lasts",
    metavar="DURATION",
    help="end after this time, such as 90s; exit status 0 only if a firing and a resolved notification were delivered",
)
@click.option(
    "--prometheus.url",
    "prometheus_url",
    default="",
    metavar="URL",
    help="use this Prometheus instead of starting one; it must scrape the simulated gateway",
)
@click.option("--gateway", default="", metavar="HOST:PORT", help="run only the simulated gateway, there")
@click.pass_context
def command(ctx: click.Context, lasts: str | None, prometheus_url: str, gateway: str) -> None:
    """A simulated gateway replays real LLM traffic, a real Prometheus scrapes it, alertd judges it.

    Each notification is printed as it arrives. Ctrl-C ends everything.
    """
    if os.environ.get("NO_COLOR"):
        ctx.color = False
    if gateway:
        _run_gateway(gateway)
        return
    click.echo("alertd demo: a simulated AI gateway, Prometheus, alertd, and a receiver that prints what it is told")
    import asyncio  # after the first line: the rest takes a moment to load

    from alertd.demo.runner import DemoOptions, run_demo
    from alertd.duration import DurationError, parse_duration
    from alertd.errors import AlertdError

    try:
        limit = parse_duration(lasts) if lasts else None
    except DurationError as error:
        raise click.BadParameter(f"{error}; write it as 90s or 5m", param_hint="--for") from error
    try:
        delivered = asyncio.run(run_demo(DemoOptions(lasts=limit, prometheus_url=prometheus_url), tell=click.echo))
    except AlertdError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from error
    missing = [state for state in ("firing", "resolved") if state not in delivered]
    if lasts and missing:
        click.echo(f"No {' and no '.join(missing)} notification was delivered.", err=True)
        raise SystemExit(1)
    click.echo("Everything has ended." + ("" if missing else " A firing and a resolved notification were delivered."))


def _run_gateway(address: str) -> None:
    import asyncio

    from alertd.api.server import parse_address
    from alertd.demo.runner import run_gateway
    from alertd.errors import AlertdError

    try:
        host, port = parse_address(address)
        asyncio.run(run_gateway(host, port, tell=click.echo))
    except AlertdError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from error
