"""Ids that sort in the order they were made: 48 bits of milliseconds, 80 random bits, as 26 letters and digits (ULID)."""

from __future__ import annotations

from datetime import datetime
from random import Random

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80


class Ulids:
    """Makes ids; each is greater than the one before, also within a millisecond and when the clock steps back."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._last = 0

    def __call__(self, at: datetime) -> str:
        fresh = int(at.timestamp() * 1000) << _RANDOM_BITS | self._random.getrandbits(_RANDOM_BITS)
        self._last = max(fresh, self._last + 1)
        return _text(self._last)


def _text(number: int) -> str:
    digits = []
    for _ in range(26):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
