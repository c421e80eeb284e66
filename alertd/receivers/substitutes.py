"""Kinds of integrations Alertmanager has and alertd has not, and the apprise URL that does the same."""

from __future__ import annotations

from collections.abc import Mapping

from alertd.receivers.apprise_library import INSTALL

APPRISE_URLS: Mapping[str, str] = {
    "discord_configs": "discord://<webhook id>/<webhook token>",
    "incidentio_configs": "incidentio://<source id>/<token>",
    "jira_configs": "jira://<api key>",
    "mattermost_configs": "mmosts://<host>/<webhook token>",
    "msteams_configs": "workflows://<host>/<workflow id>/<signature>",
    "msteamsv2_configs": "workflows://<host>/<workflow id>/<signature>",
    "opsgenie_configs": "opsgenie://<api key>",
    "pushover_configs": "pover://<user key>@<token>",
    "rocketchat_configs": "rockets://<webhook>@<host>",
    "sns_configs": "sns://<access key id>/<secret access key>/<region>/<topic>",
    "telegram_configs": "tgram://<bot token>/<chat id>",
    "victorops_configs": "victorops://<routing key>@<api key>",
    "webex_configs": "webex://<access token>/<room id>",
    "wechat_configs": "wechat://<corp id>:<secret>@<agent id>/<user>",
}
"""Kind -> URL, with what is to be filled in between `<` and `>`."""


def advice(kind: str) -> str:
    """What to write instead of `kind`; KeyError for a kind Alertmanager does not have."""
    return f'use apprise_configs: [{{url: "{APPRISE_URLS[kind]}"}}], after {INSTALL}'
