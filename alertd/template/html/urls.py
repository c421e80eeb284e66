"""Escapers for URLs: which schemes are let through, and which bytes are encoded."""

from __future__ import annotations

import re

from alertd.template.html.css import FAILSAFE
from alertd.template.quoting import to_bytes

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_RESERVED = frozenset(b"!#$&*+,/:;=?@[]")
_VALID_ESCAPE = re.compile(rb"%[0-9a-fA-F]{2}")
_SPACES = "\t\n\f\r "
_METADATA = re.compile(r"[\t\n\f\r 0-9A-Za-z]*")


def is_safe(url: str) -> bool:
    """Whether a URL has no scheme, or one of http, https and mailto."""
    scheme, colon, _ = url.partition(":")
    return not colon or "/" in scheme or scheme.lower() in ("http", "https", "mailto")


def filter_url(url: str) -> str:
    """The URL, or `#ZgotmplZ` if its scheme could run a script."""
    return url if is_safe(url) else "#" + FAILSAFE


def encode_url(text: str, *, keep_reserved: bool) -> str:
    """Bytes percent-encoded in lower case; `keep_reserved` leaves a whole URL a URL, and valid escapes alone."""
    data = to_bytes(text)
    allowed = _UNRESERVED | _RESERVED if keep_reserved else _UNRESERVED
    parts: list[str] = []
    for position, byte in enumerate(data):
        if byte in allowed or (keep_reserved and byte == 0x25 and _VALID_ESCAPE.match(data, position)):
            parts.append(chr(byte))
        else:
            parts.append(f"%{byte:02x}")
    return "".join(parts)


def filter_srcset(text: str) -> str:
    """A list of image candidates; those with unsafe URLs or odd descriptors become `#ZgotmplZ`."""
    return ",".join(map(_candidate, text.split(",")))


def _candidate(text: str) -> str:
    inner = text.lstrip(_SPACES)
    url = re.split("[\t\n\f\r ]", inner, maxsplit=1)[0]
    rest = inner[len(url) :]
    if is_safe(url) and _METADATA.fullmatch(rest):
        return text[: len(text) - len(inner)] + encode_url(url, keep_reserved=True) + rest
    return "#" + FAILSAFE
