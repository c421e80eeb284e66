"""Where in a file a template is at fault."""

from __future__ import annotations

import re

from alertd.template.errors import TemplateError
from alertd.yamlio import Scalar

_EXECUTED = re.compile(r"at <(.+?)>: ")
_QUOTED = re.compile(r'"([^"]+)"')


def place_in(scalar: Scalar, error: TemplateError) -> tuple[int, int]:
    """Line and column of what Go's message names, as `at <.Field>` or in quotes; else of the line Go counted."""
    lines = scalar.text.splitlines(keepends=True)
    start = len("".join(lines[: max(error.line, 1) - 1]))
    named = [*_EXECUTED.findall(str(error)), *_QUOTED.findall(error.message)]
    found = (scalar.text.find(text, start) for text in named)
    return scalar.place(next((offset for offset in found if offset >= 0), start))
