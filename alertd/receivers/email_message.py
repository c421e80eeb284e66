"""The mail as it goes over the wire: headers that nothing can be slipped into, text and HTML.

Headers are folded and encoded here, by `email.header`, since what `EmailMessage` makes of address lists with long or
non-ASCII names, and of hostile texts, is not always a valid header.
"""

from __future__ import annotations

import binascii
import email
import re
from base64 import encodebytes
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import formataddr, quote
from hashlib import sha256
from html import escape

from alertd.receivers.email_address import Mailbox, one_line, parse_addresses
from alertd.receivers.email_settings import canonical
from alertd.receivers.limits import cut

CONTENT_TYPE = "message/rfc822"
VALUE_CHARACTERS = 500
SHORT_CHARACTERS = 10_000
WIDTH = 600
"""Of a picture, in pixels: as wide as the table of `email.default.html`."""

SHORTENED = "(Shortened: the mail server does not take a mail of this size.)"

_LINE = 76
_ADDRESS_HEADERS = frozenset({"To", "From", "Cc", "Reply-To", "Sender"})
_OURS = frozenset({"Content-Type", "Content-Transfer-Encoding", "Mime-Version", "Bcc"})
_HAS_ID = re.compile(rb"(?:[^\r\n]+\r\n)*?message-id:", re.IGNORECASE)
_FIELD = re.compile(rb"[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*")
_END_OF_PAGE = re.compile(r"</body\s*>", re.IGNORECASE)
_ATOM = re.compile(r"[ -~]*")


@dataclass(frozen=True, slots=True)
class InlineImage:
    """A picture that is shown in a page.

    id    as of a message, without `<>`: letters, digits, `.`, `@`; no other part of any mail has it
    alt   what is shown instead
    """

    id: str
    alt: str
    png: bytes


