"""Cuts PromQL into tokens with their places, so that a part of an expression can be taken as it was written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple


class TokenKind(StrEnum):
    """What split.py and promql.py tell apart; everything else is OTHER."""

    SKIP = "skip"  # white space and comments
    STRING = "string"
    NUMBER = "number"  # durations and hexadecimal numbers too
    WORD = "word"  # names, keywords, Inf, NaN
    MATCH = "match"  # =~ and !~
    COMPARE = "compare"
    OPEN = "open"
    CLOSE = "close"
    OTHER = "other"


_TOKEN = re.compile(
    r"""
    (?P<skip>    [ \t\r\n]+ | \#[^\n]* )
  | (?P<string>  "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | `[^`]*` )
  | (?P<number>  0[xX][0-9a-fA-F]+ | (?:[0-9]|\.[0-9])[0-9A-Za-z_.]*(?:(?<=[eE])[+-][0-9]+)? )
  | (?P<word>    [A-Za-z_:][A-Za-z0-9_:]* )
  | (?P<match>   =~ | !~ )
  | (?P<compare> == | != | >= | <= | > | < )
  | (?P<open>    [(\[{] )
  | (?P<close>   [)\]}] )
  | (?P<other>   . )
    """,
    re.VERBOSE,
)


class Token(NamedTuple):
    """One token: `expr[start:end]`; `depth` is the number of brackets open around it."""

    kind: TokenKind
    text: str
    start: int
    end: int
    depth: int


_KINDS = {kind.value: kind for kind in TokenKind}


def tokens(expr: str) -> Iterator[Token]:
    """The tokens of `expr` but white space and comments."""
    depth = 0
    for match in _TOKEN.finditer(expr):
        kind = _KINDS[match.lastgroup or "other"]
        if kind is TokenKind.SKIP:
            continue
        if kind is TokenKind.CLOSE:
            depth -= 1
        yield Token(kind, match.group(), match.start(), match.end(), depth)
        if kind is TokenKind.OPEN:
            depth += 1
