"""The top-level keys of alertd.yml, and keys of Alertmanager that this version does not obey yet.

Those are refused by name, never as "unknown". A key is told only where no settings model has it, so a model that learns a key needs no change here.
Source: Alertmanager 0.34, docs/configuration.md.
"""

from __future__ import annotations

TOP_LEVEL_KEYS = frozenset(
    {
        "prometheus",
        "rule_files",
        "evaluation",
        "storage",
        "remote_write",
        "alertmanagers",
        "web",
        "global",
        "route",
        "receivers",
    }
)
"""What tells a configuration from other files, known without importing every settings model."""

_TOP = "inhibit_rules time_intervals mute_time_intervals templates tracing event_recorder"
_ROUTE = "routes match match_re matchers continue mute_time_intervals active_time_intervals labels"
_RECEIVER = """
    discord_configs email_configs incidentio_configs jira_configs mattermost_configs msteams_configs msteamsv2_configs
    opsgenie_configs pagerduty_configs pushover_configs rocketchat_configs slack_configs sns_configs telegram_configs
    victorops_configs webex_configs wechat_configs
"""
_GLOBAL = """
    jira_api_url mattermost_webhook_url mattermost_webhook_url_file opsgenie_api_key opsgenie_api_key_file
    opsgenie_api_url pagerduty_url rocketchat_api_url rocketchat_token rocketchat_token_file rocketchat_token_id
    rocketchat_token_id_file slack_api_url slack_api_url_file slack_app_token slack_app_token_file slack_app_url
    smtp_auth_identity smtp_auth_password smtp_auth_password_file smtp_auth_secret smtp_auth_secret_file
    smtp_auth_username smtp_force_implicit_tls smtp_from smtp_hello smtp_require_tls smtp_smarthost smtp_tls_config
    telegram_api_url telegram_bot_token telegram_bot_token_file victorops_api_key victorops_api_key_file
    victorops_api_url webex_api_url wechat_api_corp_id wechat_api_secret wechat_api_secret_file wechat_api_url
"""


def _remedies(prefix: str, keys: str) -> dict[str, tuple[str, str]]:
    return {
        f"{prefix}{key}": (f'"{key}" of Alertmanager is not supported by this version of alertd', "remove it for now")
        for key in keys.split()
    }


NOT_SUPPORTED = {
    **_remedies("", _TOP),
    **_remedies("route.", _ROUTE),
    **_remedies("receivers.", _RECEIVER),
    **_remedies("global.", _GLOBAL),
}
"""Message and fix by path without indices, such as `receivers.slack_configs`."""
