"""Go's regular expressions: RE2 syntax, unanchored search, and ReplaceAllString with `$1`, `${name}`.

Two things differ from Python and are done here: an empty match that touches the match before it does not count, and
`$name` takes the longest run of letters, digits and underscores, so `$1x` is the group "1x" - which is empty.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from alertd.labels import regex
from alertd.template.errors import CallFailed
from alertd.template.quoting import valid_text

_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")


def compile_pattern(pattern: str) -> Any:
    """A compiled RE2 pattern; CallFailed with Go's message for one that Go refuses."""
    try:
        return regex.compile_pattern(valid_text(pattern))
    except regex.RegexError as error:
        raise CallFailed(str(error)) from None


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern occurs anywhere in the text."""
    return compile_pattern(pattern).search(valid_text(text)) is not None


def replace_all(pattern: str, replacement: str, text: str) -> str:
    """Every occurrence replaced; `$1`, `${1}` and `$name` in the replacement stand for groups, `$$` for a dollar."""
    try:
        compiled = compile_pattern(pattern)
    except CallFailed as error:
        raise CallFailed(f"regexp: Compile(`{pattern}`): {error}") from None
    text = valid_text(text)
    template = _parse_replacement(replacement)
    names = compiled.groupindex
    parts: list[str] = []
    end = 0
    previous = -1
    for match in compiled.finditer(text):
        if match.start() == match.end() == previous:
            continue
        parts.append(text[end : match.start()])
        parts.extend(_expanded(template, match, names, compiled.groups))
        end = previous = match.end()
    parts.append(text[end:])
    return "".join(parts)


@lru_cache(maxsize=512)
def _parse_replacement(replacement: str) -> tuple[tuple[str, bool], ...]:
    """Pieces of a replacement, and whether each names a group."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for match in _REFERENCE.finditer(replacement):
        pieces.append((replacement[end : match.start()], False))
        name = match[1] or match[2]
        pieces.append((name, True) if name else ("$", False))
        end = match.end()
    pieces.append((replacement[end:], False))
    return tuple(pieces)


def _expanded(template: tuple[tuple[str, bool], ...], match: Any, names: dict[str, int], groups: int) -> list[str]:
    return [_group(piece, match, names, groups) if is_group else piece for piece, is_group in template]


def _group(name: str, match: Any, names: dict[str, int], groups: int) -> str:
    if name.isascii() and name.isdigit():
        number = int(name) if len(name) < 9 and (name == "0" or name[0] != "0") else -1
    else:
        number = names.get(name, -1)
    if not 0 <= number <= groups:
        return ""
    return match[number] or ""
