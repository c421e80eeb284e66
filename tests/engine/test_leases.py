"""What is leased ahead: for whom, how much, and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alertd.engine.leases import AHEAD, LONGEST_AHEAD, MOST_AHEAD, DeliveryLimits, Leases
from alertd.notify.outbox import Delivery
from tests.support.builders import T0, a_delivery

QUICKLY = timedelta(milliseconds=1)


def some(number: int, destination: str = "x") -> list[Delivery]:
    return [a_delivery(destination=destination) for _ in range(number)]


def begun(leases: Leases) -> list[Delivery]:
    """All that may begin."""
    found = []
    while (delivery := leases.next()) is not None:
        found.append(delivery)
    return found


def test_no_more_begin_than_a_destination_may_have_and_all_may_have() -> None:
    leases = Leases(DeliveryLimits(in_flight=5, per_destination=3))
    leases.take([*some(4, "x"), *some(4, "y")], T0)
    running = begun(leases)
    assert sorted(one.destination for one in running) == ["x", "x", "x", "y", "y"]
    assert leases.room == 0
    leases.ended(running[0], took=QUICKLY)
    assert len(begun(leases)) == 1


def test_destinations_take_turns() -> None:
    leases = Leases(DeliveryLimits(in_flight=1))
    leases.take([*some(2, "x"), *some(2, "y")], T0)
    turns = []
    while (delivery := leases.next()) is not None:
        turns.append(delivery.destination)
        leases.ended(delivery, took=QUICKLY)
    assert turns == ["x", "y", "x", "y"]


def test_the_oldest_of_a_destination_begins_first() -> None:
    leases = Leases(DeliveryLimits())
    leases.take(queued := some(3), T0)
    assert begun(leases) == queued


@pytest.mark.parametrize(
    ("took", "ahead"),
    [
        pytest.param(timedelta(0), MOST_AHEAD, id="at once"),
        pytest.param(QUICKLY, MOST_AHEAD, id="quickly"),
        pytest.param(AHEAD / 2, 20, id="in half the time: two rounds"),
        pytest.param(AHEAD, 10, id="in just the time: one round"),
        pytest.param(20 * AHEAD, 0, id="slowly"),
        pytest.param(None, None, id="not at all"),
    ],
)
def test_the_quicker_a_destination_is_the_more_it_is_leased_ahead(took: timedelta | None, ahead: int | None) -> None:
    leases = Leases(DeliveryLimits(per_destination=10))
    leases.take(some(2), T0)
    first, second = begun(leases)
    leases.ended(first, took=QUICKLY)
    leases.ended(second, took=took)
    assert leases.ahead.get("x") == ahead


def test_nothing_is_leased_ahead_to_those_that_are_served_one_by_one() -> None:
    leases = Leases(DeliveryLimits())
    leases.take(some(2), T0)
    first, second = begun(leases)
    leases.ended(first, took=QUICKLY)
    leases.replace(one_by_one={"x"})
    assert leases.ahead == {}
    leases.ended(second, took=QUICKLY)
    assert leases.ahead == {}


def test_a_destination_that_does_not_take_one_gets_nothing_of_what_waits() -> None:
    leases = Leases(DeliveryLimits(per_destination=1))
    x, y = some(3, "x"), some(2, "y")
    leases.take([*x, *y], T0)
    running = begun(leases)
    leases.ended(running[0], took=None)
    assert leases.unused(T0) == x[1:]
    assert leases.unused(T0) == [], "they are told once"
    assert leases.waiting == {y[1].id}


def test_what_has_not_begun_in_time_is_given_back() -> None:
    leases = Leases(DeliveryLimits(per_destination=1))
    leases.take(early := some(2, "x"), T0)
    leases.take(late := some(2, "y"), T0 + timedelta(seconds=1))
    begun(leases)
    assert leases.look_at() == T0 + LONGEST_AHEAD
    assert leases.unused(T0 + LONGEST_AHEAD - QUICKLY) == []
    assert leases.unused(T0 + LONGEST_AHEAD) == early[1:]
    assert leases.all_unused() == late[1:]
    assert (leases.look_at(), leases.waiting) == (None, set())


def test_more_is_leased_once_half_of_it_is_used_up() -> None:
    leases = Leases(DeliveryLimits(per_destination=1))
    leases.take(some(1), T0)
    [first] = begun(leases)
    leases.ended(first, took=AHEAD / 4)
    assert leases.ahead == {"x": 4}
    leases.take(some(4), T0)
    low = []
    while (delivery := leases.next()) is not None:
        leases.ended(delivery, took=AHEAD / 4)
        low.append(leases.is_low("x"))
    assert low == [False, True, True, True]
