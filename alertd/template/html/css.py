"""Escapers for CSS: values, strings."""

from __future__ import annotations

import re

FAILSAFE = "ZgotmplZ"

_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[\t\n\f\r ])?|(.))", re.DOTALL)
_FORBIDDEN = re.compile("[\\0\"'()/;@\\[\\\\\\]`{}<>]|--")
_HEX_OR_SPACE = frozenset("0123456789abcdefABCDEF\t\n\f\r ")
_STRING = {
    "\0": "\\0",
    "\t": "\\9",
    "\n": "\\a",
    "\f": "\\c",
    "\r": "\\d",
    '"': "\\22",
    "&": "\\26",
    "'": "\\27",
    "(": "\\28",
    ")": "\\29",
    "+": "\\2b",
    "/": "\\2f",
    ":": "\\3a",
    ";": "\\3b",
    "<": "\\3c",
    ">": "\\3e",
    "\\": "\\\\",
    "{": "\\7b",
    "}": "\\7d",
}


def is_name_character(char: str) -> bool:
    """Whether a character may be part of a CSS identifier."""
    return (char.isascii() and (char.isalnum() or char in "-_")) or ord(char) >= 0x80


def decode_css(text: str) -> str:
    r"""The text without CSS escapes: `\26 x` is `&x`."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_decoded, text).removesuffix("\\")


def _decoded(match: re.Match[str]) -> str:
    if match[2] is not None:
        return match[2]
    digits = match[1]
    code = int(digits, 16)
    rest = ""
    if code > 0x10FFFF:
        code, rest = code // 16, digits[-1]
    return ("\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)) + rest


def escape_css_string(text: str) -> str:
    """For a quoted CSS string."""
    parts: list[str] = []
    for position, char in enumerate(text):
        escaped = _STRING.get(char)
        if escaped is None:
            parts.append(char)
            continue
        parts.append(escaped)
        following = text[position + 1 : position + 2]
        if escaped != "\\\\" and (not following or following in _HEX_OR_SPACE):
            parts.append(" ")
    return "".join(parts)


def filter_css_value(text: str) -> str:
    """A value such as `red` or `10px`; anything that could leave the value becomes ZgotmplZ."""
    decoded = decode_css(text)
    if _FORBIDDEN.search(decoded):
        return FAILSAFE
    name = "".join(char for char in decoded if char != "-" and char.isascii() and is_name_character(char)).lower()
    if "expression" in name or "mozbinding" in name:
        return FAILSAFE
    return decoded
