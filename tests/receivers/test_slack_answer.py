"""What Slack's answers mean."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from alertd.http import HttpAnswer
from alertd.notify.outbox import Cause, Rejected, Retry
from alertd.receivers.slack_answer import Verdict, understand
from tests.support.builders import T0

URL = "https://hooks.slack.com/services/T0/B0/c4n4ry-token"


def answer(status: int, body: object, **headers: str) -> HttpAnswer:
    """A text as it is; anything else as JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if not isinstance(body, str):
        named["Content-Type"] = "application/json; charset=utf-8"
    raw = body.encode() if isinstance(body, str) else msgspec.json.encode(body)
    return HttpAnswer(status=status, headers=CIMultiDictProxy(CIMultiDict(named)), body=raw)


@pytest.mark.parametrize(
    ("given", "reference"),
    [
        pytest.param(answer(200, "ok"), "", id="a webhook says ok"),
        pytest.param(answer(200, {"ok": True}), "", id="the Web API says so in JSON"),
        pytest.param(answer(200, {"ok": True, "channel": "C1", "ts": "1.2"}), "C1 1.2", id="with a reference"),
    ],
)
def test_taken(given: HttpAnswer, reference: str) -> None:
    understood = understand(given, at=T0, hide=[URL])
    assert (understood.outcome, understood.verdict, understood.reference) == (None, None, reference)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "cause", "verdict"),
    [
        pytest.param(
            200, {"ok": False, "error": "channel_not_found"}, Rejected, Cause.CLIENT_ERROR, None, id="refused"
        ),
        pytest.param(200, "", Rejected, Cause.CLIENT_ERROR, None, id="200 and nothing"),
        pytest.param(200, "<html>", Rejected, Cause.CLIENT_ERROR, None, id="200 and a page"),
        pytest.param(
            200, {"ok": False, "error": "ratelimited"}, Retry, Cause.RATE_LIMITED, Verdict.THROTTLED, id="too often"
        ),
        pytest.param(
            429, {"ok": False, "error": "rate_limited"}, Retry, Cause.RATE_LIMITED, Verdict.THROTTLED, id="429"
        ),
        pytest.param(
            200, {"ok": False, "error": "fatal_error"}, Retry, Cause.SERVER_ERROR, Verdict.PASSING, id="Slack's trouble"
        ),
        pytest.param(500, "rollup_error", Retry, Cause.SERVER_ERROR, Verdict.PASSING, id="500"),
        pytest.param(
            200, {"ok": False, "error": "message_not_found"}, Rejected, Cause.CLIENT_ERROR, Verdict.GONE, id="gone"
        ),
        pytest.param(
            200,
            {"ok": False, "error": "invalid_blocks"},
            Rejected,
            Cause.CLIENT_ERROR,
            Verdict.MALFORMED,
            id="malformed",
        ),
        pytest.param(
            400, "invalid_payload", Rejected, Cause.CLIENT_ERROR, Verdict.MALFORMED, id="malformed, to a webhook"
        ),
        pytest.param(
            200,
            {"ok": False, "error": "invalid_auth"},
            Rejected,
            Cause.AUTH_ERROR,
            Verdict.UNAUTHORIZED,
            id="no rights",
        ),
        pytest.param(400, "invalid_token", Rejected, Cause.AUTH_ERROR, Verdict.UNAUTHORIZED, id="a token that ended"),
        pytest.param(403, "action_prohibited", Rejected, Cause.AUTH_ERROR, Verdict.UNAUTHORIZED, id="prohibited"),
        pytest.param(404, "no_service", Rejected, Cause.CLIENT_ERROR, None, id="a revoked webhook"),
        pytest.param(410, "channel_is_archived", Rejected, Cause.CLIENT_ERROR, None, id="an archived channel"),
    ],
)
def test_not_taken(status: int, body: object, outcome: type, cause: Cause, verdict: Verdict | None) -> None:
    understood = understand(answer(status, body), at=T0, hide=[URL])
    assert isinstance(understood.outcome, outcome)
    assert (understood.outcome.cause, understood.verdict) == (cause, verdict)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("status", "body", "gone"),
    [
        pytest.param(404, "no_service", True, id="a revoked webhook"),
        pytest.param(404, "channel_not_found", True, id="a deleted channel"),
        pytest.param(410, "channel_is_archived", True, id="an archived channel"),
        pytest.param(404, "<html>", False, id="a 404 that is not Slack's"),
        pytest.param(400, "channel_not_found", False, id="a refused message"),
        pytest.param(200, {"ok": False, "error": "channel_not_found"}, False, id="a bot's channel"),
    ],
)
def test_what_is_gone_for_good(status: int, body: object, gone: bool) -> None:
    outcome = understand(answer(status, body), at=T0, hide=[URL]).outcome
    assert isinstance(outcome, Rejected)
    assert outcome.gone is gone


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(answer(429, "", Retry_After="7"), id="in a header"),
        pytest.param(answer(429, {"ok": False, "error": "rate_limited", "retry_after": 7}), id="in the body"),
        pytest.param(answer(200, {"ok": False, "error": "ratelimited", "retry_after": 7}), id="with a 200"),
    ],
)
def test_how_long_to_wait(given: HttpAnswer) -> None:
    outcome = understand(given, at=T0, hide=[URL]).outcome
    assert isinstance(outcome, Retry)
    assert outcome.after == timedelta(seconds=7)


def test_the_text_says_what_to_do() -> None:
    outcome = understand(answer(200, {"ok": False, "error": "not_in_channel"}), at=T0, hide=[URL]).outcome
    assert isinstance(outcome, Rejected)
    assert outcome.why == "Slack says: not_in_channel; invite the app to the channel: /invite @its-name"


def test_the_text_holds_no_secret() -> None:
    for given in (answer(200, f"no {URL}"), answer(404, "no c4n4ry-token")):
        assert "c4n4ry" not in repr(understand(given, at=T0, hide=[URL]).outcome)
