"""The mail itself, read back by Python's own parser: headers, text, page; also of hostile alerts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from alertd.labels import LabelSet
from alertd.notify.message import Message
from alertd.notify.outbox import Payload
from alertd.notify.reason import Reason
from alertd.receivers.email import Email
from alertd.receivers.email_address import Envelope, one_line
from alertd.receivers.email_message import SHORTENED, VALUE_CHARACTERS, shortened, with_id, write_mail
from alertd.receivers.email_settings import EmailSettings
from alertd.receivers.limits import cut
from alertd.receivers.place import Place
from alertd.receivers.tools import Tools
from tests.support.builders import a_posted_alert, after
from tests.support.receivers import a_message, a_rendering, some_tools

LABELS = LabelSet({"alertname": "Disk full"})
SUMMARY = "disk <1% & falling"
FIRING = a_posted_alert("Disk full", instance="h:1", severity="critical", annotations={"summary": SUMMARY})
RESOLVED = a_posted_alert("Disk full", instance="h:2", severity="critical", ends_at=after(minutes=5))
OPEN_TAGS = {"br", "img", "hr", "meta", "link", "input"}


@pytest.fixture
def tools() -> Tools:
    return some_tools(cast(Any, None))  # mail needs no session of HTTP


def email(tools: Tools, **keys: Any) -> Email:
    own = {"to": "Ops <ops@example.com>, night@example.com", "from": "alertd <alerts@example.com>", "smarthost": "m:25"}
    return Email(Place("ops", 0), EmailSettings.model_validate({**own, **keys}), tools)


def read(mail: bytes) -> EmailMessage:
    parsed = message_from_bytes(mail, policy=default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


class Page(HTMLParser):
    """Checks that every element is closed where it was opened; collects what a reader sees and what it links to."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[str] = []
        self.links: list[str] = []
        self.colours: set[str] = set()
        self.seen: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        given = dict(attrs)
        assert not [name for name in given if name.startswith("on")]
        if tag == "a":
            self.links.append(given.get("href") or "")
        self.colours.add(given.get("bgcolor") or "")
        if tag not in OPEN_TAGS:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and data.strip():
            self.seen.append(" ".join(data.split()))


GROUP = "0e84e1cefabd5607"
"""The beginning of `printf '{}:{alertname="Disk full"}' | sha256sum`."""

HEADERS = {
    "From": "alertd <alerts@example.com>",
    "To": "Ops <ops@example.com>, night@example.com",
    "Date": "Mon, 05 Jan 2026 12:00:00 +0000",
    "List-Id": "alertd ops <ops.alertd.example.com>",
    "Auto-Submitted": "auto-generated",
    "X-Auto-Response-Suppress": "All",
    "X-Alertd-Group": GROUP,
    "X-Alertd-Severity": "critical",
    "MIME-Version": "1.0",
}
URGENT = {"Importance": "high", "X-Priority": "1"}
FIRING_TEXT = (
    "Labels:\n - alertname = Disk full\n - instance = h:1\n - severity = critical\n"
    "Annotations:\n - summary = disk <1% & falling\nSource: \n"
)
RESOLVED_TEXT = "Labels:\n - alertname = Disk full\n - instance = h:2\n - severity = critical\nAnnotations:\nSource: \n"
LINK = "http://am.example.org/#/alerts?receiver=ops"


