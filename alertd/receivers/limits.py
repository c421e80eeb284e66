"""Cutting texts to what a service takes."""

from __future__ import annotations

MARK = "…"


def cut(text: str, characters: int) -> str:
    """`text`, with `…` at its end if it had to be cut to that many characters."""
    return text if len(text) <= characters else text[: characters - 1] + MARK
