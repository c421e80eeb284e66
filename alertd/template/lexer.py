"""Cuts a template text into tokens, by the rules of Go's text/template.

The one subtle thing is white space: `{{-` trims only before a blank, ` -}}` only after one, and a space is a token of
its own because `.a.b` and `.a .b` differ. A fault becomes an "error" token, so the parser reports faults in the order
in which a reader meets them.
"""

from __future__ import annotations

from typing import NamedTuple

from alertd.template.quoting import go_quote, is_print

LEFT, RIGHT = "{{", "}}"
SPACES = " \t\r\n"
KEYWORDS = frozenset(["block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with"])
_CLOSED_FIELD = frozenset(SPACES + ".,|:()")
_DIGITS = "0123456789_"
_HEX_DIGITS = "0123456789abcdefABCDEF_"


class Token(NamedTuple):
    """One token: its kind, its text, and where it starts (characters from 0; lines from 1)."""

    kind: str
    text: str
    pos: int
    line: int

    def __str__(self) -> str:
        if self.kind == "eof":
            return "EOF"
        if self.kind == "error":
            return self.text
        if self.kind in KEYWORDS or self.kind == "dot":
            return f"<{self.text}>"
        if len(self.text) > 10:
            return go_quote(self.text[:10]) + "..."
        return go_quote(self.text)


class _LexingError(Exception):
    """Lexing stops here; the message becomes the last token."""


def tokenize(text: str) -> list[Token]:
    """All tokens of a text; the last is "eof" or "error"."""
    lexer = _Lexer(text)
    try:
        lexer.run()
    except _LexingError as fault:
        lexer.tokens.append(Token("error", str(fault), lexer.start, lexer.line))
    return lexer.tokens


def is_name_character(char: str) -> bool:
    """Whether a character may be part of an identifier: `_`, a letter or a decimal digit of any script."""
    return char == "_" or char.isalpha() or char.isdecimal()