@pytest.mark.parametrize(
    ("message", "headers", "text", "sections"),
    [
        pytest.param(
            a_message(FIRING, labels=LABELS),
            {
                "Subject": "[FIRING:1] Disk full (h:1 critical)",
                "X-Alertd-Status": "firing",
                "X-Alertd-Changes": "1 new",
                **URGENT,
            },
            f"[FIRING:1] Disk full (h:1 critical)\n(first notification: 1 new)\n\nFiring:\n\n{FIRING_TEXT}\n{LINK}\n",
            ["[1] Firing"],
            id="firing",
        ),
        pytest.param(
            a_message(RESOLVED, labels=LABELS, reason=Reason.ALL_RESOLVED),
            {
                "Subject": "[RESOLVED] Disk full (h:2 critical)",
                "X-Alertd-Status": "resolved",
                "X-Alertd-Changes": "1 resolved",
            },
            f"[RESOLVED] Disk full (h:2 critical)\n(all alerts resolved: 1 resolved)\n\nResolved:\n\n{RESOLVED_TEXT}\n{LINK}\n",
            ["[1] Resolved"],
            id="resolved",
        ),
        pytest.param(
            a_message(FIRING, RESOLVED, labels=LABELS, reason=Reason.SOME_RESOLVED),
            {
                "Subject": "[FIRING:1] Disk full (critical)",
                "X-Alertd-Status": "firing",
                "X-Alertd-Changes": "1 new, 1 resolved",
                **URGENT,
            },
            "[FIRING:1] Disk full (critical)\n(some alerts resolved: 1 new, 1 resolved)\n"
            f"\nFiring:\n\n{FIRING_TEXT}\nResolved:\n\n{RESOLVED_TEXT}\n{LINK}\n",
            ["[1] Firing", "[1] Resolved"],
            id="mixed",
        ),
    ],
)
def test_goldens(tools: Tools, message: Message, headers: Mapping[str, str], text: str, sections: list[str]) -> None:
    payload = email(tools).render(message)
    mail = read(payload.body)
    found = {name: str(value) for name, value in mail.items() if name != "Content-Type"}
    assert found == {**HEADERS, **headers}
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert body(mail, "plain") == text
    page = Page(body(mail, "html"))
    assert [one for one in page.seen if one.startswith("[1] ")] == sections
    assert LINK in page.links
    assert ("#E6522C" in page.colours) is (headers["X-Alertd-Status"] == "firing")
    assert (f"summary = {SUMMARY}" in page.seen) is ("[1] Firing" in sections)
    assert (payload.content_type, payload.is_fallback) == ("message/rfc822", False)


def test_the_same_message_is_the_same_bytes(tools: Tools) -> None:
    message = a_message(FIRING, RESOLVED, labels=LABELS)
    assert email(tools).render(message) == email(tools).render(message)


def test_the_envelope_is_who_it_is_from_and_to(tools: Tools) -> None:
    made = email(tools, headers={"To": "everybody@example.com", "Bcc": "boss@example.com, night@example.com"})
    payload = made.render(a_message(FIRING))
    assert Envelope.decode(payload.address) == Envelope(
        sender="alerts@example.com", recipients=("ops@example.com", "night@example.com", "boss@example.com")
    )
    mail = read(payload.body)
    assert mail["To"] == "everybody@example.com", "the header says what the configuration says"
    assert "Bcc" not in mail
    assert b"boss" not in payload.body


def test_headers_of_the_configuration_go_before_ours(tools: Tools) -> None:
    headers = {
        "subject": "{{ .CommonLabels.alertname }} größer", "reply-to": "Größe <team@example.com>", "x-empty": "",
        "auto-submitted": "no", "content-type": "text/x-evil", "MIME-VERSION": "9", "message-id": "<own@example.com>",
    }  # fmt: skip
    payload = email(tools, headers=headers).render(a_message(FIRING))
    mail = read(with_id(payload.body, "ours@example.com"))
    assert mail["Subject"] == "Disk full größer"
    assert mail["Reply-To"] == "Größe <team@example.com>"
    assert mail["Auto-Submitted"] == "no"
    assert mail.get_all("Message-Id") == ["<own@example.com>"]
    assert mail.get_all("MIME-Version") == ["1.0"]
    assert mail.get_content_type() == "multipart/alternative"
    assert "X-Empty" not in mail


@pytest.mark.parametrize(
    ("keys", "kinds"),
    [
        pytest.param({"html": "<p>x</p>"}, ["text/html"], id="a page alone"),
        pytest.param({"html": "", "text": "x"}, ["text/plain"], id="a text alone"),
        pytest.param({"html": "<p>", "text": "x"}, ["multipart/alternative", "text/plain", "text/html"], id="both"),
        pytest.param({"html": "", "text": ""}, ["text/plain"], id="neither"),
    ],
)
def test_a_mail_has_the_parts_that_are_given(tools: Tools, keys: dict[str, str], kinds: list[str]) -> None:
    mail = read(email(tools, **keys).render(a_message(FIRING)).body)
    assert [part.get_content_type() for part in mail.walk()] == kinds


