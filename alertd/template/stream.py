"""The tokens of a text as the parser reads them, and where the text stands when something is wrong."""

from __future__ import annotations

from typing import NoReturn

from alertd.template.errors import ParseError
from alertd.template.lexer import Token, tokenize

MAX_NESTING = 200  # an {{else if}} counts once, everything else twice: it takes more stack


class TokenStream:
    """Reads one by one; going back is setting `index`. Raises the ParseErrors, as it knows the line."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.tokens = tokenize(text)
        self.index = 0
        self.action_line = 0
        self.nesting = 0

    def next(self) -> Token:
        token = self.tokens[min(self.index, len(self.tokens) - 1)]
        self.index += 1
        return token

    def peek(self) -> Token:
        return self.tokens[min(self.index, len(self.tokens) - 1)]

    def skip_space(self) -> None:
        while self.peek().kind == "space":
            self.index += 1

    def next_word(self) -> Token:
        self.skip_space()
        return self.next()

    def peek_word(self) -> Token:
        self.skip_space()
        return self.peek()

    @property
    def line(self) -> int:
        return self.tokens[max(0, min(self.index, len(self.tokens)) - 1)].line

    def enter(self, weight: int = 2) -> None:
        self.nesting += weight
        if self.nesting > MAX_NESTING:
            self.fail("nested too deeply")

    def leave(self, weight: int = 2) -> None:
        self.nesting -= weight

    def fail(self, message: str, *, fix: str = "") -> NoReturn:
        text = f"template: {self.name}:{self.line}: {message}"
        raise ParseError(text, template=self.name, line=self.line, message=message, fix=fix)

    def unexpected(self, token: Token, context: str) -> NoReturn:
        if token.kind != "error":
            self.fail(f"unexpected {token} in {context}")
        started = ""
        if self.action_line and self.action_line != token.line:
            started = f" in action started at {self.name}:{self.action_line}"
            if token.text.endswith(" action"):
                started = started[len(" in action") :]
        self.fail(f"{token.text}{started}")

    def expect(self, *kinds: str, context: str) -> Token:
        token = self.next_word()
        if token.kind not in kinds:
            self.unexpected(token, context)
        return token
