"""The webhook that prints."""

import json

import aiohttp
import click
import pytest

from alertd.demo.receiver import Receiver
from alertd.demo.web import serving


def notification(*alerts: tuple[str, str]) -> dict[str, object]:
    """A payload of version 4 with an alert for each name and status."""
    return {
        "version": "4",
        "status": "firing",
        "alerts": [
            {
                "status": status,
                "fingerprint": name,
                "labels": {"alertname": name},
                "annotations": {},
                "startsAt": "2026-01-05T12:00:00Z",
                "endsAt": "2026-01-05T12:01:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
            }
            for name, status in alerts
        ],
    }


async def post(receiver: Receiver, body: bytes) -> tuple[int, str]:
    async with (
        serving(receiver.app) as url,
        aiohttp.ClientSession() as session,
        session.post(f"{url}/", data=body) as response,
    ):
        return response.status, await response.text()


async def test_every_alert_is_told_and_the_states_are_remembered():
    told: list[str] = []
    receiver = Receiver(told.append)
    body = json.dumps(notification(("A", "firing"), ("B", "resolved"))).encode()
    assert await post(receiver, body) == (200, "")
    assert [click.unstyle(text).splitlines()[0] for text in told] == ["12:00:00  FIRING    A", "12:01:00  RESOLVED  B"]
    assert receiver.delivered == {"firing", "resolved"}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"status": "firing"}'])
async def test_what_is_no_notification_is_refused_and_not_counted(body):
    told: list[str] = []
    receiver = Receiver(told.append)
    status, text = await post(receiver, body)
    assert status == 400
    assert "version 4" in text
    assert (told, receiver.delivered) == ([], set())
