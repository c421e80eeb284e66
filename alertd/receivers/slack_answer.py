"""What Slack answers, and what that means: it says 200 also when it refuses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from http import HTTPStatus

import msgspec

from alertd.http import HttpAnswer
from alertd.notify.outbox import Cause, Outcome, Rejected, Retry
from alertd.receivers.outcome import describe, of_answer, redact

_SHOWN = 300


class Verdict(Enum):
    """What to do about an error Slack names."""

    THROTTLED = auto()  # wait
    PASSING = auto()  # Slack's own trouble: try again
    GONE = auto()  # the message to change is no more: post another
    MALFORMED = auto()  # the message itself is refused: send a plain one
    UNAUTHORIZED = auto()


_WORDS: dict[Verdict, tuple[str, ...]] = {
    Verdict.THROTTLED: ("ratelimited", "rate_limited"),
    Verdict.PASSING: (
        *("internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"),
        *("update_failed", "external_channel_migrating", "rollup_error"),
    ),
    Verdict.GONE: (
        *("message_not_found", "cant_update_message", "edit_window_closed", "is_inactive", "block_mismatch"),
        *("thread_not_found", "cannot_reply_to_message"),
    ),
    Verdict.MALFORMED: (
        *("msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format", "invalid_attachments"),
        *("invalid_arguments", "no_text", "invalid_payload", "missing_text_or_fallback_or_attachments"),
        "too_many_attachments",
    ),
    Verdict.UNAUTHORIZED: (
        *("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope"),
        *("no_permission", "org_login_required", "invalid_token", "action_prohibited"),
    ),
}
_VERDICTS = {word: verdict for verdict, words in _WORDS.items() for word in words}

_RETRIED = {Verdict.THROTTLED: Cause.RATE_LIMITED, Verdict.PASSING: Cause.SERVER_ERROR}

_REVOKED_WORDS = frozenset({"no_service", "no_team", "no_active_hooks", "channel_not_found"})
"""Of a webhook that will take nothing more, with a 404; any other 404 need not be Slack's."""

_REVOKED = "the webhook was revoked: make a new one and set api_url"
_REMEDIES = {
    "not_in_channel": "invite the app to the channel: /invite @its-name",
    "channel_not_found": "check the channel's name; a bot must be invited to a private one",
    "channel_is_archived": "the channel is archived: set another one",
    "is_archived": "the channel is archived: set another one",
    "missing_scope": "give the app the scope chat:write",
    "no_service": _REVOKED,
    "no_team": _REVOKED,
    "no_active_hooks": _REVOKED,
    "invalid_token": _REVOKED,
    "invalid_auth": "the token is not valid: set app_token to the bot's (xoxb-...)",
    "not_authed": "no token was sent: set app_token",
    "token_revoked": "the token was revoked: install the app again and set app_token",
    "account_inactive": "the token belongs to a deleted account: install the app again and set app_token",
}


class _Body(msgspec.Struct):
    ok: bool = False
    error: str = ""
    channel: str = ""
    ts: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackAnswer:
    """One answer, understood.

    outcome     None: taken
    verdict     what to do where it was not taken, for a reason Slack names
    reference   channel and ts of the message, as a bot is told them
    said        where it was taken, in what words
    """

    outcome: Outcome | None
    verdict: Verdict | None = None
    reference: str = ""
    said: str = field(default="", compare=False)


def understand(answer: HttpAnswer, *, at: datetime, hide: list[str]) -> SlackAnswer:
    """What an answer of a webhook (`ok`, or an error in words) or of the Web API (JSON) means."""
    body = _decode(answer)
    if answer.ok and body is None and answer.body.strip() == b"ok":
        return SlackAnswer(outcome=None, said=describe(answer, hide=hide))
    if answer.ok and body is not None and body.ok:
        reference = f"{body.channel} {body.ts}" if body.channel and body.ts else ""
        return SlackAnswer(outcome=None, reference=reference, said=describe(answer, hide=hide, says="ok"))
    word = body.error if body is not None else answer.excerpt()
    verdict = _VERDICTS.get(word)
    if not answer.ok:
        return SlackAnswer(outcome=_of_status(answer, word, body, verdict, at=at, hide=hide), verdict=verdict)
    why = redact(f"Slack says: {_with_remedy(word) or 'nothing'}", hide)[:_SHOWN]
    if verdict in _RETRIED:
        return SlackAnswer(outcome=Retry(why=why, cause=_RETRIED[verdict], after=_wait(body)), verdict=verdict)
    cause = Cause.AUTH_ERROR if verdict is Verdict.UNAUTHORIZED else Cause.CLIENT_ERROR
    return SlackAnswer(outcome=Rejected(why=why, cause=cause), verdict=verdict)


def _of_status(
    answer: HttpAnswer, word: str, body: _Body | None, verdict: Verdict | None, *, at: datetime, hide: list[str]
) -> Outcome:
    says = _with_remedy(word)
    if verdict is Verdict.UNAUTHORIZED:
        return Rejected(why=describe(answer, hide=hide, says=says), cause=Cause.AUTH_ERROR)
    outcome = of_answer(answer, at=at, hide=hide, says=says)
    if isinstance(outcome, Retry) and outcome.after is None:
        return Retry(why=outcome.why, cause=outcome.cause, after=_wait(body))
    revoked = answer.status == HTTPStatus.NOT_FOUND and word in _REVOKED_WORDS
    if isinstance(outcome, Rejected) and (revoked or answer.status == HTTPStatus.GONE):
        return replace(outcome, gone=True)
    return outcome


def _decode(answer: HttpAnswer) -> _Body | None:
    if not answer.headers.get("Content-Type", "").startswith("application/json"):
        return None
    try:
        return msgspec.json.decode(answer.body, type=_Body)
    except msgspec.DecodeError:
        return None


def _with_remedy(word: str) -> str:
    return f"{word}; {_REMEDIES[word]}" if word in _REMEDIES else word


def _wait(body: _Body | None) -> timedelta | None:
    return timedelta(seconds=body.retry_after) if body is not None and body.retry_after else None
