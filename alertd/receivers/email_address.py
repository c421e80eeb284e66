"""Mail addresses, and `Envelope`: who sends a mail to whom."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

LONGEST_ADDRESS = 254
_SHOWN = 100

_ENTRY = re.compile(
    r'\s*(?:(?P<name>"(?:[^"\\]|\\.)*"\s*|[^"<>,@]*)<\s*(?P<inside>[^<>,"\s]*)\s*>|(?P<bare>[^<>,"\s]+))\s*'
)
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-fIPv:.]+\]"
)
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`Ops <ops@example.com>`: a name for people, and an address in ASCII."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the mail server is told besides the mail.

    recipients   those who have not got it yet
    others       how many have got it already
    problem      why it cannot be sent at all
    """

    sender: str = ""
    recipients: tuple[str, ...] = ()
    others: int = 0
    problem: str = ""

    @property
    def domain(self) -> str:
        """The sender's."""
        return self.sender.rpartition("@")[2]

    def encode(self) -> str:
        """Text that `decode` reads."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def decode(cls, text: str) -> Envelope:
        return msgspec.json.decode(text, type=cls)


def one_line(text: str) -> str:
    """`text` without anything that could end a line of a mail, or that is no text at all."""
    return _BREAKS.sub(" ", text.encode("utf-8", "replace").decode()).strip()


def parse_addresses(text: str) -> tuple[Mailbox, ...]:
    """`a@example.com, "Ops, night" <b@example.com>` taken apart; ValueError says what is no address.

    Quoted local parts and groups are refused; the domain may be an international one.
    """
    rest, found = one_line(text), []
    while rest:
        match = _ENTRY.match(rest)
        if match is None or not match.end() or rest[match.end() :][:1] not in ("", ","):
            raise ValueError(f'"{rest[:_SHOWN]}" is no mail address')
        found.append(Mailbox(_unquoted(match["name"] or ""), _address(match["inside"] or match["bare"] or "")))
        rest = rest[match.end() + 1 :].strip()
    return tuple(found)


def _address(text: str) -> str:
    local, _, domain = text.rpartition("@")
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        ascii_domain = ""
    address = f"{local}@{ascii_domain}"
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(ascii_domain) or len(address) > LONGEST_ADDRESS:
        raise ValueError(f'"{text[:_SHOWN]}" is no mail address')
    return address


def _unquoted(name: str) -> str:
    name = name.strip()
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name
