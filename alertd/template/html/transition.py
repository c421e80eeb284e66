"""How the text of a template moves the context on, in HTML; scripts and styles are in `transition_js` and `_css`.

Each function takes a context and text, and returns the context after some of the text and how much that was.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape

from alertd.template.html import attributes
from alertd.template.html.attributes import attribute_type, is_javascript
from alertd.template.html.context import (
    COMMENTS,
    IN_TEXT,
    SCRIPT_LITERALS,
    STATE_OF_VALUE,
    At,
    Attr,
    Context,
    Delim,
    Element,
    UrlPart,
    failed,
)
from alertd.template.html.transition_css import css, css_string
from alertd.template.html.transition_js import js, js_literal, js_template
from alertd.template.quoting import go_quote

Move = tuple[Context, int]

DELIM_END = {
    Delim.DOUBLE_QUOTE: re.compile('"'),
    Delim.SINGLE_QUOTE: re.compile("'"),
    Delim.SPACE_OR_TAG_END: re.compile("[ \t\n\f\r>]"),
}
_SPACE = re.compile("[ \t\n\f\r]*")
_TAG_NAME = re.compile("[A-Za-z][A-Za-z0-9]*(?:[:-][A-Za-z0-9]+)*")
_ATTR_NAME = re.compile("[^ \t\n\f\r=>'\"<]*")
_BAD_UNQUOTED = re.compile("[\"'<=`]")
_ELEMENTS = {
    "script": Element.SCRIPT,
    "style": Element.STYLE,
    "textarea": Element.TEXTAREA,
    "title": Element.TITLE,
    "meta": Element.META,
}
_CONTENT = {Element.SCRIPT: At.JS, Element.STYLE: At.CSS, Element.TEXTAREA: At.RCDATA, Element.TITLE: At.RCDATA}
_TAG_ENDS = {
    element: re.compile(f"</{name}[> \t\n\f/]", re.IGNORECASE)
    for name, element in _ELEMENTS.items()
    if element in _CONTENT
}
_ATTRS = {
    attributes.URL: Attr.URL,
    attributes.CSS: Attr.STYLE,
    attributes.JS: Attr.SCRIPT,
    attributes.SRCSET: Attr.SRCSET,
}


def after_text(context: Context, text: str) -> Move:
    """The context after the first piece of a text, and the length of the piece."""
    if context.delim is Delim.NONE:
        end = _special_end(context, text)
        if end == 0:
            return IN_TEXT, 0
        return TRANSITIONS[context.at](context, text[:end])
    match = DELIM_END[context.delim].search(text)
    end = match.start() if match else len(text)
    if context.delim is Delim.SPACE_OR_TAG_END and (bad := _BAD_UNQUOTED.search(text, 0, end)):
        return failed(f"{go_quote(bad[0])} in unquoted attr: {go_quote(text[:end])}"), len(text)
    if match is None:
        return _inside_value(context, text), len(text)
    element = context.element
    if (
        context.at is At.ATTR
        and element is Element.SCRIPT
        and context.attr is Attr.SCRIPT_TYPE
        and not is_javascript(text[:end])
    ):
        element = Element.NONE
    return Context(at=At.TAG, element=element), end + (context.delim is not Delim.SPACE_OR_TAG_END)


def _special_end(context: Context, text: str) -> int:
    """Where the end tag of a script, style, textarea or title starts; the length of the text if nowhere."""
    marker = _TAG_ENDS.get(context.element)
    if marker is None:
        return len(text)
    if context.element is Element.SCRIPT and (context.at in SCRIPT_LITERALS or context.at in COMMENTS):
        return len(text)
    match = marker.search(text)
    return match.start() if match else len(text)


def _inside_value(context: Context, text: str) -> Context:
    """The text of an attribute value: entities are decoded before a script or style reads it."""
    rest = unescape(text)
    while rest:
        context, length = TRANSITIONS[context.at](context, rest)
        rest = rest[length:]
    return context


def in_text(context: Context, text: str) -> Move:
    """Between tags, up to the name of the next tag."""
    start = 0
    while True:
        position = text.find("<", start)
        if position < 0 or position + 1 == len(text):
            return context, len(text)
        if text.startswith("<!--", position):
            return Context(at=At.HTML_COMMENT), position + 4
        position += 1
        closing = text[position] == "/"
        if closing and position + 1 == len(text):
            return context, len(text)
        position += closing
        match = _TAG_NAME.match(text, position)
        if match:
            element = Element.NONE if closing else _ELEMENTS.get(match[0].lower(), Element.NONE)
            return Context(at=At.TAG, element=element), match.end()
        start = position


def _skip_space(text: str) -> int:
    match = _SPACE.match(text)
    return match.end() if match else 0


def in_tag(context: Context, text: str) -> Move:
    """Before an attribute name, or at the end of a tag."""
    start = _skip_space(text)
    if start == len(text):
        return context, len(text)
    if text[start] == ">":
        return Context(at=_CONTENT.get(context.element, At.TEXT), element=_content_element(context.element)), start + 1
    end, fault = _attr_name_end(text, start)
    if fault is not None:
        return fault, len(text)
    if start == end:
        return failed(f"expected space, attr name, or end of tag, but got {go_quote(text[start:])}"), len(text)
    attr = _attr(context.element, text[start:end].lower())
    at = At.ATTR_NAME if end == len(text) else At.AFTER_NAME
    return Context(at=at, element=context.element, attr=attr), end


def _content_element(element: Element) -> Element:
    return Element.NONE if element is Element.META else element


def _attr(element: Element, name: str) -> Attr:
    if element is Element.SCRIPT and name == "type":
        return Attr.SCRIPT_TYPE
    if element is Element.META and name == "content":
        return Attr.META_CONTENT
    return _ATTRS.get(attribute_type(name), Attr.NONE)


def _attr_name_end(text: str, start: int) -> tuple[int, Context | None]:
    match = _ATTR_NAME.match(text, start)
    end = match.end() if match else start
    if end < len(text) and text[end] in "'\"<":
        return end, failed(f"{go_quote(text[end])} in attribute name: {go_quote(text[:32])}")
    return end, None


def in_attr_name(context: Context, text: str) -> Move:
    """In an attribute name."""
    end, fault = _attr_name_end(text, 0)
    if fault is not None:
        return fault, len(text)
    return (replace(context, at=At.AFTER_NAME) if end < len(text) else context), end


def after_attr_name(context: Context, text: str) -> Move:
    """Before the = that may follow a name."""
    start = _skip_space(text)
    if start == len(text):
        return context, len(text)
    if text[start] != "=":
        return replace(context, at=At.TAG), start
    return replace(context, at=At.BEFORE_VALUE), start + 1


def before_value(context: Context, text: str) -> Move:
    """Before a value: its first character says what ends it."""
    start = _skip_space(text)
    if start == len(text):
        return context, len(text)
    delim = {'"': Delim.DOUBLE_QUOTE, "'": Delim.SINGLE_QUOTE}.get(text[start], Delim.SPACE_OR_TAG_END)
    at = STATE_OF_VALUE[context.attr]
    return replace(context, at=at, delim=delim), start + (delim is not Delim.SPACE_OR_TAG_END)


def in_html_comment(context: Context, text: str) -> Move:
    """In a comment, up to its end."""
    end = text.find("-->")
    return (context, len(text)) if end < 0 else (IN_TEXT, end + 3)


def unchanged(context: Context, text: str) -> Move:
    """Where text changes nothing."""
    return context, len(text)


def in_url(context: Context, text: str) -> Move:
    """In a URL: ? and # start the part that is encoded differently."""
    if "#" in text or "?" in text:
        return replace(context, url_part=UrlPart.QUERY_OR_FRAGMENT), len(text)
    if context.url_part is UrlPart.NONE and _skip_space(text) < len(text):
        return replace(context, url_part=UrlPart.PRE_QUERY), len(text)
    return context, len(text)