def test_a_page_is_escaped_by_where_a_value_stands(tools: Tools) -> None:
    alert = a_posted_alert("A", link='javascript:alert("x")', text="</p><script>alert(1)</script>")
    html = '<p title="{{ .CommonLabels.text }}"><a href="{{ .CommonLabels.link }}">{{ .CommonLabels.text }}</a></p>'
    page = Page(body(read(email(tools, html=html).render(a_message(alert)).body), "html"))
    assert page.elements == ["p", "a"]
    assert page.links == ["#ZgotmplZ"]


class TestThreads:
    def ids(self, tools: Tools, message: Message, **keys: Any) -> tuple[str, str]:
        mail = read(email(tools, threading={"enabled": True, **keys}).render(message).body)
        return mail["References"], mail["In-Reply-To"]

    def test_mails_about_one_group_answer_one_mail_a_day(self, tools: Tools) -> None:
        root = f"<alert-{GROUP}-2026-01-05@example.com>"
        assert self.ids(tools, a_message(FIRING, labels=LABELS)) == (root, root)
        assert self.ids(tools, a_message(RESOLVED, labels=LABELS)) == (root, root)

    def test_or_one_for_ever(self, tools: Tools) -> None:
        root = f"<alert-{GROUP}@example.com>"
        assert self.ids(tools, a_message(FIRING, labels=LABELS), thread_by_date="none") == (root, root)

    def test_another_group_is_another_thread(self, tools: Tools) -> None:
        other = LabelSet({"alertname": "Other"})
        assert self.ids(tools, a_message(FIRING, labels=LABELS)) != self.ids(tools, a_message(FIRING, labels=other))

    def test_unless_nobody_asked_for_threads(self, tools: Tools) -> None:
        assert "References" not in read(email(tools).render(a_message(FIRING)).body)


class TestFallback:
    @pytest.mark.parametrize(
        "broken",
        [
            pytest.param({"html": "{{ .Nope }}"}, id="the page"),
            pytest.param({"text": "{{ .Nope }}"}, id="the text"),
            pytest.param({"headers": {"Subject": "{{ .Nope }}"}}, id="the subject"),
            pytest.param({"headers": {"X-Team": "{{"}}, id="another header"),
        ],
    )
    def test_a_template_that_fails_leaves_a_plain_mail(self, tools: Tools, broken: dict[str, Any]) -> None:
        payload = email(tools, **broken).render(a_message(FIRING, labels=LABELS))
        assert payload.is_fallback
        assert Envelope.decode(payload.address).recipients == ("ops@example.com", "night@example.com")
        mail = read(payload.body)
        assert mail["Subject"] == "[FIRING:1] Disk full"
        assert mail["To"] == HEADERS["To"]
        assert body(mail, "plain").startswith("[FIRING:1] Disk full (alertd could not render the configured template:")

    @pytest.mark.parametrize(
        ("keys", "problem"),
        [
            pytest.param({"to": "{{ .CommonLabels.nobody }}"}, "to gives no address", id="nobody"),
            pytest.param({"to": "{{ .Nope }}"}, "to gives no address", id="a template that fails"),
            pytest.param({"to": "ops"}, 'to: "ops" is no mail address', id="no address"),
            pytest.param({"from": "a@b, c@d"}, "from must be one address, not 2", id="two senders"),
            pytest.param({"from": "{{ .CommonLabels.x }}"}, "from must be one address, not 0", id="no sender"),
            pytest.param({"headers": {"Bcc": "x"}}, 'Bcc: "x" is no mail address', id="a hidden one that is none"),
        ],
    )
    def test_without_addresses_it_says_why_it_cannot_be_sent(
        self, tools: Tools, keys: dict[str, Any], problem: str
    ) -> None:
        payload = email(tools, **keys).render(a_message(FIRING))
        assert Envelope.decode(payload.address).problem == problem

    def test_templates_of_files_are_used(self) -> None:
        rendering = a_rendering(("my.tmpl", '{{ define "email.default.subject" }}mine{{ end }}'))
        made = email(some_tools(cast(Any, None), rendering=rendering))
        assert read(made.render(a_message(FIRING)).body)["Subject"] == "mine"


