"""Log lines as they are written."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import structlog

from alertd.secret import Secret
from alertd.telemetry.logs import LogFormat, LogLevel, configure


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    """A stream whose reader has gone away."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Whatever a test configures ends with it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)


def test_off_a_terminal_a_line_is_json_and_begins_with_time_level_and_event() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    structlog.get_logger("alertd.x").info("notification_delivered", receiver="ops", alerts=3, seconds=0.41)
    line = json.loads(stream.getvalue())
    assert list(line) == ["time", "level", "event", "receiver", "alerts", "seconds"]
    assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta()
    assert (line["level"], line["event"], line["receiver"], line["alerts"]) == (
        "info",
        "notification_delivered",
        "ops",
        3,
    )


def test_logfmt_is_what_prometheus_writes() -> None:
    stream = io.StringIO()
    configure(stream=stream, format=LogFormat.LOGFMT)
    structlog.get_logger().warning("rule_failed", rule="A B", error='said "no"\nand more', retried=True)
    time, rest = stream.getvalue().split(" ", 1)
    assert time.startswith("time=20")
    assert rest == ('level=warning event=rule_failed rule="A B" error="said \\"no\\"\\nand more" retried=true\n')


@pytest.mark.parametrize(
    ("environ", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)], ids=str
)
def test_on_a_terminal_a_line_is_for_people(environ: dict[str, str], colored: bool) -> None:
    stream = Terminal()
    configure(stream=stream, environ=environ)
    structlog.get_logger().info("listening", address="http://localhost:9093")
    assert ("\x1b[" in stream.getvalue()) is colored
    assert "listening" in stream.getvalue()


def test_console_into_a_file_has_no_colors() -> None:
    stream = io.StringIO()
    configure(stream=stream, format=LogFormat.CONSOLE, environ={})
    structlog.get_logger().info("listening")
    assert "\x1b[" not in stream.getvalue()


@pytest.mark.parametrize("format_", [LogFormat.JSON, LogFormat.LOGFMT, LogFormat.CONSOLE])
def test_an_event_is_one_line_and_cannot_steer_a_terminal(format_: LogFormat) -> None:
    stream = io.StringIO()
    configure(stream=stream, format=format_)
    structlog.get_logger().info("answered", text="a\nlevel=error\r\x1b[2J")
    assert stream.getvalue().count("\n") == 1
    assert not {"\r", "\x1b"} & set(stream.getvalue())


@pytest.mark.parametrize(
    ("level", "events"),
    [
        (LogLevel.DEBUG, ["d", "i", "w", "e"]),
        (LogLevel.INFO, ["i", "w", "e"]),
        (LogLevel.WARN, ["w", "e"]),
        (LogLevel.ERROR, ["e"]),
    ],
)
def test_levels_hold_for_us_and_for_libraries(level: LogLevel, events: list[str]) -> None:
    stream = io.StringIO()
    configure(level=level, stream=stream)
    for log in (structlog.get_logger(), logging.getLogger("some.library")):
        log.debug("d")
        log.info("i")
        log.warning("w")
        log.error("e")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines if "logger" not in line] == events
    assert [line["event"] for line in lines if line.get("logger") == "some.library"] == events


def test_a_scheduler_that_tells_of_every_job_is_quiet() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    logging.getLogger("apscheduler.executors.default").info("Running job")
    logging.getLogger("apscheduler.scheduler").warning("missed %s", "it")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["missed it"]


def test_secrets_are_hidden_wherever_they_are() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    log = structlog.get_logger()
    log.info("sent", url="https://hooks.example.com/services/canary", password="canary", by=Secret("canary"))
    logging.getLogger("aiohttp").error("cannot reach %s", "http://u:canary@h/")
    try:
        raise ValueError("https://h/canary refused Bearer canary-canary")
    except ValueError:
        log.exception("failed")
        logging.getLogger("aiohttp").exception("failed too")
    text = stream.getvalue()
    assert "canary" not in text
    assert text.count("Traceback") == 2
    assert text.count("ValueError: https://h/... refused Bearer <secret>") == 2


@pytest.mark.parametrize("format_", [LogFormat.JSON, LogFormat.LOGFMT, LogFormat.CONSOLE])
def test_a_traceback_shows_no_local_variables(format_: LogFormat) -> None:
    stream = Terminal()
    configure(stream=stream, format=format_)
    hidden = "canary"
    try:
        raise ValueError(len(hidden))
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "ValueError" in stream.getvalue()
    assert hidden not in stream.getvalue().replace('hidden = "canary"', "")


@pytest.mark.parametrize("closed", [False, True], ids=["broken pipe", "closed"])
def test_a_stream_that_is_gone_does_not_harm_whoever_logs(closed: bool) -> None:
    stream = Gone()
    configure(stream=stream)
    if closed:
        stream.close()
    structlog.get_logger().info("still here")
    logging.getLogger("x").error("still here")


def test_a_library_with_a_broken_message_does_no_harm(capsys: pytest.CaptureFixture[str]) -> None:
    configure(stream=io.StringIO())
    logging.getLogger("x").error("%d of %d", "canary")
    assert "canary" not in capsys.readouterr().err


def test_what_has_no_json_form_is_still_logged() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    structlog.get_logger().info("odd", at=timedelta(seconds=1), value=float("nan"), many={1, 2}, name="\udce4")
    assert json.loads(stream.getvalue())["event"] == "odd"
