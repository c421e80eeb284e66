"""When a failed delivery is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import Random

FIRST_DELAY = timedelta(seconds=1)
LONGEST_DELAY = timedelta(seconds=60)
SHORTEST_LIFE = timedelta(minutes=15)
_RETRY_AFTER_RANGE = timedelta(seconds=1), timedelta(hours=1)


def backoff(attempts: int, *, longest: timedelta, random: Random) -> timedelta:
    """How long to wait after the `attempts`-th failed attempt: full jitter, doubling from a second up to `longest`.

    source   "Exponential Backoff And Jitter", AWS Architecture Blog (2015)
    """
    doublings = max(0, min(attempts - 1, 16))
    ceiling = min(longest, FIRST_DELAY * (1 << doublings))
    return ceiling * random.random()


def longest_delay(group_interval: timedelta) -> timedelta:
    """No longer than the ticks of the group are apart: at each tick the message would be due anyway."""
    return min(LONGEST_DELAY, group_interval)


def deadline(created_at: datetime, group_interval: timedelta) -> datetime:
    """Until when a message is retried; after that a later tick decides anew what there is to tell."""
    return created_at + max(group_interval, SHORTEST_LIFE)


def parse_retry_after(text: str, *, at: datetime) -> timedelta | None:
    """The wait a `Retry-After` header asks for, between a second and an hour; None when it says nothing readable.

    source   RFC 9110, 10.2.3: seconds or an HTTP date; fractions of a second are accepted too
    """
    wait = _seconds(text)
    if wait is None:
        wait = _until_date(text, at)
    if wait is None:
        return None
    shortest, longest = _RETRY_AFTER_RANGE
    return min(max(wait, shortest), longest)


def _seconds(text: str) -> timedelta | None:
    try:
        return timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        return None


def _until_date(text: str, at: datetime) -> timedelta | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)) - at
