"""Pictures in mails: what a mail program finds, and that no picture ever keeps a mail back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from typing import Any, cast

import numpy as np
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from alertd.alerts.posted import PostedAlert
from alertd.charts import Chart, draw
from alertd.charts.png import NoImagesError, png
from alertd.errors import QueryError
from alertd.notify.outbox import Cause, Delivered, Rejected
from alertd.receivers.email import Email
from alertd.receivers.email_message import SHORTENED, InlineImage, with_images, write_mail
from alertd.receivers.email_settings import EmailSettings
from alertd.receivers.place import Place
from alertd.receivers.tools import ChartOf
from tests.support.builders import T0, a_posted_alert, after
from tests.support.receivers import a_delivery_of, a_message, some_tools
from tests.support.smtp_server import Mail, SmtpServer, smtp_server

OLD, NEW = (
    a_posted_alert("A", x="old", starts_at=T0, value=1.0),
    a_posted_alert("A", x="new", starts_at=after(minutes=1), value=1.0),
)
POSTED = a_posted_alert("A", x="posted", starts_at=after(minutes=2))
RESOLVED = a_posted_alert("A", x="resolved", ends_at=after(minutes=1), value=1.0)
CHART = png(draw(Chart(title="A", unit="s", times=np.arange(3.0), values=np.arange(3.0))))


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    async with smtp_server() as running:
        yield running


def charts_of(*alerts: PostedAlert) -> ChartOf:
    """Draws these alone."""
    known = {alert.fingerprint for alert in alerts}

    async def chart(fingerprint: str) -> bytes | None:
        return CHART if fingerprint in known else None

    return chart


def failing(error: Exception) -> ChartOf:
    async def chart(fingerprint: str) -> bytes | None:
        raise error

    return chart


async def never(fingerprint: str) -> bytes | None:
    await asyncio.Event().wait()
    return CHART


def email(address: str, chart: ChartOf, **keys: Any) -> Email:
    own = {
        "to": "ops@example.com", "from": "alerts@example.com", "smarthost": address, "require_tls": False, "charts": 3,
        "send_resolved": True,
    }  # fmt: skip
    return Email(
        Place("ops", 0), EmailSettings.model_validate({**own, **keys}), some_tools(cast(Any, None), chart=chart)
    )


async def sent(server: SmtpServer, chart: ChartOf, *alerts: PostedAlert, **keys: Any) -> Mail:
    made = email(server.address, chart, **keys)
    assert isinstance(await made.send(a_delivery_of(made, a_message(*alerts)), at=T0), Delivered)
    return server.received[-1]


def kinds(mail: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in mail.walk()]


def pictures(mail: EmailMessage) -> dict[str, bytes]:
    """By id: every picture of the mail; the page shows them all."""
    page = mail.get_body(("html",))
    assert page is not None
    html = page.get_content()
    found = {
        part["Content-ID"][1:-1]: part.get_content() for part in mail.walk() if part.get_content_type() == "image/png"
    }
    assert all(html.count(f'src="cid:{one}"') == 1 for one in found)
    assert html.count("cid:") == len(found)
    return found


async def test_a_mail_program_finds_the_pictures_of_the_page(server: SmtpServer) -> None:
    mail = (await sent(server, charts_of(OLD, NEW), OLD, NEW, RESOLVED, charts=1)).parsed
    assert kinds(mail) == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    [(name, picture)] = pictures(mail).items()
    assert name.startswith(f"{NEW.fingerprint}."), "the newest alert is shown"
    assert picture == CHART
    assert Image.open(BytesIO(picture)).format == "PNG"
    assert not [part.defects for part in mail.walk() if part.defects]


async def test_only_firing_alerts_that_have_a_series_are_shown(server: SmtpServer) -> None:
    mail = (await sent(server, charts_of(OLD, NEW, RESOLVED), OLD, NEW, POSTED, RESOLVED)).parsed
    assert [name.partition(".")[0] for name in pictures(mail)] == [NEW.fingerprint, OLD.fingerprint]


async def test_a_mail_without_a_text_has_them_too(server: SmtpServer) -> None:
    mail = (await sent(server, charts_of(OLD), OLD, html="<p>hello</p>")).parsed
    assert kinds(mail) == ["multipart/related", "text/html", "image/png"]
    assert len(pictures(mail)) == 1


async def test_everything_else_is_as_it_was_rendered(server: SmtpServer) -> None:
    """Above all the headers, byte for byte: a list of long names is not always written the same way twice."""
    keys: dict[str, Any] = {
        "to": ", ".join(f'"{"Größe, " * 9}{n}" <ops{n}@example.com>' for n in range(5)),
        "headers": {"Subject": "{{ .CommonLabels.alertname }} ä=?utf-8?q?x?= " + "long " * 40},
    }
    made = email(server.address, charts_of(OLD), **keys)
    delivery = a_delivery_of(made, a_message(OLD))
    await made.send(delivery, at=T0)
    before, after_ = (mail.partition(b"\r\n\r\n")[0] for mail in (delivery.payload.body, server.received[0].content))
    assert after_.startswith(b"Message-ID: ")
    content = b"Content-Type:"
    assert after_.partition(b"\r\n")[2].partition(content)[0] == before.partition(content)[0]
    assert b"cid:" not in delivery.payload.body, "what waits in the outbox has no pictures"
    (was_text, was_page), (text, page) = (
        [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
        for mail in (message_from_bytes(delivery.payload.body, policy=default), server.received[0].parsed)
    )
    assert text == was_text
    assert re.sub(r'<p style="text-align:center"><img src="cid:.*</p>\r\n', "", page) == was_page


FAILURES: Mapping[str, tuple[Callable[[], ChartOf], str]] = {
    "no such alert any more": (charts_of, ""),
    "Prometheus does not answer": (lambda: failing(QueryError("connection refused")), "connection refused"),
    "nor within its own limit": (lambda: failing(TimeoutError()), "no answer in time"),
    "nor within ours": (lambda: never, "no answer in time"),
    "Pillow is not installed": (lambda: failing(NoImagesError()), "pip install 'alertd[images]'"),
    "a bug": (lambda: failing(KeyError("secret")), "KeyError"),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_without_a_picture_the_mail_goes_out_as_it_is(server: SmtpServer, failure: str) -> None:
    make, says = FAILURES[failure]
    made = email(server.address, make(), timeout="500ms")
    delivery = a_delivery_of(made, a_message(OLD))
    with structlog.testing.capture_logs() as logged:
        assert isinstance(await made.send(delivery, at=T0), Delivered)
    assert server.received[0].content == f"Message-ID: <{delivery.id}@example.com>\r\n".encode() + delivery.payload.body
    assert len(logged) == bool(says)
    assert all(says in line["error"] for line in logged)


async def test_the_others_are_shown_when_one_fails(server: SmtpServer) -> None:
    draws = charts_of(OLD)

    async def chart(fingerprint: str) -> bytes | None:
        return await (never if fingerprint == NEW.fingerprint else draws)(fingerprint)

    mail = (await sent(server, chart, OLD, NEW, timeout="500ms")).parsed
    assert [name.partition(".")[0] for name in pictures(mail)] == [OLD.fingerprint]


async def test_off_by_default_nothing_is_asked_for(server: SmtpServer) -> None:
    mail = (await sent(server, failing(AssertionError()), OLD, charts=0)).parsed
    assert EmailSettings(to="a@example.com").charts == 0
    assert kinds(mail) == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize("charts", [-1, 21])
def test_there_are_few_or_none(charts: int) -> None:
    with pytest.raises(ValueError, match="charts"):
        EmailSettings.model_validate({"to": "a@example.com", "charts": charts})


class TestSizes:
    async def test_too_large_with_its_pictures_it_goes_without(self, server: SmtpServer) -> None:
        server.script("END", "552 5.3.4 too large")
        mail = (await sent(server, charts_of(OLD), OLD)).parsed
        assert kinds(mail) == ["multipart/alternative", "text/plain", "text/html"]

    async def test_still_too_large_it_is_shortened(self, server: SmtpServer) -> None:
        server.script("END", "552 5.3.4 too large", "552 5.3.4 too large")
        mail = (await sent(server, charts_of(OLD), OLD)).parsed
        assert SHORTENED in mail.get_content()

    async def test_a_server_that_says_its_limit_is_not_asked_twice(self) -> None:
        async with smtp_server(data_size_limit=40_000) as server:
            mail = (await sent(server, charts_of(OLD, NEW), OLD, NEW)).parsed
            assert kinds(mail) == ["multipart/alternative", "text/plain", "text/html"]
            assert server.reached["MAIL"] == 1

    async def test_what_nobody_takes_is_refused(self, server: SmtpServer) -> None:
        server.always("END", "552 5.3.4 too large")
        made = email(server.address, charts_of(OLD))
        outcome = await made.send(a_delivery_of(made, a_message(OLD)), at=T0)
        assert isinstance(outcome, Rejected)
        assert (outcome.cause, server.reached["END"]) == (Cause.CLIENT_ERROR, 3)


PICTURE = InlineImage("0123.ULID@alertd", 'a "chart" <1>', CHART)


@pytest.mark.parametrize(
    ("page", "before"),
    [
        pytest.param("<body><p>x</p></body></html>", "<body><p>x</p>", id="at the end of the body"),
        pytest.param("<pre></BODY ></pre></Body\n>", "<pre></BODY ></pre>", id="which is the last one"),
        pytest.param("just a text", "just a text", id="without a body, at the end"),
    ],
)
def test_where_pictures_stand(page: str, before: str) -> None:
    mail = message_from_bytes(with_images(write_mail({}, text="", html=page), [PICTURE]), policy=default)
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(("html",))
    assert body is not None
    html = body.get_content().replace("\r\n", "\n")
    assert html.startswith(f'{before}<p style="text-align:center"><img src="cid:0123.ULID@alertd"')
    assert 'alt="a &quot;chart&quot; &lt;1&gt;"' in html


def test_a_mail_without_a_page_stays_as_it_is() -> None:
    mail = write_mail({"Subject": "x"}, text="hello", html="")
    assert with_images(mail, [PICTURE]) == mail


words = st.text(st.characters(blacklist_categories=["Cs"]), max_size=200)


@given(subject=words, text=words, html=words.filter(bool), own=words)
@settings(max_examples=50)
def test_texts_of_any_kind_survive(subject: str, text: str, html: str, own: str) -> None:
    plain = write_mail({"Subject": subject, "X-Own": own}, text=text, html=html)
    shown = with_images(plain, [PICTURE])
    assert shown.partition(b"Content-Type:")[0] == plain.partition(b"Content-Type:")[0]
    before, after_ = (message_from_bytes(one, policy=default) for one in (plain, shown))
    assert isinstance(before, EmailMessage)
    assert isinstance(after_, EmailMessage)
    was, now = (one.get_body(("plain",)) for one in (before, after_))
    assert (was is None) is (now is None)
    assert was is None or now is None or now.get_content() == was.get_content()
    assert [part.get_content() for part in after_.walk() if part.get_content_type() == "image/png"] == [CHART]
