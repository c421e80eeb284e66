"""From a `Message` to texts: the data of Alertmanager's templates, and what goes out when a template fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
import structlog

from alertd.alerts.posted import PostedAlert
from alertd.notify.changes import duration, value_text
from alertd.notify.message import Message, Status, status_of
from alertd.notify.outbox import Payload
from alertd.notify.reason import Reason
from alertd.receivers.place import Place
from alertd.template.alertmanager import Alert, Data, Facts, TemplateSet, build_data
from alertd.template.errors import TemplateError
from alertd.template.gotime import ZERO_TIME, Duration, Time
from alertd.template.notification_data import KV

log = structlog.get_logger(__name__)

ACTION = "{{"
"""Begins an action; a text without one is no template."""

_NAMES_SHOWN = 5


class Text(Protocol):
    """Renders one template about one message; raises TemplateError."""

    def __call__(self, template: str) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """Renders messages with the templates of one configuration.

    failed   called with the place and the kind of integration whenever a template failed
    """

    templates: TemplateSet
    failed: Callable[[Place, str], None] = lambda place, kind: None

    def text(self, message: Message, *, safe: Callable[[str], str] | None = None) -> Text:
        """Renders plain texts about `message`.

        safe   what to do to labels and annotations before a template sees them
        """
        data = template_data(message, safe=safe)
        return lambda template: self.templates.text(template, data, now=message.tick)

    def html(self, message: Message) -> Text:
        """Renders pages about `message`, escaped by where in the page a value stands."""
        data = template_data(message)
        return lambda template: self.templates.html(template, data, now=message.tick)

    def payload(
        self,
        message: Message,
        *,
        place: Place,
        kind: str,
        write: Callable[[], Payload],
        write_plain: Callable[[str], Payload],
    ) -> Payload:
        """What `write` makes; when a template fails in it, what `write_plain` makes of a plain text that says so."""
        try:
            return write()
        except TemplateError as error:
            log.error("template_failed", receiver=place.receiver, integration=kind, index=place.index, error=str(error))
            self.failed(place, kind)
            return replace(write_plain(plain_text(message, problem=str(error))), is_fallback=True)

    def address(self, template: str, text: Text, *, place: Place, kind: str) -> str:
        """A URL or key that a template makes for one message; "" when it is no template, or fails.

        Neither the template nor its result is ever shown: one may be a secret, the other hold it.
        """
        if not templated(template):
            return ""
        try:
            return text(template).strip()
        except TemplateError as error:
            log.error("address_failed", receiver=place.receiver, integration=kind, index=place.index, line=error.line)
            self.failed(place, kind)
            return ""


def template_data(message: Message, *, safe: Callable[[str], str] | None = None) -> Data:
    """The root of a template for `message`; see `Rendering.text` for `safe`."""
    clean = (lambda pairs: pairs) if safe is None else _cleaner(safe)
    return build_data(
        receiver=message.receiver,
        alerts=[_alert(alert, clean, message) for alert in message.alerts],
        group_labels=clean(message.group_labels),
        external_url=message.external_url,
        route_labels=message.route_labels,
        notification_reason=message.reason.value,
        changes=str(message.changes),
    )


def plain_text(message: Message, *, problem: str = "") -> str:
    """`[FIRING:2] HighErrorRate, Latency (1 new, 1 still firing)`: without any template; `problem` is why there is none."""
    firing = sum(alert.ends_at is None for alert in message.alerts)
    state = f"FIRING:{firing}" if message.status is Status.FIRING else "RESOLVED"
    text = f"[{state}] {_names(message)}"
    if message.reason not in (Reason.FIRST_NOTIFICATION, Reason.ALL_RESOLVED):
        text = f"{text} ({message.changes})"
    return f"{text} (alertd could not render the configured template: {problem})" if problem else text


def templated(text: str) -> bool:
    """Whether rendering can make anything else of it."""
    return ACTION in text


def fill(value: object, text: Text) -> object:
    """A copy of a structure as YAML gives it, with every text in it rendered, keys too.

    A text that uses `toJson` and gives a JSON object or list becomes that object or list.
    """
    if isinstance(value, str):
        rendered = text(value)
        return _json(rendered) if "toJson" in value else rendered
    if isinstance(value, Mapping):
        return {text(str(name)): fill(item, text) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, text) for item in value]
    return value


def _json(text: str) -> object:
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return value if isinstance(value, dict | list) else text


def _cleaner(safe: Callable[[str], str]) -> Callable[[Mapping[str, str]], Mapping[str, str]]:
    return lambda pairs: {safe(name): safe(value) for name, value in pairs.items()}


def _alert(alert: PostedAlert, clean: Callable[[Mapping[str, str]], Mapping[str, str]], message: Message) -> Alert:
    return Alert(
        status=status_of([alert]).value,
        labels=KV(clean(alert.labels)),
        annotations=KV(clean(alert.annotations)),
        starts_at=_time(alert.starts_at),
        ends_at=_time(alert.ends_at),
        generator_url=alert.generator_url,
        fingerprint=alert.fingerprint,
        facts=_facts(alert, message),
    )


def _facts(alert: PostedAlert, message: Message) -> Facts:
    changes = message.changes
    return Facts(
        new=alert.fingerprint in (changes.new if alert.ends_at is None else changes.resolved),
        value=alert.value,
        resolved_value=alert.resolved_value,
        peak=alert.peak,
        threshold=alert.threshold,
        unit=alert.unit,
        duration=Duration(duration(alert, at=message.tick) // timedelta(microseconds=1) * 1000),
        text=value_text(alert, at=message.tick),
    )


def _time(moment: datetime | None) -> Time:
    return ZERO_TIME if moment is None else Time.of_datetime(moment)


def _names(message: Message) -> str:
    """`HighErrorRate (3), Latency and 2 more`."""
    counts = Counter(alert.labels.get("alertname") or "(no name)" for alert in message.alerts)
    shown = [name if count == 1 else f"{name} ({count})" for name, count in sorted(counts.items())]
    more = len(shown) - _NAMES_SHOWN
    return ", ".join(shown[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
