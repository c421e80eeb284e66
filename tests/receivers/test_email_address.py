"""Addresses of mail, well-formed and hostile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.receivers.email_address import Envelope, Mailbox, one_line, parse_addresses
from alertd.receivers.email_message import list_of

PIECES = [
    "\r\nBcc: a@b",
    "<",
    ">",
    "@",
    '"',
    "\\",
    "(",
    ")",
    ",",
    ";",
    ":",
    "=?utf-8?q?",
    "?=",
    "a",
    "é",
    " ",
    "[",
    ".",
    "\x00",
]
HOSTILE = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=30).map("".join))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("a@example.com", [("", "a@example.com")], id="one"),
        pytest.param(" a@example.com ,b@example.com, ", [("", "a@example.com"), ("", "b@example.com")], id="several"),
        pytest.param("Ops <a@example.com>", [("Ops", "a@example.com")], id="with a name"),
        pytest.param('"Ops, night" <a@example.com>', [("Ops, night", "a@example.com")], id="a comma in a name"),
        pytest.param(r'"the \"real\" one" <a@b>', [('the "real" one', "a@b")], id="quotes in a name"),
        pytest.param("Größe <a@b>", [("Größe", "a@b")], id="a name beyond ASCII"),
        pytest.param("<a@b>", [("", "a@b")], id="in angle brackets"),
        pytest.param("first.last+tag@sub.example.com", [("", "first.last+tag@sub.example.com")], id="dots and a plus"),
        pytest.param("root@localhost", [("", "root@localhost")], id="a host without dots"),
        pytest.param("a@[127.0.0.1]", [("", "a@[127.0.0.1]")], id="an address of a host"),
        pytest.param("a@münchen.de", [("", "a@xn--mnchen-3ya.de")], id="an international host"),
        pytest.param("", [], id="none"),
    ],
)
def test_lists_of_addresses(text: str, found: list[tuple[str, str]]) -> None:
    assert [(one.name, one.address) for one in parse_addresses(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        *("root", "a@", "@b", "<>", '"', "<a@b", "a@b>", "a b@c", "a@b c@d", "a@b;c@d", "a@b <c@d>", "ü@example.com"),
        *("a@b..c", "a@-b", ".a@b", "a@b,,c@d", ",a@b", "Team: a@b;", "alice@example.org)bob@example.org", "a@b@c"),
        "x" * 300 + "@example.com",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no mail address"):
        parse_addresses(text)


@given(HOSTILE)
def test_a_text_is_addresses_or_refused_and_never_more_lines(text: str) -> None:
    try:
        found = parse_addresses(text)
    except ValueError:
        return
    for one in found:
        assert one.address.isascii()
        assert not set(one.address) & set("\r\n <>,\x00")
        assert "\n" not in one.name


@given(st.lists(HOSTILE.map(one_line), min_size=1, max_size=4))
def test_addresses_written_out_are_the_same_when_read(names: list[str]) -> None:
    boxes = tuple(Mailbox(name, f"u{number}@example.org") for number, name in enumerate(names))
    assert parse_addresses(list_of(boxes)) == boxes


def test_an_envelope_is_the_same_when_read_again() -> None:
    envelope = Envelope(sender="a@b", recipients=("c@d",), others=2, problem="none")
    assert Envelope.decode(envelope.encode()) == envelope
    assert envelope.domain == "b"
