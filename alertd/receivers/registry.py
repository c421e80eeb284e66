"""`receivers:` of the configuration, and the integrations made of it.

Another kind of integration is one module, one field of `ReceiverSettings`, and one row of `_KINDS`.
"""

from __future__ import annotations

from collections.abc import Iterable

import aiohttp
from pydantic import Field

from alertd.receivers.place import Place
from alertd.receivers.webhook import Webhook, WebhookSettings
from alertd.settings import Settings

Integration = Webhook

_KINDS = {"webhook_configs": Webhook}


class ReceiverSettings(Settings):
    """One receiver: everybody it lists is told. Without any integration it swallows what is sent to it."""

    name: str = Field(min_length=1, description="Name that routes use.")
    webhook_configs: tuple[WebhookSettings, ...] = Field(default=(), description="Webhooks to POST to.")


def integrations(settings: ReceiverSettings, session: aiohttp.ClientSession) -> tuple[Integration, ...]:
    """The integrations of one receiver, in the order of `_KINDS` and of the configuration."""
    return tuple(
        make(Place(settings.name, index), one, session)
        for kind, make in _KINDS.items()
        for index, one in enumerate(getattr(settings, kind))
    )


def by_receiver(
    receivers: Iterable[ReceiverSettings], session: aiohttp.ClientSession
) -> dict[str, tuple[Integration, ...]]:
    """The integrations of every receiver, by its name."""
    return {settings.name: integrations(settings, session) for settings in receivers}
