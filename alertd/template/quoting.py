"""Go string literals: reading them (`"a\\tb"`, `'x'`, raw) and writing them (%q).

Go strings are bytes. A byte that is not valid UTF-8 travels in a Python string as a lone surrogate (the
`surrogateescape` convention), so that lengths, slices and %q agree with Go; `to_bytes` and `from_bytes` convert.
"""

from __future__ import annotations

import re

_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_WRITTEN = {value: "\\" + name for name, value in _SIMPLE.items()}
_HEX_LENGTH = {"x": 2, "u": 4, "U": 8}
_HEX = frozenset("0123456789abcdefABCDEF")
_OCTAL = frozenset("01234567")
_INVALID = re.compile("[\udc80-\udcff]")


def to_bytes(text: str) -> bytes:
    """The bytes of a Go string."""
    return text.encode("utf-8", "surrogateescape")


def from_bytes(data: bytes) -> str:
    """A Go string of these bytes; invalid ones become lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def valid_text(text: str) -> str:
    """The text as it may leave the package: every single invalid byte replaced by U+FFFD, as in Go."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _INVALID.sub("\ufffd", from_bytes(to_bytes(text)))
    return text


def is_print(char: str) -> bool:
    """Go's strconv.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII blank."""
    return char.isprintable()


def unquote_string(literal: str) -> str:
    """The value of a `"..."` or raw literal; ValueError where Go says `invalid syntax`."""
    if literal[0] == "`":
        return literal[1:-1].replace("\r", "")
    body = literal[1:-1]
    if "\\" not in body:
        return body
    parts: list[str] = []
    position = 0
    while position < len(body):
        char, position = _next_character(body, position, quote='"')
        parts.append(char)
    return _join_bytes(parts)


def unquote_character(literal: str) -> int:
    """The code point of a `'x'` literal; ValueError with Go's message for a bad one."""
    body = literal[1:-1]
    if not body:
        raise ValueError("invalid syntax")
    char, position = _next_character(body, 0, quote="'")
    if position != len(body):
        raise ValueError(f"malformed character constant: {literal}")
    code = ord(char)
    return code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code


def _next_character(body: str, position: int, *, quote: str) -> tuple[str, int]:
    char = body[position]
    if char == quote:
        raise ValueError("invalid syntax")
    if char != "\\":
        return char, position + 1
    name = body[position + 1 : position + 2]
    if name in _SIMPLE:
        return _SIMPLE[name], position + 2
    if name == quote:
        return quote, position + 2
    if name in _HEX_LENGTH:
        return _hexadecimal(body, position + 2, name), position + 2 + _HEX_LENGTH[name]
    if name in _OCTAL:
        digits = body[position + 1 : position + 4]
        if len(digits) == 3 and set(digits) <= _OCTAL and int(digits, 8) <= 255:
            return _byte(int(digits, 8)), position + 4
    raise ValueError("invalid syntax")


def _hexadecimal(body: str, start: int, name: str) -> str:
    digits = body[start : start + _HEX_LENGTH[name]]
    if len(digits) != _HEX_LENGTH[name] or not set(digits) <= _HEX:
        raise ValueError("invalid syntax")
    code = int(digits, 16)
    if name == "x":
        return _byte(code)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ValueError("invalid syntax")
    return chr(code)


def _byte(code: int) -> str:
    return chr(code) if code < 0x80 else chr(0xDC00 + code)


def _join_bytes(parts: list[str]) -> str:
    # "\xc3\xa9" spells one character byte by byte.
    return from_bytes(to_bytes("".join(parts)))


def go_quote(text: str, *, ascii_only: bool = False, quote: str = '"') -> str:
    """The text as Go's %q prints it; with ascii_only as %+q."""
    return quote + "".join(_written(char, ascii_only=ascii_only, quote=quote) for char in text) + quote


def _written(char: str, *, ascii_only: bool, quote: str) -> str:
    code = ord(char)
    if char == quote or char == "\\":
        return "\\" + char
    if 0x20 <= code < 0x7F:
        return char
    if code >= 0x80 and not ascii_only and is_print(char):
        return char
    if char in _WRITTEN:
        return _WRITTEN[char]
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def can_backquote(text: str) -> bool:
    """Whether %#q may print the text between backquotes: one line, no backquote, valid UTF-8."""
    return all(
        char == "\t" or (ord(char) >= 0x20 and char not in "`\x7f\ufeff" and not 0xDC80 <= ord(char) <= 0xDCFF)
        for char in text
    )