class _Folded(str):
    """A header's value that is encoded already; the policy keeps it as it is."""

    __slots__ = ("name",)
    name: str

    @classmethod
    def of(cls, name: str, value: str) -> _Folded:
        header = cls(value)
        header.name = name
        return header

    def fold(self, *, policy: EmailPolicy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


def write_mail(headers: Mapping[str, str], *, text: str, html: str) -> bytes:
    """A mail without Message-ID; with both a text and a page, a reader shows the page.

    headers   by canonical name; empty ones are left out, and those that say how the content is written
    """
    mail = EmailMessage(policy=SMTP)
    for name, value in headers.items():
        if value and name not in _OURS:
            mail[name] = _Folded.of(name, _encoded(name, value))
    bodies = [(subtype, body) for subtype, body in (("plain", text), ("html", html)) if body] or [("plain", "")]
    if len(bodies) == 1:
        _set_content(mail, *bodies[0])
    else:
        _set_parts(mail, "alternative", [_part(*body) for body in bodies])
    return mail.as_bytes()


def with_id(mail: bytes, message_id: str) -> bytes:
    """The mail under this Message-ID, unless its headers have one."""
    if _HAS_ID.match(mail):
        return mail
    return f"Message-ID: <{message_id}>\r\n".encode() + mail


def shortened(mail: bytes) -> bytes:
    """The beginning of its text alone, under the same headers."""
    whole = email.message_from_bytes(mail, policy=SMTP)
    part = whole.get_body(("plain",))
    said = str(part.get_content()) if part else ""
    short = EmailMessage(policy=SMTP)
    for name, value in whole.raw_items():
        if canonical(name) not in _OURS:
            short[name] = _Folded.of(name, value)
    _set_content(short, "plain", "\n\n".join(filter(None, (cut(said, SHORT_CHARACTERS), SHORTENED))))
    return short.as_bytes()


def with_images(mail: bytes, images: Sequence[InlineImage]) -> bytes:
    """The mail with these below what its page shows; a mail without a page stays as it is.

    Its headers stay byte for byte: none of them is written anew but those that say how the content is written.
    """
    whole = email.message_from_bytes(mail, policy=SMTP)
    page = whole.get_body(("html",))
    if page is None or not images:
        return mail
    shown = _part("html", _with_pictures(str(page.get_content()), images))
    content = _multipart('related; type="text/html"', [shown, *map(_image_part, images)])
    if plain := whole.get_body(("plain",)):
        del content["MIME-Version"]
        content = _multipart("alternative", [_part("plain", str(plain.get_content())), content])
    head = mail[: mail.index(b"\r\n\r\n") + 2]
    kept = [field for field in _FIELD.findall(head) if canonical(field.partition(b":")[0].decode()) not in _OURS]
    return b"".join(kept) + content.as_bytes()


def list_of(mailboxes: Iterable[Mailbox]) -> str:
    """`Ops <ops@example.com>, a@example.com`: what `parse_addresses` reads."""
    return ", ".join(f'"{quote(one.name)}" <{one.address}>' if one.name else one.address for one in mailboxes)


def _encoded(name: str, value: str) -> str:
    if name in _ADDRESS_HEADERS:
        try:
            return ",\r\n ".join(map(_encoded_mailbox, parse_addresses(value)))
        except ValueError:
            pass  # a header somebody wrote as they like: it is shown, nobody sends by it
    return _encoded_text(cut(one_line(value), VALUE_CHARACTERS), name)


def _encoded_mailbox(mailbox: Mailbox) -> str:
    name = cut(mailbox.name, VALUE_CHARACTERS)
    if not name:
        return mailbox.address
    if _is_plain(name):
        return formataddr((name, mailbox.address))
    return f"{_encoded_word(name, '')} <{mailbox.address}>"


def _encoded_text(text: str, name: str) -> str:
    return (
        Header(text, "us-ascii", _LINE, name).encode(linesep="\r\n") if _is_plain(text) else _encoded_word(text, name)
    )


def _is_plain(text: str) -> bool:
    """Whether it can stand in a header as it is: nothing in it would be taken for an encoding, no word is too long."""
    return bool(_ATOM.fullmatch(text)) and "=?" not in text and all(len(word) < _LINE for word in text.split())


def _encoded_word(text: str, name: str) -> str:
    return Header(text, "utf-8", _LINE, name or None).encode(linesep="\r\n")


def _set_parts(mail: EmailMessage, subtype: str, parts: Sequence[EmailMessage]) -> None:
    mail["MIME-Version"] = "1.0"
    digest = sha256(b"\0".join(part.as_bytes() for part in parts)).hexdigest()
    # "=_" is in no quoted-printable text and no base64; one that follows from the content gives the same bytes again.
    mail["Content-Type"] = f'multipart/{subtype}; boundary="=_{digest[:32]}"'
    for part in parts:
        mail.attach(part)


def _multipart(subtype: str, parts: Sequence[EmailMessage]) -> EmailMessage:
    whole = EmailMessage(policy=SMTP)
    _set_parts(whole, subtype, parts)
    return whole


def _part(subtype: str, body: str) -> EmailMessage:
    part = EmailMessage(policy=SMTP)
    _set_content(part, subtype, body)
    del part["MIME-Version"]
    return part


def _image_part(image: InlineImage) -> EmailMessage:
    part = EmailMessage(policy=SMTP)
    part["Content-Type"] = "image/png"
    part["Content-Transfer-Encoding"] = "base64"
    part["Content-ID"] = f"<{image.id}>"
    part["Content-Disposition"] = "inline"
    part.set_payload(encodebytes(image.png).decode("ascii"))
    return part


def _with_pictures(page: str, images: Iterable[InlineImage]) -> str:
    """The page with the pictures at its end, each as wide as the page lets it be."""
    shown = "".join(
        f'<p style="text-align:center"><img src="cid:{image.id}" alt="{escape(image.alt)}" width="{WIDTH}" '
        f'style="max-width:100%;height:auto"></p>\n'
        for image in images
    )
    at = max((end.start() for end in _END_OF_PAGE.finditer(page)), default=len(page))
    return page[:at] + shown + page[at:]


def _set_content(part: EmailMessage, subtype: str, body: str) -> None:
    lines = re.sub(r"\r\n?", "\n", body).encode("utf-8", "replace")
    part["MIME-Version"] = "1.0"
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(binascii.b2a_qp(lines, istext=True).decode("ascii"))
