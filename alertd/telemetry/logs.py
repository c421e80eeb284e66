"""Logs: one line per event, in one format for our own events and those of libraries, without secrets."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from enum import StrEnum
from typing import Any, TextIO, cast

import msgspec
import structlog
from structlog.typing import Processor

from alertd.telemetry.redaction import redact


class LogFormat(StrEnum):
    """`--log.format`."""

    AUTO = "auto"  # console on a terminal, JSON otherwise
    JSON = "json"
    LOGFMT = "logfmt"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """`--log.level`, spelled as Prometheus spells it."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"

    @property
    def number(self) -> int:
        """The level in the words of Python's logging."""
        return {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}[self]


QUIET_LIBRARIES = ("apscheduler", "asyncio")
"""They tell of every job and every selector: only their warnings are logged, unless the level is debug."""

_OURS = ("time", "level")
"""Said by us alone, and first in a line."""

_FIRST = (*_OURS, "event")
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code != ord("\n")}


def configure(
    *,
    level: LogLevel = LogLevel.INFO,
    format: LogFormat = LogFormat.AUTO,  # noqa: A002 - the flag's name
    stream: TextIO = sys.stderr,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Send every log line of the process to `stream`; called once, at the start.

    environ   NO_COLOR, when set and not empty, keeps a terminal free of colours (no-color.org)
    """
    if format is LogFormat.AUTO:
        format = LogFormat.CONSOLE if stream.isatty() else LogFormat.JSON  # noqa: A001
    colors = stream.isatty() and not environ.get("NO_COLOR")
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            _redact,
            *_render(format, colors=colors),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level.number),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _Lasting(stream))),
    )
    _take_over_libraries(level)


def _redact(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Every field as it may be shown, the most telling ones first."""
    return {
        name: event[name] if name in _OURS else redact(name, event[name])
        for name in dict.fromkeys((*(name for name in _FIRST if name in event), *event))
    }


def _render(format: LogFormat, *, colors: bool) -> list[Processor]:  # noqa: A002
    if format is LogFormat.LOGFMT:
        return [_without_controls, structlog.processors.LogfmtRenderer(bool_as_flag=False)]
    if format is LogFormat.CONSOLE:
        console = structlog.dev.ConsoleRenderer(
            colors=colors,
            timestamp_key="time",
            exception_formatter=structlog.dev.plain_traceback,  # the default shows local variables: secrets among them
        )
        return [_without_controls, _one_line, console]
    return [structlog.processors.JSONRenderer(serializer=lambda event, **_: msgspec.json.encode(event).decode())]


def _without_controls(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A text from outside cannot steer a terminal."""
    return {name: value.translate(_CONTROLS) if isinstance(value, str) else value for name, value in event.items()}


def _one_line(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A text from outside cannot begin a line that looks like one of ours; tracebacks of our own may."""
    return {
        name: value.replace("\n", "\\n") if isinstance(value, str) and name != "exception" else value
        for name, value in event.items()
    }


class _Lasting:
    """A stream that may go away (a restarted journal) without taking with it whoever logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # ValueError: closed
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


class _Forward(logging.Handler):
    """Hands what libraries log to structlog."""

    def __init__(self) -> None:
        super().__init__()
        self._log = structlog.get_logger()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)
        except Exception:
            self.handleError(record)


def _take_over_libraries(level: LogLevel) -> None:
    logging.raiseExceptions = False  # a library's broken message is dropped, not printed with its arguments
    logging.captureWarnings(True)
    logging.basicConfig(level=level.number, handlers=[_Forward()], force=True)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(level.number if level is LogLevel.DEBUG else logging.WARNING)
