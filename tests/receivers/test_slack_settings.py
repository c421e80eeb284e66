"""What a Slack integration inherits, and what it is refused for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError

from alertd.http import HttpSettings
from alertd.receivers.slack_settings import SlackSettings, with_defaults
from alertd.secret import Secret

HOOK, TOKEN = Secret("https://hooks.slack.com/services/c4n4ry"), Secret("xoxb-c4n4ry")
API = "https://slack.com/api/chat.postMessage"
AUTHORIZED = HttpSettings.model_validate({"authorization": {"credentials": "xoxb-c4n4ry"}})
OWN = "https://own.example.com/hook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    http_config: HttpSettings | None = None
    slack_api_url: Secret | None = None
    slack_api_url_file: Secret | None = None
    slack_app_token: Secret | None = None
    slack_app_token_file: Secret | None = None
    slack_app_url: str = API


def filled(given: dict[str, Any], **defaults: Any) -> SlackSettings:
    return with_defaults(SlackSettings.model_validate(given), Defaults(**defaults))


def test_without_a_url_the_global_one_is_used() -> None:
    assert filled({}, slack_api_url=HOOK).api_url == HOOK
    assert filled({"api_url": OWN}, slack_api_url=HOOK).api_url == Secret(OWN)


def test_a_global_token_goes_before_a_global_url() -> None:
    bot = filled({}, slack_api_url=HOOK, slack_app_token=TOKEN)
    assert (bot.token, bot.api_url, bot.app_url) == (TOKEN, None, API)


@pytest.mark.parametrize("own", [{"api_url": OWN}, {"api_url_file": "f"}, {"app_token": "t"}, {"app_token_file": "f"}])
def test_whoever_has_a_way_of_its_own_inherits_none(own: dict[str, str]) -> None:
    settings = SlackSettings.model_validate(own)
    made = with_defaults(settings, Defaults(slack_api_url=HOOK, slack_app_token=TOKEN))
    assert made == settings.model_copy(update={"app_url": API})


def test_with_an_authorization_of_its_own_it_takes_the_url_and_no_token() -> None:
    made = filled({"http_config": AUTHORIZED}, slack_api_url=Secret(API), slack_app_token=TOKEN)
    assert (made.api_url, made.token, made.is_bot) == (Secret(API), None, True)


@pytest.mark.parametrize(
    ("given", "defaults", "problem"),
    [
        pytest.param({}, {}, "no global Slack API URL set either inline or in a file", id="no way"),
        pytest.param(
            {"app_token": "t", "http_config": AUTHORIZED}, {}, "http authorization can't be set", id="two tokens"
        ),
        pytest.param(
            {"api_url": OWN, "update_message": True},
            {},
            "update_message can only be used with bot",
            id="webhooks change nothing",
        ),
        pytest.param(
            {"api_url": OWN, "post_updates_to_thread": True},
            {},
            "can only be used with bot tokens",
            id="nor do they answer",
        ),
    ],
)
def test_what_is_left_must_be_one_way_to_slack(given: dict[str, Any], defaults: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        filled(given, **defaults)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        pytest.param({"api_url": OWN, "api_url_file": "f"}, "at most one of api_url & api_url_file", id="two URLs"),
        pytest.param(
            {"app_token": "t", "app_token_file": "f"}, "at most one of app_token & app_token_file", id="two tokens"
        ),
        pytest.param({"api_url": OWN, "app_token": "t"}, "at most one of api_url/api_url_file", id="a URL and a token"),
        pytest.param({"api_url": "ftp://c4n4ry/"}, 'unsupported scheme "ftp"', id="no HTTP"),
        pytest.param({"fields": [{"title": "t"}]}, "Field required", id="a field without a value"),
        pytest.param({"fields": [{"title": "", "value": "v"}]}, "at least 1 character", id="a field without a title"),
        pytest.param({"actions": [{"type": "button", "text": "t"}]}, "missing name or url", id="a button to nowhere"),
        pytest.param(
            {"actions": [{"type": "", "text": "t", "url": "u"}]}, "at least 1 character", id="an action of no type"
        ),
        pytest.param({"colour": "red"}, "Extra inputs are not permitted", id="an unknown key"),
    ],
)
def test_bad_settings_are_refused(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem) as caught:
        SlackSettings.model_validate(given)
    assert "c4n4ry" not in "".join(error["msg"] for error in caught.value.errors())


def test_no_limit_of_time_is_the_default_one() -> None:
    assert SlackSettings.model_validate({"timeout": "0s"}).timeout == SlackSettings().timeout
