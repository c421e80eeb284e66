"""Regular expressions as Prometheus and Alertmanager use them: RE2 syntax, and the whole value must match.

google-re2 never backtracks, so that no pattern of a user can stop us; errors are worded as Go words them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2

VALUES_REMEMBERED = 512
"""Verdicts kept per pattern: values repeat, and asking RE2 takes fifty times as long as looking one up."""

# RE2's C++ messages -> Go's, where they differ.
_MESSAGES = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid repetition size": "invalid repeat count",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "trailing \\": "trailing backslash at end of expression",
    "invalid named capture group": "invalid named capture",
}
_PLAIN = r"[^\\.+*?()\[\]{}^$|]*"
_PREFIX = re.compile(_PLAIN)
_ALTERNATIVES = re.compile(rf"({_PLAIN}(?:\|{_PLAIN})*)")
_WRAPPED = re.compile(r"\^\(\?:(.*)\)\$|\((?:\?:)?(.*)\)|\^(.*)\$", re.DOTALL)


class RegexError(ValueError):
    """Not a regular expression; the message is Go's: ``error parsing regexp: missing closing ): `(` ``."""


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> Any:
    """The compiled RE2 pattern, unanchored; raises RegexError where Go refuses it."""
    if _has_single_byte(pattern):
        raise RegexError("error parsing regexp: invalid escape sequence: `\\C`")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options=options)
    except re2.error as error:
        raise RegexError(f"error parsing regexp: {_message(error)}") from None


def anchored(pattern: str) -> str:
    """The pattern that matches whole values only; also how Alertmanager prints the values of `match_re`."""
    return f"^(?:{pattern})$"


@lru_cache(maxsize=1024)
def full_match(pattern: str) -> Callable[[str], bool]:
    """Tells whether a whole text matches; `.` does not match a newline. Raises RegexError."""
    compiled = compile_pattern(anchored(pattern))
    values = accepted_values(pattern)
    if values is not None:
        return values.__contains__

    prefix = required_prefix(pattern)

    @lru_cache(maxsize=VALUES_REMEMBERED)
    def search(text: str) -> bool:
        return compiled.search(text.encode(errors="replace")) is not None

    return lambda text: text.startswith(prefix) and search(text)


def accepted_values(pattern: str) -> frozenset[str] | None:
    """All texts the pattern matches, where it is plain alternatives (`a|b`, `(a|b)`); else None."""
    pattern = _unwrapped(pattern)
    return frozenset(pattern.split("|")) if _ALTERNATIVES.fullmatch(pattern) else None


def required_prefix(pattern: str) -> str:
    """What every text the pattern matches begins with, as far as it can be seen at once: `api-[0-9]+` -> `api-`."""
    pattern = _unwrapped(pattern)
    plain = _PREFIX.match(pattern)
    if plain is None or "|" in pattern:
        return ""
    return plain[0][:-1] if pattern[plain.end() : plain.end() + 1] in ("*", "?", "{") else plain[0]


def _unwrapped(pattern: str) -> str:
    while wrapped := _WRAPPED.fullmatch(pattern):
        pattern = next(inner for inner in wrapped.groups() if inner is not None)
    return pattern


def _has_single_byte(pattern: str) -> bool:
    r"""Whether `\C` occurs: RE2 knows it, Go does not."""
    return any(match[0] == "\\C" for match in re.finditer(r"\\Q.*?(?:\\E|$)|\\.", pattern, re.DOTALL))


def _message(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    cause, _, culprit = str(text).partition(": ")
    return f"{_MESSAGES.get(cause, cause)}: `{culprit}`"
