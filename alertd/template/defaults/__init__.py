"""The default notification templates, kept as files beside this module."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

_NAMES = ("default.tmpl", "email.tmpl")


@cache
def default_texts() -> tuple[tuple[str, str], ...]:
    """Name and text of each file, in the order in which they are parsed."""
    folder = files(__package__ or __name__)
    return tuple((name, (folder / name).read_text(encoding="utf-8")) for name in _NAMES)
