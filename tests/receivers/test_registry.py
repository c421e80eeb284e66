"""The integrations made of `receivers:`, and what each is known by when the configuration changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest

from alertd.http import new_session
from alertd.notify.numbering import number
from alertd.receivers.registry import ReceiverSettings, by_receiver, configured
from tests.support.receivers import some_tools

CANARY = "k1v2w3x4"
PAIRS: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]] = {
    "webhook": ({"url": f"http://a/{CANARY}"}, {"url": "http://b/"}),
    "slack": ({"api_url": f"http://a/{CANARY}", "channel": "#a"}, {"api_url": f"http://a/{CANARY}", "channel": "#b"}),
    "pagerduty": (
        {"url": "http://a/", "routing_key": CANARY},
        {"url": "http://a/", "routing_key": "0" * 32},
    ),
    "email": (
        {"smarthost": "mail:25", "from": "me@a", "to": f"{CANARY}@a"},
        {"smarthost": "mail:25", "from": "me@a", "to": "b@a"},
    ),
    "apprise": ({"url": f"json://a/{CANARY}"}, {"url": "json://b"}),
}
"""Two integrations of each kind that send to different places."""


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with new_session() as opened:
        yield opened


def receiver(kind: str, *entries: Mapping[str, str]) -> ReceiverSettings:
    return ReceiverSettings.model_validate({"name": "ops", f"{kind}_configs": entries})


@pytest.mark.parametrize("kind", PAIRS)
async def test_an_integration_keeps_its_number_when_another_is_put_before_it(
    kind: str, session: aiohttp.ClientSession
) -> None:
    here, there = PAIRS[kind]
    known = number([], configured([receiver(kind, here)]))
    made = by_receiver([receiver(kind, there, here)], some_tools(session), known)
    assert [(one.receiver, one.integration, one.index) for one in made["ops"]] == [("ops", kind, 1), ("ops", kind, 0)]


@pytest.mark.parametrize("kind", PAIRS)
def test_what_it_is_known_by_is_no_secret(kind: str) -> None:
    [one] = configured([receiver(kind, PAIRS[kind][0])])
    assert CANARY not in repr(one)


def test_recipients_are_the_same_behind_another_mail_server() -> None:
    mail = PAIRS["email"][0]
    assert configured([receiver("email", mail)]) == configured([receiver("email", {**mail, "smarthost": "new:587"})])
