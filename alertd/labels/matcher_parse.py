"""Reads matchers as people write them: `severity=~"warning|critical"`.

There are two syntaxes, the classic one and the one for names in UTF-8 (`"service.name"="api"`). Both are tried, as
Alertmanager does since 0.27: a text only one of them reads means what that one says; where they disagree, or neither
reads it, the classic one has the last word.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from alertd.labels.matcher import Matcher, Matchers
from alertd.labels.matcher_classic import MatcherError, classic_matcher, classic_matchers
from alertd.labels.matcher_utf8 import utf8_matcher, utf8_matchers
from alertd.labels.regex import RegexError

T = TypeVar("T", Matcher, Matchers)

__all__ = ["MatcherError", "RegexError", "parse_matcher", "parse_matchers"]


def parse_matcher(text: str) -> Matcher:
    """Exactly one matcher, without braces (`filter=` of the API). Raises MatcherError, RegexError."""
    if text.startswith("{") or text.endswith("}"):
        raise MatcherError(f"unexpected open or close brace: {text}")
    return _either(text, utf8_matcher, classic_matcher)


def parse_matchers(text: str) -> Matchers:
    """Any number of matchers, with braces or without (items of `matchers:`). Raises MatcherError, RegexError."""
    return _either(text, utf8_matchers, classic_matchers)


def _either(text: str, utf8: Callable[[str], T], classic: Callable[[str], T]) -> T:
    try:
        return classic(text)
    except (MatcherError, RegexError) as error:
        try:
            return utf8(text)
        except (MatcherError, RegexError):
            raise error from None
