"""`receivers:` of the configuration, and the integrations made of it.

Another kind of integration is one module for its settings, one for the rest, one field of `ReceiverSettings`, and one
row of `_KINDS`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from pydantic import Field

from alertd.deferred import deferred
from alertd.notify.numbering import Configured, Numbered, number
from alertd.receivers import apprise_settings, email_settings, pagerduty_settings, slack_settings, webhook_settings
from alertd.receivers.apprise_settings import AppriseSettings
from alertd.receivers.email_settings import EmailDefaults, EmailSettings
from alertd.receivers.pagerduty_settings import PagerdutyDefaults, PagerdutySettings
from alertd.receivers.place import Place
from alertd.receivers.slack_settings import SlackDefaults, SlackSettings
from alertd.receivers.tools import Tools
from alertd.receivers.webhook_settings import WebhookDefaults, WebhookSettings
from alertd.settings import Settings

if TYPE_CHECKING:
    from alertd.receivers import apprise, email, pagerduty, slack, webhook
else:
    apprise, email = deferred("alertd.receivers.apprise"), deferred("alertd.receivers.email")
    pagerduty, slack = deferred("alertd.receivers.pagerduty"), deferred("alertd.receivers.slack")
    webhook = deferred("alertd.receivers.webhook")

Integration: TypeAlias = "webhook.Webhook | slack.Slack | pagerduty.PagerDuty | email.Email | apprise.Apprise"


class ReceiverDefaults(WebhookDefaults, SlackDefaults, PagerdutyDefaults, EmailDefaults, Protocol):
    """The keys of `global` that integrations inherit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How an integration is made of its settings.

    named   its class; asked for when there is such a receiver, so that kinds nobody has are not imported
    fill    settings with what they inherit, or ValueError
    """

    named: Callable[[], type[Integration]]
    fill: Callable[[Any, Any], Any]

    @property
    def make(self) -> type[Integration]:
        return self.named()


_KINDS: Mapping[str, _Kind] = {
    "webhook_configs": _Kind(named=lambda: webhook.Webhook, fill=webhook_settings.with_defaults),
    "slack_configs": _Kind(named=lambda: slack.Slack, fill=slack_settings.with_defaults),
    "pagerduty_configs": _Kind(named=lambda: pagerduty.PagerDuty, fill=pagerduty_settings.with_defaults),
    "email_configs": _Kind(named=lambda: email.Email, fill=email_settings.with_defaults),
    "apprise_configs": _Kind(named=lambda: apprise.Apprise, fill=apprise_settings.with_defaults),
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


def import_kinds(receivers: Iterable[ReceiverSettings]) -> None:
    """Import the modules of the kinds they name; later that would happen where the first integration is made."""
    for receiver in receivers:
        for kind, _ in _entries(receiver):
            kind.named()


def configured(receivers: Iterable[ReceiverSettings]) -> list[Configured]:
    """Every integration, in the order in which `integrations` makes those of each receiver."""
    return [
        Configured(receiver=receiver.name, integration=kind.make.integration, identity=kind.make.identify(settings))
        for receiver in receivers
        for kind, settings in _entries(receiver)
    ]


def integrations(settings: ReceiverSettings, tools: Tools, numbers: Iterable[Numbered] = ()) -> tuple[Integration, ...]:
    """The integrations of one receiver, in the order of `_KINDS` and of the configuration.

    numbers   what is known of the numbers of this receiver's integrations; without, they go by their positions
    """
    numbered = number(numbers, configured([settings]))
    return tuple(
        kind.make(Place(settings.name, at.index), one, tools)
        for (kind, one), at in zip(_entries(settings), numbered, strict=True)
    )


def by_receiver(
    receivers: Iterable[ReceiverSettings], tools: Tools, numbers: Iterable[Numbered] = ()
) -> dict[str, tuple[Integration, ...]]:
    """The integrations of every receiver, by its name; see `integrations`."""
    known: dict[str, list[Numbered]] = defaultdict(list)
    for one in numbers:
        known[one.configured.receiver].append(one)
    return {settings.name: integrations(settings, tools, known[settings.name]) for settings in receivers}


def _entries(receiver: ReceiverSettings) -> list[tuple[_Kind, Any]]:
    return [(kind, one) for name, kind in _KINDS.items() for one in getattr(receiver, name)]
