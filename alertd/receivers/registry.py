"""`receivers:` of the configuration, and the integrations made of it.

Another kind of integration is one module for its settings, one for the rest, one field of `ReceiverSettings`, and one
row of `_KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import Field

from alertd.receivers import apprise_settings, email_settings, pagerduty_settings, slack_settings, webhook_settings
from alertd.receivers.apprise import Apprise
from alertd.receivers.apprise_settings import AppriseSettings
from alertd.receivers.email import Email
from alertd.receivers.email_settings import EmailDefaults, EmailSettings
from alertd.receivers.pagerduty import PagerDuty
from alertd.receivers.pagerduty_settings import PagerdutyDefaults, PagerdutySettings
from alertd.receivers.place import Place
from alertd.receivers.slack import Slack
from alertd.receivers.slack_settings import SlackDefaults, SlackSettings
from alertd.receivers.tools import Tools
from alertd.receivers.webhook import Webhook
from alertd.receivers.webhook_settings import WebhookDefaults, WebhookSettings
from alertd.settings import Settings

Integration = Webhook | Slack | PagerDuty | Email | Apprise


class ReceiverDefaults(WebhookDefaults, SlackDefaults, PagerdutyDefaults, EmailDefaults, Protocol):
    """The keys of `global` that integrations inherit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """make: settings with what they inherit -> an integration; fill: what they inherit, or ValueError."""

    make: Callable[[Place, Any, Tools], Integration]
    fill: Callable[[Any, Any], Any]


_KINDS: Mapping[str, _Kind] = {
    "webhook_configs": _Kind(make=Webhook, fill=webhook_settings.with_defaults),
    "slack_configs": _Kind(make=Slack, fill=slack_settings.with_defaults),
    "pagerduty_configs": _Kind(make=PagerDuty, fill=pagerduty_settings.with_defaults),
    "email_configs": _Kind(make=Email, fill=email_settings.with_defaults),
    "apprise_configs": _Kind(make=Apprise, fill=apprise_settings.with_defaults),
}


class ReceiverSettings(Settings):
    """One receiver: everybody it lists is told. Without any integration it swallows what is sent to it."""

    name: str = Field(min_length=1, description="Name that routes use.")
    webhook_configs: tuple[WebhookSettings, ...] = Field(default=(), description="Webhooks to POST to.")
    slack_configs: tuple[SlackSettings, ...] = Field(default=(), description="Slack channels to write to.")
    pagerduty_configs: tuple[PagerdutySettings, ...] = Field(default=(), description="PagerDuty services to page.")
    email_configs: tuple[EmailSettings, ...] = Field(default=(), description="Addresses to send mail to.")
    apprise_configs: tuple[AppriseSettings, ...] = Field(
        default=(), description="Any other service, by its URL of the library apprise."
    )


def with_defaults(kind: str, settings: Any, defaults: ReceiverDefaults) -> Any:
    """One entry of `kind` (`slack_configs`) with what it inherits from `global`; raises ValueError where that is not enough."""
    return _KINDS[kind].fill(settings, defaults)


def integrations(settings: ReceiverSettings, tools: Tools) -> tuple[Integration, ...]:
    """The integrations of one receiver, in the order of `_KINDS` and of the configuration."""
    return tuple(
        kind.make(Place(settings.name, index), one, tools)
        for name, kind in _KINDS.items()
        for index, one in enumerate(getattr(settings, name))
    )


def by_receiver(receivers: Iterable[ReceiverSettings], tools: Tools) -> dict[str, tuple[Integration, ...]]:
    """The integrations of every receiver, by its name."""
    return {settings.name: integrations(settings, tools) for settings in receivers}
