"""Keeps secrets out of what is logged. Pure.

Whoever logs knows best what is a secret, and wraps it in `Secret` or leaves it out. This is the net below: it judges by
the names of fields and by the shape of texts, and hides rather too much than too little.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from urllib.parse import urlsplit

from alertd.secret import HIDDEN, Secret

SECRET_WORDS = frozenset({
    "password", "passwd", "passphrase", "secret", "secrets", "authorization", "credential", "credentials", "cookie",
    "apikey",
})  # fmt: skip
"""A field with one of these words in its name is hidden: `client_secret`, `basicAuthPassword`."""

SECRET_LAST_WORDS = frozenset({"key", "token"})
"""A field whose name ends in one of these is hidden: `routing_key`, `bot_token`; not `token_type`."""

PLAIN_NAMES = frozenset({"group_key", "idempotency_key", "rule_key"})
"""Keys that identify and open nothing."""

_INT64 = 1 << 63
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_URL = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s\"'<>`]*[^\s\"'<>`.,;:)\]}]")
_SCHEME_TOKEN = re.compile(r"\b(Bearer|Basic|GenieKey) +[\w.~+/=-]{6,}", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"((?:password|passwd|passphrase|secret|token|api[_-]?key|authorization|cookie)"
    r"(?:[\"']\s*:\s*[\"']?|\s*=\s*[\"']?|:\s+[\"']?))[^\s\"'&,;]+",
    re.IGNORECASE,
)
_TOKEN_HINTS = ("bearer", "bas", "gen")
_ASSIGNED_HINTS = ("pass", "secret", "token", "key", "auth", "cook")
"""Where none of these is, the expression above finds nothing: asked first, since most texts have none, and it is slow.

Of a word with an `i` only what comes before: `re.IGNORECASE` takes a dotless one for it, case folding does not."""


class _Name(Enum):
    """What the name of a field says about its value."""

    PLAIN = "plain"
    URL = "url"
    SECRET = "secret"  # noqa: S105 - a word, no secret


@lru_cache(maxsize=1024)
def _meaning(name: str) -> _Name:
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words or name in PLAIN_NAMES:
        return _Name.PLAIN
    if words[-1] in SECRET_LAST_WORDS or not SECRET_WORDS.isdisjoint(words):
        return _Name.SECRET
    return _Name.URL if words[-1] in ("url", "uri") else _Name.PLAIN


def redact(name: str, value: object) -> object:
    """`value` of the field `name` as it may be shown: plain JSON types, without what looks like a secret."""
    meaning = _meaning(name)
    if value and meaning is _Name.SECRET:
        return HIDDEN
    if value and meaning is _Name.URL and isinstance(value, str) and "://" not in value:
        return HIDDEN  # no URL as we know it: nothing says which part of it may be shown
    return _plain(value)


def _plain(value: object) -> object:
    if type(value) is str:  # as most are
        return redact_text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return float(value)  # numpy's are floats too, and no JSON encoder knows them
    if isinstance(value, int) and abs(value) < _INT64:
        return int(value)
    if isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, bytes | bytearray):
        return f"<{len(value)} bytes>"
    if isinstance(value, Mapping):
        return {redact_text(str(key)): redact(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return redact_text(str(value))


def redact_text(text: str) -> str:
    """`text` with every URL cut down to scheme and host, and without tokens and `password=...`.

    http://user:pw@host:9090/api?q=1 -> http://host:9090/...
    """
    if "://" in text:
        text = _URL.sub(lambda match: _origin(match[0]), text)
    if " " in text and _has_any(text, _TOKEN_HINTS):
        text = _SCHEME_TOKEN.sub(rf"\1 {HIDDEN}", text)
    if ("=" in text or ":" in text) and _has_any(text, _ASSIGNED_HINTS):
        text = _ASSIGNED.sub(rf"\1{HIDDEN}", text)
    return (
        text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
    )  # lone surrogates cannot be written


def _has_any(text: str, hints: tuple[str, ...]) -> bool:
    folded = text.casefold()
    return any(hint in folded for hint in hints)


def _origin(url: str) -> str:
    scheme = url.partition("://")[0]
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return f"{scheme}://{HIDDEN}"
    rest = parts.path.strip("/") + parts.query + parts.fragment
    if not host or "@" in rest:  # a password with "/", "?" or "#" in it reaches into what seems to be the path
        return f"{scheme}://{HIDDEN}"
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}" + (f":{port}" if port is not None else "") + ("/..." if rest else "")
