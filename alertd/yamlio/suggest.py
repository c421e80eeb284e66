""" "did you mean": the remedy for a misspelt word."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 12


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """`did you mean "slack"?`, or "" without a close match."""
    names = sorted(set(choices))
    close = get_close_matches(word, names, n=1) or get_close_matches(word.lower(), names, n=1)
    return f'did you mean "{close[0]}"?' if close else ""


def suggestion(word: str, choices: Iterable[str], *, label: str = "known") -> str:
    """`did you mean "slack"? defined: email, slack`; without a close match only the choices; "" without choices.

    Long lists are cut, and left out beside a close match.
    """
    names = sorted(set(choices))
    if not names:
        return ""
    close = did_you_mean(word, names)
    if close and len(names) > _SHOWN:
        return close
    more = ", ..." if len(names) > _SHOWN else ""
    return f"{close} {label}: {', '.join(names[:_SHOWN])}{more}".lstrip()
