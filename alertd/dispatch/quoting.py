"""Text as Go's `%q` quotes it: group keys must equal Alertmanager's byte for byte, receivers' keys are made of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_SHORT = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    "\\": r"\\",
    '"': r"\"",
}
_PRINTABLE_CATEGORIES = frozenset("LMNPS")
_PLAIN_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def quote(text: str) -> str:
    r"""`text` in double quotes; what Unicode does not call printable is escaped, U+200B as `\u200b`.

    source   Go strconv.Quote, strconv.IsPrint
    """
    return '"' + "".join(map(_quoted, text)) + '"'


def _quoted(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character == " " or unicodedata.category(character)[0] in _PRINTABLE_CATEGORIES:
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def label_set_text(labels: Mapping[str, str]) -> str:
    """`{a="x", b="y"}`, sorted; a name that is no classic label name is quoted too."""
    pairs = (f"{name if _PLAIN_NAME.fullmatch(name) else quote(name)}={quote(value)}" for name, value in labels.items())
    return "{" + ", ".join(sorted(pairs)) + "}"


def group_key(route_key: str, labels: Mapping[str, str]) -> str:
    r"""`{}:{alertname="A"}`: path of the route and labels of the group."""
    return f"{route_key}:{label_set_text(labels)}"
