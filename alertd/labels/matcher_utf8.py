"""The syntax of matchers that takes names in UTF-8: name and value are a word, or a text in double quotes as in Go.

source   Alertmanager matcher/parse (0.27 and later); errors are worded as there, with columns from 0
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from alertd.labels.matcher import SPACE, Matcher, Matchers, Op
from alertd.labels.matcher_classic import MatcherError
from alertd.labels.quoting import unquote

END = ""
WORD = "word"
QUOTED = "quoted"
OPERATORS = frozenset(Op)
_TOKEN = re.compile(
    rf"""(?P<space>[{SPACE}]+)
    | (?P<sign>[{{}},]|=~?|![=~])
    | (?P<quoted>"(?:[^"\\]|\\.)*")
    | (?P<word>[^{SPACE}{{}}!=~,\\"'`]+)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """kind: a sign itself, WORD, QUOTED, or END; `error` in place of a token the text does not hold."""

    kind: str
    text: str
    start: int
    end: int
    error: str = ""


def utf8_matcher(text: str) -> Matcher:
    """Exactly one matcher, in braces or not. Raises MatcherError, RegexError."""
    matchers = utf8_matchers(text)
    if not matchers:
        raise MatcherError("no matchers")
    if len(matchers) > 1:
        raise MatcherError(f"expected 1 matcher, found {len(matchers)}")
    return matchers[0]


def utf8_matchers(text: str) -> Matchers:
    """Matchers between commas, in braces or not. Raises MatcherError, RegexError."""
    return tuple(_Parser(text).matchers())


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            yield _no_token(text, position)
            return
        if found.lastgroup != "space":
            kind = found[0] if found.lastgroup == "sign" else str(found.lastgroup)
            yield Token(kind, found[0], position, found.end())
        position = found.end()
    yield Token(END, "", len(text), len(text))


def _no_token(text: str, start: int) -> Token:
    end = start + 1
    if text[start] == '"':
        end = len(text)
        error = f'{start}:{end}: {text[start:]}: missing end "'
    elif text[start] == "!":
        said = "unexpected end of input," if end == len(text) else "!:"
        error = f"{start}:{end}: {said} expected one of '=~'"
    else:
        error = f"{start}:{end}: {text[start]}: invalid input"
    return Token(END, text[start:end], start, end, error)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = next(self._tokens)
        self._end = 0  # of the last token taken

    def matchers(self) -> Iterator[Matcher]:
        if self._peek() == END:
            return
        braced = self._peek() == "{"
        if braced:
            self._take("{")
        while self._peek() not in (END, "}"):
            yield self._matcher()
            self._next_matcher()
        self._close(braced=braced)

    def _matcher(self) -> Matcher:
        name = self._text(self._take(WORD, QUOTED, expected="expected label name"))
        op = self._take(*OPERATORS, expected="expected an operator such as '=', '!=', '=~' or '!~'")
        value = self._text(self._take(WORD, QUOTED, expected="expected label value"))
        try:
            return Matcher(name, Op(op.kind), value)
        except ValueError as error:
            raise MatcherError(f"failed to create matcher: {error}") from None

    def _next_matcher(self) -> None:
        """Takes the comma before the next matcher, where there is one."""
        if self._is(END, "}", ",", expected="expected a comma or close brace") == ",":
            self._take(",")
            self._is(END, "}", WORD, QUOTED, expected="expected a matcher or close brace after comma")

    def _close(self, *, braced: bool) -> None:
        if braced:
            if self._next.kind == END:
                raise MatcherError(f"0:{self._end}: end of input: expected close brace")
            self._take("}")
        elif self._next.kind == "}":
            raise MatcherError(f"0:{self._next.end}: }}: expected opening brace")
        if self._peek(expected="expected end of input") != END:
            token = self._next
            raise MatcherError(f"{token.start}:{token.end}: {token.text}: expected end of input")

    def _peek(self, *, expected: str = "") -> str:
        """The kind of the next token."""
        if self._next.error:
            raise MatcherError(": ".join(filter(None, (self._next.error, expected))))
        return self._next.kind

    def _is(self, *kinds: str, expected: str = "") -> str:
        """The kind of the next token, which must be one of `kinds`."""
        token = self._next
        if self._peek(expected=expected) not in kinds:
            said = f"{token.start}:{token.end}: unexpected {token.text}" if token.kind != END else "end of input"
            raise MatcherError(f"{said}: {expected}")
        return token.kind

    def _take(self, *kinds: str, expected: str = "") -> Token:
        self._is(*kinds, expected=expected)
        token = self._next
        self._end = token.end
        self._next = next(self._tokens)
        return token

    @staticmethod
    def _text(token: Token) -> str:
        if token.kind == WORD:
            return token.text
        try:
            return unquote(token.text)
        except ValueError:
            raise MatcherError(f"{token.start}:{token.end}: {token.text}: invalid input") from None
