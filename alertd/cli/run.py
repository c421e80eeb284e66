"""`alertd run`: the daemon."""

from __future__ import annotations

import asyncio
import gc
import ssl
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import click

from alertd.cli.without_effect import taken_without_effect


@click.command(short_help="run the daemon")
@click.option(
    "--config.file",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("alertd.yml"),
    show_default=True,
    help="configuration file",
)
@click.option(
    "--storage.path",
    "storage_path",
    type=click.Path(file_okay=False, path_type=Path),
    help="folder for state; overrides storage.path of the configuration",
)
@click.option(
    "--web.listen-address",
    "listen_address",
    default=":9093",
    show_default=True,
    help="address of the API, the metrics and the health checks",
)
@click.option(
    "--web.external-url",
    "external_url",
    default="",
    help="address under which alertd is reached from outside; used in links",
)
@click.option(
    "--web.route-prefix", "route_prefix", help="path under which everything is answered [default: the external URL's]"
)
@click.option(
    "--web.config.file",
    "web_config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="file that switches TLS and authentication on, in the format of every Prometheus component",
)
@click.option(
    "--web.timeout", "web_timeout", default="0", help="how long an answer may take; 0 = any time", show_default=True
)
@click.option(
    "--web.get-concurrency",
    "most_gets",
    type=int,
    default=0,
    help="how many GET requests are answered at one time; 0 = one per processor, at least 8",
)
@click.option(
    "--config.auto-reload-interval",
    "auto_reload",
    default="30s",
    show_default=True,
    help="how often to look for changed files (by their contents); 0 = never",
)
@click.option(
    "--data.retention",
    "retention",
    default="30d",
    show_default=True,
    help="how long the history of alerts and notifications is kept, and silences after their end",
)
@click.option(
    "--data.maintenance-interval",
    "maintenance_interval",
    default="15m",
    show_default=True,
    help="how often to forget what is older than that",
)
@click.option(
    "--silences.max-silences",
    "most_silences",
    type=click.IntRange(min=0),
    default=100_000,
    show_default=True,
    help="how many silences there may be, expired ones included; 0 = any number",
)
@click.option(
    "--silences.max-silence-size-bytes",
    "silence_size",
    type=click.IntRange(min=0),
    default=100_000,
    show_default=True,
    help="how much text one silence may hold; 0 = any amount",
)
@click.option(
    "--log.level",
    "log_level",
    type=click.Choice(["debug", "info", "warn", "error"]),
    default="info",
    show_default=True,
    help="what is less grave is not logged",
)
@click.option(
    "--log.format",
    "log_format",
    type=click.Choice(["auto", "json", "logfmt", "console"]),
    default="auto",
    show_default=True,
    help="auto: console on a terminal, JSON otherwise",
)
@taken_without_effect
def command(
    config_file: Path,
    storage_path: Path | None,
    listen_address: str,
    external_url: str,
    auto_reload: str,
    route_prefix: str | None,
    web_config_file: Path | None,
    web_timeout: str,
    most_gets: int,
    retention: str,
    maintenance_interval: str,
    most_silences: int,
    silence_size: int,
    log_level: str,
    log_format: str,
) -> None:
    """Ask Prometheus, judge the rules, tell people; until SIGTERM or Ctrl-C.

    SIGHUP or POST /-/reload reads the configuration again; a bad one changes nothing.
    """
    gc.disable()  # a start makes much that stays, and nothing to collect; the App switches it on again
    with _hidden("rich"), certificates_unread():  # structlog would import rich for tracebacks that we do not show
        from alertd.app import Options, serve
    from alertd.engine.silencer import SilenceLimits
    from alertd.telemetry.logs import LogFormat, LogLevel, configure

    configure(level=LogLevel(log_level), format=LogFormat(log_format), stream=sys.stderr)
    options = Options(
        config_file=config_file,
        storage_path=storage_path,
        listen_address=listen_address,
        external_url=external_url,
        auto_reload=_duration(auto_reload, "--config.auto-reload-interval"),
        keep_history=_duration(retention, "--data.retention"),
        maintenance_interval=_duration(maintenance_interval, "--data.maintenance-interval"),
        route_prefix=route_prefix,
        web_config_file=web_config_file,
        web_timeout=_duration(web_timeout, "--web.timeout"),
        most_gets=most_gets,
        silence_limits=SilenceLimits(silences=most_silences, size_bytes=silence_size),
    )
    run_to_its_end(serve(options))


def run_to_its_end(work: Coroutine[object, object, None]) -> None:
    """Run it; exit status 1, and why, when it fails: what the user can mend as a text, a fault of ours as an event with its trace."""
    import structlog

    from alertd.errors import AlertdError

    try:
        asyncio.run(work)
    except AlertdError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from error
    except Exception as error:
        structlog.get_logger(__name__).critical(
            "alertd_crashed", exc_info=True, next="start it again: what was decided is on disk"
        )
        raise SystemExit(1) from error


@contextmanager
def _hidden(module: str) -> Iterator[None]:
    """Whoever tries to import it meanwhile goes on without it; nothing changes when it is there already."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]  # Python's way to say that there is none
    try:
        yield
    finally:
        del sys.modules[module]


@contextmanager
def certificates_unread() -> Iterator[None]:
    """Contexts made meanwhile trust nobody.

    aiohttp makes two at its import, for requests that do not say whom they trust, and reads all the system's certificates
    for each: a tenth of a start, in vain, since `HttpClient` says it for every request (`usual_context`).
    """
    ssl.SSLContext.set_default_verify_paths = lambda self: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        del ssl.SSLContext.set_default_verify_paths


def _duration(text: str, flag: str) -> timedelta:
    from alertd.duration import DurationError, parse_duration

    try:
        return parse_duration(text)
    except DurationError as error:
        raise click.BadParameter(f"{error}; write it as 30s, 2h or 30d", param_hint=flag) from error
