"""`webhook_configs`: the settings."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol, Self

from pydantic import Field, field_validator, model_validator

from alertd.http import HttpSettings
from alertd.receivers.http_settings import DEFAULT_TIMEOUT, SecretUrl, Timeout, at_most_one
from alertd.receivers.pace import MaxPerMinute
from alertd.receivers.signing import key_of
from alertd.secret import HIDDEN, Secret
from alertd.settings import SecretFile, SecretText, Settings


class WebhookFormat(StrEnum):
    ALERTMANAGER = "alertmanager"
    SIMPLE = "simple"


class SigningScheme(StrEnum):
    STANDARD_WEBHOOKS = "standard-webhooks"


class SigningSettings(Settings):
    """`signing`: how a receiver can tell that a message is ours."""

    scheme: SigningScheme = Field(
        default=SigningScheme.STANDARD_WEBHOOKS, description="Headers webhook-id, webhook-timestamp, webhook-signature."
    )
    secrets: tuple[SecretText, ...] = Field(
        default=(), description="`whsec_` and base64; while a secret is changed, the new one first, then the old."
    )
    secret_files: tuple[SecretFile, ...] = Field(
        default=(), description="Files that hold secrets, read at each attempt."
    )

    @field_validator("secrets")
    @classmethod
    def _keys(cls, secrets: tuple[Secret, ...]) -> tuple[Secret, ...]:
        for secret in secrets:
            if secret.value != HIDDEN:
                key_of(secret.value)
        return secrets

    @model_validator(mode="after")
    def _has_a_secret(self) -> Self:
        if not self.secrets and not self.secret_files:
            raise ValueError("signing needs one of secrets or secret_files")
        return self


class WebhookSettings(Settings):
    """One entry of `webhook_configs`."""

    url: SecretUrl | None = Field(
        default=None, description="Where to POST; may be a template. Never shown, since it often holds a token."
    )
    url_file: SecretFile | None = Field(default=None, description="File that holds the URL, read at each attempt.")
    http_config: HttpSettings | None = Field(
        default=None, description="Authentication, TLS, proxy, headers. Redirects are followed only if it says so."
    )
    send_resolved: bool | None = Field(
        default=None, description="Tell when alerts resolve; default true, for `format: simple` false."
    )
    max_alerts: int = Field(default=0, ge=0, description="How many alerts one message may hold; 0: all.")
    timeout: Timeout = Field(default=DEFAULT_TIMEOUT, description="How long one attempt may take; 0: the default.")
    max_per_minute: MaxPerMinute = 0
    format: WebhookFormat = Field(
        default=WebhookFormat.ALERTMANAGER,
        description="`alertmanager`: version 4, a message per group; `simple`: alert, severity, message, timestamp, metadata; a message per alert.",
    )
    include_labels: bool = Field(
        default=False, description="With `format: simple`: labels, fingerprint and group key in metadata."
    )
    extended: bool = Field(
        default=False,
        description="Beside version 4 a key `alertd`: value, threshold and unit of each alert, links to runbook and silence.",
    )
    payload: Any = Field(default=None, description="A body of your own instead: a structure whose texts are templates.")
    signing: SigningSettings | None = Field(default=None, description="Signatures of the messages; default none.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.url and not self.url_file:
            raise ValueError("missing URL in webhook config: one of url or url_file must be configured")
        at_most_one(self, "url", "url_file")
        simple = self.format is WebhookFormat.SIMPLE
        if self.include_labels and not simple:
            raise ValueError("include_labels needs format: simple")
        if self.max_alerts and simple:
            raise ValueError("max_alerts has no meaning with format: simple, which sends each alert by itself")
        if self.payload is not None and simple:
            raise ValueError("payload has no meaning with format: simple")
        if self.extended and (simple or self.payload is not None):
            raise ValueError(
                "extended adds to Alertmanager's payload: it goes neither with format: simple nor with payload"
            )
        return self


class WebhookDefaults(Protocol):
    """The keys of `global` that webhooks inherit."""

    @property
    def http_config(self) -> HttpSettings | None: ...


def with_defaults(settings: WebhookSettings, defaults: WebhookDefaults) -> WebhookSettings:
    """The settings with what they inherit."""
    return settings.model_copy(update={"http_config": settings.http_config or defaults.http_config})