_META_URL = re.compile(r"url[ \t\n\f\r]*=", re.IGNORECASE)


def in_meta_content(context: Context, text: str) -> Move:
    """`content="5; url=..."` of a meta element: a URL follows the equals sign."""
    match = _META_URL.search(text)
    if match is None:
        return context, len(text)
    return replace(context, at=At.META_CONTENT_URL), match.end()


def in_meta_content_url(context: Context, text: str) -> Move:
    """In the URL of a meta element, up to the next semicolon."""
    end = text.find(";")
    if end < 0:
        return in_url(context, text)
    return replace(context, at=At.META_CONTENT, url_part=UrlPart.NONE), end + 1


def in_block_comment(context: Context, text: str) -> Move:
    """In /* a comment */ of a script or style."""
    end = text.find("*/")
    if end < 0:
        return context, len(text)
    return replace(context, at=At.JS if context.at is At.JS_BLOCK_COMMENT else At.CSS), end + 2


_LINE_ENDS = {At.CSS_LINE_COMMENT: re.compile("[\n\f\r]")}
_JS_LINE_END = re.compile("[\n\r\u2028\u2029]")


def in_line_comment(context: Context, text: str) -> Move:
    """In a comment that ends with the line."""
    match = _LINE_ENDS.get(context.at, _JS_LINE_END).search(text)
    if match is None:
        return context, len(text)
    # The line end itself is no part of the comment: it separates statements.
    return replace(context, at=At.CSS if context.at is At.CSS_LINE_COMMENT else At.JS), match.start()


TRANSITIONS: dict[At, Callable[[Context, str], Move]] = {
    At.TEXT: in_text,
    At.TAG: in_tag,
    At.ATTR_NAME: in_attr_name,
    At.AFTER_NAME: after_attr_name,
    At.BEFORE_VALUE: before_value,
    At.HTML_COMMENT: in_html_comment,
    At.RCDATA: unchanged,
    At.ATTR: unchanged,
    At.URL: in_url,
    At.META_CONTENT: in_meta_content,
    At.META_CONTENT_URL: in_meta_content_url,
    At.SRCSET: in_url,
    At.JS: js,
    At.JS_DOUBLE_QUOTED: js_literal,
    At.JS_SINGLE_QUOTED: js_literal,
    At.JS_REGEXP: js_literal,
    At.JS_TEMPLATE: js_template,
    At.JS_BLOCK_COMMENT: in_block_comment,
    At.JS_LINE_COMMENT: in_line_comment,
    At.JS_HTML_OPEN_COMMENT: in_line_comment,
    At.JS_HTML_CLOSE_COMMENT: in_line_comment,
    At.CSS: css,
    At.CSS_DOUBLE_QUOTED: lambda context, text: css_string(context, text, in_url),
    At.CSS_SINGLE_QUOTED: lambda context, text: css_string(context, text, in_url),
    At.CSS_DOUBLE_QUOTED_URL: lambda context, text: css_string(context, text, in_url),
    At.CSS_SINGLE_QUOTED_URL: lambda context, text: css_string(context, text, in_url),
    At.CSS_URL: lambda context, text: css_string(context, text, in_url),
    At.CSS_BLOCK_COMMENT: in_block_comment,
    At.CSS_LINE_COMMENT: in_line_comment,
    At.ERROR: unchanged,
}
