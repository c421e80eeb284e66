""" "did you mean": the remedy for a misspelt word."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 12


def suggestion(word: str, choices: Iterable[str], *, label: str = "known") -> str:
    """`did you mean "slack"? defined: email, slack`; without a close match only the choices; "" without choices."""
    names = sorted(set(choices))
    if not names:
        return ""
    close = get_close_matches(word, names, n=1, cutoff=0.6) or get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    more = ", ..." if len(names) > _SHOWN else ""
    listed = f"{label}: {', '.join(names[:_SHOWN])}{more}"
    return f'did you mean "{close[0]}"? {listed}' if close else listed
