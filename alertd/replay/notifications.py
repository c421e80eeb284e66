"""Who would have been told of a test group's alerts, when, and in which words: the daemon's own dispatching on a simulated clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from alertd.alerts.alert import Alert, State
from alertd.alerts.sending import Sending, posted
from alertd.clock import SimulatedClock
from alertd.dispatch.silence_index import Silences
from alertd.engine.deliverer import Deliverer
from alertd.engine.dispatcher import Dispatcher, Dispatching
from alertd.engine.ports import Integration
from alertd.engine.state import GroupState
from alertd.labels import LabelSet
from alertd.notify.digest import Digest
from alertd.notify.message import Message
from alertd.notify.outbox import Delivered, Delivery, Outcome, Payload
from alertd.rules.rule import AlertingRule
from alertd.store.memory import MemoryStore

OpenDispatching = Callable[[Path], AbstractAsyncContextManager[Dispatching]]
"""Routes and receivers of an alertd.yml, for as long as they are used; raises AlertdError."""

AlertKey = tuple[str, str, LabelSet]
"""Group, identity of the rule, labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One notification; `text` is what it says, without the marks of its format."""

    at: datetime
    receiver: str
    integration: str
    text: str


class _Heard:
    """An integration that renders as always, and writes down instead of sending."""

    def __init__(self, real: Integration, told: list[Told]) -> None:
        self._real = real
        self._told = told
        self.receiver, self.integration, self.index = real.receiver, real.integration, real.index
        self.send_resolved, self.per_alert, self.max_alerts = real.send_resolved, real.per_alert, real.max_alerts
        self.digests, self.destination, self.timeout = real.digests, real.destination, real.timeout
        self.max_per_minute = real.max_per_minute

    def render(self, message: Message) -> Payload:
        return self._real.render(message)

    def render_digest(self, digest: Digest) -> Payload:
        return self._real.render_digest(digest)

    async def send(self, delivery: Delivery, *, at: datetime) -> Outcome:
        self._told.append(
            Told(at=at, receiver=self.receiver, integration=self.integration, text=words(delivery.payload))
        )
        return Delivered()


class _Nobody:
    """Hooks nobody counts with."""

    def on_outcome(self, *, receiver: str, integration: str, outcome: str, cause: str, seconds: float) -> None: ...

    def on_passed_on(self, *, receiver: str, integration: str) -> None: ...

    def on_gone(self, integrations: Sequence[tuple[str, str]]) -> None: ...

    def on_condensed(self, *, receiver: str, integration: str, deliveries: int) -> None: ...


class NotificationReplay:
    """Dispatching beside the rules of a test group: `hand_on` after each step, `advance` to the next."""

    def __init__(self, config: Dispatching, *, start: datetime, external_labels: Mapping[str, str], url: str) -> None:
        self.told: list[Told] = []
        self._clock = SimulatedClock(start)
        self._store = MemoryStore()
        receivers = {name: [_Heard(one, self.told) for one in some] for name, some in config.receivers.items()}
        self._dispatcher = Dispatcher(
            replace(config, receivers=receivers),
            silences=Silences(),
            clock=self._clock,
            store=self._store,
            queued=lambda: self._deliverer.wake(),
        )
        self._deliverer = Deliverer(
            receivers,
            store=self._store,
            clock=self._clock,
            random=Random(0),
            hooks=_Nobody(),
            delivered=self._dispatcher.settle,
            alerts=self._dispatcher.alerts_in,
        )
        self._labels = external_labels
        self._url = url
        self._handed_on: dict[AlertKey, Alert] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> NotificationReplay:
        await self._dispatcher.start()
        await self._deliverer.start()
        self._tasks = [asyncio.create_task(self._dispatcher.run()), asyncio.create_task(self._deliverer.run())]
        await self._clock.settle()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def hand_on(self, states: Sequence[GroupState], at: datetime) -> None:
        """What fires or has ended by now, and was not said before."""
        changed = [alert for state in states for alert in self._changed(state, at)]
        if changed:
            async with self._store.transaction() as tx:
                tx.put_posted(changed)
            self._dispatcher.ingest(changed)
            await self._clock.settle()

    async def advance(self, to: datetime) -> None:
        """Let time go on until `to`."""
        await self._clock.advance(to - self._clock.now())

    def _changed(self, state: GroupState, at: datetime) -> Iterator[Any]:
        sending = Sending(
            interval=state.group.interval,
            resend_delay=timedelta(),
            external_labels=self._labels,
            external_url=self._url,
        )
        for rule in state.rules:
            if isinstance(rule.rule, AlertingRule):
                for alert in rule.alerts.values():
                    key = (state.group.key, rule.identity, alert.labels)
                    if alert.state is not State.PENDING and self._handed_on.get(key) is not alert:
                        self._handed_on[key] = alert
                        yield posted(rule.rule, alert, sending, at=at)


def words(payload: Payload) -> str:
    """What a payload says: the texts in a JSON document, one per line, without its escapes; anything else as it is."""
    with suppress(msgspec.DecodeError):
        return "\n".join(_texts(msgspec.json.decode(payload.body)))
    return payload.body.decode(errors="replace")


def _texts(value: object) -> Iterable[str]:
    match value:
        case dict():
            for name, inner in value.items():
                yield from (_texts(inner) if isinstance(inner, dict | list) else (f"{name}: {inner}",))
        case list():
            for inner in value:
                yield from _texts(inner)
        case _:
            yield str(value)
