"""Where in a file a template is at fault."""

from __future__ import annotations

import re

from alertd.template.errors import TemplateError
from alertd.yamlio import Scalar

_NAMED = re.compile(r'"([^"]+)"|<([^>]+)>')


def place_in(scalar: Scalar, error: TemplateError) -> tuple[int, int]:
    """Line and column of what Go's message names in quotes or as `<.Field>`, else of the line Go counted."""
    lines = scalar.text.splitlines(keepends=True)
    start = len("".join(lines[: max(error.line, 1) - 1]))
    found = (scalar.text.find(quoted or named, start) for quoted, named in _NAMED.findall(error.message))
    return scalar.place(next((offset for offset in found if offset >= 0), start))
