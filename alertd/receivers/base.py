"""What integrations have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import ClassVar, Generic, Protocol, TypeVar

from alertd.http import HttpClient, HttpSettings
from alertd.notify.digest import Digest
from alertd.notify.message import Message
from alertd.notify.outbox import Payload
from alertd.receivers.http_settings import LONGEST_ANSWER_BYTES, without_redirects
from alertd.receivers.place import Place
from alertd.receivers.tools import Tools


class CommonSettings(Protocol):
    """The keys every integration has."""

    @property
    def send_resolved(self) -> bool | None: ...
    @property
    def timeout(self) -> timedelta: ...
    @property
    def max_per_minute(self) -> int: ...


S = TypeVar("S", bound=CommonSettings)


class BaseIntegration(ABC, Generic[S]):
    """Implements `notify.plan.Channel`; its subclasses implement `engine.ports.Integration`."""

    integration: ClassVar[str]
    per_alert = False
    max_alerts = 0
    digests = False

    def __init__(self, place: Place, settings: S, tools: Tools) -> None:
        """`settings` with what they inherit, see `registry.with_defaults`."""
        self.receiver = place.receiver
        self.index = place.index
        self.send_resolved = bool(settings.send_resolved)
        self.timeout = settings.timeout
        self.max_per_minute = settings.max_per_minute
        self.destination = self.identify(settings)
        self._place = place
        self._settings = settings
        self._rendering = tools.rendering

    @staticmethod
    @abstractmethod
    def identify(settings: S) -> str:
        """A digest of where it sends: what tells it from the receiver's others, wherever it stands among them."""

    @abstractmethod
    def render(self, message: Message) -> Payload:
        """See `notify.plan.Channel`."""

    def render_digest(self, digest: Digest) -> Payload:
        """See `notify.plan.Channel`."""
        return self.render(digest.message)


def http_client(
    tools: Tools, http_config: HttpSettings | None, *, timeout: timedelta, needs_body: bool = False
) -> HttpClient:
    """The client of an integration that speaks HTTP."""
    return HttpClient(
        tools.session,
        without_redirects(http_config),
        timeout=timeout,
        max_bytes=LONGEST_ANSWER_BYTES,
        needs_body=needs_body,
    )
