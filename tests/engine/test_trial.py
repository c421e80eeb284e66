"""Receivers are tried: what each integration came to."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from random import Random

from alertd.clock import SimulatedClock
from alertd.engine.trial import Trial, TrialState, try_receiver
from alertd.notify.message import Message
from alertd.notify.outbox import Cause, Delivered, Delivery, Outcome, Payload, Rejected, Retry
from alertd.notify.ulid import Ulids
from tests.support.builders import T0
from tests.support.pipeline import FakeIntegration


async def try_all(*integrations: FakeIntegration, dry_run: bool = False) -> list[Trial]:
    return await try_receiver(
        integrations,
        new_id=Ulids(Random(1)),
        external_url="http://alertd.example.org",
        clock=SimulatedClock(T0),
        dry_run=dry_run,
    )


async def test_each_integration_answers_for_itself() -> None:
    trials = await try_all(
        FakeIntegration(outcomes=deque([Delivered(answer="HTTP 200 OK")])),
        FakeIntegration(index=1, outcomes=deque([Rejected(why="HTTP 401 Unauthorized", cause=Cause.AUTH_ERROR)])),
        FakeIntegration(index=2, outcomes=deque([Retry(why="HTTP 503", cause=Cause.SERVER_ERROR)])),
    )
    assert [(trial.receiver, trial.state, trial.answer) for trial in trials] == [
        ("ops/webhook[0]", TrialState.DELIVERED, "HTTP 200 OK"),
        ("ops/webhook[1]", TrialState.REJECTED, "HTTP 401 Unauthorized"),
        ("ops/webhook[2]", TrialState.FAILED, "HTTP 503"),
    ]
    assert [trial.passed for trial in trials] == [True, False, False]
    assert [bool(trial.next_step) for trial in trials] == [False, True, True]


async def test_a_dry_run_sends_nothing_and_shows_the_same_bytes() -> None:
    integration = FakeIntegration()
    [dry] = await try_all(integration, dry_run=True)
    assert (dry.state, dry.passed, integration.sent) == (TrialState.NOT_SENT, True, [])
    [sent] = await try_all(integration)
    assert sent.body == dry.body == integration.sent[0].says.encode()


async def test_one_that_never_answers_does_not_hold_up_the_test_for_ever() -> None:
    class Silent(FakeIntegration):
        async def send(self, delivery: Delivery, *, at: datetime) -> Outcome:
            raise TimeoutError

    [trial] = await try_all(Silent(timeout=timedelta(milliseconds=1)))
    assert (trial.state, trial.answer) == (TrialState.FAILED, "no answer in time")


async def test_a_template_that_fails_does_not_pass_though_a_plain_message_arrives() -> None:
    class Broken(FakeIntegration):
        def render(self, message: Message) -> Payload:
            return Payload(body=b"plain", is_fallback=True)

    [trial] = await try_all(Broken())
    assert (trial.state, trial.template_failed, trial.passed) == (TrialState.DELIVERED, True, False)
