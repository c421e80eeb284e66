"""What to use instead of a kind that is not built in."""

from __future__ import annotations

import apprise
import pytest

from alertd.receivers.registry import ReceiverSettings
from alertd.receivers.substitutes import APPRISE_URLS, advice

ALERTMANAGER_HAS = {
    *("opsgenie", "victorops", "pushover", "sns", "telegram", "discord", "webex", "msteams", "msteamsv2", "wechat"),
    *("jira", "rocketchat", "mattermost", "incidentio"),
}


def test_there_is_one_for_every_kind_alertmanager_has_and_alertd_has_not() -> None:
    assert {kind.removesuffix("_configs") for kind in APPRISE_URLS} == ALERTMANAGER_HAS
    assert not APPRISE_URLS.keys() & ReceiverSettings.model_fields.keys()


@pytest.mark.parametrize("kind", APPRISE_URLS)
def test_apprise_knows_the_service(kind: str) -> None:
    known = {
        scheme
        for service in apprise.Apprise().details()["schemas"]
        for scheme in [*(service["protocols"] or []), *(service["secure_protocols"] or [])]
    }
    assert APPRISE_URLS[kind].partition("://")[0] in known


def test_the_advice_says_what_to_write_and_what_to_install() -> None:
    assert advice("telegram_configs") == (
        'use apprise_configs: [{url: "tgram://<bot token>/<chat id>"}], after pip install "alertd[apprise]"'
    )