def _unicode_name(char: str) -> str:
    shown = f" '{char}'" if is_print(char) else ""
    return f"U+{ord(char):04X}{shown}"


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self.start = 0
        self.line = 1
        self.parens = 0
        self.tokens: list[Token] = []

    # -- helpers ------------------------------------------------------------------------------------------------

    def _emit(self, kind: str) -> None:
        value = self.text[self.start : self.pos]
        self.tokens.append(Token(kind, value, self.start, self.line))
        self.line += value.count("\n")
        self.start = self.pos

    def _skip(self) -> None:
        self.line += self.text.count("\n", self.start, self.pos)
        self.start = self.pos

    def _peek(self) -> str:
        return self.text[self.pos : self.pos + 1]

    def _take(self, chars: str) -> bool:
        char = self._peek()
        if char and char in chars:
            self.pos += 1
            return True
        return False

    def _take_run(self, chars: str) -> None:
        text, pos, end = self.text, self.pos, len(self.text)
        while pos < end and text[pos] in chars:
            pos += 1
        self.pos = pos

    def _at_right(self, pos: int) -> tuple[bool, bool]:
        """Whether the closing delimiter starts here, and whether it carries a trim marker."""
        text = self.text
        if text[pos : pos + 1] in SPACES and text.startswith("-" + RIGHT, pos + 1) and pos < len(text):
            return True, True
        return text.startswith(RIGHT, pos), False

    def _at_end_of_word(self) -> bool:
        char = self._peek()
        return not char or char in _CLOSED_FIELD or self.text.startswith(RIGHT, self.pos)

    # -- outside actions ----------------------------------------------------------------------------------------

    def run(self) -> None:
        while True:
            opening = self.text.find(LEFT, self.pos)
            if opening < 0:
                self.pos = len(self.text)
                if self.pos > self.start:
                    self._emit("text")
                self.tokens.append(Token("eof", "", self.pos, self.line))
                return
            self._text_until(opening)
            self._left_delimiter()

    def _text_until(self, opening: int) -> None:
        end = opening
        if self._has_left_trim(opening + len(LEFT)):
            end = self.start + len(self.text[self.start : opening].rstrip(SPACES))
        self.pos = end
        if end > self.start:
            self._emit("text")
        self.pos = opening
        self._skip()

    def _has_left_trim(self, pos: int) -> bool:
        return self.text[pos : pos + 1] == "-" and self.text[pos + 1 : pos + 2] in SPACES and pos + 1 < len(self.text)

    def _left_delimiter(self) -> None:
        self.pos += len(LEFT)
        marker = 2 if self._has_left_trim(self.pos) else 0
        if self.text.startswith("/*", self.pos + marker):
            self.pos += marker
            self._skip()
            self._comment()
            return
        self._emit("left")
        self.pos += marker
        self._skip()
        self.parens = 0
        self._inside_action()

    def _comment(self) -> None:
        end = self.text.find("*/", self.pos + 2)
        if end < 0:
            raise _LexingError("unclosed comment")
        self.pos = end + 2
        closed, trims = self._at_right(self.pos)
        if not closed:
            raise _LexingError("comment ends before closing delimiter")
        self._close(trims, emit=False)

    def _close(self, trims: bool, *, emit: bool) -> None:
        if trims:
            self.pos += 2
            self._skip()
        self.pos += len(RIGHT)
        if emit:
            self._emit("right")
        if trims:
            self._take_run(SPACES)
        self._skip()

    # -- inside an action ---------------------------------------------------------------------------------------

    def _inside_action(self) -> None:
        while True:
            closed, trims = self._at_right(self.pos)
            if closed:
                if self.parens:
                    raise _LexingError("unclosed left paren")
                self._close(trims, emit=True)
                return
            char = self._peek()
            if not char:
                raise _LexingError("unclosed action")
            self._one_token(char)

    def _one_token(self, char: str) -> None:
        if char in SPACES:
            self._space()
        elif char in _ONE_CHARACTER:
            self.pos += 1
            self._emit(_ONE_CHARACTER[char])
        elif char == '"' or char == "'":
            self._quoted(char)
        elif char == "`":
            self._raw()
        elif char == "$":
            self.pos += 1
            self._field_or_variable("variable")
        elif char == "." and not self.text[self.pos + 1 : self.pos + 2].isdecimal():
            self.pos += 1
            self._field_or_variable("field")
        elif char in "+-.0123456789":
            self._number()
        elif is_name_character(char):
            self._identifier()
        else:
            self._other(char)

    def _other(self, char: str) -> None:
        self.pos += 1
        if char == ":":
            if self._peek() != "=":
                raise _LexingError("expected :=")
            self.pos += 1
            self._emit("declare")
        elif char == "(":
            self.parens += 1
            self._emit("(")
        elif char == ")":
            self.parens -= 1
            if self.parens < 0:
                raise _LexingError("unexpected right paren")
            self._emit(")")
        elif " " <= char <= "~":
            self._emit("char")
        else:
            raise _LexingError(f"unrecognized character in action: {_unicode_name(char)}")

    def _space(self) -> None:
        text, pos, end = self.text, self.pos, len(self.text)
        while pos < end and text[pos] in SPACES:
            pos += 1
        # The last blank of a run may belong to a trimming " -}}".
        if text.startswith("-" + RIGHT, pos):
            pos -= 1
        if pos > self.pos:
            self.pos = pos
            self._emit("space")

    def _identifier(self) -> None:
        text, pos, end = self.text, self.pos, len(self.text)
        while pos < end and is_name_character(text[pos]):
            pos += 1
        self.pos = pos
        if not self._at_end_of_word():
            raise _LexingError(f"bad character {_unicode_name(self._peek())}")
        word = text[self.start : pos]
        if word in KEYWORDS:
            self._emit(word)
        else:
            self._emit("bool" if word in ("true", "false") else "identifier")

    def _field_or_variable(self, kind: str) -> None:
        if self._at_end_of_word():
            self._emit("variable" if kind == "variable" else "dot")
            return
        while (char := self._peek()) and is_name_character(char):
            self.pos += 1
        if not self._at_end_of_word():
            raise _LexingError(f"bad character {_unicode_name(self._peek())}")
        self._emit(kind)

    def _quoted(self, quote: str) -> None:
        fault = "unterminated quoted string" if quote == '"' else "unterminated character constant"
        self.pos += 1
        while True:
            char = self._peek()
            self.pos += 1
            if char == "\\":
                char = self._peek()
                self.pos += 1
                if char and char != "\n":
                    continue
            if not char or char == "\n":
                raise _LexingError(fault)
            if char == quote:
                break
        self._emit("string" if quote == '"' else "character")

    def _raw(self) -> None:
        end = self.text.find("`", self.pos + 1)
        if end < 0:
            raise _LexingError("unterminated raw quoted string")
        self.pos = end + 1
        self._emit("raw")

    def _number(self) -> None:
        if not self._scan_number():
            raise _LexingError(f"bad number syntax: {go_quote(self.text[self.start : self.pos])}")
        if self._peek() not in ("+", "-"):
            self._emit("number")
            return
        # 1+2i is one complex constant; 1+1 is nothing.
        if not self._scan_number() or self.text[self.pos - 1] != "i":
            raise _LexingError(f"bad number syntax: {go_quote(self.text[self.start : self.pos])}")
        self._emit("complex")

    def _scan_number(self) -> bool:
        self._take("+-")
        digits = _DIGITS
        if self._take("0"):
            if self._take("xX"):
                digits = _HEX_DIGITS
            elif self._take("oO"):
                digits = "01234567_"
            elif self._take("bB"):
                digits = "01_"
        self._take_run(digits)
        if self._take("."):
            self._take_run(digits)
        exponent = {_DIGITS: "eE", _HEX_DIGITS: "pP"}.get(digits)
        if exponent and self._take(exponent):
            self._take("+-")
            self._take_run(_DIGITS)
        self._take("i")
        char = self._peek()
        if char and is_name_character(char):
            self.pos += 1
            return False
        return True


_ONE_CHARACTER = {"=": "assign", "|": "pipe"}
