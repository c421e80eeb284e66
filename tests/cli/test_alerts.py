"""`alertd alerts`, and what all verbs that ask a server share."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from alertd.cli.alerts import watch
from alertd.cli.output import Unreachable
from alertd.clock import SimulatedClock
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


async def test_watching_shows_what_has_changed_and_waits_out_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    clock = SimulatedClock(datetime(2026, 1, 2, tzinfo=UTC))
    one, two = [{"labels": {"a": "1"}}], [{"labels": {"a": "2"}}]
    answers = [one, one, two, Unreachable("gone"), Unreachable("gone"), two, []]
    shown: list[Any] = []

    async def fetch() -> Any:
        now = answers.pop(0)
        if isinstance(now, Unreachable):
            raise now
        return now

    watching = asyncio.create_task(watch(fetch, shown.append, every=timedelta(seconds=5), clock=clock))
    while answers:
        await clock.advance(timedelta(seconds=5))
    await clock.settle()
    watching.cancel()
    assert shown == [one, two, two, []]
    assert capsys.readouterr().err == "alertd: gone\n", "told once"


async def test_watching_what_cannot_be_reached_at_first_ends() -> None:
    async def fetch() -> Any:
        raise Unreachable("gone")

    clock = SimulatedClock(datetime(2026, 1, 2, tzinfo=UTC))
    with pytest.raises(Unreachable):
        await watch(fetch, print, every=timedelta(seconds=5), clock=clock)


async def test_watching_ends_with_ctrl_c(server: str) -> None:
    await post_alerts(server)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "alertd", "alerts", "--watch", "--interval=50ms", "--output=json", "--url", server,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            first = json.loads(await process.stdout.readline())
            await cli("silence", "add", "Errors", "-c", "x", "--url", server)
            second = json.loads(await process.stdout.readline())
            process.send_signal(signal.SIGINT)
            _, err = await process.communicate()
        assert [len(one["status"]["silencedBy"]) for one in first] == [0, 0]
        assert sorted(len(one["status"]["silencedBy"]) for one in second) == [0, 1]
        assert (process.returncode, err) == (130, b"")
    finally:
        if process.returncode is None:
            process.kill()
