"""`slack_configs`: the settings, with Alertmanager's names and defaults."""

from __future__ import annotations

from typing import Protocol, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from alertd.http import HttpSettings
from alertd.receivers.chart_links import REACHABLE
from alertd.receivers.http_settings import DEFAULT_TIMEOUT, HttpUrl, SecretUrl, Timeout, at_most_one
from alertd.receivers.pace import MaxPerMinute
from alertd.secret import Secret
from alertd.settings import SecretFile, SecretText, Settings

POST_MESSAGE = "/chat.postMessage"
"""How the URL ends that takes messages with a bot token."""

MARKUP_IN = ("fallback", "pretext", "text")

_ONLY_BOTS = "can only be used with bot tokens: set app_token, or api_url to https://slack.com/api/chat.postMessage"


class SlackField(Settings):
    """One of `fields`: a title and a value, beside each other where they are short."""

    title: str = Field(min_length=1, description="Title; a template.")
    value: str = Field(min_length=1, description="Value; a template.")
    short: bool | None = Field(
        default=None, description="Whether another field fits beside it; default `short_fields`."
    )


class SlackConfirm(Settings):
    """`confirm` of an action: a question before it is done."""

    text: str = Field(min_length=1, description="The question; a template.")
    title: str = Field(default="", description="Title; a template.")
    ok_text: str = Field(default="", description="The button that agrees; a template.")
    dismiss_text: str = Field(default="", description="The button that does not; a template.")


class SlackAction(Settings):
    """One of `actions`: a button. With `url` it is a link, and `name`, `value` and `confirm` have no meaning."""

    type: str = Field(min_length=1, description="`button`; a template.")
    text: str = Field(min_length=1, description="What is on it; a template.")
    url: str = Field(default="", description="Where it leads; a template.")
    style: str = Field(default="", description="`primary` or `danger`; a template.")
    name: str = Field(default="", description="Name sent to the app; a template.")
    value: str = Field(default="", description="Value sent to the app; a template.")
    confirm: SlackConfirm | None = Field(default=None, description="A question before it is done.")

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if not self.url and not self.name:
            raise ValueError("missing name or url in Slack action configuration")
        return self