class TestMessageId:
    def test_it_is_the_same_at_every_attempt(self) -> None:
        mail = write_mail({"Subject": "s"}, text="t", html="")
        assert with_id(mail, "01ABC@example.com") == with_id(mail, "01ABC@example.com")
        assert read(with_id(mail, "01ABC@example.com"))["Message-ID"] == "<01ABC@example.com>"

    def test_one_in_the_text_is_none(self) -> None:
        mail = write_mail({"Subject": "s"}, text="\nMessage-ID: <fake@example.com>\n", html="")
        assert read(with_id(mail, "a@b"))["Message-ID"] == "<a@b>"


class TestShortened:
    def test_it_keeps_the_headers_and_the_beginning_of_the_text(self, tools: Tools) -> None:
        alerts = [a_posted_alert("Größe", instance=f"host-{number}") for number in range(400)]
        whole = with_id(email(tools).render(a_message(*alerts)).body, "a@b")
        short = read(shortened(whole))
        assert len(shortened(whole)) < 20_000 < len(whole)
        same = {"Content-Type", "Content-Transfer-Encoding"}
        assert [(n, v) for n, v in short.items() if n not in same] == [
            (n, v) for n, v in read(whole).items() if n not in same
        ]
        text = body(short, "plain")
        assert text.startswith("[FIRING:400]")
        assert text.rstrip("\n").endswith(SHORTENED)

    def test_a_page_alone_leaves_the_headers(self) -> None:
        short = read(shortened(write_mail({"Subject": "s"}, text="", html="<p>x</p>" * 10_000)))
        assert short["Subject"] == "s"
        assert body(short, "plain").strip() == SHORTENED


PIECES = [
    *(
        "\r\nBcc: evil@example.com",
        "\nX-Evil: 1",
        "\r",
        "\x00",
        "\x0b",
        "\x85",
        "\u2028",
        "\u202e",
        "\r\n.\r\n",
        "\r\n\r\n",
    ),
    *("<script>", "</title>", "'\"", "=?utf-8?q?=0D=0ABcc:_a=40b?=", "{{ .Nope }}", "😀", "@", "<", ",", "x" * 90, "é"),
]
HOSTILE = st.one_of(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join),
    st.text(max_size=50),
    st.text(min_size=1, max_size=5).map(lambda text: text * 2000),
).map(lambda text: text.encode(errors="ignore").decode())


def checked(payload: Payload) -> EmailMessage:
    """The mail, which is well-formed whatever stands in it."""
    payload.body.decode("ascii")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", payload.body), "every line ends the same"
    assert max(map(len, payload.body.split(b"\r\n"))) <= 998
    return read(payload.body)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(label=HOSTILE, annotation=HOSTILE)
@example(label="=?utf-8?q?=0D=0ABcc:_evil=40example.com?=", annotation="")
@example(label="a@example.com\r\nBcc: evil@example.com", annotation="\r\n.\r\n")
def test_no_alert_changes_the_shape_of_a_mail(tools: Tools, label: str, annotation: str) -> None:
    alert = a_posted_alert("A", model=label, severity=label, annotations={"summary": annotation})
    headers = {"X-Model": "{{ .CommonLabels.model }}", "Reply-To": "{{ .CommonLabels.model }}"}
    plain = email(tools, headers=headers).render(a_message(a_posted_alert("A", model="m", severity="s")))
    payload = email(tools, headers=headers).render(a_message(alert, labels=LabelSet({"model": label})))
    assert not payload.is_fallback
    mail = checked(payload)
    assert set(mail.keys()) - {"Importance", "X-Priority"} <= set(read(plain.body).keys())
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert "script" not in Page(body(mail, "html")).elements
    assert str(mail["X-Model"] or "") == cut(one_line(label), VALUE_CHARACTERS)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(HOSTILE)
def test_no_label_adds_a_recipient_it_does_not_name(tools: Tools, owner: str) -> None:
    made = email(tools, to="{{ .CommonLabels.owner }}@example.com")
    payload = made.render(a_message(a_posted_alert("A", owner=owner)))
    checked(payload)
    envelope = Envelope.decode(payload.address)
    assert envelope.problem or all("@" in one and "\n" not in one for one in envelope.recipients)
