"""Times as Prometheus keeps them: whole milliseconds since 1970, cut off, not rounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def unix_ms(at: datetime) -> int:
    """Milliseconds since 1970."""
    return (at - _EPOCH) // _MS


def unix_seconds(at: datetime) -> str:
    """The same in seconds, as a query wants it: `1795188945.581`."""
    seconds, ms = divmod(unix_ms(at), 1000)
    return f"{seconds}.{ms:03d}"
