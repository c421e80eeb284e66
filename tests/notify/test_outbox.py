"""The states of a delivery."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from alertd.notify.outbox import (
    FINAL,
    NEXT,
    Cause,
    Delivered,
    DeliveryState,
    Event,
    Expired,
    Leased,
    LeaseLost,
    Payload,
    Rejected,
    Retry,
    Superseded,
    Unused,
    step,
)
from tests.support.builders import a_delivery, after

EVENTS: list[Event] = [
    Leased(owner="me", until=after(seconds=40)),
    Delivered(),
    Retry(why="HTTP 503", cause=Cause.SERVER_ERROR),
    Rejected(why="HTTP 404", cause=Cause.CLIENT_ERROR),
    Expired(why="HTTP 503", cause=Cause.SERVER_ERROR),
    LeaseLost(),
    Superseded(),
]


def test_a_lease_counts_as_an_attempt_and_has_an_owner_and_an_end() -> None:
    leased = step(a_delivery(), EVENTS[0])
    assert (leased.state, leased.attempts) == (DeliveryState.LEASED, 1)
    assert (leased.lease_owner, leased.lease_until) == ("me", after(seconds=40))


@pytest.mark.parametrize("event", EVENTS[1:], ids=lambda event: type(event).__name__)
def test_whatever_ends_a_lease_leaves_none(event: Event) -> None:
    ended = step(step(a_delivery(), EVENTS[0]), event)
    assert (ended.lease_owner, ended.lease_until, ended.attempts) == ("", None, 1)


def test_a_lease_that_was_not_used_is_as_if_there_had_been_none() -> None:
    delivery = a_delivery()
    assert step(step(delivery, EVENTS[0]), Unused()) == delivery


def test_a_failure_leaves_its_reason_and_the_time_of_the_next_attempt() -> None:
    leased = step(a_delivery(), EVENTS[0])
    retried = step(leased, Retry(why="HTTP 503", cause=Cause.SERVER_ERROR), next_at=after(seconds=9))
    assert (retried.state, retried.last_error, retried.next_at) == (DeliveryState.QUEUED, "HTTP 503", after(seconds=9))


@pytest.mark.parametrize(
    ("still_to", "address"), [pytest.param("b", "b", id="some took it"), pytest.param("", "a, b", id="nobody took it")]
)
def test_a_retry_goes_to_those_who_have_not_taken_it(still_to: str, address: str) -> None:
    leased = step(replace(a_delivery(), payload=Payload(body=b"mail", address="a, b")), EVENTS[0])
    retried = step(leased, Retry(why="452", cause=Cause.SERVER_ERROR, still_to=still_to), next_at=after(seconds=9))
    assert retried.payload == Payload(body=b"mail", address=address)


@pytest.mark.parametrize(
    ("state", "event"),
    [pair for pair in itertools.product(DeliveryState, EVENTS) if (pair[0], type(pair[1])) not in NEXT],
    ids=lambda value: str(value) if isinstance(value, DeliveryState) else type(value).__name__,
)
def test_everything_that_is_not_in_the_table_is_a_bug(state: DeliveryState, event: Event) -> None:
    with pytest.raises(KeyError):
        step(a_delivery(state=state), event)


def test_nothing_leads_out_of_a_final_state_and_every_other_state_has_a_way_out() -> None:
    assert {state for state, _ in NEXT} == set(DeliveryState) - FINAL
    assert a_delivery().deadline - a_delivery().created_at == timedelta(minutes=15)
