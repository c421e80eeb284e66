"""Tries receivers: one test notification to each of their integrations, and what the services really answer."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from alertd.clock import Clock
from alertd.duration import format_duration
from alertd.engine.ports import Integration
from alertd.errors import AlertdError
from alertd.notify.history import place_of
from alertd.notify.outbox import Cause, Delivered, Delivery, Outcome, Rejected, Retry
from alertd.notify.trial import next_step, trial_delivery, trial_message

log = structlog.get_logger(__name__)

MARGIN = timedelta(seconds=5)
"""Beyond an integration's own timeout: name lookup, several requests."""


MOST_TRIALS = 3
"""Of one receiver within `TRIALS_IN`: its service is somebody else's, and so is the telephone that rings."""

TRIALS_IN = timedelta(minutes=1)


class TooManyTrialsError(AlertdError):
    """A receiver has been tested so often that its next test has to wait for `after`."""

    def __init__(self, receiver: str, after: timedelta) -> None:
        self.after = after
        super().__init__(
            f'receiver "{receiver}" was tested {MOST_TRIALS} times within {format_duration(TRIALS_IN)}; '
            f"try again in {math.ceil(after.total_seconds())} s, or see what would be sent with a dry run"
        )


class TrialLimit:
    """Counts the tests of each receiver."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tested: dict[str, deque[datetime]] = {}

    def count(self, receiver: str) -> None:
        """One more test begins; raises TooManyTrialsError."""
        now = self._clock.now()
        times = self._tested.setdefault(receiver, deque(maxlen=MOST_TRIALS))
        if len(times) == MOST_TRIALS and (after := times[0] + TRIALS_IN - now) > timedelta():
            raise TooManyTrialsError(receiver, after)
        times.append(now)


class TrialState(StrEnum):
    """What a test came to."""

    DELIVERED = "delivered"
    FAILED = "failed"  # it may succeed later: no answer, or one that asks to wait
    REJECTED = "rejected"
    NOT_SENT = "not sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one integration came to.

    receiver          `ops/slack[0]`
    answer            what the service said; "" when nothing was sent
    next_step         what to do, where it did not take it
    seconds           how long it took
    body              what was sent, or would have been
    template_failed   the configured template fails: a plain message took its place
    """

    receiver: str
    integration: str
    state: TrialState
    content_type: str
    body: bytes
    answer: str = ""
    next_step: str = ""
    seconds: float = 0.0
    template_failed: bool = False

    @property
    def passed(self) -> bool:
        return self.state in (TrialState.DELIVERED, TrialState.NOT_SENT) and not self.template_failed

    def document(self) -> dict[str, object]:
        """As JSON shows it; keys may be added, none is taken away."""
        return {
            "receiver": self.receiver,
            "integration": self.integration,
            "state": self.state.value,
            "passed": self.passed,
            "answer": self.answer,
            "nextStep": self.next_step,
            "seconds": round(self.seconds, 3),
            "templateFailed": self.template_failed,
            "contentType": self.content_type,
            "body": self.body.decode(errors="replace"),
        }


async def try_receiver(
    integrations: Sequence[Integration],
    *,
    new_id: Callable[[datetime], str],
    external_url: str,
    clock: Clock,
    dry_run: bool = False,
) -> list[Trial]:
    """Test every integration, all at once; with `dry_run` nothing is sent."""

    async def one(integration: Integration) -> Trial:
        at = clock.now()
        trial_id = new_id(at)
        message = trial_message(integration, trial_id=trial_id, external_url=external_url, at=at)
        delivery = trial_delivery(integration, message, trial_id=trial_id)
        if dry_run:
            return _trial(delivery, TrialState.NOT_SENT)
        started = clock.monotonic()
        outcome = await _send(integration, delivery, at)
        trial = _judged(delivery, outcome, seconds=clock.monotonic() - started)
        log.info("receiver_tested", receiver=trial.receiver, state=trial.state.value, seconds=round(trial.seconds, 3))
        return trial

    return list(await asyncio.gather(*map(one, integrations)))


async def _send(integration: Integration, delivery: Delivery, at: datetime) -> Outcome:
    try:
        async with asyncio.timeout((integration.timeout + MARGIN).total_seconds()):
            return await integration.send(delivery, at=at)
    except TimeoutError:
        return Retry(why="no answer in time", cause=Cause.TIMEOUT, answered=False)


def _judged(delivery: Delivery, outcome: Outcome, *, seconds: float) -> Trial:
    advice = next_step(delivery.stream.integration, outcome)
    if isinstance(outcome, Delivered):
        return _trial(delivery, TrialState.DELIVERED, answer=outcome.answer or "taken", seconds=seconds)
    state = TrialState.REJECTED if isinstance(outcome, Rejected) else TrialState.FAILED
    return _trial(delivery, state, answer=outcome.why, next_step=advice, seconds=seconds)


def _trial(
    delivery: Delivery, state: TrialState, *, answer: str = "", next_step: str = "", seconds: float = 0.0
) -> Trial:
    return Trial(
        receiver=place_of(delivery.stream),
        integration=delivery.stream.integration,
        state=state,
        content_type=delivery.payload.content_type,
        body=delivery.payload.body,
        answer=answer,
        next_step=next_step,
        seconds=seconds,
        template_failed=delivery.payload.is_fallback,
    )
