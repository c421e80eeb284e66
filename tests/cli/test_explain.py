"""The operator's tools beside a running alertd: alerts, silences, tests of receivers, and why."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from tests.support.cli import cli, run_cli
from tests.support.daemon import Daemon, running
from tests.support.receiver_server import Answer, ReceiverServer, receiver_server

CONFIG = """
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 100ms
  group_interval: 1s
receivers:
  - name: ops
    webhook_configs: [{{url: '{url}/hook'}}]
"""


async def post(daemon: Daemon, **labels: str) -> None:
    body = [{"labels": labels, "annotations": {"summary": "seen"}}]
    async with aiohttp.ClientSession() as session, session.post(f"{daemon.url}/api/v2/alerts", json=body) as answer:
        assert answer.status == 200, await answer.text()


def configuration(folder: Path, server: ReceiverServer) -> Path:
    (folder / "alertd.yml").write_text(CONFIG.format(url=server.url))
    return folder / "alertd.yml"


async def test_who_was_told_and_who_was_not_is_explained(tmp_path: Path) -> None:
    async with receiver_server() as server, running(configuration(tmp_path, server), tmp_path / "data") as daemon:
        await daemon.event("alertd_started")
        await post(daemon, alertname="Told", team="x")
        await daemon.event("notification_delivered")

        made = await cli("silence", "add", "Held", "-c", "TICKET-1", "-a", "ann", "--force", "--url", daemon.url)
        assert made.status == 0, made.err
        await post(daemon, alertname="Held")
        rows = (await cli("alerts", "--output=json", "--url", daemon.url)).json
        prints = {alert["labels"]["alertname"]: alert["fingerprint"] for alert in rows}

        told = await cli("explain", prints["Told"], "--url", daemon.url)
        assert told.status == 0
        assert told.lines[0].startswith("Told firing since ")
        assert "ops/webhook[0] was told at " in told.out
        assert "HTTP 200 OK" in told.out
        assert "first notification" in told.out

        held = await cli("explain", prints["Held"], "--output=json", "--url", daemon.url)
        [why] = held.json["why"]
        assert why.startswith(f"ops is not told: silence {made.out.strip()} of ann until ")
        assert why.endswith("(TICKET-1)")
        assert held.json["deliveries"] == []

        unknown = await cli("explain", "beef", "--url", daemon.url)
        assert (unknown.status, unknown.err) == (
            4,
            "alertd: there is no alert beef, and none is remembered; alertd alerts lists those that fire\n",
        )


async def test_the_history_outlives_a_kill(tmp_path: Path) -> None:
    async with receiver_server() as server:
        config = configuration(tmp_path, server)
        async with running(config, tmp_path / "data") as daemon:
            await daemon.event("alertd_started")
            await post(daemon, alertname="Told")
            await daemon.event("notification_delivered")
            await daemon.kill()
        async with running(config, tmp_path / "data") as daemon:
            await daemon.event("alertd_started")
            events = (await daemon.json("/api/alertd/v1/history"))["events"]
    assert [event["what"] for event in events] == ["delivered", "queued", "firing"]


async def test_the_daemon_tests_a_receiver_of_its_own_configuration(tmp_path: Path) -> None:
    async with receiver_server() as server, running(configuration(tmp_path, server), tmp_path / "data") as daemon:
        await daemon.event("alertd_started")
        server.script("/hook", Answer(status=403, body=b"go away"))
        refused = await cli("receivers", "test", "ops", "--url", daemon.url)
        assert refused.status == 1
        assert "FAIL ops/webhook[0]: rejected" in refused.out
        assert "HTTP 403 Forbidden: go away" in refused.out

        taken = await cli("receivers", "test", "ops", "--url", daemon.url)
        assert (taken.status, taken.lines[0].split(" after ")[0]) == (0, "ok   ops/webhook[0]: delivered")
        dry = await cli("receivers", "test", "ops", "--dry-run", "--output=json", "--url", daemon.url)
        assert [one["state"] for one in dry.json] == ["not sent"]
        assert len(server.received) == 2
        assert (await cli("receivers", "test", "nobody", "--url", daemon.url)).status == 4
        assert (await cli("alerts", "--url", daemon.url)).out == "no alerts\n"  # a test is no alert


@pytest.mark.parametrize("args", [["explain"], ["explain", "a", "b"]])
def test_wrong_usage_is_status_2(args: list[str]) -> None:
    assert run_cli(*args).status == 2
