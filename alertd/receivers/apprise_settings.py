"""`apprise_configs`: the settings. They need the extra `apprise`."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator, model_validator

from alertd.receivers.apprise_library import load_apprise, require_apprise
from alertd.receivers.http_settings import DEFAULT_TIMEOUT, Timeout, at_most_one
from alertd.receivers.pace import MaxPerMinute
from alertd.secret import HIDDEN, Secret
from alertd.settings import SecretFile, SecretText, Settings


class BodyFormat(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"


class AppriseSettings(Settings):
    """One entry of `apprise_configs`: one service, named by apprise's URL for it."""

    url: SecretText | None = Field(
        default=None,
        description="The service, as apprise writes it: `tgram://<bot token>/<chat id>`. Never shown: it holds the secret.",
    )
    url_file: SecretFile | None = Field(default=None, description="File that holds the URL, read at each attempt.")
    send_resolved: bool = Field(default=True, description="Tell when alerts resolve.")
    timeout: Timeout = Field(default=DEFAULT_TIMEOUT, description="How long one attempt may take; 0: the default.")
    max_per_minute: MaxPerMinute = 0
    title: str = Field(default='{{ template "__subject" . }}', description="Title; a template.")
    body: str = Field(default='{{ template "pushover.default.message" . }}', description="Text; a template.")
    format: BodyFormat = Field(default=BodyFormat.TEXT, description="What `body` is: text, markdown or html.")

    @field_validator("url")
    @classmethod
    def _known(cls, url: Secret | None) -> Secret | None:
        require_apprise()
        known = url is None or url.value == HIDDEN or load_apprise().Apprise.instantiate(url.value) is not None
        if not known:
            raise ValueError("apprise does not understand this URL; see https://github.com/caronc/apprise/wiki")
        return url

    @model_validator(mode="after")
    def _one_url(self) -> Self:
        require_apprise()
        if not self.url and not self.url_file:
            raise ValueError("one of url or url_file must be configured")
        at_most_one(self, "url", "url_file")
        return self


def with_defaults(settings: AppriseSettings, defaults: object) -> AppriseSettings:
    """The settings: they inherit nothing."""
    return settings