class SlackSettings(Settings):
    """One entry of `slack_configs`: an incoming webhook, or a bot, which can also change and answer its messages."""

    api_url: SecretUrl | None = Field(
        default=None, description="The incoming webhook; default `global.slack_api_url`. Never shown: it is the secret."
    )
    api_url_file: SecretFile | None = Field(default=None, description="File that holds the URL, read at each attempt.")
    app_token: SecretText | None = Field(
        default=None, description="Token of a bot (scope chat:write); default `global.slack_app_token`."
    )
    app_token_file: SecretFile | None = Field(
        default=None, description="File that holds the token, read at each attempt."
    )
    app_url: HttpUrl | None = Field(
        default=None, description="Where a bot posts; default `global.slack_app_url`, Slack's chat.postMessage."
    )
    http_config: HttpSettings | None = Field(default=None, description="Authentication, TLS, proxy, headers.")
    send_resolved: bool = Field(default=False, description="Tell when alerts resolve.")
    timeout: Timeout = Field(default=DEFAULT_TIMEOUT, description="How long one attempt may take; 0: the default.")
    max_per_minute: MaxPerMinute = 0
    update_message: bool = Field(
        default=False, description="Change the message about a group instead of posting another; bots only."
    )
    post_updates_to_thread: bool = Field(
        default=False,
        description="Answer the first message about a group in its thread; with `update_message` beside changing it; bots only.",
    )
    allow_mentions: bool = Field(
        default=False,
        description="Let labels and annotations call people (`<!channel>`, `<@U012>`), not only templates.",
    )
    channel: str = Field(default="", description="Channel or user; a template. A webhook of an app has its own.")
    username: str = Field(default='{{ template "slack.default.username" . }}', description="Sender; a template.")
    icon_emoji: str = Field(default='{{ template "slack.default.iconemoji" . }}', description="Its emoji; a template.")
    icon_url: str = Field(default='{{ template "slack.default.iconurl" . }}', description="Its picture; a template.")
    link_names: bool = Field(default=False, description="Turn @names and #channels in the text into links.")
    message_text: str = Field(default="", description="Text above the attachment; a template.")
    color: str = Field(default='{{ template "slack.default.color" . }}', description="Colour of the bar; a template.")
    title: str = Field(default='{{ template "slack.default.title" . }}', description="Title; a template.")
    title_link: str = Field(default='{{ template "slack.default.titlelink" . }}', description="Its link; a template.")
    pretext: str = Field(default='{{ template "slack.default.pretext" . }}', description="Text above; a template.")
    text: str = Field(default='{{ template "slack.default.text" . }}', description="The text; a template.")
    fallback: str = Field(
        default='{{ template "slack.default.fallback" . }}', description="What a phone shows at first; a template."
    )
    callback_id: str = Field(
        default='{{ template "slack.default.callbackid" . }}', description="Identifier for an app; a template."
    )
    footer: str = Field(default='{{ template "slack.default.footer" . }}', description="Text below; a template.")
    fields: tuple[SlackField, ...] = Field(default=(), description="Titles with values, as a table.")
    short_fields: bool = Field(default=False, description="Whether two fields fit beside each other.")
    actions: tuple[SlackAction, ...] = Field(default=(), description="Buttons; Slack shows five.")
    image_url: str = Field(default="", description="A picture below; a template.")
    charts: bool = Field(
        default=False,
        description="Without `image_url`, show the chart of the first firing alert of our own rules. " + REACHABLE,
    )
    thumb_url: str = Field(default="", description="A small picture beside the text; a template.")
    mrkdwn_in: tuple[str, ...] = Field(default=MARKUP_IN, description="Which parts are formatted by Slack's markup.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        at_most_one(self, "api_url", "api_url_file")
        at_most_one(self, "app_token", "app_token_file")
        if (self.api_url or self.api_url_file) and self.token:
            raise ValueError("at most one of api_url/api_url_file & app_token/app_token_file must be configured")
        return self

    @property
    def token(self) -> Secret | None:
        return self.app_token or self.app_token_file

    @property
    def is_bot(self) -> bool:
        """Whether messages are posted by a bot, so that they can be changed and answered."""
        return bool(self.token) or (
            self.api_url is not None and urlsplit(self.api_url.value).path.endswith(POST_MESSAGE)
        )


class SlackDefaults(Protocol):
    """The keys of `global` that Slack inherits."""

    @property
    def http_config(self) -> HttpSettings | None: ...
    @property
    def slack_api_url(self) -> Secret | None: ...
    @property
    def slack_api_url_file(self) -> Secret | None: ...
    @property
    def slack_app_token(self) -> Secret | None: ...
    @property
    def slack_app_token_file(self) -> Secret | None: ...
    @property
    def slack_app_url(self) -> str: ...


def with_defaults(settings: SlackSettings, defaults: SlackDefaults) -> SlackSettings:
    """The settings with what they inherit; raises ValueError where that leaves no way to Slack, or two.

    An integration with a URL, a token or an Authorization of its own inherits none; else a token goes before a URL.
    """
    http_config = settings.http_config or defaults.http_config
    has_authorization = http_config is not None and http_config.authorization is not None
    update: dict[str, object] = {"http_config": http_config, "app_url": settings.app_url or defaults.slack_app_url}
    if not (settings.api_url or settings.api_url_file or settings.token or has_authorization):
        update |= {"app_token": defaults.slack_app_token, "app_token_file": defaults.slack_app_token_file}
    filled = settings.model_copy(update=update)
    if not (filled.api_url or filled.api_url_file or filled.token):
        urls = {"api_url": defaults.slack_api_url, "api_url_file": defaults.slack_api_url_file}
        filled = filled.model_copy(update=urls)
    _check(filled, has_authorization=has_authorization)
    return filled


def _check(filled: SlackSettings, *, has_authorization: bool) -> None:
    if not (filled.api_url or filled.api_url_file or filled.token):
        raise ValueError("no global Slack API URL set either inline or in a file")
    if filled.token and has_authorization:
        raise ValueError("http authorization can't be set when using Slack App tokens")
    for name in ("update_message", "post_updates_to_thread"):
        if getattr(filled, name) and not filled.is_bot:
            raise ValueError(f"{name} {_ONLY_BOTS}")
