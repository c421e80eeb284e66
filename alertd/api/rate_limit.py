"""`TokenBucket`: how many may come at once, and how many later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta


class TokenBucket:
    """Lets `burst` through at once, then one per `interval`; an `interval` of 0 lets all through.

    monotonic   seconds of a clock that only goes forward
    """

    def __init__(self, interval: timedelta, burst: int, *, monotonic: Callable[[], float]) -> None:
        self._interval_s = interval.total_seconds()
        self._burst = burst
        self._monotonic = monotonic
        self._left = float(burst)
        self._at = monotonic()

    def take(self) -> bool:
        """Whether one more may pass now."""
        if not self._interval_s:
            return True
        now = self._monotonic()
        self._left = min(self._burst, self._left + (now - self._at) / self._interval_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
