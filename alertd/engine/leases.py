"""`Leases`: what this process has leased: on its way, or ahead of its turn.

A lease is a commit. A destination that answers quickly is leased more than it is sent at once, so that many deliveries share
one commit. Never much more than it takes in `AHEAD`: what is leased cannot be made void any more, and after a crash nobody
knows whether it was sent.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from alertd.notify.outbox import Delivery

AHEAD = timedelta(seconds=0.5)
MOST_AHEAD = 100
LONGEST_AHEAD = timedelta(seconds=5)
"""What has not begun by then is given back: its destination is not as quick as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLimits:
    """How many attempts may run at once: in all, and to one destination."""

    in_flight: int = 200
    per_destination: int = 10


class Leases:
    """Says which delivery may begin next, how many may be leased ahead, and which are to be given back."""

    def __init__(self, limits: DeliveryLimits) -> None:
        self._limits = limits
        self._one_by_one: Collection[str] = ()
        self._waiting: dict[str, deque[_Waiting]] = {}  # by destination; whose turn is next comes first
        self._running: Counter[str] = Counter()
        self._ahead: dict[str, int] = {}
        self._unused: list[Delivery] = []

    def replace(self, one_by_one: Collection[str]) -> None:
        """Take a new configuration: destinations that are leased nothing ahead from now on."""
        self._one_by_one = one_by_one
        self._ahead = {destination: most for destination, most in self._ahead.items() if destination not in one_by_one}

    @property
    def room(self) -> int:
        """How many more attempts may run."""
        return self._limits.in_flight - self._running.total()

    @property
    def ahead(self) -> Mapping[str, int]:
        """How many may be leased beside those that may run, by destination; to the others none."""
        return dict(self._ahead)

    def take(self, leased: Iterable[Delivery], at: datetime) -> None:
        """These were leased at `at`."""
        for delivery in leased:
            self._waiting.setdefault(delivery.destination, deque()).append(_Waiting(delivery, at))

    def next(self) -> Delivery | None:
        """One that may begin, which runs from now on; destinations take turns. None: there is none, or no room."""
        if self.room <= 0:
            return None
        for destination, waiting in self._waiting.items():
            if self._running[destination] < self._limits.per_destination:
                self._running[destination] += 1
                del self._waiting[destination]
                first = waiting.popleft()
                if waiting:
                    self._waiting[destination] = waiting
                return first.delivery
        return None

    def ended(self, delivery: Delivery, *, took: timedelta | None) -> None:
        """Its attempt has ended; `took` is how long the receiver needed to take it, None: it did not.

        A destination that does not take one is leased nothing ahead until it takes one again.
        """
        destination = delivery.destination
        self._running[destination] -= 1
        if took is None:
            self.give_back([destination])
        elif destination not in self._one_by_one:
            self._ahead[destination] = self._taken_in(AHEAD, took)

    @property
    def waiting(self) -> set[str]:
        """Ids of those that have not begun."""
        return {one.delivery.id for waiting in self._waiting.values() for one in waiting}

    def give_back(self, destinations: Iterable[str]) -> None:
        """What waits for these is not begun, and nothing is leased ahead to them for now."""
        for destination in destinations:
            self._ahead.pop(destination, None)
            self._unused += [one.delivery for one in self._waiting.pop(destination, ())]

    def is_low(self, destination: str) -> bool:
        """Whether it is time to lease more to it: half of what may be leased ahead is used up."""
        return 2 * len(self._waiting.get(destination, ())) <= self._ahead.get(destination, 0)

    def unused(self, at: datetime) -> Sequence[Delivery]:
        """What is to be given back: it did not begin, and will not soon."""
        self.give_back([one for one, waiting in self._waiting.items() if waiting[0].since + LONGEST_AHEAD <= at])
        return self._take_unused()

    def all_unused(self) -> Sequence[Delivery]:
        """Everything that did not begin: nothing more will."""
        self.give_back(list(self._waiting))
        return self._take_unused()

    def look_at(self) -> datetime | None:
        """When to ask for `unused` if nothing happens before; None: nothing waits."""
        return min((waiting[0].since + LONGEST_AHEAD for waiting in self._waiting.values()), default=None)

    def _take_unused(self) -> Sequence[Delivery]:
        unused, self._unused = self._unused, []
        return unused

    def _taken_in(self, span: timedelta, each: timedelta) -> int:
        return min(MOST_AHEAD, int(self._limits.per_destination * span / each)) if each else MOST_AHEAD


class _Waiting(NamedTuple):
    """A delivery that was leased `since`, and has not begun."""

    delivery: Delivery
    since: datetime
