"""Ids that sort in the order they were made: 48 bits of milliseconds, 80 random bits, as 26 letters and digits (ULID)."""

from __future__ import annotations

from datetime import datetime
from random import Random

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_RANDOM_BITS = 80
_AT_ONCE = 64


class Ulids:
    """Makes ids; each is greater than the one before, also within a millisecond and when the clock steps back."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._drawn: list[int] = []  # many at once: to ask the system for each takes longer than all the rest
        self._last = 0

    def __call__(self, at: datetime) -> str:
        fresh = int(at.timestamp() * 1000) << _RANDOM_BITS | self._bits()
        self._last = max(fresh, self._last + 1)
        return _text(self._last)

    def _bits(self) -> int:
        if not self._drawn:
            many, mask = self._random.getrandbits(_RANDOM_BITS * _AT_ONCE), (1 << _RANDOM_BITS) - 1
            self._drawn = [many >> _RANDOM_BITS * number & mask for number in range(_AT_ONCE)]
        return self._drawn.pop()


def _text(number: int) -> str:
    pairs = []
    for _ in range(13):
        number, pair = divmod(number, 1024)
        pairs.append(_PAIRS[pair])
    return "".join(reversed(pairs))
