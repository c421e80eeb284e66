r"""The classic syntax of matchers: a classic label name, an operator, and a value with or without double quotes.

It forgives much: a value without quotes may hold anything, `\x` that is no escape stands for itself.
source   Alertmanager pkg/labels ParseMatcher, ParseMatchers
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from alertd.labels.matcher import SPACE, Matcher, Matchers, Op

_MATCHER = re.compile(
    r"[\t\n\f\r ]*([a-zA-Z_:][a-zA-Z0-9_:]*)[\t\n\f\r ]*(=~|=|!=|!~)[\t\n\f\r ]*(.*?)[\t\n\f\r ]*", re.DOTALL
)
_QUOTED = re.compile(r'"((?:\\.|[^\\"])*)"', re.DOTALL)
_BARE = re.compile(r'((?:\\.|[^\\"])*\\?)', re.DOTALL)
_ESCAPE = re.compile(r'\\[n"\\]')
_ESCAPED = {r"\n": "\n", r"\"": '"', r"\\": "\\"}
_SPACE_AROUND = re.compile(rf"^[{SPACE}]+|[{SPACE}]+\Z")


class MatcherError(ValueError):
    """The text is no matcher; the message is Alertmanager's."""


def classic_matcher(text: str) -> Matcher:
    """Exactly one matcher. Raises MatcherError, RegexError."""
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise MatcherError(f"bad matcher format: {text}")
    name, op, value = found.groups()
    return Matcher(name, Op(op), _value(value))


def classic_matchers(text: str) -> Matchers:
    """Matchers between commas, in braces or not. Raises MatcherError, RegexError."""
    return tuple(map(classic_matcher, _split(text.removeprefix("{").removesuffix("}"))))


def _value(written: str) -> str:
    found = (_QUOTED if written.startswith('"') else _BARE).fullmatch(written)
    if found is None:
        raise MatcherError(f"matcher value contains unescaped double quote: {written}")
    return _ESCAPE.sub(lambda escape: _ESCAPED[escape[0]], found[1])


def _split(text: str) -> Iterator[str]:
    """The pieces between commas outside double quotes; after the last comma there may be nothing."""
    start, quoted, escaped = 0, False, False
    for position, character in enumerate(text):
        if character == "," and not quoted:
            yield text[start:position]
            start = position + 1
        elif character == '"' and not escaped:
            quoted = not quoted
        elif character != ",":
            escaped = character == "\\" and not escaped
    last = _SPACE_AROUND.sub("", text[start:])
    if last:
        yield last
