"""What a mail server's replies, or their absence, mean for a delivery."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import aiosmtplib

from alertd.notify.outbox import Cause, Delivered, Delivery, Outcome, Rejected, Retry
from alertd.receivers.email_address import Envelope
from alertd.receivers.email_session import Replies, Reply, Step
from alertd.receivers.outcome import MISCONFIGURED_PAUSE, redact

GREYLISTED = timedelta(seconds=60)
"""A server that greylists takes the same mail later, not within seconds."""

_SHOWN = 300
_SPREAD = timedelta(seconds=1)
_NEEDS_LOGIN = 530
_GREYLISTING_CODES = (450, 451)
_GREYLISTING_WORDS = ("4.7.1", "greylist", "graylist", "grey-list", "gray-list")
_ADVICE: Mapping[tuple[Step, int], str] = {
    (Step.AUTH, 534): "the account needs a password made for this application",
    (Step.AUTH, 535): "check auth_username and auth_password",
    (Step.AUTH, 538): "the server wants TLS before it lets anybody in: require_tls: true",
    (Step.MAIL, 530): "the server wants a login, or TLS: set auth_username, require_tls",
    (Step.MAIL, 553): "the server does not let this user send as this address: see from",
}


def of_failure(error: Exception, *, step: Step, hide: Sequence[str]) -> Retry | Rejected:
    """The outcome of a conversation that broke off at `step`; `hide`: secrets, should the server repeat them."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return of_reply(Reply(error.code, error.message), step=step, hide=hide)
    # Once the mail is on its way, a server that says nothing may have taken it all the same.
    answered = step is not Step.DATA
    if isinstance(error, TimeoutError):
        return Retry(why=f"{step}: no answer in time", cause=Cause.TIMEOUT, answered=answered)
    after = MISCONFIGURED_PAUSE if _tls_fault(error) else None
    return Retry(why=f"{step}: {_words(error)}", cause=Cause.OTHER, after=after, answered=answered)


def of_reply(reply: Reply, *, step: Step, hide: Sequence[str], who: str = "") -> Retry | Rejected:
    """The outcome of a reply other than "yes".

    who      the recipient it is about
    source   RFC 5321, 4.2.1: 4yz passes, 5yz does not
    """
    why = " ".join(filter(None, (str(step), who))) + f": {describe(reply, hide=hide)}"
    if advice := _ADVICE.get((step, reply.code)):
        why += f"; {advice}"
    is_login = step is Step.AUTH or reply.code == _NEEDS_LOGIN
    if 500 <= reply.code <= 599:
        return Rejected(why=why, cause=Cause.AUTH_ERROR if is_login else Cause.CLIENT_ERROR)
    if not 400 <= reply.code <= 499:  # not what a mail server says: nobody knows what it did
        return Retry(why=why, cause=Cause.OTHER, answered=step is not Step.DATA)
    if step in (Step.AUTH, Step.TLS):
        return Retry(why=why, cause=Cause.AUTH_ERROR if is_login else Cause.SERVER_ERROR, after=MISCONFIGURED_PAUSE)
    if greylisted(reply):
        return Retry(why=why, cause=Cause.RATE_LIMITED, after=GREYLISTED, pauses=False)
    return Retry(why=why, cause=Cause.SERVER_ERROR)


def of_replies(replies: Replies, envelope: Envelope, *, hide: Sequence[str]) -> Outcome:
    """The outcome of a conversation that came to its end.

    A recipient refused for good is given up as soon as another has taken the mail; one refused for now is tried again,
    by itself: nobody gets the mail twice.
    """
    later = [one for one, reply in replies.refused.items() if passes(reply)]
    if replies.answer is not None and not later:
        return Delivered(answer=_told(replies.answer, replies.refused, hide))
    about = later or list(replies.refused)
    verdict = of_reply(replies.refused[about[0]], step=Step.RCPT, who=", ".join(about)[:_SHOWN], hide=hide)
    others = envelope.others + len(replies.taken)
    if isinstance(verdict, Rejected) or not others:
        return verdict
    rest = Envelope(sender=envelope.sender, recipients=tuple(later), others=others)
    return replace(verdict, still_to=rest.encode(), answered=False)


def settled(outcome: Outcome, delivery: Delivery, envelope: Envelope, *, at: datetime) -> Outcome:
    """The same, but delivered when some recipients have the mail and there will be no further attempt for the others."""
    rest = envelope
    if isinstance(outcome, Retry):
        wait = max(delivery.longest_delay, outcome.after or timedelta()) + _SPREAD
        if at + wait <= delivery.deadline:
            return outcome
        rest = Envelope.decode(outcome.still_to) if outcome.still_to else envelope
    if isinstance(outcome, Delivered) or not rest.others:
        return outcome
    return Delivered(
        answer=f"taken for {rest.others}, given up for {', '.join(rest.recipients)[:_SHOWN]}: {outcome.why}"
    )


def _told(answer: Reply, refused: Mapping[str, Reply], hide: Sequence[str]) -> str:
    told = describe(answer, hide=hide)
    if not refused:
        return told
    return f"{told}; refused: " + ", ".join(f"{who} ({describe(reply, hide=hide)})" for who, reply in refused.items())


def greylisted(reply: Reply) -> bool:
    """Whether the server wants to see the same mail once more, later."""
    text = reply.text.lower()
    return reply.code in _GREYLISTING_CODES and any(word in text for word in _GREYLISTING_WORDS)


def passes(reply: Reply) -> bool:
    """Whether the same may be taken later."""
    return not 500 <= reply.code <= 599


def describe(reply: Reply, *, hide: Sequence[str]) -> str:
    """`550 5.1.1 no such user`: one line, without secrets and without bytes that are no text."""
    text = " ".join(reply.text.encode("utf-8", "replace").decode().split())
    return f"{reply.code} {redact(text, hide)[:_SHOWN]}".strip()


def _tls_fault(error: Exception) -> ssl.SSLError | None:
    for one in (error, error.__cause__):
        if isinstance(one, ssl.SSLError):
            return one
    return None


def _words(error: Exception) -> str:
    """What is wrong, without texts of the server, which may be of any kind."""
    if fault := _tls_fault(error):
        reason = getattr(fault, "verify_message", "")
        return f"certificate not accepted: {reason}; see tls_config" if reason else "TLS handshake failed"
    if isinstance(error, socket.gaierror):
        return "host name or port is not known"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionError):
        return "the mail server closed the connection"
    strerror = getattr(error, "strerror", None)
    return strerror or f"the conversation failed ({type(error).__name__})"
