"""What callers of Alertmanager's API write: parameters of the query, times, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from aiohttp import web

from alertd.api.openapi_errors import ApiError
from alertd.labels.matcher import Matchers
from alertd.labels.matcher_parse import MatcherError, RegexError, parse_matcher
from alertd.labels.quoting import quote
from alertd.labels.regex import anchored, compile_pattern, full_match

ZERO_TIME = datetime(1, 1, 1, tzinfo=UTC)
"""How Go writes a time that is not set."""

_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_YES = frozenset(("true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"))
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d|T\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:\d\d)?)")
_PLAIN = r"[^\x00-\x1f\x7f]"
_PATH = r"(?:/(?:[^\x00-\x1f\x7f%?]|%[0-9A-Fa-f]{2})*)"
_AUTHORITY = r"(?:[\w\-.:~!$&'()*+,;=%]*@)?(?:\[[^\]\s]*\]|(?:[^\x00-\x7f]|[\w\-.~!$&'()*+,;=<>\"])*)(?::[0-9]*)?"
_SCHEME = r"[A-Za-z][A-Za-z0-9+.\-]*:"
_URI = re.compile(
    rf"\*|{_SCHEME}(?!/){_PLAIN}+|(?:{_SCHEME}//{_AUTHORITY}{_PATH}?|{_SCHEME}(?!//){_PATH}|{_PATH})(?:\?{_PLAIN}*)?",
    re.ASCII,
)


def flag(request: web.Request, name: str) -> bool:
    """A parameter that is true unless something else is said; whatever does not mean yes means no."""
    given = request.query.getall(name, [""])[-1]
    return not given or given.lower() in _YES


def filters(request: web.Request) -> Matchers:
    """Every `filter=`; raises ApiError."""
    try:
        return tuple(parse_matcher(text) for text in request.query.getall("filter", ()))
    except (MatcherError, RegexError) as error:
        raise ApiError(str(error)) from None


def receiver_filter(request: web.Request) -> Callable[[str], bool] | None:
    """Tells which receivers `receiver=` asks for; None: all. Raises ApiError."""
    pattern = request.query.getall("receiver", [""])[-1]
    if not pattern:
        return None
    try:
        compile_pattern(anchored(pattern))
        return full_match(pattern)
    except RegexError as error:
        raise ApiError(f"failed to parse receiver param: {error}") from None


def parse_time(text: str) -> datetime:
    """A time in one of the forms Alertmanager reads, UTC unless it says otherwise; raises ValueError."""
    if not text:
        return datetime(1970, 1, 1, tzinfo=UTC)
    if not _TIME.fullmatch(text):
        raise ValueError(f'parsing time {quote(text)}: write it as "2006-01-02T15:04:05Z"')
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"parsing time {quote(text)}: {error}") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def given_time(at: datetime) -> datetime | None:
    """None for Go's zero time; and never so early or late that one cannot reckon with it."""
    if _EARLIEST.year < at.year < _LATEST.year:
        return at
    if at == ZERO_TIME:
        return None
    return _EARLIEST if at.year <= _EARLIEST.year else _LATEST


@lru_cache(maxsize=4096)
def is_uri(text: str) -> bool:
    """Whether Go would take it for the address of a request: with a scheme, or beginning with a slash."""
    return _URI.fullmatch(text) is not None
