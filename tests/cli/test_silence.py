"""`alertd silence` and a server it makes silences in."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from tests.support.cli import cli, run_cli


async def post_alerts(url: str, *alerts: dict[str, str]) -> None:
    body = [{"labels": labels} for labels in alerts]
    async with aiohttp.ClientSession() as session, session.post(f"{url}/api/v2/alerts", json=body) as answer:
        assert answer.status == 200


async def test_a_silence_is_made_shown_extended_and_ended(server: str) -> None:
    await post_alerts(server, {"alertname": "Latency", "team": "a"}, {"alertname": "Latency", "team": "b"})

    made = await cli("silence", "add", "Latency", "team=~a|b", "--for=2h", "-c", "known", "-a", "me", "--url", server)
    assert (made.status, made.err) == (0, "mutes 2 alerts now: Latency (2)\n")
    silence_id = made.out.strip()

    [silence] = (await cli("silence", "list", "--output=json", ALERTD_URL=server)).json
    assert (silence["id"], silence["createdBy"], silence["comment"]) == (silence_id, "me", "known")
    assert [(m["name"], m["value"], m["isRegex"]) for m in silence["matchers"]] == [
        ("alertname", "Latency", False),
        ("team", "a|b", True),
    ]
    assert duration(silence) == pytest.approx(2 * 3600, abs=1)

    listed = await cli("silence", "list", "--url", server)
    assert listed.lines[0].split() == ["ID", "STATE", "ENDS", "MATCHERS", "AUTHOR", "COMMENT"]
    assert f"{silence_id}  active" in listed.lines[1]
    assert 'alertname="Latency" team=~"a|b"' in listed.lines[1]

    extended = await cli("silence", "extend", silence_id, "--by=1h", "--url", server)
    assert extended.lines == [silence_id]
    [silence] = (await cli("silence", "list", "--output=json", "--url", server)).json
    assert duration(silence) == pytest.approx(3 * 3600, abs=1)

    assert (await cli("silence", "expire", silence_id, "--url", server)).lines == [f"{silence_id} ended"]
    assert (await cli("silence", "list", "--url", server)).lines == ["no silences"]
    assert (await cli("silence", "list", "--expired", "--quiet", "--url", server)).lines == [silence_id]


async def test_what_mutes_nothing_or_everything_asks_for_force(server: str) -> None:
    await post_alerts(server, {"alertname": "Latency"})

    nothing = await cli("silence", "add", "Latnecy", "-c", "typo", "--url", server)
    assert nothing.status == 4
    assert nothing.err.splitlines() == [
        "mutes no alert now",
        "alertd: nothing it would mute fires now; check the matchers, or if it is meant: --force",
    ]
    everything = await cli("silence", "add", "alertname=~.+", "-c", "quiet", "--url", server)
    assert everything.status == 5
    assert "mutes 1 alert now: Latency" in everything.err
    assert "would mute every alert" in everything.err
    assert (await cli("silence", "list", "--url", server)).lines == ["no silences"]

    for matcher in ("Latnecy", "alertname=~.+"):
        forced = await cli("silence", "add", matcher, "-c", "meant", "--force", "--url", server)
        assert forced.status == 0
    assert len((await cli("silence", "list", "--quiet", "--url", server)).lines) == 2


async def test_a_dry_run_makes_nothing(server: str) -> None:
    await post_alerts(server, {"alertname": "Latency"})
    tried = await cli("silence", "add", "Latency", "-c", "x", "--dry-run", "--url", server)
    assert (tried.status, tried.out, tried.err) == (0, "", "mutes 1 alert now: Latency\n")
    assert (await cli("silence", "list", "--url", server)).lines == ["no silences"]


async def test_exported_silences_are_imported_with_their_id_where_it_is_known(server: str) -> None:
    first = await cli("silence", "add", "A", "-c", "x", "--force", "--url", server)
    exported = await cli("silence", "list", "--output=json", "--url", server)

    again = await cli("silence", "import", "--url", server, stdin=exported.out)
    assert again.out == first.out
    fresh = await cli("silence", "import", "--force", "--url", server, stdin=exported.out)
    assert fresh.out != first.out

    elsewhere = exported.json
    elsewhere[0]["id"] = "11111111-2222-3333-4444-555555555555"
    moved = await cli("silence", "import", "--url", server, stdin=json.dumps(elsewhere))
    assert moved.status == 0
    assert moved.out.strip() not in ("", elsewhere[0]["id"])


async def test_until_names_the_end(server: str) -> None:
    await cli("silence", "add", "A", "-c", "x", "--until", "mon 08:00", "--force", "--url", server, TZ="Europe/Berlin")
    [silence] = (await cli("silence", "list", "--output=json", "--url", server)).json
    ends = datetime.fromisoformat(silence["endsAt"]).astimezone(ZoneInfo("Europe/Berlin"))
    assert (ends.weekday(), ends.hour, ends.minute) == (0, 8, 0)


async def test_what_is_not_there_is_status_4(server: str) -> None:
    unknown = await cli("silence", "expire", "11111111-2222-3333-4444-555555555555", "--url", server)
    assert (unknown.status, unknown.err) == (
        4,
        "alertd: there is no silence 11111111-2222-3333-4444-555555555555\n",
    )
    assert (await cli("silence", "list", "team=x", "--url", server)).status == 4


@pytest.mark.parametrize(
    ("args", "said"),
    [
        pytest.param(["add", "A"], "Missing option '-c' / '--comment'", id="no comment"),
        pytest.param(["add", "-c", "x"], "Missing argument 'MATCHER...'", id="no matcher"),
        pytest.param(["add", "A", "b", "-c", "x"], "write matchers as name=value", id="a second bare word"),
        pytest.param(["add", "a=~(", "-c", "x"], "missing", id="a regular expression that is none"),
        pytest.param(["add", "A", "-c", "x", "--for", "2 hours"], "write it as 30m, 2h", id="no duration"),
        pytest.param(["add", "A", "-c", "x", "--for", "0"], "must be longer than 0", id="no time at all"),
        pytest.param(["add", "A", "-c", "x", "--until", "soon"], "is no time", id="no time"),
        pytest.param(["add", "A", "-c", "x", "--until", "18:00", "--for", "1h"], "not both", id="two ends"),
        pytest.param(["list", "--url", "localhost"], "no URL", id="no URL"),
    ],
)
def test_wrong_usage_is_status_2(args: list[str], said: str) -> None:
    ran = run_cli("silence", *args)
    assert ran.status == 2
    assert said in ran.err


def test_nobody_there_is_status_3_and_says_where_it_looked() -> None:
    ran = run_cli("silence", "list", "--url", "http://user:hunter2@127.0.0.1:1")
    assert ran.status == 3
    assert "cannot reach http://127.0.0.1:1" in ran.err
    assert "ALERTD_URL" in ran.err
    assert "hunter2" not in ran.err


def test_a_file_that_holds_no_silences_is_status_1() -> None:
    ran = run_cli("silence", "import", stdin="{}")
    assert ran.status == 1
    assert "give a JSON list of silences" in ran.err


def duration(silence: dict[str, str]) -> float:
    return (datetime.fromisoformat(silence["endsAt"]) - datetime.fromisoformat(silence["startsAt"])) / timedelta(
        seconds=1
    )
