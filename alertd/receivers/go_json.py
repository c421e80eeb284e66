"""JSON and times as Go writes them, so that a payload equals Alertmanager's byte for byte."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

ZERO_TIME = "0001-01-01T00:00:00Z"
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
_ESCAPED = {
    b"<": rb"\u003c",
    b">": rb"\u003e",
    b"&": rb"\u0026",
    "\u2028".encode(): rb"\u2028",
    "\u2029".encode(): rb"\u2029",
}


def encode(value: object) -> bytes:
    """Compact JSON with a newline at its end; `<`, `>` and `&` are escaped, as Go's encoder does for HTML's sake."""
    text = msgspec.json.encode(value)
    for plain, escaped in _ESCAPED.items():  # they occur inside strings only
        text = text.replace(plain, escaped)
    return text + b"\n"


def rfc3339_nano(time: datetime | None) -> str:
    """`2025-11-20T14:46:40.123Z`: fractions without trailing zeros; None is Go's zero time."""
    if time is None:
        return ZERO_TIME
    text = time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    return text.rstrip("0").rstrip(".") + "Z"


def rfc3339(time: datetime) -> str:
    """`2025-11-20T14:46:40Z`: whole seconds."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def quote_meta(text: str) -> str:
    r"""`text` as a regular expression that matches just it: `web\.hook`.

    source   Go regexp.QuoteMeta
    """
    return _SPECIAL.sub(lambda match: "\\" + match.group(), text)
