"""What an HTTP answer, or its absence, means for a delivery. Shared by every receiver that speaks HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from alertd.http import HttpAnswer, HttpError, HttpErrorKind
from alertd.notify.outbox import Cause, Delivered, Outcome, Rejected, Retry
from alertd.notify.retry import parse_retry_after
from alertd.secret import HIDDEN

MISCONFIGURED_PAUSE = timedelta(minutes=5)
"""A certificate does not become valid within seconds."""

_EXCERPT_CHARACTERS = 300
_SHORTEST_SECRET = 8

_RETRIED = {408: Cause.CLIENT_ERROR, 425: Cause.CLIENT_ERROR, 429: Cause.RATE_LIMITED}
_REFUSED = {401: Cause.AUTH_ERROR, 403: Cause.AUTH_ERROR, 501: Cause.SERVER_ERROR, 505: Cause.SERVER_ERROR}

_NO_ANSWER: dict[HttpErrorKind, tuple[Cause, bool]] = {
    # Whether the receiver cannot have got it: no connection came about.
    HttpErrorKind.DNS: (Cause.OTHER, True),
    HttpErrorKind.REFUSED: (Cause.OTHER, True),
    HttpErrorKind.TLS: (Cause.OTHER, True),
    HttpErrorKind.TIMEOUT: (Cause.TIMEOUT, False),
    HttpErrorKind.RESET: (Cause.OTHER, False),
    HttpErrorKind.OTHER: (Cause.OTHER, False),
}


def of_answer(
    answer: HttpAnswer,
    *,
    at: datetime,
    hide: Sequence[str],
    says: str | None = None,
    retried: Mapping[int, Cause] | None = None,
) -> Outcome:
    """The outcome of an attempt that was answered.

    hide      secrets, should the answer repeat them: URLs (any part that may be a token is hidden too), keys
    says      what the receiver says, where it is more readable than the body
    retried   further statuses that pass by themselves at this receiver
    """
    if answer.ok:
        return Delivered(answer=describe(answer, hide=hide, says=""))
    why = describe(answer, hide=hide, says=says)
    passing = _RETRIED | dict(retried or {})
    if answer.status in passing or (answer.status >= 500 and answer.status not in _REFUSED):
        after = parse_retry_after(answer.headers.get("Retry-After", ""), at=at)
        return Retry(why=why, cause=passing.get(answer.status, Cause.SERVER_ERROR), after=after)
    return Rejected(why=why, cause=_REFUSED.get(answer.status, Cause.CLIENT_ERROR))


def of_error(error: HttpError) -> Retry:
    """The outcome of an attempt without an answer."""
    cause, surely_not_taken = _NO_ANSWER[error.kind]
    after = MISCONFIGURED_PAUSE if error.kind is HttpErrorKind.TLS else None
    return Retry(why=str(error), cause=cause, after=after, answered=surely_not_taken)


def describe(answer: HttpAnswer, *, hide: Sequence[str], says: str | None = None) -> str:
    """`HTTP 404 Not Found: no such hook`, with the way out where there is one."""
    try:
        text = f"HTTP {answer.status} {HTTPStatus(answer.status).phrase}"
    except ValueError:
        text = f"HTTP {answer.status}"
    if 300 <= answer.status < 400:
        return f"{text}: redirects are not followed; set the final URL, or http_config.follow_redirects"
    excerpt = redact(says if says is not None else answer.excerpt(len(answer.body)), hide)[:_EXCERPT_CHARACTERS]
    return f"{text}: {excerpt}" if excerpt else text


def redact(text: str, hide: Sequence[str]) -> str:
    """`text` without these secrets; of a URL also without any part that may be a token: servers repeat paths in their errors."""
    if not text:
        return text
    for secret in filter(None, (part for whole in hide for part in (whole, *_tokens(whole)))):
        text = text.replace(secret, HIDDEN).replace(unquote(secret), HIDDEN)
    return text


def _tokens(secret: str) -> Sequence[str]:
    if "://" not in secret:
        return ()
    parts = urlsplit(secret)
    segments = re.split(r"[/?&=]", f"{parts.path}?{parts.query}")
    return [parts.password or "", *(segment for segment in segments if len(segment) >= _SHORTEST_SECRET)]
