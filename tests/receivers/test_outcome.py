"""What an HTTP answer means for a delivery."""

from __future__ import annotations

from datetime import timedelta

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from alertd.http import HttpAnswer, HttpError, HttpErrorKind
from alertd.notify.outbox import Cause, Delivered, Rejected, Retry
from alertd.receivers.outcome import of_answer, of_error
from tests.support.builders import T0

URL = "https://user:hunter2222@hooks.example.com/services/T0SECRET/B0SECRET?token=s3cr3t-t0ken"


def answer(status: int, body: bytes = b"", **headers: str) -> HttpAnswer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpAnswer(status=status, headers=CIMultiDictProxy(CIMultiDict(named)), body=body)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_delivered(status: int) -> None:
    assert of_answer(answer(status), at=T0, hide=[URL]) == Delivered()


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (408, Cause.CLIENT_ERROR),
        (425, Cause.CLIENT_ERROR),
        (429, Cause.RATE_LIMITED),
        (500, Cause.SERVER_ERROR),
        (502, Cause.SERVER_ERROR),
        (503, Cause.SERVER_ERROR),
        (504, Cause.SERVER_ERROR),
        (599, Cause.SERVER_ERROR),
    ],
)
def test_what_passes_is_retried(status: int, cause: Cause) -> None:
    outcome = of_answer(answer(status, Retry_After="7"), at=T0, hide=[URL])
    assert isinstance(outcome, Retry)
    assert (outcome.cause, outcome.after, outcome.answered) == (cause, timedelta(seconds=7), True)


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (301, Cause.CLIENT_ERROR),
        (307, Cause.CLIENT_ERROR),
        (400, Cause.CLIENT_ERROR),
        (401, Cause.AUTH_ERROR),
        (403, Cause.AUTH_ERROR),
        (404, Cause.CLIENT_ERROR),
        (410, Cause.CLIENT_ERROR),
        (413, Cause.CLIENT_ERROR),
        (422, Cause.CLIENT_ERROR),
        (501, Cause.SERVER_ERROR),
        (505, Cause.SERVER_ERROR),
    ],
)
def test_what_does_not_pass_is_rejected(status: int, cause: Cause) -> None:
    outcome = of_answer(answer(status), at=T0, hide=[URL])
    assert isinstance(outcome, Rejected)
    assert outcome.cause is cause


@pytest.mark.parametrize(
    ("kind", "cause", "answered"),
    [
        (HttpErrorKind.DNS, Cause.OTHER, True),
        (HttpErrorKind.REFUSED, Cause.OTHER, True),
        (HttpErrorKind.TLS, Cause.OTHER, True),
        (HttpErrorKind.TIMEOUT, Cause.TIMEOUT, False),
        (HttpErrorKind.RESET, Cause.OTHER, False),
        (HttpErrorKind.OTHER, Cause.OTHER, False),
    ],
)
def test_without_an_answer_it_is_retried_and_known_whether_it_may_have_arrived(
    kind: HttpErrorKind, cause: Cause, answered: bool
) -> None:
    outcome = of_error(HttpError(kind, "https://hooks.example.com: something"))
    assert (outcome.cause, outcome.answered) == (cause, answered)


def test_a_certificate_is_given_time() -> None:
    assert of_error(HttpError(HttpErrorKind.TLS, "expired")).after == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param(answer(404, b"no such hook"), "HTTP 404 Not Found: no such hook", id="what the receiver says"),
        pytest.param(answer(599), "HTTP 599", id="a status nobody named"),
        pytest.param(
            answer(302, b"<html>"),
            "HTTP 302 Found: redirects are not followed; set the final URL, or http_config.follow_redirects",
            id="a redirect says what to do",
        ),
    ],
)
def test_the_text_says_what_happened(given: HttpAnswer, why: str) -> None:
    outcome = of_answer(given, at=T0, hide=[URL])
    assert isinstance(outcome, Rejected | Retry)
    assert outcome.why == why


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(URL, id="the URL"),
        pytest.param("Cannot POST /services/T0SECRET/B0SECRET", id="its path"),
        pytest.param("unknown hook B0SECRET", id="a part of its path"),
        pytest.param("bad token s3cr3t-t0ken", id="a parameter"),
        pytest.param("user:hunter2222", id="its password"),
        pytest.param("x" * 280 + URL, id="the URL where the text is cut"),
    ],
)
def test_a_receiver_that_repeats_its_url_gives_nothing_away(body: str) -> None:
    outcome = of_answer(answer(404, body.encode()), at=T0, hide=[URL])
    assert isinstance(outcome, Rejected)
    for secret in ("T0SECRET", "B0SECRET", "s3cr3t-t0ken", "hunter2222"):
        assert secret not in outcome.why
    assert len(outcome.why) < 400
