"""What becomes of a delivery after an attempt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

from alertd.notify.attempt import Record, after_attempt, after_lost_lease
from alertd.notify.outbox import (
    Cause,
    Delivered,
    Delivery,
    DeliveryState,
    Expired,
    Outcome,
    Rejected,
    Retry,
    Superseded,
)
from alertd.notify.told import Told
from tests.support.builders import a_delivery, a_log_entry, a_stream, after, an_episode

EP_A = an_episode("A")
BUSY = Retry(why="HTTP 503 Service Unavailable", cause=Cause.SERVER_ERROR)
SILENT = Retry(why="no answer in time", cause=Cause.TIMEOUT, answered=False)


def a_leased() -> Delivery:
    return a_delivery(entry=a_log_entry(firing=[EP_A]), state=DeliveryState.LEASED, attempts=1)


def record(delivery: Delivery, outcome: Outcome, *others: Delivery, seconds: float = 1.0) -> Record:
    told = Told(stream=a_stream(), open=(delivery, *others))
    return after_attempt(delivery, outcome, told, at=after(seconds=seconds), random=Random(1))


def test_delivered_makes_the_log_say_what_the_message_said() -> None:
    delivery = a_leased()
    result = record(delivery, Delivered())
    assert (result.delivery.state, result.entry) == (DeliveryState.DELIVERED, delivery.entry)


def test_what_the_receiver_calls_the_message_is_kept_in_the_log() -> None:
    delivery = a_leased()
    result = record(delivery, Delivered("C1 1763650001.000200"))
    assert result.entry == replace(delivery.entry, reference="C1 1763650001.000200")


def test_rejected_is_dead_and_leaves_the_log_alone_so_that_the_next_tick_decides_anew() -> None:
    result = record(a_leased(), Rejected(why="HTTP 404 Not Found", cause=Cause.CLIENT_ERROR))
    assert (result.delivery.state, result.entry) == (DeliveryState.DEAD, None)
    assert result.delivery.last_error == "HTTP 404 Not Found"


def test_a_failure_is_queued_again_after_a_wait() -> None:
    result = record(a_leased(), BUSY)
    assert (result.delivery.state, result.entry) == (DeliveryState.QUEUED, None)
    assert after(seconds=1) <= result.delivery.next_at <= after(seconds=2)


def test_a_wait_the_receiver_asked_for_is_kept() -> None:
    result = record(a_leased(), Retry(why="HTTP 429", cause=Cause.RATE_LIMITED, after=timedelta(seconds=30)))
    assert after(seconds=31) <= result.delivery.next_at <= after(seconds=32)


def test_no_attempt_is_planned_beyond_the_deadline() -> None:
    assert isinstance(record(a_leased(), BUSY, seconds=898).event, Retry)
    late = record(a_leased(), BUSY, seconds=900)
    assert (late.delivery.state, late.event) == (DeliveryState.DEAD, Expired(why=BUSY.why, cause=BUSY.cause))


def test_a_failure_is_not_tried_again_once_a_newer_message_says_it_all() -> None:
    result = record(a_leased(), BUSY, a_delivery())
    assert (result.delivery.state, result.event) == (DeliveryState.SUPERSEDED, Superseded())


def test_without_an_answer_the_receiver_may_know() -> None:
    result = record(a_leased(), SILENT)
    assert result.entry == a_log_entry(perhaps=[EP_A])


def test_a_lost_lease_is_sent_again_at_once_and_the_receiver_may_know() -> None:
    delivery = a_leased()
    result = after_lost_lease(delivery, Told(stream=a_stream(), open=(delivery,)), at=after(seconds=9))
    assert (result.delivery.state, result.delivery.next_at) == (DeliveryState.QUEUED, after(seconds=9))
    assert result.delivery.id == delivery.id
    assert result.entry == a_log_entry(perhaps=[EP_A])
