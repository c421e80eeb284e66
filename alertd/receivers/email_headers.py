"""The headers of a mail: Alertmanager's, those mail programs sort and thread by, and those of the configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from hashlib import sha256

from alertd.notify.message import Message, Status
from alertd.receivers.email_address import Envelope, Mailbox
from alertd.receivers.email_message import list_of
from alertd.receivers.email_settings import EmailSettings, ThreadByDate
from alertd.receivers.rendering import Text
from alertd.receivers.severity import Severity, severity_of

SUBJECT = '{{ template "email.default.subject" . }}'
NOBODY = Mailbox("", "")
_GROUP_DIGITS = 16
_SLUG_CHARACTERS = 60
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Whom a mail is from and to.

    hidden    recipients no header names
    problem   why there is no such thing
    """

    sender: Mailbox = NOBODY
    to: Sequence[Mailbox] = ()
    hidden: Sequence[Mailbox] = ()
    problem: str = ""

    def envelope(self) -> Envelope:
        recipients = dict.fromkeys(one.address for one in (*self.to, *self.hidden))
        return Envelope(sender=self.sender.address, recipients=tuple(recipients), problem=self.problem)


def mail_headers(settings: EmailSettings, message: Message, addresses: Addresses, text: Text) -> Mapping[str, str]:
    """All headers, by canonical name; those of the configuration go before ours. Raises TemplateError."""
    theirs = {name: text(value) for name, value in {"Subject": SUBJECT, **settings.headers}.items()}
    return {**plain_headers(settings, message, addresses, subject=""), **theirs}


def plain_headers(
    settings: EmailSettings, message: Message, addresses: Addresses, *, subject: str
) -> Mapping[str, str]:
    """Those that no template makes."""
    domain = addresses.sender.domain or "localhost"
    group = sha256(message.group_key.encode()).hexdigest()[:_GROUP_DIGITS]
    slug = _NOT_IN_SLUG.sub("-", message.receiver.lower())[:_SLUG_CHARACTERS].strip("-") or "alerts"
    return {
        "From": list_of([addresses.sender]),
        "To": list_of(addresses.to),
        "Subject": subject,
        "Date": format_datetime(message.tick),
        **_threading(settings, message, f"alert-{group}", domain),
        "List-Id": f"alertd {slug} <{slug}.alertd.{domain}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Alertd-Status": message.status.value,
        "X-Alertd-Group": group,
        "X-Alertd-Changes": str(message.changes),
        **_severity(message),
    }


def _threading(settings: EmailSettings, message: Message, thread: str, domain: str) -> Mapping[str, str]:
    """The id of a mail that was never sent: every mail of the thread answers it.

    source   https://www.jwz.org/doc/threading.html: mail programs make an empty root of it
    """
    if not settings.threading.enabled:
        return {}
    if settings.threading.thread_by_date is ThreadByDate.DAILY:
        thread = f"{thread}-{message.tick:%Y-%m-%d}"
    return dict.fromkeys(("References", "In-Reply-To"), f"<{thread}@{domain}>")


def _severity(message: Message) -> Mapping[str, str]:
    word = message.common_labels.get("severity", "")
    if message.status is Status.FIRING and severity_of(word) is Severity.CRITICAL:
        return {"X-Alertd-Severity": word, "Importance": "high", "X-Priority": "1"}
    return {"X-Alertd-Severity": word}
