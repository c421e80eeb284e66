"""How JavaScript moves the context on: strings, template literals, comments, and whether a `/` starts a regexp."""

from __future__ import annotations

import re
from dataclasses import replace

from alertd.template.html.context import At, Context, Slash, failed
from alertd.template.quoting import go_quote

Move = tuple[Context, int]

_INTERESTING = re.compile("[\"`'/{}<\\-#]")
_QUOTES = {'"': At.JS_DOUBLE_QUOTED, "'": At.JS_SINGLE_QUOTED, "`": At.JS_TEMPLATE}
_BEFORE_REGEXP = frozenset(
    [
        "break",
        "case",
        "continue",
        "delete",
        "do",
        "else",
        "finally",
        "in",
        "instanceof",
        "return",
        "throw",
        "try",
        "typeof",
        "void",
    ]
)
_LAST_WORD = re.compile(r"[$0-9A-Z_a-z]*\Z")


def js(context: Context, text: str) -> Move:
    """In plain code, up to the next character that may change the state."""
    match = _INTERESTING.search(text)
    if match is None:
        return replace(context, slash=slash_after(text, context.slash)), len(text)
    start = match.start()
    context = replace(context, slash=slash_after(text[:start], context.slash))
    char = match[0]
    if char in _QUOTES:
        return replace(context, at=_QUOTES[char], slash=Slash.REGEXP), start + 1
    if char == "/":
        return _slash(context, text, start)
    if char in "{}":
        return _brace(context, char), start + 1
    return _comment(context, text, start)


def _slash(context: Context, text: str, start: int) -> Move:
    following = text[start + 1 : start + 2]
    if following == "/":
        return replace(context, at=At.JS_LINE_COMMENT), start + 2
    if following == "*":
        return replace(context, at=At.JS_BLOCK_COMMENT), start + 2
    if context.slash is Slash.REGEXP:
        return replace(context, at=At.JS_REGEXP), start + 1
    if context.slash is Slash.DIVISION:
        return replace(context, slash=Slash.REGEXP), start + 1
    return failed(f"'/' could start a division or regexp: {go_quote(text[start : start + 32])}"), len(text)


def _brace(context: Context, char: str) -> Context:
    """Braces count only inside `${...}` of a template literal."""
    if not context.braces:
        return context
    *outer, depth = context.braces
    depth += 1 if char == "{" else -1
    if depth >= 0:
        return replace(context, braces=(*outer, depth))
    return replace(context, at=At.JS_TEMPLATE, braces=tuple(outer))


def _comment(context: Context, text: str, start: int) -> Move:
    """Comments in the style of HTML and of shells are comments in JavaScript, too."""
    for opening, at in (
        ("<!--", At.JS_HTML_OPEN_COMMENT),
        ("-->", At.JS_HTML_CLOSE_COMMENT),
        ("#!", At.JS_LINE_COMMENT),
    ):
        if text.startswith(opening, start):
            return replace(context, at=at), start + len(opening)
    return context, start + 1


_TEMPLATE = re.compile(r"[`\\$]")


def js_template(context: Context, text: str) -> Move:
    """In a template literal, up to its end or the next `${`."""
    position = 0
    while match := _TEMPLATE.search(text, position):
        position = match.end()
        if match[0] == "`":
            return replace(context, at=At.JS), position
        if match[0] == "\\":
            if position == len(text):
                return _unfinished(text)
            position += 1
        elif text.startswith("{", position):
            return replace(context, at=At.JS, braces=(*context.braces, 0)), position + 1
    return context, len(text)


_SPECIALS = {
    At.JS_DOUBLE_QUOTED: re.compile(r'[\\"]'),
    At.JS_SINGLE_QUOTED: re.compile(r"[\\']"),
    At.JS_REGEXP: re.compile(r"[\\/\[\]]"),
}


def js_literal(context: Context, text: str) -> Move:
    """In a string or regexp, up to its end."""
    position, in_set = 0, False
    while match := _SPECIALS[context.at].search(text, position):
        position = match.end()
        char = match[0]
        if char == "\\":
            if position == len(text):
                return _unfinished(text)
            position += 1
        elif char in "[]":
            in_set = char == "["
        elif char == "/" and text[match.start() - 1 : match.start() + 7].lower() == "</script" and match.start():
            position += 1
        elif not in_set:
            return replace(context, at=At.JS, slash=Slash.DIVISION), position
    if in_set:
        return failed(f"unfinished JS regexp charset: {go_quote(text)}"), len(text)
    return context, len(text)


def _unfinished(text: str) -> Move:
    return failed(f"unfinished escape sequence in JS string: {go_quote(text)}"), len(text)


def slash_after(code: str, before: Slash) -> Slash:
    """What a `/` after this code would mean."""
    code = code.rstrip("\t\n\f\r \u2028\u2029")
    if not code:
        return before
    last = code[-1]
    if last in "+-":
        # x++ ends an operand, x + does not; "---" is "-- -".
        repeated = len(code) - len(code.rstrip(last))
        return Slash.REGEXP if repeated % 2 else Slash.DIVISION
    if last == ".":
        return Slash.DIVISION if len(code) > 1 and code[-2] in "0123456789" else Slash.REGEXP
    if last in ",<>=*%&|^?!~([:;{}":
        return Slash.REGEXP
    word = _LAST_WORD.search(code)
    return Slash.REGEXP if word and word[0] in _BEFORE_REGEXP else Slash.DIVISION
