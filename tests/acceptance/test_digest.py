"""A storm, a daemon killed while its digest is on the way, and everybody told all the same."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.daemon import Daemon, running
from tests.support.receiver_server import Answer, receiver_server

GROUPS = 40
LIMIT_S = 60
CONFIG = """
route: {{receiver: chat, group_by: [alertname], group_wait: 500ms, group_interval: 1s, repeat_interval: 1h}}
receivers: [{{name: chat, slack_configs: [{{api_url: "{url}/chat", send_resolved: true}}]}}]
"""


async def delivered(daemon: Daemon) -> list[dict[str, Any]]:
    """All deliveries, once each of them has arrived."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            found = (await daemon.json("/api/alertd/v1/deliveries?limit=1000"))["deliveries"]
            if {one["state"] for one in found} == {"delivered"}:
                return list(found)
            await asyncio.sleep(0.05)


async def test_a_digest_survives_a_kill_and_tells_everything_once(tmp_path: Path) -> None:
    config = tmp_path / "alertd.yml"
    async with receiver_server() as chat:
        chat.always("/chat", Answer(body=b"ok"))
        chat.script("/chat", Answer(hold=True))
        config.write_text(CONFIG.format(url=chat.url))
        async with running(config, tmp_path / "data") as daemon:
            await daemon.event("alertd_started")
            storm = [{"labels": {"alertname": f"A{number:02}"}} for number in range(GROUPS)]
            url = f"{daemon.url}/api/v2/alerts"
            async with aiohttp.ClientSession() as client, client.post(url, json=storm) as answer:
                assert answer.status == 200
            await chat.wait_for(1, "/chat")
            await daemon.kill()
        chat.release()
        async with running(config, tmp_path / "data") as daemon:
            await daemon.event("alertd_started")
            deliveries = await delivered(daemon)
        titles = [one.json["attachments"][0]["title"] for one in chat.to("/chat")]

    assert titles[0].startswith("[DIGEST] ")
    assert titles[0] in titles[1:], "sent again as it was"
    assert sum(one["kind"] != "digest" for one in deliveries) == GROUPS
    told = [int(title.split()[1]) if title.startswith("[DIGEST]") else 1 for title in titles[1:]]
    assert sum(told) == GROUPS
