"""How CSS moves the context on: strings, url(...) and comments."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from alertd.template.html.context import At, Context, failed
from alertd.template.html.css import decode_css, is_name_character
from alertd.template.quoting import go_quote

Move = tuple[Context, int]

_SPACES = "\t\n\f\r "
_INTERESTING = re.compile("[(\"'/]")
_ENDS = {
    At.CSS_DOUBLE_QUOTED: re.compile(r'[\\"]'),
    At.CSS_DOUBLE_QUOTED_URL: re.compile(r'[\\"]'),
    At.CSS_SINGLE_QUOTED: re.compile(r"[\\']"),
    At.CSS_SINGLE_QUOTED_URL: re.compile(r"[\\']"),
    At.CSS_URL: re.compile("[\\\\\t\n\f\r )]"),
}


def css(context: Context, text: str) -> Move:
    """In rules and values, up to the next string, URL or comment."""
    for match in _INTERESTING.finditer(text):
        position = match.end()
        if match[0] == "(":
            if _ends_with_url(text[: match.start()].rstrip(_SPACES)):
                return _open_url(context, text, position)
        elif match[0] == "/":
            comment = {"/": At.CSS_LINE_COMMENT, "*": At.CSS_BLOCK_COMMENT}.get(text[position : position + 1])
            if comment is not None:
                return replace(context, at=comment), position + 1
        else:
            at = At.CSS_DOUBLE_QUOTED if match[0] == '"' else At.CSS_SINGLE_QUOTED
            return replace(context, at=at), position
    return context, len(text)


def _open_url(context: Context, text: str, position: int) -> Move:
    start = len(text) - len(text[position:].lstrip(_SPACES))
    quote = text[start : start + 1]
    at = {'"': At.CSS_DOUBLE_QUOTED_URL, "'": At.CSS_SINGLE_QUOTED_URL}.get(quote, At.CSS_URL)
    return replace(context, at=at), start + (at is not At.CSS_URL)


def _ends_with_url(text: str) -> bool:
    return text[-3:].lower() == "url" and not (len(text) > 3 and is_name_character(text[-4]))


def css_string(context: Context, text: str, in_url: Callable[[Context, str], Move]) -> Move:
    """In a string or URL, up to its end; how far into a URL it is, is followed either way."""
    position = 0
    while match := _ENDS[context.at].search(text, position):
        position = match.end()
        if match[0] != "\\":
            return replace(context, at=At.CSS), position
        if position == len(text):
            return failed(f"unfinished escape sequence in CSS string: {go_quote(text)}"), len(text)
        position += 1
        context, _ = in_url(context, decode_css(text[:position]))
    context, _ = in_url(context, decode_css(text[position:]))
    return context, len(text)
