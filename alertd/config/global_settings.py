"""`GlobalSettings`: the `global` of the configuration, with every key Alertmanager 0.34 has there.

Keys that only feed receivers which alertd reaches through `apprise_configs` are read, checked and otherwise without effect.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from alertd.http import HttpSettings
from alertd.http.settings import TlsSettings
from alertd.receivers.email_settings import HostPort
from alertd.receivers.http_settings import HttpUrl, SecretUrl, at_most_one
from alertd.settings import Duration, SecretFile, SecretText, Settings

_ONE_OF = (
    "slack_api_url", "slack_app_token", "smtp_auth_password", "smtp_auth_secret", "opsgenie_api_key",
    "victorops_api_key", "wechat_api_secret", "telegram_bot_token", "mattermost_webhook_url", "rocketchat_token",
    "rocketchat_token_id",
)  # fmt: skip
"""Keys with a `_file` form: one of the two may be given."""

_UNUSED = "accepted; no receiver of alertd uses it"


class GlobalSettings(Settings):
    """`global:`: defaults of all receivers."""

    resolve_timeout: Duration = Field(
        default=timedelta(minutes=5), description="after what time an alert posted without an end counts as resolved"
    )
    http_config: HttpSettings | None = Field(
        default=None, description="HTTP settings of receivers that have none of their own"
    )
    smtp_smarthost: HostPort = Field(default="", description="host:port of the mail server")
    smtp_from: str = Field(default="", description="sender of mail")
    smtp_hello: str = Field(default="localhost", description="our name in EHLO")
    smtp_auth_username: str = Field(default="", description="user at the mail server")
    smtp_auth_password: SecretText | None = Field(default=None, description="password for LOGIN and PLAIN")
    smtp_auth_password_file: SecretFile | None = Field(default=None, description="file that holds the password")
    smtp_auth_secret: SecretText | None = Field(default=None, description="secret for CRAM-MD5")
    smtp_auth_secret_file: SecretFile | None = Field(default=None, description="file that holds the secret")
    smtp_auth_identity: str = Field(default="", description="identity for PLAIN")
    smtp_require_tls: bool = Field(default=True, description="send mail only after STARTTLS")
    smtp_tls_config: TlsSettings | None = Field(default=None, description="TLS to the mail server")
    smtp_force_implicit_tls: bool | None = Field(
        default=None, description="TLS from the first byte; where it is not given, on port 465"
    )
    slack_api_url: SecretUrl | None = Field(default=None, description="incoming webhook of Slack")
    slack_api_url_file: SecretFile | None = Field(default=None, description="file that holds the webhook's URL")
    slack_app_token: SecretText | None = Field(default=None, description="bot token of a Slack app")
    slack_app_token_file: SecretFile | None = Field(default=None, description="file that holds the bot token")
    slack_app_url: HttpUrl = Field(
        default="https://slack.com/api/chat.postMessage", description="where messages with a bot token are posted"
    )
    pagerduty_url: HttpUrl = Field(
        default="https://events.pagerduty.com/v2/enqueue", description="PagerDuty's Events API v2"
    )
    opsgenie_api_url: HttpUrl = Field(default="https://api.opsgenie.com/", description=_UNUSED)
    opsgenie_api_key: SecretText | None = Field(default=None, description=_UNUSED)
    opsgenie_api_key_file: SecretFile | None = Field(default=None, description=_UNUSED)
    victorops_api_url: HttpUrl = Field(
        default="https://alert.victorops.com/integrations/generic/20131114/alert/", description=_UNUSED
    )
    victorops_api_key: SecretText | None = Field(default=None, description=_UNUSED)
    victorops_api_key_file: SecretFile | None = Field(default=None, description=_UNUSED)
    wechat_api_url: HttpUrl = Field(default="https://qyapi.weixin.qq.com/cgi-bin/", description=_UNUSED)
    wechat_api_secret: SecretText | None = Field(default=None, description=_UNUSED)
    wechat_api_secret_file: SecretFile | None = Field(default=None, description=_UNUSED)
    wechat_api_corp_id: str = Field(default="", description=_UNUSED)
    telegram_api_url: HttpUrl = Field(default="https://api.telegram.org", description=_UNUSED)
    telegram_bot_token: SecretText | None = Field(default=None, description=_UNUSED)
    telegram_bot_token_file: SecretFile | None = Field(default=None, description=_UNUSED)
    webex_api_url: HttpUrl = Field(default="https://webexapis.com/v1/messages", description=_UNUSED)
    jira_api_url: HttpUrl | None = Field(default=None, description=_UNUSED)
    rocketchat_api_url: HttpUrl | None = Field(default=None, description=_UNUSED)
    rocketchat_token: SecretText | None = Field(default=None, description=_UNUSED)
    rocketchat_token_file: SecretFile | None = Field(default=None, description=_UNUSED)
    rocketchat_token_id: SecretText | None = Field(default=None, description=_UNUSED)
    rocketchat_token_id_file: SecretFile | None = Field(default=None, description=_UNUSED)
    mattermost_webhook_url: SecretUrl | None = Field(default=None, description=_UNUSED)
    mattermost_webhook_url_file: SecretFile | None = Field(default=None, description=_UNUSED)

    @model_validator(mode="after")
    def _once(self) -> Self:
        for name in _ONE_OF:
            at_most_one(self, name, f"{name}_file")
        return self
