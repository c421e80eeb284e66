"""Upper, lower and title case as Go's strings and x/text/cases do them; Python's str methods differ in all three.

toUpper and toLower go code point by code point (`ß` stays). A title starts words where Unicode text segmentation
(UAX #29) does: `it's`, `a.b` and `foo_bar` are one word, `foo-bar` and `a/b` are two, and the first letter of a word is
raised even after digits (`1st` -> `1St`).
"""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import category

_MID_LETTER = frozenset(":\u00b7\u0387\u055f\u05f4\u2027\ufe13\ufe55\uff1a")
_MID_BOTH = frozenset(".'\u2018\u2019\u2024\ufe52\uff07\uff0e")
_MID_NUMBER = frozenset(",;\u037e\u0589\u060c\u060d\u066c\u07f8\u2044\ufe10\ufe14\ufe50\ufe54\uff0c\uff1b")


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
        if char.lower() != char or char.upper() != char or char.title() != char:
            rest = word[position + 1 :]
            return word[:position] + char.title() + (rest if keep_rest else rest.lower())
    return word


def words(text: str) -> Iterator[str]:
    """The text cut at word boundaries; what lies between words comes as pieces of its own."""
    start = 0
    for position in range(1, len(text)):
        if _breaks(text, position):
            yield text[start:position]
            start = position
    if start < len(text):
        yield text[start:]


def _kind(char: str) -> str:
    """letter, digit, connector, mark (belongs to what is before it) or other."""
    if char.isascii():
        return "letter" if char.isalpha() else "digit" if char.isdigit() else "connector" if char == "_" else "other"
    group = category(char)
    if group in ("Mn", "Me", "Mc", "Cf"):
        return "mark"
    if group == "Nd":
        return "digit"
    if group == "Pc" or char == "\u202f":
        return "connector"
    if group[0] == "L" or group == "Nl":
        return "other" if _stands_alone(ord(char)) else "letter"
    return "other"


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


def _breaks(text: str, position: int) -> bool:
    """Whether a word boundary lies before this position."""
    here = _kind(text[position])
    if here == "mark":
        return False
    before_at = _previous(text, position)
    before = _kind(text[before_at])
    word = ("letter", "digit", "connector")
    if before in word and here in word:
        return False
    if here == "other" and before in ("letter", "digit"):
        return not _joins(text[position], before, _following(text, position))
    if before == "other" and here in ("letter", "digit") and before_at > 0:
        return not _joins(text[before_at], _kind(text[_previous(text, before_at)]), here)
    return True


def _joins(char: str, before: str, after: str) -> bool:
    """Whether a punctuation mark holds two letters or two digits together."""
    if before != after:
        return False
    return char in _MID_BOTH or char in (_MID_LETTER if before == "letter" else _MID_NUMBER)


def _previous(text: str, position: int) -> int:
    position -= 1
    while position > 0 and _kind(text[position]) == "mark":
        position -= 1
    return position


def _following(text: str, position: int) -> str:
    for char in text[position + 1 :]:
        if (kind := _kind(char)) != "mark":
            return kind
    return "other"
