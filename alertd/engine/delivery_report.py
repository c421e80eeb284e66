"""What is said of attempts to deliver: counted by hooks, and one line each in the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog

from alertd.engine.recorder import Recorded
from alertd.notify.history import place_of
from alertd.notify.outbox import Delivered, Delivery, DeliveryState, Outcome

log = structlog.get_logger(__name__)


class DeliveryHooks(Protocol):
    def on_outcome(self, *, receiver: str, integration: str, outcome: str, cause: str, seconds: float) -> None:
        """One attempt ended: `outcome` is `delivered`, `retry`, `rejected` or `expired`; `cause` is "" when delivered."""
        ...

    def on_passed_on(self, *, receiver: str, integration: str) -> None:
        """What this integration did not take was queued for the fallback receiver."""
        ...

    def on_gone(self, integrations: Sequence[tuple[str, str]]) -> None:
        """These, receiver and kind, are left alone until the next reload: all of them, whenever that changes."""
        ...

    def on_condensed(self, *, receiver: str, integration: str, deliveries: int) -> None:
        """That many notifications to this integration are told by one digest."""
        ...


def report(hooks: DeliveryHooks, recorded: Recorded, outcome: Outcome, seconds: float) -> None:
    """Tell of one attempt that was recorded, and of what is passed on after it."""
    stream = recorded.record.delivery.stream
    hooks.on_outcome(
        receiver=stream.receiver,
        integration=stream.integration,
        outcome=type(recorded.record.event).__name__.lower(),
        cause="" if isinstance(outcome, Delivered) else outcome.cause,
        seconds=seconds,
    )
    _log_attempt(recorded.record.delivery, outcome, seconds)
    for dead, instead in recorded.instead.values():
        hooks.on_passed_on(receiver=dead.stream.receiver, integration=dead.stream.integration)
        _log_passed_on(dead, instead)


def _log_attempt(delivery: Delivery, outcome: Outcome, seconds: float) -> None:
    fields = {
        "receiver": delivery.stream.receiver,
        "integration": delivery.stream.integration,
        "group": delivery.stream.group_key,
        "alerts": len(delivery.entry.firing) + len(delivery.entry.resolved),
        "reason": delivery.reason.value,
        "attempt": delivery.attempts,
        "seconds": round(seconds, 3),
        "delivery": delivery.id,
    }
    if isinstance(outcome, Delivered):
        log.info("notification_delivered", **fields)
    elif delivery.state is DeliveryState.QUEUED:
        log.warning("notification_retried", **fields, error=outcome.why, next_at=delivery.next_at.isoformat())
    else:
        log.error("notification_failed", **fields, error=outcome.why, state=delivery.state.value)


def _log_passed_on(dead: Delivery, instead: Sequence[Delivery]) -> None:
    log.warning(
        "notification_passed_on",
        receiver=dead.stream.receiver,
        integration=dead.stream.integration,
        group=dead.stream.group_key,
        delivery=dead.id,
        to=[place_of(one.stream) for one in instead],
        deliveries=[one.id for one in instead],
        error=dead.last_error,
    )
