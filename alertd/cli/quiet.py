"""Logs of verbs that answer on their own."""

from __future__ import annotations

import sys


def errors_only() -> None:
    """Errors go to stderr, everything else nowhere."""
    from alertd.telemetry.logs import LogFormat, LogLevel, configure

    configure(level=LogLevel.ERROR, format=LogFormat.AUTO, stream=sys.stderr)
