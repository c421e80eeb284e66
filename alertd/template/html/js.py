"""Escapers for JavaScript: values, strings, template literals, regular expressions."""

from __future__ import annotations

from alertd.template.errors import CallFailed
from alertd.template.fmt import sprint
from alertd.template.functions import methods_of
from alertd.template.gojson import to_json
from alertd.template.gotime import Time
from alertd.template.values import Pointer

_CONTROL = {code: f"\\u{code:04x}" for code in range(0x20)}
_CONTROL.update(
    {ord("\t"): "\\t", ord("\n"): "\\n", ord("\f"): "\\f", ord("\r"): "\\r", 0x2028: "\\u2028", 0x2029: "\\u2029"}
)
_COMMON = {char: f"\\u{ord(char):04x}" for char in "\"&'+<>"}
_STRING = _CONTROL | str.maketrans({**_COMMON, "`": "\\u0060", "/": "\\/", "\\": "\\\\"})
_TEMPLATE = _STRING | str.maketrans({"$": "\\u0024", "{": "\\u007b", "}": "\\u007d"})
_REGEXP = _CONTROL | str.maketrans({**_COMMON, **{char: "\\" + char for char in "$()*-./?[\\]^{|}"}})


def escape_js_string(text: str) -> str:
    """For a quoted string."""
    return text.translate(_STRING)


def escape_js_template(text: str) -> str:
    """For a template literal."""
    return text.translate(_TEMPLATE)


def escape_js_regexp(text: str) -> str:
    """For a regular expression; an empty one would start a comment."""
    return text.translate(_REGEXP) or "(?:)"


def js_value(*values: object) -> str:
    """A value as a JavaScript expression: JSON, set off by blanks where it could run into a name or number."""
    value: object = values[0] if len(values) == 1 else sprint(values, indirect=True)
    if isinstance(value, Pointer):
        value = value.target
    if not isinstance(value, Time) and (method := methods_of(value).get("String")) is not None:
        value = method.invoke(value)
    try:
        text = to_json(value)
    except CallFailed as error:
        return f" /* {str(error).replace('*/', '* /').replace('</', '< /')} */null "
    if _is_name_part(text[0]) or _is_name_part(text[-1]):
        return f" {text} "
    return text


def _is_name_part(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char in "$_")
