"""What an HTTP answer, or its absence, means for a delivery. Shared by every receiver that speaks HTTP."""

from __future__ import annotations

import re
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


def of_answer(answer: HttpAnswer, *, at: datetime, hide: str) -> Outcome:
    """The outcome of an attempt that was answered; `hide` is the secret URL, should the answer repeat it."""
    if answer.ok:
        return Delivered()
    why = _describe(answer, hide)
    if answer.status in _RETRIED or (answer.status >= 500 and answer.status not in _REFUSED):
        after = parse_retry_after(answer.headers.get("Retry-After", ""), at=at)
        return Retry(why=why, cause=_RETRIED.get(answer.status, Cause.SERVER_ERROR), after=after)
    return Rejected(why=why, cause=_REFUSED.get(answer.status, Cause.CLIENT_ERROR))


def of_error(error: HttpError) -> Retry:
    """The outcome of an attempt without an answer."""
    cause, surely_not_taken = _NO_ANSWER[error.kind]
    after = MISCONFIGURED_PAUSE if error.kind is HttpErrorKind.TLS else None
    return Retry(why=str(error), cause=cause, after=after, answered=surely_not_taken)


def _describe(answer: HttpAnswer, hide: str) -> str:
    """`HTTP 404 Not Found: no such hook`, with the way out where there is one."""
    try:
        text = f"HTTP {answer.status} {HTTPStatus(answer.status).phrase}"
    except ValueError:
        text = f"HTTP {answer.status}"
    if 300 <= answer.status < 400:
        return f"{text}: redirects are not followed; set the final URL, or http_config.follow_redirects"
    excerpt = _redact(answer.excerpt(len(answer.body)), hide)[:_EXCERPT_CHARACTERS]
    return f"{text}: {excerpt}" if excerpt else text


def _redact(text: str, url: str) -> str:
    """`text` without the URL and without any part of it that may be a token: servers repeat paths in their errors."""
    parts = urlsplit(url)
    segments = [segment for segment in re.split(r"[/?&=]", f"{parts.path}?{parts.query}") if len(segment) >= 8]
    for secret in filter(None, (url, parts.password, *segments)):
        text = text.replace(secret, HIDDEN).replace(unquote(secret), HIDDEN)
    return text
