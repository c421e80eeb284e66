"""What a function that does not exist may have been meant to be."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

# Names seen in the wild that neither Prometheus nor Alertmanager ever had, and what does the work.
_INSTEAD = {
    "mulScalar": "humanizePercentage",
    "mul": "humanizePercentage",
    "multiply": "humanizePercentage",
    "upper": "toUpper",
    "lower": "toLower",
    "trim": "trimSpace",
    "replace": "reReplaceAll",
    "reReplace": "reReplaceAll",
    "regexReplaceAll": "reReplaceAll",
    "regexMatch": "match",
    "toJSON": "toJson",
    "jsonEncode": "toJson",
    "queryEscape": "urlquery",
    "urlencode": "urlquery",
    "htmlEscape": "html",
    "humanizeBytes": "humanize1024",
    "humanizePercent": "humanizePercentage",
    "percent": "humanizePercentage",
    "formatTime": "humanizeTimestamp",
    "elseif": "else if",
}


def instead_of(name: str, functions: Collection[str]) -> str:
    """A hint such as `did you mean "toUpper"?`, or "" where nothing comes close."""
    known = _INSTEAD.get(name, "")
    if known and (known in functions or " " in known):
        return f'did you mean "{known}"?'
    lower = {function.lower(): function for function in functions if not function.startswith("_")}
    close = get_close_matches(name.lower(), lower, n=1, cutoff=0.7)
    return f'did you mean "{lower[close[0]]}"?' if close else ""
