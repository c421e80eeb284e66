r"""Text in double quotes, as Go writes (`%q`) and reads it: group keys and matchers must equal Alertmanager's byte for byte."""

from __future__ import annotations

import re
import unicodedata

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
_SHORT_BYTES = {escape[1]: character.encode() for character, escape in _SHORT.items()}
_PRINTABLE_CATEGORIES = frozenset("LMNPS")
_PIECE = re.compile(
    r"""[^\\"\n]+
    | \\(?P<short>[abfnrtv\\"])
    | \\x(?P<byte>[0-9a-fA-F]{2})
    | \\(?P<octal>[0-3][0-7]{2})
    | \\(?:u(?P<four>[0-9a-fA-F]{4})|U(?P<eight>[0-9a-fA-F]{8}))""",
    re.VERBOSE,
)


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


def unquote(quoted: str) -> str:
    r"""The text that `quoted`, double quotes included, stands for; ValueError where Go finds none, or none in UTF-8.

    `\xF0` is a byte, so `"\xf0\x9f\x99\x82"` is one character.

    source   Go strconv.Unquote
    """
    inner = quoted[1:-1]
    if len(quoted) < 2 or quoted[0] != '"' or quoted[-1] != '"':
        raise ValueError("not in double quotes")
    parts, end = [], 0
    while end < len(inner):
        piece = _PIECE.match(inner, end)
        if piece is None:
            raise ValueError("invalid escape sequence")
        parts.append(_bytes_of(piece))
        end = piece.end()
    return b"".join(parts).decode()


def _bytes_of(piece: re.Match[str]) -> bytes:
    match piece.lastgroup:
        case None:
            return piece[0].encode()
        case "short":
            return _SHORT_BYTES[piece["short"]]
        case "byte":
            return bytes([int(piece["byte"], 16)])
        case "octal":
            return bytes([int(piece["octal"], 8)])
        case _:
            return _character(int(piece["four"] or piece["eight"], 16))


def _character(code: int) -> bytes:
    if code > 0x10FFFF:
        raise ValueError("no such character")
    return chr(code).encode()
