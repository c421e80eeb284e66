"""`alertd alerts`, and what all verbs that ask a server share."""

from __future__ import annotations

import aiohttp
import pytest

from tests.support.cli import cli
from tests.support.servers import answer, scripted

HOSTILE = "\x1b[31mred\x1b[0m\nnext [bold]line[/bold]"


async def post_alerts(url: str) -> None:
    body = [
        {"labels": {"alertname": "Latency", "team": "a"}, "annotations": {"summary": HOSTILE}},
        {"labels": {"alertname": "Errors", "team": "b"}},
    ]
    async with aiohttp.ClientSession() as session, session.post(f"{url}/api/v2/alerts", json=body) as posted:
        assert posted.status == 200


async def test_alerts_are_shown_with_what_keeps_them_from_being_told(server: str) -> None:
    assert (await cli("alerts", "--url", server)).out == "no alerts\n"
    await post_alerts(server)
    await cli("silence", "add", "Errors", "-c", "x", "--url", server)

    shown = await cli("alerts", "--url", server)
    assert shown.lines[0].split() == ["ALERT", "STATE", "SINCE", "FINGERPRINT", "LABELS", "SUMMARY"]
    rows = {line.split()[0]: line for line in shown.lines[1:]}
    assert rows["Errors"].split()[1] == "silenced"
    assert rows["Latency"].split()[1] == "active"
    assert 'team="a"' in rows["Latency"]

    only = await cli("alerts", "--state=silenced", "--output=json", "--url", server)
    assert [alert["labels"]["alertname"] for alert in only.json] == ["Errors"]
    matching = await cli("alerts", "Latency", "team=~a|b", "--output=json", "--url", server)
    assert [alert["labels"]["alertname"] for alert in matching.json] == ["Latency"]


async def test_what_others_write_does_not_steer_the_terminal(server: str) -> None:
    await post_alerts(server)
    shown = await cli("alerts", "--url", server)
    assert "\x1b" not in shown.out
    assert "[bold]line[/bold]" in shown.out
    assert len(shown.lines) == 3


async def test_no_match_is_status_4_in_every_output(server: str) -> None:
    assert (await cli("alerts", "Nothing", "--url", server)).status == 4
    as_json = await cli("alerts", "Nothing", "--output=json", "--url", server)
    assert (as_json.status, as_json.json) == (4, [])


@pytest.mark.parametrize(
    ("body", "http_status", "status", "said"),
    [
        pytest.param('"bad matcher format: x"', 400, 1, "alertd: bad matcher format: x", id="a string"),
        pytest.param('{"code":602,"message":"required"}', 422, 1, "alertd: required", id="an object"),
        pytest.param("oops", 500, 1, "alertd: oops", id="plain text"),
        pytest.param("", 401, 5, "HTTP 401 Unauthorized; say who you are: --bearer-token-file", id="who are you"),
        pytest.param("", 403, 5, "HTTP 403 Forbidden; use a token, or a user, that may", id="you may not"),
        pytest.param("<html>", 200, 3, "no alertd", id="some other server"),
    ],
)
async def test_errors_of_the_server_are_told(body: str, http_status: int, status: int, said: str) -> None:
    async with scripted(answer(body, status=http_status)) as server:
        ran = await cli("alerts", "--url", server.url)
    assert ran.status == status
    assert said in ran.err


async def test_user_and_password_of_the_url_are_sent() -> None:
    async with scripted(answer("[]")) as server:
        ran = await cli("alerts", "--url", server.url.replace("://", "://me:secret@"))
    assert ran.status == 0
    assert server.asked[0].headers["Authorization"] == "Basic bWU6c2VjcmV0"
