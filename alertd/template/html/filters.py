"""The escapers that the rewritten trees call, by their names in Go (`_html_template_...`)."""

from __future__ import annotations

import re
from functools import cache

from alertd.template import gotypes as t
from alertd.template.fmt import sprint
from alertd.template.functions import Function, FunctionSet
from alertd.template.html.attributes import PLAIN, attribute_type
from alertd.template.html.css import FAILSAFE, escape_css_string, filter_css_value
from alertd.template.html.js import escape_js_regexp, escape_js_string, escape_js_template, js_value
from alertd.template.html.strip import strip_tags
from alertd.template.html.urls import encode_url, filter_srcset, filter_url
from alertd.template.values import Html, Pointer, Url

PREFIX = "_html_template_"
_NORMAL = {'"': "&#34;", "'": "&#39;", "+": "&#43;", "<": "&lt;", ">": "&gt;", "\0": "\ufffd"}
_NO_SPACE = {
    **_NORMAL,
    "\0": "&#xfffd;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\v": "&#11;",
    "\f": "&#12;",
    "\r": "&#13;",
    " ": "&#32;",
    "=": "&#61;",
    "`": "&#96;",
}
_HTML = str.maketrans({**_NORMAL, "&": "&amp;"})
_HTML_NORMALIZED = str.maketrans(_NORMAL)
_UNQUOTED = str.maketrans({**_NO_SPACE, "&": "&amp;"})
_UNQUOTED_NORMALIZED = str.maketrans(_NO_SPACE)
_ODD = re.compile("[\ufdd0-\ufdef\ufff0-\uffff]")


def text_of(*values: object) -> str:
    """The operands as one text (an Html or Url keeps its type); nil counts for nothing."""
    if len(values) == 1:
        value = values[0].target if isinstance(values[0], Pointer) else values[0]
        if isinstance(value, str):
            return value
        return "" if value is None else sprint([value], indirect=True)
    return sprint([value for value in values if value is not None], indirect=True)


def escape_html(*values: object) -> str:
    """For text between tags."""
    text = text_of(*values)
    return str(text) if isinstance(text, Html) else text.translate(_HTML)


def escape_rcdata(*values: object) -> str:
    """For the text of a title or textarea."""
    text = text_of(*values)
    return text.translate(_HTML_NORMALIZED if isinstance(text, Html) else _HTML)


def escape_attribute(*values: object) -> str:
    """For a quoted attribute value."""
    text = text_of(*values)
    if isinstance(text, Html):
        return strip_tags(text).translate(_HTML_NORMALIZED)
    return text.translate(_HTML)


def escape_unquoted(*values: object) -> str:
    """For an unquoted attribute value; an empty one would swallow the next attribute."""
    text = text_of(*values)
    if not text:
        return FAILSAFE
    if isinstance(text, Html):
        text = strip_tags(text).translate(_UNQUOTED_NORMALIZED)
    else:
        text = text.translate(_UNQUOTED)
    return _ODD.sub(lambda match: f"&#x{ord(match[0]):x};", text)


def filter_attribute_name(*values: object) -> str:
    """Names with no meaning of their own; anything else becomes ZgotmplZ."""
    name = text_of(*values).lower()
    if attribute_type(name) != PLAIN or not re.fullmatch("[a-z0-9]+", name):
        return FAILSAFE
    return name


def _filter_url(*values: object) -> str:
    text = text_of(*values)
    return text if isinstance(text, Url) else filter_url(text)


def _normalize_url(*values: object) -> str:
    return encode_url(text_of(*values), keep_reserved=True)


def _escape_url(*values: object) -> str:
    text = text_of(*values)
    return encode_url(text, keep_reserved=isinstance(text, Url))


def _filter_srcset(*values: object) -> str:
    text = text_of(*values)
    if isinstance(text, Url):
        return encode_url(text, keep_reserved=True).replace(",", "%2c")
    return filter_srcset(text)


def _eval_args(*values: object) -> object:
    """The operands of `{{ html a b }}` on their way to a later escaper."""
    return values[0] if len(values) == 1 and isinstance(values[0], str) else sprint(values, indirect=True)


def _escaper(function: object) -> Function:
    return Function(function, (t.ANY,), variadic=True)  # type: ignore[arg-type]


ESCAPERS: dict[str, Function] = {
    PREFIX + "attrescaper": _escaper(escape_attribute),
    PREFIX + "commentescaper": _escaper(lambda *values: ""),
    PREFIX + "cssescaper": _escaper(lambda *values: escape_css_string(text_of(*values))),
    PREFIX + "cssvaluefilter": _escaper(lambda *values: filter_css_value(text_of(*values))),
    PREFIX + "htmlescaper": _escaper(escape_html),
    PREFIX + "htmlnamefilter": _escaper(filter_attribute_name),
    PREFIX + "jsregexpescaper": _escaper(lambda *values: escape_js_regexp(text_of(*values))),
    PREFIX + "jsstrescaper": _escaper(lambda *values: escape_js_string(text_of(*values))),
    PREFIX + "jstmpllitescaper": _escaper(lambda *values: escape_js_template(text_of(*values))),
    PREFIX + "jsvalescaper": _escaper(js_value),
    PREFIX + "nospaceescaper": _escaper(escape_unquoted),
    PREFIX + "rcdataescaper": _escaper(escape_rcdata),
    PREFIX + "srcsetescaper": _escaper(_filter_srcset),
    PREFIX + "urlescaper": _escaper(_escape_url),
    PREFIX + "urlfilter": _escaper(_filter_url),
    PREFIX + "urlnormalizer": _escaper(_normalize_url),
    "_eval_args_": _escaper(_eval_args),
}


@cache
def with_escapers(functions: FunctionSet) -> FunctionSet:
    """A set of functions and the escapers."""
    return FunctionSet(functions, ESCAPERS)
