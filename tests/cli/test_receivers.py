"""`alertd receivers test`: what services answer, and what is to be done about it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.cli import Ran, cli, run_cli
from tests.support.receiver_server import Answer, ReceiverServer, receiver_server

CONFIG = """
route: {{receiver: ops}}
receivers:
  - name: ops
    webhook_configs: [{{url: '{url}/hook/s3cr3t-token'}}]
    slack_configs: [{{api_url: '{url}/slack', channel: '#ops'}}]
    pagerduty_configs: [{{routing_key: 0123456789abcdef0123456789abcdef, url: '{url}/pagerduty'}}]
  - name: nobody
  - name: broken
    webhook_configs: [{{url: '{url}/hook', payload: {{text: '{{{{ template "no" . }}}}'}}}}]
"""


async def try_receiver(folder: Path, server: ReceiverServer, *args: str) -> Ran:
    config = folder / "alertd.yml"
    config.write_text(CONFIG.format(url=server.url))
    return await cli("receivers", "test", *args, "--config.file", str(config))


async def test_a_receiver_that_takes_it_passes(tmp_path: Path) -> None:
    async with receiver_server() as server:
        server.always("/slack", Answer(body=b"ok"))
        ran = await try_receiver(tmp_path, server, "ops")
    assert ran.status == 0, ran.err
    assert [line.rsplit(" after ")[0] for line in ran.lines] == [
        "ok   ops/webhook[0]: delivered",
        "ok   ops/slack[0]: delivered",
        "ok   ops/pagerduty[0]: delivered",
    ]
    assert all("HTTP 200 OK" in line for line in ran.lines)
    assert all(b"[TEST]" in one.body for one in server.received)
    [event] = server.to("/pagerduty")
    assert len(event.json["dedup_key"]) == 64


async def test_tests_do_not_share_a_dedup_key(tmp_path: Path) -> None:
    async with receiver_server() as server:
        server.always("/slack", Answer(body=b"ok"))
        await try_receiver(tmp_path, server, "ops")
        await try_receiver(tmp_path, server, "ops")
        first, second = server.to("/pagerduty")
    assert first.json["dedup_key"] != second.json["dedup_key"]


async def test_what_the_service_refuses_is_told_with_a_next_step_and_without_secrets(tmp_path: Path) -> None:
    async with receiver_server() as server:
        server.always("/slack", Answer(status=403, body=b"invalid_token"))
        server.always("/hook/s3cr3t-token", Answer(status=404, body=b"no /hook/s3cr3t-token here"))
        ran = await try_receiver(tmp_path, server, "ops")
    assert ran.status == 1
    assert "FAIL ops/slack[0]: rejected" in ran.out
    assert "HTTP 403 Forbidden: invalid_token" in ran.out
    assert "next: make a new webhook or token in Slack" in ran.out
    assert "HTTP 404 Not Found" in ran.out
    assert "s3cr3t-token" not in ran.out + ran.err


async def test_a_dry_run_shows_the_bytes_and_opens_no_connection(tmp_path: Path) -> None:
    async with receiver_server() as server:
        ran = await try_receiver(tmp_path, server, "ops", "--dry-run", "--output=json")
        assert server.received == []
    assert ran.status == 0
    assert [trial["state"] for trial in ran.json] == ["not sent"] * 3
    assert all("[TEST]" in trial["body"] for trial in ran.json)


async def test_a_template_that_fails_is_told(tmp_path: Path) -> None:
    async with receiver_server() as server:
        ran = await try_receiver(tmp_path, server, "broken")
    assert ran.status == 1
    assert "its template fails, a plain message took its place" in ran.out


async def test_a_receiver_without_integrations_passes_and_says_so(tmp_path: Path) -> None:
    async with receiver_server() as server:
        ran = await try_receiver(tmp_path, server, "nobody")
    assert (ran.status, ran.out) == (0, "nobody has no integrations: what is sent to it goes nowhere\n")


async def test_an_unknown_receiver_is_status_4_and_known_ones_are_named(tmp_path: Path) -> None:
    async with receiver_server() as server:
        ran = await try_receiver(tmp_path, server, "opps")
    assert ran.status == 4
    assert 'did you mean "ops"' in ran.err


async def test_nobody_there_is_told_as_such(tmp_path: Path) -> None:
    async with receiver_server() as server:
        pass
    await asyncio.sleep(0)
    ran = await try_receiver(tmp_path, server, "broken")
    assert ran.status == 1
    assert "connection refused" in ran.out
    assert "next: check its host name and port" in ran.out


@pytest.mark.parametrize("args", [["test"], ["tset", "ops"]])
def test_wrong_usage_is_status_2(args: list[str]) -> None:
    assert run_cli("receivers", *args).status == 2


def test_a_configuration_that_is_wrong_is_told_whole(tmp_path: Path) -> None:
    (tmp_path / "alertd.yml").write_text("route: {receiver: a}\nreceivers: [{name: b}]\n")
    ran = run_cli("receivers", "test", "b", "--config.file", str(tmp_path / "alertd.yml"))
    assert ran.status == 1
    assert "alertd.yml:1:" in ran.err
