"""How many attempts a destination may get within a minute: what is over that waits, nothing is dropped."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=1)


class Pacing:
    """Remembers the attempts of the last minute.

    limits   attempts within any minute, by destination; others have no limit
    """

    def __init__(self) -> None:
        self.limits: Mapping[str, int] = {}
        self._attempts: dict[str, deque[datetime]] = defaultdict(deque)

    def attempted(self, destination: str, at: datetime) -> None:
        """Count an attempt; to be called in the order of their times."""
        if destination in self.limits:
            self._attempts[destination].append(at)

    def room(self, at: datetime) -> dict[str, int]:
        """How many attempts may begin at `at`, by destination that has a limit."""
        self._forget(at)
        return {one: max(0, limit - len(self._attempts[one])) for one, limit in self.limits.items()}

    def free_at(self, at: datetime) -> datetime | None:
        """When the next destination that is full at `at` has room again; None when none is full."""
        self._forget(at)
        full = (self._attempts[one] for one, limit in self.limits.items() if len(self._attempts[one]) >= limit)
        return min((attempts[0] + WINDOW for attempts in full if attempts), default=None)

    def set_back(self, by: timedelta) -> None:
        """The clock was set back: nobody waits for it to be again where it was."""
        for attempts in self._attempts.values():
            for index, moment in enumerate(attempts):
                attempts[index] = moment - by

    def _forget(self, at: datetime) -> None:
        for attempts in self._attempts.values():
            while attempts and attempts[0] + WINDOW <= at:
                attempts.popleft()
