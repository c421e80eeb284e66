"""Upper, lower and title case as Go's strings and x/text/cases do them; Python's str methods differ in all three.

toUpper and toLower go code point by code point (`ß` stays). A title raises the first letter of each word, also after
digits (`1st` -> `1St`). `it's`, `a.b`, `foo_bar` and `x0:y` are one word, `foo-bar`, `a/b` and `a..b` are two: x/text goes
by the word break property of the one character, not by all rules of Unicode's text segmentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import category

_MID = frozenset(":.'\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a")
"""Marks that hold a word together, unless two follow each other: MidLetter, MidNumLet and Single_Quote."""


def to_upper(text: str) -> str:
    """strings.ToUpper."""
    return text.upper() if text.isascii() else "".join(map(_upper, text))


def to_lower(text: str) -> str:
    """strings.ToLower."""
    return text.lower() if text.isascii() else "".join(map(_lower, text))


def _upper(char: str) -> str:
    upper = char.upper()
    if len(upper) > 1:
        upper = char.title()
    return upper if len(upper) == 1 else char


def _lower(char: str) -> str:
    return char.lower()[0]


def title(text: str, *, keep_rest: bool) -> str:
    """cases.Title: the first letter of each word raised; the others kept (Prometheus) or lowered (Alertmanager)."""
    return "".join(_titled(word, keep_rest=keep_rest) for word in words(text))


def _titled(word: str, *, keep_rest: bool) -> str:
    for position, char in enumerate(word):
        if _is_cased(char):
            rest = word[position + 1 :]
            return word[:position] + char.title() + (rest if keep_rest else rest.lower())
    return word


def _is_cased(char: str) -> bool:
    return char.lower() != char or char.upper() != char or char.title() != char


def words(text: str) -> Iterator[str]:
    """The text cut after each character that ends a word."""
    start, was_mid = 0, False
    for position, char in enumerate(text, start=1):
        is_mid = char in _MID
        if was_mid if is_mid else _is_break(char):
            yield text[start:position]
            start = position
        was_mid = is_mid
    if start < len(text):
        yield text[start:]


def _is_break(char: str) -> bool:
    """Whether a character is no letter, digit, connector or mark of a word."""
    if char.isascii():
        return not (char.isalnum() or char == "_")
    group = category(char)
    if group[0] == "L" or group == "Nl":
        return _stands_alone(ord(char))
    return group not in ("Mn", "Me", "Mc", "Cf", "Nd", "Pc") and char != "\u202f" and not _is_cased(char)


def _stands_alone(code: int) -> bool:
    """Scripts without blanks between words: every character is a word."""
    return (
        0x0E00 <= code <= 0x0EFF
        or 0x1000 <= code <= 0x109F
        or 0x1780 <= code <= 0x17FF
        or 0x3040 <= code <= 0x30FF
        or 0x3400 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x3FFFF
    )
